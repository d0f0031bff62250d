"""The bench, as far as it can be tested without measuring: it imports, its plant is a valid one."""

import importlib
import pkgutil
from pathlib import Path
from random import Random

import pytest

from cli.settings import DEMO, settings
from tests import bench
from tests.bench.__main__ import NAMES
from tests.bench.browser import Seen
from tests.bench.figures import Result, distribution, slope_per_min, table
from tests.bench.path import STAGES, Stored, Told, delays, stages
from tests.bench.plant import CHANGING, BenchPlant
from tests.bench.startup import own_ports
from tests.bench.view_feed import view

MODULES = [m.name for m in pkgutil.iter_modules(bench.__path__) if m.name != "__main__"]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name: str) -> None:
    module = importlib.import_module(f"tests.bench.{name}")
    assert name not in NAMES or callable(module.run)


def test_the_plant_is_a_valid_configuration(tmp_path: Path) -> None:
    plant = BenchPlant(data_dir=tmp_path, port=8051, opcua_port=14841, units=25, window_ms=150)
    config = settings(plant.write())
    assert list(config.plant.work_units) == plant.ids
    assert len(config.plant.work_centers) == 3
    assert len(config.collectors[0].settings.tags) == 25 * (len(CHANGING) + 1)
    assert config.dashboard.window_ms == 150


def test_the_demo_plant_gets_ports_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(own_ports(DEMO), encoding="utf-8")
    devices, demo = settings(path).plant.devices, settings(DEMO).plant.devices
    assert devices.keys() == demo.keys()
    assert not {d.address for d in devices.values()} & {d.address for d in demo.values()}


def test_a_made_up_view_is_of_the_plant_and_of_now() -> None:
    made = view("unit-000", 3, Random(1))
    assert made.good == 1003
    assert made.source_time_us == made.tags["speed"].source_time_us


def test_stages_add_up_from_the_change_to_the_page() -> None:
    sample = Stored("a", (1010, 0), 1_000_000, 1_008_000)
    seen = [Seen("a", 999, 1000, 1000), Seen("a", 1000, 1060, 1040)]
    found = stages([sample], [Told("a", 1020, (1010, 0))], seen)
    assert found == {"publish": [8], "write": [2], "engine": [10], "push": [20], "page": [20]}
    assert list(found) == list(STAGES)
    assert delays([("a", 1_000_000), ("a", 2_000_000), ("b", 1)], seen) == [60]


def test_what_never_came_through_is_in_no_stage() -> None:
    found = stages([Stored("a", (1, 0), 1, 1)], [], [])
    assert not any(found.values())


def test_figures() -> None:
    assert distribution([]) == {"n": 0}
    assert distribution(range(101))["p95"] == 95
    assert slope_per_min([(0, 1.0), (30, 2.0), (60, 3.0)]) == pytest.approx(2)
    result = Result("some")
    result.add("delay", "ms", [1.0, 2.0, 300.0], p50=10, p95=145)
    result.add("share", "%", 9.0, value=10)
    assert [f.met for f in result.series] == [False, True]
    assert "MISSED" in table(result)
