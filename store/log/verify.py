"""Verifies the records: the chain from the first entry on, anchors, and what is derived from it.

What is derived is made anew from the log, in a scratch database on the disk, and each row compared
with the one that stands: so a row that was changed by hand is named. Memory stays bounded; the
records are read as of one moment, and whoever writes goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from store.log import chain, changes, facts
from store.log.anchors import Anchor
from store.log.archive import whole_log
from store.log.changes import Changes
from store.log.database import Database, words_of
from store.log.lines import Lines
from store.log.reading import bytewise
from store.log.tables import PROJECTIONS, kept_accounts

TOGETHER = 2_000  # entries applied at once
READ_ROWS = 2_000  # rows compared at once

Row = tuple[Any, ...]


def verify(
    database: Database,
    folder: Path,
    scratch: Path,
    *,
    anchors: Sequence[Anchor] = (),
    derived: bool = True,
) -> tuple[chain.Verdict, int]:
    """What is wrong with the records, and how many faults there are in all.

    folder: of the archived parts; scratch: where a temporary file may lie; derived: compare what is
    derived too.
    """
    walk, seen = chain.Walk(), dict.fromkeys((a.position for a in anchors), b"")
    with database.read(unhurried=True) as connection:
        entries = _walked(whole_log(connection, folder, told=walk.say), walk, seen)
        if derived:
            with TemporaryDirectory(prefix="takt-verify-", dir=scratch) as below:
                _compare(connection, entries, Path(below) / "derived.sqlite", walk)
        for _ in entries:
            pass
        walk.end(*chain.newest(connection))
    walk.anchored(
        [a[:2] for a in anchors], {position: hash for position, hash in seen.items() if hash}
    )
    return walk.verdict(), walk.found


def _walked(
    entries: Iterator[chain.Entry], walk: chain.Walk, seen: dict[int, bytes]
) -> Iterator[chain.Entry]:
    for entry in entries:
        walk.step(entry)
        if entry.position in seen:
            seen[entry.position] = entry.hash
        yield entry


def _compare(
    connection: Connection, entries: Iterator[chain.Entry], file: Path, walk: chain.Walk
) -> None:
    """Make everything anew in `file`, from `entries`, and say where it differs."""
    engine = sa.create_engine(f"sqlite:///{file}")

    @sa.event.listens_for(engine, "connect")
    def _connected(own: Any, _record: Any) -> None:
        for pragma in ("journal_mode=OFF", "synchronous=OFF"):
            own.execute(f"PRAGMA {pragma}")

    try:
        with engine.begin() as anew:
            for table in (*PROJECTIONS, kept_accounts):
                table.create(anew)
            try:
                _derive(anew, entries, walk.say)
            except _Contradicts as error:
                walk.say(f"what is derived cannot be compared: the log contradicts itself: {error}")
                return
            for table in PROJECTIONS:
                _differences(connection, anew, table, walk.say)
    finally:
        engine.dispose()


class _Contradicts(Exception):
    """What the log says cannot stand together in the tables."""


def _derive(anew: Connection, entries: Iterator[chain.Entry], say: Callable[[str], None]) -> None:
    lines, done = Lines(empty=True), Changes()
    while batch := list(islice(entries, TOGETHER)):
        found = []
        for entry in batch:
            try:
                if entry.kind == facts.KIND:
                    found.append((entry.position, facts.facts_of(entry)))
                elif entry.kind == changes.KIND:
                    done.take(entry)
                else:
                    say(f"{chain.words_of(entry)} is foreign: Takt writes no entries of this kind")
            except (ValueError, TypeError, KeyError, AttributeError):
                say(f"{chain.words_of(entry)} cannot be read")
        try:
            lines.apply(anew, found)
            done.write(anew)
        except DBAPIError as error:
            raise _Contradicts(words_of(error)) from error


def _differences(
    connection: Connection, anew: Connection, table: sa.Table, say: Callable[[str], None]
) -> None:
    """Walk along both, in order of the key, and name each row that is not the same in both."""
    key = len(table.primary_key)
    stand, want = _rows(connection, table), _rows(anew, table)
    here, there = next(stand, None), next(want, None)
    while here is not None or there is not None:
        if there is None or (here is not None and here[:key] < there[:key]):
            assert here is not None
            say(f"{_name(table, here)} stands in no entry of the log")
            here = next(stand, None)
        elif here is None or there[:key] < here[:key]:
            say(f"{_name(table, there)} is missing")
            there = next(want, None)
        else:
            if here != there:
                say(f"{_name(table, here)} is not what the log says: {_told(table, here, there)}")
            here, there = next(stand, None), next(want, None)


def _rows(connection: Connection, table: sa.Table) -> Iterator[Row]:
    """Its rows, the key first, in the order in which texts are compared here."""
    keys = list(table.primary_key)
    rest = [column for column in table.columns if not column.primary_key]
    order: list[sa.ColumnElement[Any]] = [
        bytewise(connection, column) if isinstance(column.type, sa.String) else column
        for column in keys
    ]
    found = sa.select(*keys, *rest).order_by(*order).execution_options(yield_per=READ_ROWS)
    for row in connection.execute(found):
        yield tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)


def _name(table: sa.Table, row: Row) -> str:
    keys = [column.name for column in table.primary_key]
    said = ", ".join(f"{name} {value}" for name, value in zip(keys, row, strict=False))
    by = {column.name: value for column, value in zip(_columns(table), row, strict=True)}
    at = f" of entry {by['position']}" if "position" in by.keys() - keys else ""
    return f"{table.name}: the row {said}{at}"


def _told(table: sa.Table, here: Row, there: Row) -> str:
    both = zip(_columns(table), here, there, strict=True)
    return "; ".join(
        f"{column.name} is {_short(is_)}, was {_short(was)}"
        for column, is_, was in both
        if is_ != was
    )


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [*table.primary_key, *(c for c in table.columns if not c.primary_key)]


def _short(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"
