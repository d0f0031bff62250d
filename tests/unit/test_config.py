"""The configuration: the demo is right, and what is wrong is told at once, in words (F113)."""

import subprocess
import sys
from pathlib import Path

import pytest

import collectors
from cli.settings import DEMO
from simulator.settings import Settings as SimulatorSettings
from store.config import ConfigFaults, load

TEXT = DEMO.read_text()


def read(tmp_path: Path, text: str, **environ: str):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(
        path,
        settings_of=lambda name: collectors.load(name).Settings,
        simulator=SimulatorSettings,
        environ=environ,
    )


def faults(tmp_path, *changes):
    text = TEXT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    with pytest.raises(ConfigFaults) as told:
        read(tmp_path, text)
    return told.value.faults


def test_the_demo_plant_is_three_work_centres_with_ten_units(tmp_path):
    plant = read(tmp_path, TEXT).plant
    assert (len(plant.work_centers), len(plant.work_units)) == (3, 10)
    assert [u.id for u in plant.units_of("press-shop")] == [f"press-{n}" for n in range(1, 5)]
    assert len(plant.units_of("assembly")) == 6
    assert plant.work_units["press-1"].fault_texts["217"] == "die jam"
    assert plant.work_units["press-3"].tags["good"].width_bits == 16
    assert plant.devices["press-plc"].address == "opc.tcp://127.0.0.1:14840/press-shop"
    with pytest.raises(ValueError, match=r"'nobody' is not known; known: press-shop"):
        plant.units_of("nobody")


def test_five_mistakes_are_five_lines_with_their_paths(tmp_path):
    told = faults(
        tmp_path,
        ('time_zone = "Europe/Berlin"', 'time_zone = "Mars/Olympus"'),
        ("ideal_cycle_s = 6.0 ", "ideal_cycle_s = -6.0 "),
        ('area = "press-shop"', 'area = "pres-shop"'),
        ('role = "good_count"', 'role = "godo_count"'),
        ("port = 15023\n", 'port = "fifteen"\n'),
    )
    assert len(told) == 5, told
    paths = {line.split(": ")[1] for line in told}
    assert paths == {
        "site.time_zone",
        "work_units[0].ideal_cycle_s",
        "work_centers[0].area",
        "tag_maps.press[2].role",
        "collectors.modbus[2].port",
    }
    assert all(line.startswith("config.toml: ") for line in told)
    assert all("found " in line and "expected " in line for line in told)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('work_center = "press-line"', 'work_center = "x"', "expected one of press-line"),
        ('id = "press-2"', 'id = "press-1"', "an id that no other has"),
        (
            "[dashboard]",
            "[dashboard]\nprot = 1",
            "dashboard.prot: this name: found 'prot'; expected one of port",
        ),
        (
            "[[collectors.opcua]]",
            "[[collectors.opcau]]",
            "no collector 'opcau'; known: modbus, opcua",
        ),
        (
            'tags = "press"',
            'tags = "pres"',
            "collectors.opcua[0].tags: found 'pres'; expected one of press",
        ),
        ('fault_texts = "press"', 'fault_texts = "p"', "work_units[0].fault_texts"),
        ('endpoint = "opc.tcp://', 'endpoint = "http://', "collectors.opcua[0].endpoint"),
        ("\n[redis]", '\n[redis]\nurl = "redis://:secret@h"', "found a password"),
        ("\n[redis]", '\n[redis]\nurl_file = "nowhere"', "redis.url_file: found 'nowhere'"),
        ('name = "mode"\nrole = "mode"', 'name = "mode"\nrole = "state"', "role state"),
        ("seed = 1 ", 'seed = "x" ', "simulator.seed"),
    ],
)
def test_one_mistake_is_told_in_words(tmp_path, old, new, words):
    told = faults(tmp_path, (old, new))
    assert any(words in line for line in told), told
    assert "secret" not in "".join(told)


def test_a_profile_of_ones_own(tmp_path):
    good = '\n[state_profiles.lathe]\nstates = { 0 = "idle", 7 = "running" }\n'
    assert read(tmp_path, TEXT + good)
    told = faults(
        tmp_path, ("[simulator]", '[state_profiles.x]\nstates = { 0 = "gone" }\n[simulator]')
    )
    assert told == [t for t in told if "state_profiles.x.states.0: found 'gone'" in t]


def test_the_environment_wins_over_the_file(tmp_path):
    config = read(
        tmp_path, TEXT, TAKT_DATA=str(tmp_path / "d"), TAKT_PORT="9000", REDIS_URL="redis://h:1/0"
    )
    assert config.data_dir == tmp_path / "d"
    assert (config.dashboard.port, config.redis.url) == (9000, "redis://h:1/0")


def test_the_command_tells_all_and_starts_nothing(tmp_path):
    bad = TEXT.replace('time_zone = "Europe/Berlin"', 'time_zone = "Mars"')
    bad = bad.replace("ideal_cycle_s = 6.0 ", "ideal_cycle_s = 0 ")
    path = tmp_path / "bad.toml"
    path.write_text(bad)
    for command in (
        ["check", str(path)],
        ["run", "--config", str(path), "--data", str(tmp_path / "d")],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "cli", *command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 2
        lines = done.stderr.splitlines()
        assert len(lines) == 3, done.stderr
        assert "site.time_zone" in done.stderr
        assert "work_units[0].ideal_cycle_s" in done.stderr
        assert lines[-1] == "2 faults; nothing was started"
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "text", ["not toml at all [", "", "site = 3\nareas = 'x'\ncollectors = []"]
)
def test_a_file_that_is_none_is_told_and_not_a_traceback(tmp_path, text):
    with pytest.raises(ConfigFaults) as told:
        read(tmp_path, text)
    assert told.value.faults
    with pytest.raises(ConfigFaults, match="cannot be read"):
        load(tmp_path / "none.toml", settings_of=lambda _: None)
