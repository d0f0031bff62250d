"""A trace: its file is read whole or refused with every fault, and machines do what it says."""

import gzip
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli.settings import DEMO, settings, trace_of
from mes.states import PROFILES, STATES, state_of
from simulator.play import plant_key
from simulator.replay import SAID, Replay, replay
from simulator.settings import Settings
from simulator.trace import FAULTS_MAX, PLAYED, ROWS_MAX, Row, Trace, TraceFaults, read
from simulator.truth import packed, unpacked
from store.config import ConfigFaults

MACHINES = ("press-1", "press-2")
HEAD = "time,machine,state,good,reject,fault\n"
DAY = (
    HEAD
    + """2026-03-02T06:00:00Z,press-1,running,,,
2026-03-02T06:00:10+00:00,press-1,,3,1,
2026-03-02T07:00:05+01:00,press-2,stopped,0,0,217
2026-03-02T06:00:20.5Z,press-1,idle,1,,
"""
)
LINE: dict[str, Any] = {
    "protocol": "opcua",
    "kind": "press",
    "endpoint": "opc.tcp://127.0.0.1:4840/x",
    "machines": [{"id": name, "cycle_s": 6} for name in MACHINES],
}
PLANT = Settings.model_validate({"lines": [LINE], "trace_file": "day.csv"})


def written(folder: Path, text: str, name: str = "day.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def faults(folder: Path, text: str, name: str = "day.csv") -> list[str]:
    with pytest.raises(TraceFaults) as caught:
        read(written(folder, text, name), MACHINES)
    return caught.value.lines


@pytest.mark.parametrize("name", ["day.csv", "day.csv.gz"])
def test_rows_come_in_order_of_time_counted_from_the_first(tmp_path: Path, name: str) -> None:
    found = read(written(tmp_path, DAY, name), MACHINES)
    assert found.rows == (
        Row(0.0, "press-1", "running", 0, 0, 0),
        Row(5.0, "press-2", "stopped", 0, 0, 217),
        Row(10.0, "press-1", "", 3, 1, 0),
        Row(20.5, "press-1", "idle", 1, 0, 0),
    )
    assert str(found) == f"{name} (4 rows, 0.0 h)"


def test_a_file_of_a_spreadsheet_is_read_too(tmp_path: Path) -> None:
    text = "\ufeff" + DAY.replace("\n", "\r\n").replace(",fault", "").replace(",217", "")
    text = "\r\n".join(line.removesuffix(",") for line in text.split("\r\n"))
    assert len(read(written(tmp_path, text), MACHINES).rows) == 4


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("06:00,press-1,idle,1,0,", "time: found '06:00'; expected a moment with its offset"),
        ("2026-03-02T06:00:00,press-1,idle,1,0,", "expected a moment with its offset from UTC"),
        ("{t},press-9,idle,1,0,", "machine: found 'press-9'; expected one of press-1, press-2"),
        ("{t},press-1,RUN,1,0,", "state: found 'RUN'; expected one of stopped, held, starved"),
        ("{t},press-1,unknown,1,0,", "state: found 'unknown'; expected one of stopped"),
        ("{t},press-1,idle,-1,0,", "good: found '-1'; expected a whole number from 0 to 16,383"),
        ("{t},press-1,idle,1,16384,", "reject: found '16384'; expected a whole number from 0 to"),
        ("{t},press-1,stopped,1,0,E7", "fault: found 'E7'; expected a whole number from 0 to 65"),
        ("{t},press-1,,1,0,7", "fault: found 7 without a state; expected the two together"),
        ("{t},press-1,idle,1", "found more or fewer cells than there are columns; expected 6"),
        ("{t},press-1,idle,1,0,,", "found more or fewer cells than there are columns; expected 6"),
    ],
)
def test_what_is_wrong_with_a_row_is_told(tmp_path: Path, row: str, said: str) -> None:
    (found,) = faults(tmp_path, DAY + row.format(t="2026-03-02T06:00:00Z") + "\n")
    assert found.startswith("day.csv: line 6: ")
    assert said in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: found the columns ; expected time,machine,state,good,reject, and fault"),
        ("time,machine,state,good\n", "found the columns time,machine,state,good; expected"),
        (HEAD.replace("fault", "reject"), "found the columns time,machine,state,good,reject,rej"),
        (HEAD, "found no row; expected at least one"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    (found,) = faults(tmp_path, text)
    assert said in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(DAY.encode())
    for name, content in (
        ("cut.csv.gz", whole[:-20]),
        ("none.csv.gz", b"time,machine"),
        ("binary.csv", b"\xff\xfe\x00"),
    ):
        (tmp_path / name).write_bytes(content)
    for name in ("cut.csv.gz", "none.csv.gz", "binary.csv", "missing.csv", "a\0b"):
        with pytest.raises(TraceFaults, match="cannot be read: ."):
            read(tmp_path / name, MACHINES)


def test_every_fault_is_told_up_to_a_bound(tmp_path: Path) -> None:
    assert len(faults(tmp_path, DAY + "x,y,z,1,1,\n")) == 3
    assert len(faults(tmp_path, DAY + "x,y,z,1,1,\n" * 50)) == FAULTS_MAX


def test_a_file_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.trace.ROWS_MAX", 3)
    assert ROWS_MAX > 3
    assert "found more than 3 rows" in faults(tmp_path, DAY)[0]


def test_a_machine_says_every_state_so_that_it_is_understood() -> None:
    assert set(PLAYED) == set(SAID) == STATES.keys() - {"unknown"}
    for key, step in SAID.items():
        flags = {"starved": step.starved, "blocked": step.blocked}
        assert state_of(PROFILES["packml"], state=step.state, mode=step.mode, **flags) == key


def test_machines_do_what_the_rows_say(tmp_path: Path) -> None:
    one = replay(PLANT, read(written(tmp_path, DAY), MACHINES))
    found = [
        (e.at_s, e.what, e.machine.id, e.machine.state, e.machine.good, e.machine.reject)
        for e in one.advance(60)
    ]
    assert found == [
        (0.0, "state", "press-1", 6, 0, 0),
        (5.0, "state", "press-2", 2, 0, 0),
        (10.0, "good", "press-1", 6, 3, 1),
        (20.5, "good", "press-1", 4, 4, 1),
    ]
    assert one.machines["press-2"].fault == 217
    assert (one.at_s, one.next_s) == (60, float("inf"))


def test_a_replay_left_after_any_row_ends_where_one_that_never_stopped_does() -> None:
    rng = random.Random(4)
    rows = tuple(
        Row(float(n // 2), rng.choice(MACHINES), rng.choice(("", *PLAYED)), rng.randrange(5), 0, 0)
        for n in range(40)
    )
    start = replay_of(rows)
    whole = replay_of(rows)
    events = list(whole.advance(100))
    for cut in range(len(rows) + 1):
        machines = dict(start.machines) | {e.machine.id: e.machine for e in events[:cut]}
        kept = [unpacked(packed(machine)) for machine in machines.values()]
        again = replay_of(rows).resume(kept, events[cut - 1].at_s if cut else 0.0)
        assert [e.machine for e in again.advance(100)] == [e.machine for e in events[cut:]]
        assert again.machines == whole.machines


def replay_of(rows: tuple[Row, ...]) -> Replay:
    found = {"lines": [LINE | {"buffers": False}]}
    return replay(Settings.model_validate(found), Trace("made", rows, ""))


def test_another_trace_makes_another_plant_and_its_name_does_not(tmp_path: Path) -> None:
    one, same = (read(written(tmp_path, DAY, name), MACHINES) for name in ("a.csv", "b.csv.gz"))
    other = read(written(tmp_path, DAY.replace(",3,1,", ",3,2,")), MACHINES)
    assert plant_key(PLANT, one) == plant_key(PLANT, same)
    assert plant_key(PLANT, one) != plant_key(PLANT, other)
    assert plant_key(PLANT, one) != plant_key(PLANT)


def test_only_a_trace_is_played_faster_than_machines_can_make_their_day_up() -> None:
    fast = {"lines": [LINE], "speed": 20_000}
    assert Settings.model_validate(fast | {"trace_file": "day.csv"}).speed == 20_000
    with pytest.raises(ValidationError, match="speed is 20000; expected 1000 at most without"):
        Settings.model_validate(fast)


def test_the_file_lies_beside_the_configuration_and_its_faults_are_the_configurations(
    tmp_path: Path,
) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(
        DEMO.read_text().replace('# trace_file = "last-week', 'trace_file = "last-week')
    )
    with pytest.raises(ConfigFaults, match="last-week.csv: cannot be read"):
        trace_of(settings(path))
    written(tmp_path, DAY, "last-week.csv")
    found = trace_of(settings(path))
    assert found is not None
    assert len(found.rows) == 4
    assert trace_of(replace(settings(path), simulator=None)) is None
    assert trace_of(settings(DEMO)) is None
