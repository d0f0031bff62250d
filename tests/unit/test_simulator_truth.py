"""The truth log: what is read back is what was written, whatever the end of the file looks like."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.machine import Machine, Step
from simulator.truth import Record, Writer, read, totals, totals_at

PLANT = {"seed": 1, "lines": ["press-1", "press-2"]}
ONE, TWO = Machine(id="press-1", good=65_300), Machine(id="press-2", good=7, reject=1)


def begun(folder: Path, plant: object = PLANT, **limits: int) -> Writer:
    writer = Writer(folder, plant, **limits)
    left = writer.left
    machines = left.machines.values() if left else (ONE, TWO)
    writer.begin(1_000, left.at_s if left else 0.0, machines)
    return writer


def pieces(counts: Iterable[int]) -> list[Record]:
    return [
        Record(2_000 + n, n / 10, "good", replace(ONE, good=65_300 + n, cycle=n)) for n in counts
    ]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_a_new_log_begins_with_all_machines(tmp_path: Path) -> None:
    begun(tmp_path).close()
    assert [(r.what, r.us, r.s, r.machine) for r in read(tmp_path)] == [
        ("new", 1_000, 0.0, ONE),
        ("new", 1_000, 0.0, TWO),
    ]
    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    busy = replace(TWO, until_s=None, steps=(Step(11, 2.5), Step(5, None, starved=True)))
    record = Record(5_000, 0.1 + 0.2, "state", busy)
    writer = begun(tmp_path)
    writer.append([record], (ONE, busy))
    writer.close()
    assert list(read(tmp_path))[-1] == record


def test_totals_at_a_time_are_those_of_the_last_record_before_it(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.append(pieces(range(1, 4)), ())
    assert totals(tmp_path) == {"press-1": (65_303, 0), "press-2": (7, 1)}
    assert totals_at(tmp_path, 2_002) == {"press-1": (65_302, 0), "press-2": (7, 1)}
    assert totals_at(tmp_path, 999) == {}
    writer.close()


def test_a_log_that_never_was_has_no_records(tmp_path: Path) -> None:
    assert totals(tmp_path / "nowhere") == {}


def test_the_same_plant_is_gone_on_with_and_another_is_begun_anew(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.append(pieces([1]), ())
    writer.close()
    again = begun(tmp_path)
    assert again.left is not None
    assert again.left.at_s == 0.1
    assert again.left.machines["press-1"].good == 65_301
    again.close()
    assert [r.what for r in read(tmp_path)] == ["new", "new", "good", "again", "again"]
    other = begun(tmp_path, {"seed": 2})
    assert other.left is None
    other.close()
    assert totals(tmp_path)["press-1"] == (65_300, 0)
    assert [path.name for path in files(tmp_path)] == [
        "truth-0001-000001.jsonl",
        "truth-0001-000002.jsonl",
        "truth-0002-000001.jsonl",
    ]


def test_a_log_cut_anywhere_is_gone_on_with_from_its_last_whole_line(tmp_path: Path) -> None:
    writer = begun(tmp_path / "whole")
    writer.append(pieces(range(1, 4)), ())
    writer.close()
    whole = files(tmp_path / "whole")[0].read_bytes()
    for size in range(0, len(whole) + 1, 7):
        folder = tmp_path / f"cut-{size}"
        folder.mkdir()
        (folder / "truth-0001-000001.jsonl").write_bytes(whole[:size])
        lines = whole[:size].count(b"\n")
        left = Writer(folder, PLANT).left
        if lines == 0:
            assert left is None
        else:
            assert left is not None
            assert left.machines["press-1"].good == 65_300 + lines - 1
            assert totals(folder)["press-1"] == (65_300 + lines - 1, 0)


def test_a_file_whose_head_is_torn_is_passed_over(tmp_path: Path) -> None:
    writer = begun(tmp_path)
    writer.append(pieces([1, 2]), ())
    writer.close()
    (tmp_path / "truth-0001-000002.jsonl").write_bytes(b'{"what":"again","us":5')
    again = begun(tmp_path)
    again.append(pieces([3]), ())
    again.close()
    assert totals(tmp_path)["press-1"] == (65_303, 0)
    assert files(tmp_path)[-1].name == "truth-0001-000003.jsonl"


def test_files_end_at_their_size_and_only_the_newest_are_kept(tmp_path: Path) -> None:
    writer = begun(tmp_path, file_bytes_max=1_000, files_max=3)
    for n in range(1, 60):
        (record,) = pieces([n])
        writer.append([record], (record.machine, TWO))
    writer.close()
    assert len(files(tmp_path)) == 3
    assert all(path.stat().st_size < 1_200 for path in files(tmp_path))
    assert totals(tmp_path) == {"press-1": (65_359, 0), "press-2": (7, 1)}
    left = Writer(tmp_path, PLANT).left
    assert left is not None
    assert left.machines["press-1"].good == 65_359


def test_a_batch_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    writer, sizes, write = begun(tmp_path), [], os.write

    def counted(file: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(file, data[:50])  # as little as the system likes

    monkeypatch.setattr(os, "write", counted)
    writer.append(pieces([1, 2]), ())
    monkeypatch.undo()
    assert sizes[0] > sizes[1]
    assert totals(tmp_path)["press-1"] == (65_302, 0)
    writer.close()
