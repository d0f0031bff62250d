"""How long people take to take turns at a shared tablet: from the last touch to the drawn screen."""

import os
import re
import tempfile
import time
from pathlib import Path

from tests.bench.figures import Result
from tests.chromium import chromium
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant
from tests.visitor import as_person, pin_of

TURNS = 10
GOAL_S = 2.0
DRAWN = "return !!document.querySelector('#viewer')?.innerText && !!document.querySelector('[data-unit]')"


def run(*, turns: int = TURNS) -> Result:
    out = Result("switch")
    with tempfile.TemporaryDirectory(prefix="takt-bench-") as folder:
        plant = RunningPlant(Path(folder))
        driver = chromium(size=(1280, 800))
        try:
            plant.start(*ROLES)
            plant.wait_live()
            plant.wait_people()
            driver.get(_tablet(plant))
            took = [_turn(driver, plant, ("operator", "quality")[n % 2]) for n in range(turns)]
        finally:
            driver.quit()
            plant.end()
    out.add("switch by PIN", "s", took, max=GOAL_S)
    out.notes.append(
        f"a shared tablet of 1280×800, the demo plant running; load {os.getloadavg()[0]:.1f}"
    )
    return out


def _tablet(plant: RunningPlant) -> str:
    """The address that makes a browser a shared tablet."""
    form = {"what": "device", "name": "Bench", "kind": "tablet", "scope": "north", "key": "bench"}
    text = as_person(plant, "admin").post("/devices", data=form).text
    found = re.search(r"<code>([^<]+)</code>", text)
    assert found, text
    return found[1]


def _turn(driver, plant: RunningPlant, id: str) -> float:
    driver.get(f"{plant.url}/switch?next=/")
    driver.find_element("css selector", f".person:has(input[value={id}])").click()
    for digit in pin_of(plant.data, id):
        driver.find_element("css selector", f'[data-key-cap="{digit}"]').click()
    began = time.monotonic()
    driver.find_element("css selector", ".key-cap.main").click()
    wait_until(lambda: driver.execute_script(DRAWN), seconds=30, what=f"the screen of {id}")
    return time.monotonic() - began
