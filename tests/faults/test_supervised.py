"""`takt run`: what dies is started again, all end together, nobody is left behind."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli.settings import DEMO
from store.log.database import Database, url_of
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]
NAMES = ("simulate", "collect", "engine", "dashboard")


class Supervised:
    """One `takt run` on the demo plant of a test."""

    def __init__(self, plant: RunningPlant) -> None:
        self.plant = plant
        self.log = plant.data / f"run-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            argv = [sys.executable, "-m", "cli", "run", "--config", str(plant.config)]
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=DEMO.parent)

    def children(self) -> dict[str, psutil.Process]:
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = child.cmdline()
            except psutil.Error:  # it has just died
                continue
            found[words[3] if words[1:3] == ["-m", "cli"] else "redis"] = child
        return found

    def told(self) -> str:
        return self.log.read_text()

    def wait_live(self, seconds: float = 60.0) -> float:
        """When it was live, by its own clock. The limit is for a machine under load."""

        def announced():
            assert self.process.poll() is None, self.told()
            return re.search(
                r"^takt: http://\S+ is live after (\d+\.\d) s$", self.told(), re.MULTILINE
            )

        try:
            return float(wait_until(announced, seconds=seconds, what="the line of the address")[1])
        except AssertionError as error:
            ready = self.plant.get("/readyz")
            raise AssertionError(f"{error}: /readyz {ready}, told:\n{self.told()}") from error


@pytest.fixture
def plant(tmp_path: Path):
    return RunningPlant(tmp_path, speed=10)


@pytest.fixture
def run(plant):
    started: list[Supervised] = []

    def start() -> Supervised:
        started.append(Supervised(plant))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGTERM)
            one.process.wait(30)


def test_who_may_sign_in_first_is_told_before_the_address(run):
    """How soon a screen is live is measured by tests/bench/startup.py, on a machine of its own."""
    supervised = run()
    supervised.wait_live()
    before, _, _ = supervised.told().partition(" is live after ")
    assert re.search(r"people of the demo.*^takt:   admin ", before, re.DOTALL | re.MULTILINE)


def test_what_dies_is_started_again_and_all_end_together(plant, run):
    supervised = run()
    supervised.wait_live()
    plant.wait_live()
    for name in ("redis", *NAMES):
        before = supervised.children()[name].pid
        supervised.children()[name].kill()
        wait_until(
            lambda n=name, b=before: n in (c := supervised.children()) and c[n].pid != b,
            what=f"{name} started again",
        )
        plant.wait_live()
    all_of_them = list(supervised.children().values())
    assert len(all_of_them) == 5
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(20) == 0
    _gone, alive = psutil.wait_procs(all_of_them, timeout=1)
    assert not alive
    assert "Traceback" not in supervised.told(), supervised.told()


def test_a_killed_supervisor_leaves_nobody_behind_and_its_data_are_found_again(plant, run):
    first = run()
    first.wait_live()
    plant.wait_live()
    wait_until(lambda: sum(good for good, _ in plant.counts().values()) > 20)
    children = first.children()
    counts = plant.counts()
    first.process.kill()
    roles = [child for name, child in children.items() if name != "redis"]
    _gone, alive = psutil.wait_procs(roles, timeout=10)
    assert not alive
    second = run()
    second.wait_live()
    assert not children["redis"].is_running()
    plant.wait_live()
    assert all(plant.counts()[unit] >= counted for unit, counted in counts.items())


def test_records_of_a_newer_takt_are_left_alone(plant, run):
    first = run()
    first.wait_live()
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(20) == 0
    database = Database(url_of(plant.data, None))
    with database.write() as (connection, *_):
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = (plant.data / "records.sqlite").read_bytes()
    second = run()
    assert second.process.wait(20) == 2
    assert "written by a newer Takt" in second.told() and "takt restore" in second.told()
    assert "Traceback" not in second.told()
    assert (plant.data / "records.sqlite").read_bytes() == before


def test_damaged_records_end_everything_with_one_line_and_no_restart(plant, run):
    (plant.data / "records.sqlite").write_bytes(b"no database at all " * 1000)
    supervised = run()
    assert supervised.process.wait(20) == 1
    told = supervised.told()
    assert f"takt: {plant.data}/records.sqlite: found: file is not a database" in told
    assert "takt restore FILE" in told
    assert "Traceback" not in told
    for part in ("engine", "dashboard"):
        assert f"{part} ended with" not in told, told


def test_a_data_directory_has_one_supervisor_and_a_port_one_owner(plant, run):
    run().wait_live()
    second = run()
    assert second.process.wait(15) == 1
    assert re.search(r"is in use by process \d+", second.told())
    elsewhere = plant.config.read_text().replace(str(plant.data), str(plant.data) + "2")
    plant.config.write_text(elsewhere)
    third = run()
    assert third.process.wait(15) == 1
    assert "cannot listen on 127.0.0.1" in third.told()
    assert "--port" in third.told()
