"""What engines found, committed with the positions they have read to: all of it or nothing.

A fold names the commit of its unit that it went on from. Where another engine has gone on from
there already, nothing is kept and `NotOwner` says whose turn it is not: so that two engines which
both believe to own a work centre never tell anything twice. The position in the stream would not
do: a silence is found where nothing was read.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.events import Event, from_plain, to_plain
from mes.unit_view import UnitView
from mes.unit_view import from_plain as view_from_plain
from mes.unit_view import to_plain as view_to_plain
from store.live import dump, load
from store.log import chain
from store.log.database import Database
from store.log.lines import Lines, minute_us
from store.log.reading import pieces
from store.log.tables import counts, folds

KIND = "facts"
NONE = 0  # the serial of a unit that was never folded


class NotOwner(Exception):
    """Other engines have folded these work units meanwhile: `units`."""

    def __init__(self, units: Iterable[str]) -> None:
        self.units = frozenset(units)
        super().__init__(", ".join(sorted(self.units)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One work unit, folded on to `view`, and what was found on the way.

    after: the serial of the commit that it went on from; this one is the next.
    known_us: until when its state is known; None: it never was.
    """

    center: str
    after: int
    view: UnitView
    known_us: int | None
    facts: tuple[Event, ...]


class Facts:
    """The engine's side of the records. Not for two threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lines = Lines()

    def views(self, units: Iterable[str]) -> dict[str, tuple[int, UnitView]]:
        """Unit → its last commit: serial and view; those never folded are missing.

        Whoever takes units up asks this first: another engine may have told of them meanwhile.
        """
        self._lines.forget()
        wanted = set(units)
        with self._database.read() as connection:
            c = folds.c
            rows = connection.execute(sa.select(c.work_unit, c.serial, c.view)).all()
        return {
            row.work_unit: (row.serial, view_from_plain(load(row.view)))
            for row in rows
            if row.work_unit in wanted
        }

    def counted(self, since: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """Unit → good and reject pieces counted since a moment, by the minute it falls into."""
        c = counts.c
        with self._database.read() as connection:
            return {
                unit: pieces(connection, c.work_unit == unit, c.minute_us >= minute_us(us))
                or (0, 0)
                for unit, us in since.items()
            }

    def commit(self, done: Sequence[Fold]) -> None:
        """Keep `done`. Raises NotOwner, and what the database raises while it is away."""
        try:
            with self._database.write() as (connection, position, hash):
                _move(connection, done)
                entries = chain.append(
                    connection,
                    [chain.New(KIND, c, body) for c, body in _bodies(done).items()],
                    after=position,
                    before=hash,
                    at_us=time.time_ns() // 1000,
                )
                facts: dict[str, list[Event]] = {}
                for fold in done:
                    facts.setdefault(fold.center, []).extend(fold.facts)
                self._lines.apply(connection, [(e.position, facts[e.subject]) for e in entries])
        except BaseException:
            self._lines.forget()
            raise


def _bodies(done: Sequence[Fold]) -> dict[str, str]:
    """Work centre → the body of its entry; work centres without facts have none."""
    rows: dict[str, list[object]] = {}
    for fold in done:
        for event in fold.facts:
            rows.setdefault(fold.center, []).append(to_plain(event))
    return {center: dump(found) for center, found in rows.items()}


def facts_of(entry: chain.Entry) -> list[Event]:
    """The events of an entry of KIND."""
    return [from_plain(row) for row in load(entry.body)]


def _move(connection: Connection, done: Sequence[Fold]) -> None:
    """Move each unit's fold on from where it was taken up. Raises NotOwner."""
    known = {fold.view.id: fold.after for fold in done}
    stand = _serials(connection, known)
    lost = {unit for unit, after in known.items() if stand.get(unit, NONE) != after}
    if lost:
        raise NotOwner(lost)
    if new := [_row(fold) for fold in done if fold.after == NONE]:
        connection.execute(folds.insert(), new)
    if moved := [_row(fold) | {"unit": fold.view.id} for fold in done if fold.after != NONE]:
        connection.execute(folds.update().where(folds.c.work_unit == sa.bindparam("unit")), moved)


def _serials(connection: Connection, units: Mapping[str, int]) -> dict[str, int]:
    rows = connection.execute(sa.select(folds.c.work_unit, folds.c.serial)).all()
    return {row.work_unit: row.serial for row in rows if row.work_unit in units}


def _row(fold: Fold) -> dict[str, object]:
    view = fold.view
    return {
        "work_unit": view.id,
        "serial": fold.after + 1,
        "stream_position": view.position,
        "known_us": fold.known_us,
        "view": dump(view_to_plain(view)),
    }
