"""The [simulator] section: every fault at once, in words; and it fits the demo's collectors."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mes.states import PROFILES, state_of
from simulator.kinds import KINDS
from simulator.plant import build
from simulator.play import opcua_nodes, plant_key
from simulator.settings import ModbusLine, OpcUaLine, Settings
from simulator.signals import tags

CONFIG = tomllib.loads((Path(__file__).parents[2] / "config.toml").read_text(encoding="utf-8"))
PRESSES: dict[str, Any] = {
    "protocol": "opcua",
    "kind": "press",
    "endpoint": "opc.tcp://127.0.0.1:4840/x",
    "machines": [{"id": "press-1", "cycle_s": 6}],
}
STATIONS: dict[str, Any] = {
    "protocol": "modbus",
    "kind": "station",
    "machines": [{"id": "station-1", "cycle_s": 8, "port": 1502}],
}


def faults(section: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(section)
    return str(caught.value)


def test_every_fault_is_found_at_once() -> None:
    found = faults(
        {
            "speed": 0,
            "lines": [
                PRESSES | {"endpoint": "http://x", "machines": []},
                STATIONS | {"kind": "lathe", "colour": "red"},
            ],
        }
    )
    for words in ("speed", "opc.tcp://<host>:<port>/<path>", "machines", "'station'", "colour"):
        assert words in found


@pytest.mark.parametrize("endpoint", ["opc.tcp://host", "opc.tcp://:4840", "opc.tcp://h:x", "x"])
def test_an_endpoint_needs_host_and_port(endpoint: str) -> None:
    assert "expected opc.tcp" in faults({"lines": [PRESSES | {"endpoint": endpoint}]})


def test_machines_and_addresses_are_given_once() -> None:
    found = faults({"lines": [PRESSES, STATIONS, STATIONS]})
    assert "machine station-1 is given 2 times; expected once" in found
    assert "address 127.0.0.1:1502 is given 2 times; expected once" in found


def test_speed_and_ports_make_no_other_plant_but_seed_and_cycles_do() -> None:
    def key(**changed: Any) -> object:
        return plant_key(Settings.model_validate({"lines": [PRESSES]} | changed))

    elsewhere = [PRESSES | {"endpoint": "opc.tcp://127.0.0.1:4841/y"}]
    slower = [PRESSES | {"machines": [{"id": "press-1", "cycle_s": 7}]}]
    assert key() == key(speed=10, lines=elsewhere)
    assert key() != key(seed=2)
    assert key() != key(lines=slower)


def test_the_demo_plant_has_three_lines_and_ten_machines_that_the_plant_knows() -> None:
    found = Settings.model_validate(CONFIG["simulator"])
    ids = [machine.id for line in found.lines for machine in line.machines]
    assert len(found.lines) == 3
    assert ids == [unit["id"] for unit in CONFIG["work_units"]]
    planned = {unit["id"]: unit["ideal_cycle_s"] for unit in CONFIG["work_units"]}
    assert {m.id: m.cycle_s for line in found.lines for m in line.machines} == planned


def test_the_demo_serves_what_its_collectors_read() -> None:
    found = Settings.model_validate(CONFIG["simulator"])
    maps = CONFIG["tag_maps"]
    opcua = {line.endpoint: line for line in found.lines if isinstance(line, OpcUaLine)}
    for device in CONFIG["collectors"]["opcua"]:
        line = opcua[device["endpoint"]]
        served = opcua_nodes(line.kind, [machine.id for machine in line.machines])
        for tag in maps[device["tags"]]:
            for unit in device["work_units"]:
                name = tag["node"].partition(";s=")[2].format(unit=unit)
                assert name in served
    modbus = {
        (line.host, machine.port): machine.id
        for line in found.lines
        if isinstance(line, ModbusLine)
        for machine in line.machines
    }
    for device in CONFIG["collectors"]["modbus"]:
        assert [modbus[device["host"], device["port"]]] == device["work_units"]


@pytest.mark.parametrize("kind", ["press", "station"])
def test_the_demo_names_every_fault_that_can_happen(kind: Any) -> None:
    assert {str(fault.code) for fault in KINDS[kind].faults} == set(CONFIG["fault_texts"][kind])


def test_a_visitor_sees_something_in_the_first_two_minutes_and_a_fair_day_after() -> None:
    plant = build(Settings.model_validate(CONFIG["simulator"]))
    seen, since, spent = set(), dict.fromkeys(plant.machines, 0.0), {"running": 0.0, "all": 0.0}
    before = dict.fromkeys(plant.machines, "idle")
    for event in plant.advance(4 * 3600):
        machine = event.machine
        spent["all"] += event.at_s - since[machine.id]
        if before[machine.id] == "running":
            spent["running"] += event.at_s - since[machine.id]
        since[machine.id] = event.at_s
        before[machine.id] = state_of(
            PROFILES["packml"],
            state=machine.state,
            mode=machine.mode,
            starved=machine.starved,
            blocked=machine.blocked,
        )
        if event.at_s < 120:
            seen.add(before[machine.id])
    assert {"running", "stopped", "changeover"} <= seen
    assert 0.65 < spent["running"] / spent["all"] < 0.85


def test_counters_roll_over_within_the_first_hour() -> None:
    plant = build(Settings.model_validate(CONFIG["simulator"]))
    for _ in plant.advance(3600):
        pass
    over = [m for m in plant.machines.values() if m.good >= 65_536]
    assert over
    for machine in over:
        shown = tags(machine, plant.specs[machine.id], 3600)
        assert shown["good"] == machine.good - 65_536


def test_power_is_never_the_same_for_two_periods() -> None:
    plant = build(Settings.model_validate(CONFIG["simulator"]))
    for name, spec in plant.specs.items():
        machine = plant.machines[name]
        power = [tags(machine, spec, n / 2)["power"] for n in range(200)]
        assert all(a != b for a, b in pairwise(power))
