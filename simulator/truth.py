"""The truth log: what really happened, on disk before any server says so.

One plant is one run of files `truth-<plant>-<part>.jsonl` in a folder. A line is one JSON object:
what happened, when by the wall (`us`) and by the plant (`s`), and the whole machine after it. The
first line of a file (`head`) says which plant this is and how all machines stood, so that the
newest file alone is enough to go on from. Lines are handed to the system with one write(2) per
batch: they survive the death of the process, not that of the machine. A torn last line is passed
over. A file ends at 4 MiB or with its process; the newest 64 are kept, ten days of ten machines.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from simulator.machine import Machine, Step

FILE_BYTES_MAX = 4 << 20
FILES_MAX = 64
VERSION = 1  # of the lines; a log of another version is not gone on with


@dataclass(frozen=True, slots=True)
class Record:
    """`what` is "state", "good" or "reject"; for what a file begins with "new", "again", "next"."""

    us: int
    s: float
    what: str
    machine: Machine


@dataclass(frozen=True, slots=True)
class Left:
    """How a plant was left."""

    at_s: float
    machines: Mapping[str, Machine]


class Writer:
    """Appends to the log of one plant. `plant` tells it apart from others: any JSON value.

    `left` is how the newest plant in `folder` was left if it is the same one, else None and a
    new log is begun. Nothing is written before `begin`.
    """

    def __init__(
        self,
        folder: Path,
        plant: object,
        *,
        file_bytes_max: int = FILE_BYTES_MAX,
        files_max: int = FILES_MAX,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._plant = json.loads(json.dumps(plant))
        self._file_bytes_max, self._files_max = file_bytes_max, files_max
        self._file: int | None = None
        self._bytes = 0
        self._number, self._part = 1, 0
        self.left: Left | None = None
        if paths := _paths(folder):
            self._number, self._part = _numbers(paths[-1])
            self.left = _left(paths, self._plant)
        if paths and self.left is None:
            self._number, self._part = self._number + 1, 0

    def begin(self, us: int, at_s: float, machines: Iterable[Machine]) -> None:
        """Open the next file with all machines as they stand at `at_s`, which is `us` by the wall."""
        self._next("again" if self.left else "new", us, at_s, machines)

    def append(self, records: Iterable[Record], machines: Iterable[Machine]) -> None:
        """Write `records`; `machines` are all of the plant as they stand after the last record."""
        lines = [_line(record) for record in records]
        if not lines:
            return
        self._write(b"".join(lines))
        if self._bytes >= self._file_bytes_max:
            last = json.loads(lines[-1])
            self._next("next", last["us"], last["s"], machines)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _next(self, what: str, us: int, at_s: float, machines: Iterable[Machine]) -> None:
        self.close()
        self._part += 1
        path = self._folder / f"truth-{self._number:04}-{self._part:06}.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._bytes = 0
        head = {
            "what": what,
            "us": us,
            "s": at_s,
            "version": VERSION,
            "plant": self._plant,
            "head": [packed(machine) for machine in machines],
        }
        self._write(_json(head))
        for old in _paths(self._folder)[: -self._files_max]:
            old.unlink(missing_ok=True)

    def _write(self, data: bytes) -> None:
        assert self._file is not None, "append() comes after begin()"
        while data:
            written = os.write(self._file, data)
            self._bytes += written
            data = data[written:]


def read(folder: Path) -> Iterator[Record]:
    """All that is kept of the newest plant in `folder`, in order; nothing if there is no log."""
    paths = _paths(folder)
    for path in paths:
        if _numbers(path)[0] == _numbers(paths[-1])[0]:
            for line in _lines(path):
                yield from _records(line)


def totals(folder: Path) -> dict[str, tuple[int, int]]:
    """Machine → (good, reject) as last written. Counters do not roll over here."""
    return totals_at(folder, None)


def totals_at(folder: Path, wall_us: int | None) -> dict[str, tuple[int, int]]:
    """Machine → (good, reject) at `wall_us`; a machine is absent before its first record."""
    return {
        record.machine.id: (record.machine.good, record.machine.reject)
        for record in read(folder)
        if wall_us is None or record.us <= wall_us
    }


def _left(paths: list[Path], plant: object) -> Left | None:
    """How `plant` was left: from the newest file whose head is whole, if it is of that plant."""
    for path in reversed(paths):
        lines = list(_lines(path))
        if not lines or "head" not in lines[0]:
            continue
        if (lines[0].get("version"), lines[0].get("plant")) != (VERSION, plant):
            return None
        records = [record for line in lines for record in _records(line)]
        return Left(records[-1].s, {record.machine.id: record.machine for record in records})
    return None


def _paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("truth-*-*.jsonl"))


def _numbers(path: Path) -> tuple[int, int]:
    _, number, part = path.stem.split("-")
    return int(number), int(part)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _records(line: dict[str, Any]) -> Iterator[Record]:
    for told in line.get("head", (line.get("machine"),)):
        yield Record(line["us"], line["s"], line["what"], unpacked(told))


def _line(record: Record) -> bytes:
    told = packed(record.machine)
    return _json({"what": record.what, "us": record.us, "s": record.s, "machine": told})


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


_DEFAULTS = {field.name: field.default for field in fields(Machine)}


def packed(machine: Machine) -> dict[str, Any]:
    """What differs from a machine's defaults; counters always, for those who read along."""
    told = {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(machine, name)) != default or name in ("state", "good", "reject")
    }
    if machine.steps:
        told["steps"] = [
            [getattr(step, field.name) for field in fields(Step)] for step in machine.steps
        ]
    return told


def unpacked(told: dict[str, Any]) -> Machine:
    steps = tuple(Step(*step) for step in told.get("steps", ()))
    return Machine(**{**told, "steps": steps})
