"""Takes the pictures of docs/pictures anew: `python -m tests.pictures`, on the running demo plant.

Every screen at its real size, from a real browser; the stale and the offline look too.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver

from cli.settings import DEMO
from tests.chromium import chromium
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant

FOLDER = DEMO.parent / "docs" / "pictures"
SIZES = {"wall": (1920, 1080), "tablet": (1280, 800), "desk": (1440, 900)}
SCREENS = {
    "wall": ("/andon/press-shop", "wall"),
    "wall-assembly": ("/andon/assembly", "wall"),
    "overview": ("/", "desk"),
    "unit": ("/unit/press-1", "desk"),
    "unit-tablet": ("/unit/press-1", "tablet"),
    "connections": ("/connections", "desk"),
}


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="takt-pictures-") as folder:
        plant = RunningPlant(Path(folder), speed=60, calendar=True)
        driver = chromium("--hide-scrollbars")
        try:
            _take_all(plant, driver)
        finally:
            driver.quit()
            plant.end()
    return 0


def _take_all(plant: RunningPlant, driver: webdriver.Chrome) -> None:
    plant.start(*ROLES)
    plant.wait_live(seconds=30)
    wait_until(lambda: _worth_a_picture(plant), seconds=240, what="a stop in the press shop")
    plant.play_at(1)
    plant.wait_live(seconds=30)
    time.sleep(30)
    for name, (path, size) in SCREENS.items():
        _take(plant, driver, name, path, size)
    _open(plant, driver, "/andon/press-shop", "wall")
    plant.signal("collect", signal.SIGSTOP)
    time.sleep(12)
    _save(driver, "wall-stale")
    _open(plant, driver, "/connections", "desk")
    _save(driver, "connections-unwatched")
    plant.signal("collect", signal.SIGCONT)
    plant.wait_live(seconds=20)
    _open(plant, driver, "/andon/press-shop", "wall")
    plant.kill("dashboard")
    time.sleep(12)
    _save(driver, "wall-offline")


def _worth_a_picture(plant: RunningPlant) -> bool:
    """A press that is stopped and one that runs, some pieces made."""
    press = [u for u in plant.units().values() if u["area"] == "press-shop"]
    states = [u["state"] for u in press]
    made = sum(u["good"] or 0 for u in press)
    return "stopped" in states and states.count("running") >= 2 and made > 800


def _open(plant: RunningPlant, driver: webdriver.Chrome, path: str, size: str) -> None:
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(plant.url + path)
    script = "return document.getElementById('live')?.dataset.painted"
    wait_until(lambda: driver.execute_script(script), seconds=15, what=f"{path} live")
    time.sleep(1.5)


def _take(plant: RunningPlant, driver: webdriver.Chrome, name: str, path: str, size: str) -> None:
    _open(plant, driver, path, size)
    _save(driver, name)


def _save(driver: webdriver.Chrome, name: str) -> None:
    driver.save_screenshot(str(FOLDER / f"{name}.png"))
    print(f"docs/pictures/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
