"""Devices that lie, hang, drop and are not there: told in words, delaying nobody, counted by nobody."""

import asyncio
import threading
import time

import pytest
from asyncua import ua

from cli.settings import settings
from simulator.play import Player
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MORE = """
[[work_units]]
id = "ghost"
name = "Ghost"
work_center = "press-line"
ideal_cycle_s = 1.0

[[work_units]]
id = "stranger"
name = "Stranger"
work_center = "press-line"
ideal_cycle_s = 1.0

[[collectors.opcua]]
id = "ghost-plc"
work_units = ["ghost"]
endpoint = "opc.tcp://127.0.0.1:9/nobody"
tags = [{ name = "state", role = "state", node = "ns=2;s=x" }]

[[collectors.opcua]]
id = "stranger-plc"
work_units = ["stranger"]
endpoint = "ENDPOINT"
tags = [{ name = "state", role = "state", node = "nsu=urn:nobody:knows;s=x" }]
"""
GOOD = ["press-2", "press-3", "press-4", "station-4", "station-5", "station-6"]


class PlayedHere:
    """The simulated plant in a thread of the test, so that its servers can be given troubles."""

    def __init__(self, plant: RunningPlant) -> None:
        config = settings(plant.config)
        self.player = Player(config.simulator, plant.data / "truth")
        self.loop = asyncio.new_event_loop()
        self.stop = asyncio.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._play(),))
        self.thread.start()

    async def _play(self) -> None:
        await self.player.start()
        await self.player.play(self.stop)
        await self.player.close()

    def status(self, node: str, code: int | None) -> None:
        [server] = self.player.opcua.values()
        asyncio.run_coroutine_threadsafe(server.set_status(node, code), self.loop).result(5)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def plant(tmp_path):
    running = RunningPlant(tmp_path, speed=20)
    text = running.config.read_text()
    endpoint = next(line for line in text.splitlines() if line.startswith("endpoint"))
    at = text.index("# ---------------------------------------------------------------- Redis")
    more = MORE.replace("ENDPOINT", endpoint.split('"')[1])
    running.config.write_text(text[:at] + more + text[at:])
    played = PlayedHere(running)
    running.start("redis", "collect", "engine", "dashboard")
    try:
        running.wait_live(*GOOD, "press-1", "station-1", "station-2", "station-3")
        yield running, played
    finally:
        running.end()
        played.end()


def test_each_trouble_is_told_and_stays_its_own(plant, dash_br):
    running, played = plant
    driver = dash_br.driver
    driver.get(f"{running.url}/connections")
    for node in ("good", "state"):
        played.status(f"press-1.{node}", ua.StatusCodes.BadSensorFailure)
    for unit, trouble in (("station-1", "exception"), ("station-2", "hang"), ("station-3", "drop")):
        played.player.modbus[unit].trouble = trouble

    def words(device: str) -> str:
        return driver.execute_script(
            "const e = document.querySelector(arguments[0]); return e ? e.innerText : ''",
            f'[data-key="device:{device}"]',
        )

    told = {
        "press-plc": ("press-1.good: BadSensorFailure", "press-1.state"),
        "station-1-plc": ("exception 4",),
        "station-2-plc": ("does not answer", "answers nothing", "no answer"),
        "station-3-plc": ("closed the connection",),
        "ghost-plc": (
            "nothing answers at opc.tcp://127.0.0.1:9/nobody",
            "Check that the device is on",
        ),
        "stranger-plc": ("urn:nobody:knows", "urn:takt:simulator"),
    }
    for device, any_of in told.items():
        wait_until(
            lambda d=device, w=any_of: any(word.lower() in words(d).lower() for word in w),
            seconds=15,
            what=f"{device} telling one of {any_of}",
        )
        print(f"--- {device}\n{words(device)}")
    counts = running.counts()["press-1"]
    unit = running.get("/api/v1/work-units/press-1")
    assert unit["quality"] == "bad"
    assert {t["name"]: t["value"] for t in unit["tags"] if t["name"] in ("good", "state")} == {
        "good": None,
        "state": None,
    }
    end = time.monotonic() + 8
    while time.monotonic() < end:  # the others have their rhythm all the time
        units = running.units()
        assert {units[id]["quality"] for id in GOOD} == {"good"}, units
        assert running.counts()["press-1"][0] == counts[0]
    qualities = {id: units[id]["quality"] for id in units}
    assert qualities["station-1"] == "bad"
    assert qualities["ghost"] == qualities["stranger"] == "stale"
    assert qualities["station-2"] in ("stale", "bad") and qualities["station-3"] in ("stale", "bad")
    for node in ("good", "state"):
        played.status(f"press-1.{node}", None)
    for unit in ("station-1", "station-2", "station-3"):
        played.player.modbus[unit].trouble = None
    running.wait_live(*GOOD, "press-1", "station-1", "station-2", "station-3", seconds=15)
    wait_until(lambda: running.counts()["press-1"][0] > counts[0], what="press 1 counting again")
