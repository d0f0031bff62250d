"""The configuration: the demo is right, and what is wrong is told at once, in words (F113)."""

import subprocess
import sys
from pathlib import Path

import pytest

import collectors
from cli import check
from cli.settings import DEMO
from collectors import SourceRejected
from collectors._opcua_words import explain
from simulator.settings import Settings as SimulatorSettings
from store.config import ConfigFaults, load
from store.config_faults import masked

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
        (
            'name = "mode"\nrole = "mode"',
            'name = "mode"\nrole = "state"',
            "tag_maps.press[1].role: found 'state'",
        ),
        ("seed = 1 ", 'seed = "x" ', "simulator.seed"),
    ],
)
def test_one_mistake_is_told_in_words(tmp_path, old, new, words):
    told = faults(tmp_path, (old, new))
    assert any(words in line for line in told), told
    assert "secret" not in "".join(told)


OPCUA, STATION = "collectors.opcua[0]", "tag_maps.station"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (  # a password in an endpoint
            "opc.tcp://127",
            "opc.tcp://op:hunter2@127",
            (
                f"{OPCUA}.endpoint: found 'opc.tcp://op:***@127.0.0.1:14840/press-shop'; "
                "expected no user or password in the endpoint: use user and password_file"
            ),
        ),
        (  # told once, not for each unit
            "s={unit}.state",
            "x={unit}.state",
            (
                "tag_maps.press[0].node: found 'nsu=urn:takt:simulator;x=press-1.state'; "
                "expected nsu=<namespace uri>;s=<name> or ns=2;i=1001"
            ),
        ),
        (
            "s={unit}.state",
            's={unit}.state"\nwork_unit = "press-l',
            (
                "tag_maps.press[0].work_unit: found 'press-l'; "
                "expected one of press-4, press-1, press-2, press-3"
            ),
        ),
        (
            'role = "good_count"',
            "",
            (
                "tag_maps.press[2]: "
                "width_bits goes only with a role of good_count, reject_count, total_count"
            ),
        ),
        ("# user =", "user =", f"{OPCUA}: user and password_file go together"),
        (
            'id = "press-plc"',
            'id = ""',
            (
                f"{OPCUA}.id: found ''; expected 1 to 63 lower-case letters, digits, - and _, "
                "beginning with none of - _"
            ),
        ),
        (
            'register = "input"\n',
            'register = "input"\nwdith_bits = 8\n',
            (
                f"{STATION}[0].wdith_bits: this name: found 'wdith_bits'; expected one of width_bits, "
                "work_unit, name, register, address, type, word_order, byte_order, scale, offset, "
                "length, role, unit, decimals, watchdog_s"
            ),
        ),
        (
            'kind = "station"',
            'kind = "station"\ncolor = 1',
            (
                "simulator.lines[1].color: this name: found 'color'; "
                "expected one of protocol, kind, host, machines, buffers"
            ),
        ),
        (
            'protocol = "modbus"',
            'protocol = "mudbos"',
            "simulator.lines[1].protocol: found 'mudbos'; expected one of 'opcua', 'modbus'",
        ),
        (
            "port = 15021\n",
            "port = 15021\npoll_interval_s = 3\n",
            (
                "work_units[4].expected_period_s: found 2.0; "
                "expected at least 2.25: station-1-plc is heard every 3 s"
            ),
        ),
        (
            "watchdog_s = 10\nregister",
            "watchdog_s = 2.5\nregister",
            (
                f"{STATION}[9].watchdog_s: found 2.5; "
                "expected more than 2.5: an unchanged value comes that seldom"
            ),
        ),
        (
            "ideal_cycle_s = 6.0 ",
            "expected_period_s = 0.5\nideal_cycle_s = 6.0 ",
            (
                "work_units[0].expected_period_s: found 0.5; "
                "expected at least 0.75: press-plc is heard every 1 s"
            ),
        ),
    ],
)
def test_one_mistake_is_one_line(tmp_path, old, new, line):
    assert faults(tmp_path, (old, new)) == [f"config.toml: {line}"]


def test_a_site_that_is_missing_is_one_line(tmp_path):
    begin, end = TEXT.index("[site]"), TEXT.index("[[areas]]")
    told = faults(tmp_path, (TEXT[begin:end], ""))
    assert told == ["config.toml: site: found nothing; expected a value: it is required"]


@pytest.mark.parametrize("key", ["fault_texts", "state_profiles", "tag_maps"])
def test_what_is_no_table_is_one_line(tmp_path, key):
    text = "\n".join(
        part for part in TEXT.split("\n\n") if not part.startswith((f"[{key}", f"[[{key}"))
    )
    with pytest.raises(ConfigFaults) as told:
        read(tmp_path, f"{key} = 3\n{text}")
    assert f"config.toml: {key}: found 3; expected a table" in told.value.faults
    assert len(told.value.faults) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rdis://:hunter2@h:1", "found 'rdis://:***@h:1'; expected redis://"),
        ("redis://op:hunter2@h:port", "found 'redis://op:***@h:port'; expected redis://"),
        ("http://h/?password=hunter2", "found 'http://h/?password=***'; expected redis://"),
        ("", "redis.url_file: in url: found ''; expected redis://"),
    ],
)
def test_a_redis_url_is_looked_at_wherever_it_stands(tmp_path, url, words):
    (tmp_path / "url").write_text(url + "\n")
    told = faults(tmp_path, ("\n[redis]", '\n[redis]\nurl_file = "url"'))
    assert len(told) == 1 and words in told[0]
    if url:
        with pytest.raises(ConfigFaults) as caught:
            read(tmp_path, TEXT, REDIS_URL=url)
        assert "redis.url, by REDIS_URL: found" in str(caught.value)
        assert words in str(caught.value) and "hunter2" not in str(caught.value)
        told = faults(tmp_path, ("\n[redis]", f'\n[redis]\nurl = "{url}"'))
        assert "hunter2" not in "".join(told)


def test_a_url_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("folder", "binary", "nowhere"):
        told = faults(tmp_path, ("\n[redis]", f'\n[redis]\nurl_file = "{name}"'))
        assert told == [
            f"config.toml: redis.url_file: found '{name}'; expected a file that can be read"
        ]


def test_a_url_file_is_used_unless_the_environment_names_another(tmp_path):
    (tmp_path / "url").write_text("redis://:pw@h:1/0\n")
    text = TEXT.replace("\n[redis]", '\n[redis]\nurl_file = "url"')
    assert read(tmp_path, text).redis.url == "redis://:pw@h:1/0"
    assert read(tmp_path, text, REDIS_URL="redis://i").redis.url == "redis://i"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("redis://:hunter2@h:6379/0", "redis://:***@h:6379/0"),
        ("redis://op:hun@ter/2@h", "redis://op:***@h"),
        ("redis://hunter2@h", "redis://***@h"),
        ("rediss://h/0?PASSWORD=hun@ter2&db=1", "rediss://h/0?PASSWORD=***&db=1"),
        ("op:hunter2@h", "op:***@h"),
        ("unix:///tmp/a@b/redis.sock", "unix:///tmp/a@b/redis.sock"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address, shown):
    assert masked(address) == shown


def test_the_check_names_what_is_empty_and_no_password(tmp_path, capsys, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(
        TEXT.replace(
            "[[work_units]]",
            '[[areas]]\nid = "yard"\nname = "Yard"\n[[work_centers]]\nid = "gate"\nname = "Gate"\n'
            'area = "yard"\n[[work_units]]',
            1,
        )
    )
    monkeypatch.setenv("REDIS_URL", "redis://h:1/0?password=hunter2")
    assert check.main(path) == 0
    told = capsys.readouterr().out
    assert "Redis: redis://h:1/0?password=***\n" in told
    assert "note: area yard has no work unit" in told
    assert "note: work centre gate has no work unit" in told


def test_certificates_are_suspected_only_where_there_are_some():
    given = {"endpoint": "opc.tcp://h", "timeout_s": 1.0}
    assert isinstance(explain(AssertionError(), secured=True, **given), SourceRejected)
    plain = explain(AssertionError(), secured=False, **given)
    assert not isinstance(plain, SourceRejected) and "ertificate" not in plain.advice


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


def test_a_database_url_names_its_user_but_never_its_password(tmp_path):
    plain = 'url = "postgresql://takt@127.0.0.1:5432/takt"'
    config = read(tmp_path, TEXT.replace("\n[database]", f"\n[database]\n{plain}"))
    assert config.database.url == "postgresql://takt@127.0.0.1:5432/takt"
    told = faults(tmp_path, ("\n[database]", '\n[database]\nurl = "postgresql://a:hunter2@h/d"'))
    assert told == [
        (
            "config.toml: database.url: found a password; expected it in DATABASE_URL or in "
            "database.url_file"
        )
    ]
    told = faults(tmp_path, ("\n[database]", '\n[database]\nurl = "mysql://h/d"'))
    assert told == [
        (
            "config.toml: database.url: found 'mysql://h/d'; expected "
            "postgresql://<user>@<host>:<port>/<database>"
        )
    ]
    url = "postgresql://takt:hunter2@h/d"
    assert read(tmp_path, TEXT, DATABASE_URL=url).database.url == url
