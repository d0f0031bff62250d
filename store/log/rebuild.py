"""Makes every projection anew from the log: the same rows, whenever it is done."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy.engine import Connection

from store.log import RecordsRefused, chain, changes, facts
from store.log.archive import whole_log
from store.log.changes import Changes
from store.log.database import Database
from store.log.lines import Lines
from store.log.tables import PROJECTIONS, kept_accounts

TOGETHER = 2_000  # entries applied at once


def rebuild(database: Database, folder: Path) -> int:
    """Drop the projections and make them anew; returns how many entries were read.

    folder: of the archived parts. One transaction: until it ends, everybody reads the old ones, and
    writers wait. Raises RecordsRefused, changing nothing, where the chain does not hold.
    """
    with database.write() as (connection, _, _):
        return make_anew(connection, folder)


def make_anew(connection: Connection, folder: Path) -> int:
    """As `rebuild`, in a transaction that holds the head."""
    for table in (*PROJECTIONS, kept_accounts):
        connection.execute(table.delete())
    walk, lines, done = chain.Walk(), Lines(empty=True), Changes()
    for batch in _batches(_walked(whole_log(connection, folder), walk)):
        lines.apply(
            connection, [(e.position, facts.facts_of(e)) for e in batch if e.kind == facts.KIND]
        )
        for entry in batch:
            if entry.kind == changes.KIND:
                done.take(entry)
        done.write(connection)
    walk.end(*chain.newest(connection))
    if walk.faults:
        raise RecordsRefused("\n".join(["the chain does not hold:", *walk.faults]))
    return walk.entries


def _walked(entries: Iterable[chain.Entry], walk: chain.Walk) -> Iterator[chain.Entry]:
    for entry in entries:
        walk.step(entry)
        yield entry


def _batches(entries: Iterator[chain.Entry]) -> Iterator[list[chain.Entry]]:
    while batch := list(islice(entries, TOGETHER)):
        yield batch
