"""A trace: what machines did, row by row, in a file of comma-separated values, also gzipped.

A row says what happened to one machine at one moment: the state it went into, the pieces it
counted. docs/simulator.md has the columns. `read` finds every fault of a file at once.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import TextIO

from mes.observation import microseconds
from mes.states import STATES

COLUMNS = ("time", "machine", "state", "good", "reject")
OPTIONAL = ("fault",)
PLAYED = tuple(key for key in STATES if key != "unknown")  # no machine says that it is unknown

ROWS_MAX = 1_000_000  # held in memory, 150 MB
FAULTS_MAX = 20  # told of one file
PIECES_MAX = (1 << 14) - 1  # of a row: a 16-bit counter that grows by more might have been reset
FAULT_MAX = (1 << 16) - 1  # of a register

_WHOLE = re.compile(r"[0-9]{1,9}")


class TraceFaults(ValueError):
    """What is wrong with a file: `lines` of `file: line n: column: found …; expected …`."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to a machine at `at_s`, counted from the first row of the file.

    state: a key of mes.states, "" where it goes on; good, reject: pieces counted at this moment;
    fault: the code that goes with the state, 0 for none.
    """

    at_s: float
    machine: str
    state: str
    good: int
    reject: int
    fault: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows in order of time. `digest` tells traces apart, whatever their files are called."""

    name: str
    rows: tuple[Row, ...]
    digest: str

    def __str__(self) -> str:
        return f"{self.name} ({len(self.rows)} rows, {self.rows[-1].at_s / 3600:.1f} h)"


def read(path: Path, machines: Collection[str]) -> Trace:
    """The trace in `path`, of some of `machines`.

    Raises TraceFaults.
    """
    faults: list[str] = []
    rows: list[Row] = []
    try:
        with _opened(path) as file:
            for row in _rows(file, machines, faults):
                rows.append(row)
                if len(rows) > ROWS_MAX:
                    faults.append(f"found more than {ROWS_MAX:,} rows; expected so many at most")
                    break
    except (OSError, EOFError, zlib.error, csv.Error, ValueError) as error:
        faults.append(f"cannot be read: {error}")
    if not rows and not faults:
        faults.append("found no row; expected at least one")
    if faults:
        raise TraceFaults([f"{path.name}: {fault}" for fault in faults[:FAULTS_MAX]])
    rows.sort(key=lambda row: row.at_s)
    first_s = rows[0].at_s
    digest = blake2b(digest_size=16)
    for n, row in enumerate(rows):
        rows[n] = replace(row, at_s=row.at_s - first_s)
        digest.update(repr(rows[n]).encode())
    return Trace(path.name, tuple(rows), digest.hexdigest())


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(file: TextIO, machines: Collection[str], faults: list[str]) -> Iterator[Row]:
    """The good rows of `file`, their times since the epoch; adds a line for each fault."""
    lines = csv.DictReader(file, strict=True)
    found = tuple(lines.fieldnames or ())
    if not set(COLUMNS) <= set(found) <= {*COLUMNS, *OPTIONAL} or len(set(found)) < len(found):
        wanted = f"{','.join(COLUMNS)}, and {','.join(OPTIONAL)} where there is one"
        faults.append(f"line 1: found the columns {','.join(found)}; expected {wanted}")
        return
    for cells in lines:
        row = _row(cells, len(found), machines)
        if isinstance(row, Row):
            yield row
            continue
        faults += (f"line {lines.line_num}: {fault}" for fault in row)
        if len(faults) >= FAULTS_MAX:
            return


def _row(cells: Mapping[str, str], width: int, machines: Collection[str]) -> Row | list[str]:
    """What a line says, or what is wrong with it."""
    if None in cells or None in cells.values():
        return [f"found more or fewer cells than there are columns; expected {width}"]
    faults: list[str] = []

    def one_of(column: str, known: Collection[str]) -> str:
        if cells[column] not in known:
            faults.append(f"{column}: found {cells[column]!r}; expected one of {', '.join(known)}")
        return cells[column]

    def whole(column: str, most: int) -> int:
        text = cells.get(column) or "0"
        if not _WHOLE.fullmatch(text) or int(text) > most:
            faults.append(f"{column}: found {text!r}; expected a whole number from 0 to {most:,}")
            return 0
        return int(text)

    at_us = _moment(cells["time"])
    if at_us is None:
        wanted = "a moment with its offset from UTC, as 2026-01-31T06:00:00Z"
        faults.append(f"time: found {cells['time']!r}; expected {wanted}")
    row = Row(
        at_s=(at_us or 0) / 1e6,
        machine=intern(one_of("machine", machines)),
        state=intern(one_of("state", PLAYED)) if cells["state"] else "",
        good=whole("good", PIECES_MAX),
        reject=whole("reject", PIECES_MAX),
        fault=whole("fault", FAULT_MAX),
    )
    if row.fault and not row.state:
        faults.append(f"fault: found {row.fault} without a state; expected the two together")
    return faults or row


def _moment(text: str) -> int | None:
    """Microseconds since the epoch; None for what is no moment or might be any zone's."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else microseconds(found)
