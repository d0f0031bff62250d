"""Takes the pictures of docs/pictures anew: `python -m tests.pictures`, on the running demo plant.

Every screen at its real size, from a real browser; the stale and the offline look too.
"""

import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from selenium import webdriver

from cli.settings import DEMO
from mes.observation import microseconds
from tests.chromium import chromium
from tests.history import write_history
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant
from tests.visitor import as_person

FOLDER = DEMO.parent / "docs" / "pictures"
SIZES = {"wall": (1920, 1080), "tablet": (1280, 800), "desk": (1440, 900)}
SCREENS = {
    "wall": ("/andon/press-shop", "wall"),
    "overview": ("/", "desk"),
    "unit": ("/unit/press-2", "desk"),
    "oee": ("/oee/press-2", "desk"),
    "oee-plant": ("/oee/north", "tablet"),
    "downtime": ("/downtime/north", "tablet"),
    "connections": ("/connections", "desk"),
}
FORMS = {  # who is signed in, "" for nobody; {stop}, {report}: the address of one
    "stop": ("{stop}", "tablet", "operator"),
    "report": ("{report}", "desk", "supervisor"),
    "login": ("/login", "tablet", ""),
    "calendar": ("/calendar/press-shop", "desk", "engineer"),
    "targets": ("/targets/press-shop?unit=press-1", "desk", "engineer"),
    "reasons": ("/reasons/north", "desk", "engineer"),
    "audit": ("/audit", "desk", "manager"),
    "people": ("/people", "desk", "admin"),
    "devices": ("/devices", "desk", "admin"),
}
HISTORY_H = 30.0
Act = tuple[str, str, dict[str, Any]]  # who, the address, the form that is sent
PEOPLE = [
    ("olek", "Olek Nowak", ["operator"], ["north/press-shop"]),
    ("hanna", "Hanna Brandt", ["operator"], ["north/assembly"]),
    ("tomas", "Tomáš Dvořák", ["maintenance"], ["north"]),
    ("ines", "Inês Carvalho", ["supervisor", "quality"], ["north/assembly"]),
]
DEVICES = [
    ("Press shop, south", "wall", ["north/press-shop"]),
    ("Assembly, gallery", "wall", ["north/assembly"]),
    ("Assembly line 2", "tablet", ["north/assembly"]),
]


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="takt-pictures-") as folder:
        plant = RunningPlant(Path(folder), calendar=True)
        write_history(plant, HISTORY_H)
        driver = chromium("--hide-scrollbars")
        try:
            _take_all(plant, driver)
        finally:
            driver.quit()
            plant.end()
    return 0


def _take_all(plant: RunningPlant, driver: webdriver.Chrome) -> None:
    plant.start(*ROLES)
    plant.wait_live()
    wait_until(lambda: _worth_a_picture(plant), seconds=900, what="a stop in the press shop")
    wait_until(lambda: _made(plant) >= 30, seconds=300, what="thirty pieces made")
    for name, (path, size) in SCREENS.items():
        _open(plant, driver, path, size)
        _save(driver, name)
    _act(plant)
    for name, (path, size, id) in FORMS.items():
        _sign_in(plant, driver, id)
        _open(plant, driver, path.format(**_addresses(plant)), size, drawn="main h1")
        _save(driver, name)
    _sign_in(plant, driver, "")
    _open(plant, driver, "/andon/press-shop", "wall")
    plant.signal("collect", signal.SIGSTOP)
    _until(driver, ".row-unit.is-stale")
    _save(driver, "wall-stale")
    _open(plant, driver, "/connections", "desk")
    _save(driver, "connections-unwatched")
    plant.signal("collect", signal.SIGCONT)
    plant.wait_live()
    _open(plant, driver, "/andon/press-shop", "wall")
    plant.kill("dashboard")
    _until(driver, "html.is-offline")
    _save(driver, "wall-offline")


def _until(driver: webdriver.Chrome, selector: str) -> None:
    """Until something looks so, and its age says that it is no accident."""
    wait_until(lambda: driver.find_elements("css selector", selector), seconds=60, what=selector)
    time.sleep(8)


def _made(plant: RunningPlant) -> int:
    return sum(good + reject for good, reject in plant.counts().values())


def _addresses(plant: RunningPlant) -> dict[str, str]:
    """Of a stop that has no reason yet, and of the newest report."""
    now = datetime.now(UTC)
    window = {"from": now - timedelta(hours=HISTORY_H), "until": now}
    params = {name: f"{at:%Y-%m-%dT%H:%M:00Z}" for name, at in window.items()}
    supervisor = as_person(plant, "supervisor")
    stops = supervisor.get("/api/v1/downtime/north", params=params).json()["items"]
    open_ = [one for one in stops if not one["pieces"][0]["reason"] and one["end"]][-1]
    reports = supervisor.get("/api/v1/shift-reports").json()["items"]
    newest = max(reports, key=lambda one: one["body"]["end_us"])
    at = microseconds(datetime.fromisoformat(open_["start"]))
    return {
        "stop": f"/stop/{open_['work_unit']}/{at}?at=north",
        "report": f"/shift-report/{newest['id']}",
    }


def _worth_a_picture(plant: RunningPlant) -> bool:
    """A press that is stopped and one that runs, some pieces made."""
    press = [u for u in plant.units().values() if u["area"] == "press-shop"]
    states = [u["state"] for u in press]
    made = sum(u["good"] or 0 for u in press)
    return "stopped" in states and states.count("running") >= 2 and made > 800


def _act(plant: RunningPlant) -> None:
    """What people did this week, so that their pages have something to tell."""
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    monday = today - timedelta(days=today.weekday())
    days = [f"{monday + timedelta(days=n)}" for n in range(40)]
    who = {id: as_person(plant, id) for id in ("supervisor", "engineer", "admin")}
    for id, path, form in [*_planned(days), *_admitted()]:
        answer = who[id].post(path, data=form | {"key": secrets.token_hex()})
        assert answer.status_code in (200, 303), answer.text


def _planned(days: list[str]) -> Iterator[Act]:
    shift = {"what": "exception", "version": "0"}
    cancelled = {"kind": "cancelled", "note": "Transformer is changed"}
    changed = {"kind": "changed", "start": "07:00", "end": "14:00", "note": "Works meeting"}
    holiday = {"holiday-0-date": days[33], "holiday-0-name": "Stocktaking"}
    press = "/calendar/press-shop"
    yield "supervisor", press, shift | cancelled | {"date": days[3], "shift": "late"}
    yield "supervisor", press, shift | changed | {"date": days[4], "shift": "early"}
    yield "engineer", "/calendar/north", {"what": "holidays"} | holiday


def _admitted() -> Iterator[Act]:
    record = {"what": "record", "version": "0"}
    for id, name, roles, scope in PEOPLE:
        person = {"id": id, "name": name, "roles": roles, "scope": scope}
        yield "admin", "/people", record | person
    for name, kind, scope in DEVICES:
        device = {"name": name, "kind": kind, "scope": scope}
        yield "admin", "/devices", {"what": "device"} | device
    token = {"name": "Reports", "rights": ["live", "records"], "scope": "north", "days": "365"}
    yield "admin", "/devices", {"what": "token"} | token
    olek = {"name": PEOPLE[0][1], "roles": ["operator", "maintenance"], "scope": "north"}
    yield "admin", "/people/olek", record | olek | {"version": "1", "active": "yes"}


def _sign_in(plant: RunningPlant, driver: webdriver.Chrome, id: str) -> None:
    """As `id` from now on; "": as nobody."""
    driver.delete_all_cookies()
    for cookie in as_person(plant, id).cookies.jar if id else ():
        driver.add_cookie({"name": cookie.name, "value": str(cookie.value), "path": "/"})


def _open(
    plant: RunningPlant, driver: webdriver.Chrome, path: str, size: str, drawn: str = ""
) -> None:
    """Until the page is live; or, where there is nothing live, until the element `drawn` is there."""
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(plant.url + path)
    script = "return document.getElementById('live')?.dataset.painted"
    if drawn:
        script = f"return !!document.querySelector('{drawn}')"
    wait_until(lambda: driver.execute_script(script), seconds=15, what=f"{path} drawn")
    time.sleep(1.5)


def _save(driver: webdriver.Chrome, name: str) -> None:
    driver.save_screenshot(str(FOLDER / f"{name}.png"))
    print(f"docs/pictures/{name}.png")


if __name__ == "__main__":
    sys.exit(main())
