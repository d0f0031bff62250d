"""Projection of what the engine found: each unit's line of states, its counts and energy by the minute.

`Lines` is used within one transaction after the other by the one who writes: what it holds of a
unit is its newest intervals, and is read anew where that does not reach back far enough.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection

from mes.events import Counted, Event, FaultRaised, Metered, StateChanged, StateFound
from mes.master_data import MICRO_STOP_MAX_S
from mes.timeline import Interval, Line, difference, follow
from store.log.kept import forget
from store.log.reading import line
from store.log.tables import counts, intervals, meters

StateEvent = StateChanged | StateFound | FaultRaised
MINUTE_US = 60_000_000
TAIL = 2  # newest intervals held of each unit: what a change now can touch


def minute_us(at_us: int) -> int:
    """When the minute began that a moment falls into."""
    return at_us - at_us % MINUTE_US


class Lines:
    """Writes lines and counts. `forget` after a transaction that did not come to its end."""

    def __init__(self, *, empty: bool = False) -> None:
        self._tails: dict[str, Line] = {}
        self._empty = empty  # there is nothing in the tables but what comes from here

    def forget(self) -> None:
        self._tails.clear()

    def apply(self, connection: Connection, found: Iterable[tuple[int, Sequence[Event]]]) -> None:
        """Take what was found, as (position of its entry, events), in order of position."""
        rows = _Rows()
        for position, events in found:
            by_unit: dict[str, list[StateEvent]] = {}
            for event in events:
                if isinstance(event, Counted):
                    rows.count(event, position)
                elif isinstance(event, Metered):
                    rows.meter(event)
                elif isinstance(event, StateEvent):
                    by_unit.setdefault(event.work_unit, []).append(event)
            for unit, told in by_unit.items():
                self._follow(connection, rows, unit, told, position)
        rows.write(connection)

    def _follow(
        self,
        connection: Connection,
        rows: "_Rows",
        unit: str,
        events: Sequence[StateEvent],
        position: int,
    ) -> None:
        old = self._tail(connection, rows, unit, min(event.at_us for event in events))
        new = old
        for event in events:
            new = follow(new, event)
        if new != old:
            said = difference(old, new)
            rows.touch(unit, min([*map(_matters_from, said.ended),
                                  *(i.start_us for i in (*said.gone, *said.made))]))  # fmt: skip
            rows.end(unit, said.ended, position)
            rows.take_back(unit, said.gone, position)
            rows.make(unit, said.made, position)
        self._tails[unit] = new[-TAIL:]

    def _tail(self, connection: Connection, rows: "_Rows", unit: str, at_us: int) -> Line:
        """The intervals of `unit` that end behind `at_us`, and the one before these."""
        had = self._tails.get(unit, ())
        if (had and had[0].start_us < at_us) or (self._empty and unit not in self._tails):
            return had
        rows.write(connection)
        return line(connection, unit, from_us=at_us - 1, one_before=True)


def _matters_from(ended: Interval) -> int:
    """From when on it matters that an interval has ended: whether it was a micro-stop is known only
    then, and none is longer than MICRO_STOP_MAX_S.
    """
    return max(ended.start_us, (ended.end_us or 0) - round(MICRO_STOP_MAX_S * 1e6))


class _Rows:
    """What is to be written, gathered so that each statement runs once for many rows."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._made: dict[tuple[str, int], dict[str, object]] = {}
        self._past: list[dict[str, object]] = []  # made, and told otherwise by a later entry
        self._ended: list[dict[str, object]] = []
        self._gone: list[dict[str, object]] = []
        self._counts: dict[tuple[str, int], list[int]] = {}
        self._meters: dict[tuple[str, int], list[int]] = {}
        self._touched: dict[str, int] = {}  # work unit → from when on it is told otherwise

    def touch(self, unit: str, us: int) -> None:
        self._touched[unit] = min(us, self._touched.get(unit, us))

    def count(self, event: Counted, position: int) -> None:
        key = (event.work_unit, minute_us(event.at_us))
        self.touch(*key)
        row = self._counts.setdefault(key, [0, 0, position, position])
        row[0] += event.good
        row[1] += event.reject
        row[3] = position

    def meter(self, event: Metered) -> None:
        key = (event.work_unit, event.at_us)
        self.touch(*key)
        had = self._meters.get(key, [0, 0, 0])
        more = (event.metered_us, event.energy_uj, event.idle_uj)
        self._meters[key] = [a + b for a, b in zip(had, more, strict=True)]

    def end(self, unit: str, ended: Iterable[Interval], position: int) -> None:
        for one in ended:
            if row := self._made.get((unit, one.start_us)):
                row |= {"end_us": one.end_us, "end_position": position}
            else:
                self._ended.append({"u": unit, "s": one.start_us, "e": one.end_us, "p": position})

    def take_back(self, unit: str, gone: Iterable[Interval], position: int) -> None:
        for one in gone:
            if row := self._made.pop((unit, one.start_us), None):
                self._past.append(row | {"until_position": position})
            else:
                self._gone.append({"u": unit, "s": one.start_us, "p": position})

    def make(self, unit: str, made: Iterable[Interval], position: int) -> None:
        for one in made:
            self._made[unit, one.start_us] = {
                "work_unit": unit,
                "start_us": one.start_us,
                "position": position,
                "end_us": one.end_us,
                "end_position": None if one.end_us is None else position,
                "until_position": None,
                "state": one.state,
                "fault": one.fault,
                "revised": one.revised,
            }

    def write(self, connection: Connection) -> None:
        b = sa.bindparam
        at = (intervals.c.work_unit == b("u"), intervals.c.start_us == b("s"))
        current = intervals.update().where(*at, intervals.c.until_position.is_(None))
        if self._ended:
            connection.execute(current.values(end_us=b("e"), end_position=b("p")), self._ended)
        if self._gone:
            connection.execute(current.values(until_position=b("p")), self._gone)
        if self._made or self._past:
            connection.execute(intervals.insert(), [*self._past, *self._made.values()])
        for table, found in ((counts, self._counts), (meters, self._meters)):
            if found:
                names = table.c.keys()
                rows = [dict(zip(names, (*k, *v), strict=True)) for k, v in found.items()]
                connection.execute(_adding(connection, table), rows)
        forget(connection, self._touched)
        self._clear()


def _adding(connection: Connection, table: sa.Table) -> sa.Executable:
    """The statement that adds to the row of a minute."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    row = insert(table)
    names = set(table.c.keys())
    return row.on_conflict_do_update(
        index_elements=["work_unit", "minute_us"],
        set_={name: table.c[name] + row.excluded[name] for name in names & _SUMMED}
        | {name: row.excluded[name] for name in names & {"position"}},
    )


_SUMMED = {"good", "reject", "metered_us", "energy_uj", "idle_uj"}
