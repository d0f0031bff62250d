"""Reads the projections, as they are now or as they were known at a position of the log."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.maintenance import KIND as WORK_ORDER
from mes.maintenance import UNFINISHED
from mes.records import Record, Signature
from mes.stops import Code
from mes.timeline import UNKNOWN, Interval, Line
from store.live import load
from store.log import codes
from store.log.tables import audit, counts, folds, intervals, records

Pieces = tuple[int, int]  # good and reject


def line(
    connection: Connection,
    unit: str,
    *,
    from_us: int,
    until_us: int | None = None,
    position: int | None = None,
    one_before: bool = False,
    limit: int | None = None,
) -> Line:
    """The intervals of `unit` that touch the time from `from_us` to `until_us`, in order.

    position: as it was known at that entry, None for now; one_before: and the one before these;
    limit: the first so many.
    """
    c = intervals.c
    mine = [c.work_unit == unit, *_holding(intervals, position)]
    touching = [*mine, _ends_behind(from_us, position)]
    if until_us is not None:
        touching.append(c.start_us < until_us)
    found = sa.select(intervals).where(*touching).order_by(c.start_us).limit(limit)
    rows = list(connection.execute(found))
    if one_before:
        before = sa.select(intervals).where(*mine, c.start_us <= from_us)
        before = before.order_by(c.start_us.desc()).limit(2)
        known = {row.start_us for row in rows}
        rows = [
            r for r in reversed(list(connection.execute(before))) if r.start_us not in known
        ] + rows
    return tuple(_interval(row, position) for row in rows)


def _holding(table: sa.Table, position: int | None) -> list[sa.ColumnElement[bool]]:
    """What holds now, or held as of a position."""
    c = table.c
    if position is None:
        return [c.until_position.is_(None)]
    return [c.position <= position, sa.or_(c.until_position.is_(None), c.until_position > position)]


def _interval(row: Any, position: int | None) -> Interval:
    known = position is None or (row.end_position is not None and row.end_position <= position)
    return Interval(
        row.start_us, row.end_us if known else None, row.state, row.fault, bool(row.revised)
    )


def newest_interval(
    connection: Connection, unit: str, *, position: int | None = None
) -> Interval | None:
    """The interval that goes on; None where nothing was ever told of `unit`."""
    found = sa.select(intervals).where(
        intervals.c.work_unit == unit, *_holding(intervals, position)
    )
    row = connection.execute(found.order_by(intervals.c.start_us.desc()).limit(1)).one_or_none()
    return None if row is None else _interval(row, position)


def was_known(
    connection: Connection,
    unit: str,
    from_us: int,
    until_us: int,
    *,
    position: int | None = None,
) -> bool:
    """Whether the state of `unit` was known at any time of the window, as far as is on record."""
    c = intervals.c
    mine = (c.work_unit == unit, *_holding(intervals, position), c.state != UNKNOWN)
    touching = (c.start_us < until_us, _ends_behind(from_us, position))
    found = sa.select(c.start_us).where(*mine, *touching).limit(1)
    return connection.execute(found).first() is not None


def _ends_behind(us: int, position: int | None) -> sa.ColumnElement[bool]:
    c = intervals.c
    ends = sa.or_(c.end_us.is_(None), c.end_us > us)
    return ends if position is None else sa.or_(ends, c.end_position > position)


def pieces(connection: Connection, *where: sa.ColumnElement[bool]) -> Pieces | None:
    """Good and reject pieces in the rows of `counts` that fit; None where there are none."""
    c = counts.c
    both = sa.select(sa.func.count(), sa.func.sum(c.good), sa.func.sum(c.reject)).where(*where)
    rows, good, reject = connection.execute(both).one()
    return (int(good), int(reject)) if rows else None  # sums are decimals in PostgreSQL


def known_until(connection: Connection) -> int | None:
    """Until when anything is on record of the states of any work unit [µs since the epoch]."""
    found = connection.execute(sa.select(sa.func.max(folds.c.known_us))).scalar()
    return None if found is None else int(found)


def is_text(found: str) -> bool:
    """Whether a database can hold it: no NUL, and no half of a character."""
    try:
        found.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return "\0" not in found


def bytewise(connection: Connection, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The column as Python compares texts: SQLite does so, PostgreSQL has to be told."""
    return column if connection.dialect.name == "sqlite" else sa.collate(column, "C")


# A version with the signatures of the action that made it: all its lines in the trail bear them.
_SIGNED = sa.select(records, audit.c.signatures).join(
    audit, sa.and_(audit.c.position == records.c.position, audit.c.line == 0), isouter=True
)


class Records:
    """The records as one reads them, now or as of a position; a `mes.records.Found`."""

    def __init__(self, connection: Connection, *, position: int | None = None) -> None:
        self._connection, self._position = connection, position

    def record(self, kind: str, id: str) -> Record | None:
        """The version that holds; None where there is none, or it was removed."""
        found = self.version(kind, id)
        return None if found is None or found.body is None else found

    def version(self, kind: str, id: str) -> Record | None:
        """The version that holds, also one that says it was removed."""
        if not is_text(kind) or not is_text(id):
            return None
        c = records.c
        row = self._connection.execute(
            _SIGNED.where(c.kind == kind, c.id == id, *_holding(records, self._position))
        ).one_or_none()
        return None if row is None else _record(row)

    def records(
        self,
        kind: str,
        *,
        after: str = "",
        places: Collection[str] | None = None,
        limit: int | None = None,
    ) -> Sequence[Record]:
        """What is there of a kind, by id: the first `limit` behind the id `after`.

        places: what an id has to begin with, before its "@" (mes.sight.place_in); None: anything.
        """
        c, id = records.c, bytewise(self._connection, records.c.id)
        found = _SIGNED.where(
            c.kind == kind, c.body.is_not(None), *_holding(records, self._position)
        )
        if after:
            found = found.where(id > after)
        if places is not None:
            found = found.where(self._place().in_(places))
        rows = self._connection.execute(found.order_by(id).limit(limit))
        return [_record(row) for row in rows]

    def ever(self, kind: str) -> Sequence[Any]:
        """Every body that records of a kind ever had, oldest first."""
        c = records.c
        found = sa.select(c.body).where(c.kind == kind, c.body.is_not(None)).order_by(c.position)
        return [load(body) for body in self._connection.execute(found).scalars()]

    def newest(self, kind: str, place: str, limit: int) -> Sequence[Record]:
        """The last `limit` records of a kind at a place, whose ids are place@…, by id, last first."""
        c, id = records.c, bytewise(self._connection, records.c.id)
        mine = (c.kind == kind, c.body.is_not(None), *_holding(records, self._position))
        found = _SIGNED.where(*mine, id > f"{place}@", id < f"{place}@~")
        rows = self._connection.execute(found.order_by(id.desc()).limit(limit))
        return [_record(row) for row in rows]

    def versions(
        self, kind: str, id: str, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Record]:
        """All versions that there were, oldest first: the first `limit` behind the version `after`."""
        if not is_text(kind) or not is_text(id):
            return []
        c = records.c
        found = _SIGNED.where(c.kind == kind, c.id == id, c.version > after)
        if self._position is not None:
            found = found.where(c.position <= self._position)
        rows = self._connection.execute(found.order_by(c.version).limit(limit))
        return [_record(row) for row in rows]

    def made(self, kind: str, place: str) -> int:
        """How many records of a kind there ever were at a place, by their ids."""
        c = records.c
        mine = (c.kind == kind, c.version == 1, c.id.startswith(f"{place}@", autoescape=True))
        return self._connection.execute(sa.select(sa.func.count()).where(*mine)).scalar_one()

    def unfinished(self, work_unit: str | None = None) -> Sequence[Record]:
        """Maintenance work orders that are open or started, of a unit or of all.

        A body is JSON without blanks, in whose texts each quote has a backslash: this finds members
        and never words.
        """
        c = records.c
        lives = [c.body.contains(f'"state":"{state}"') for state in UNFINISHED]
        found = _SIGNED.where(
            c.kind == WORK_ORDER, sa.or_(*lives), *_holding(records, self._position)
        )
        if work_unit is not None:
            found = found.where(c.id.startswith(f"{work_unit}@", autoescape=True))
        read = [_record(row) for row in self._connection.execute(found.order_by(c.position))]
        return [one for one in read if work_unit in (None, (one.body or {})["unit"])]

    def codes(self, work_unit: str, start_us: int, end_us: int) -> Sequence[Code]:
        """What people said of the unit's stops between two moments, in order; as it stands now."""
        return codes.codes(self._connection, [work_unit], start_us, end_us).get(work_unit, ())

    def stands(self, work_unit: str, us: int) -> bool:
        """Whether the unit stood by itself at a moment, as far as is on record."""
        return codes.stands(self._connection, work_unit, us)

    def stop_end_us(self, work_unit: str, us: int) -> int | None:
        """When the stop ended that went on at a moment; None where it goes on."""
        return codes.stop_end_us(self._connection, work_unit, us)

    def _place(self) -> sa.ColumnElement[str]:
        """As mes.sight.place_in, so that only what somebody sees is read."""
        at = sa.func.instr if self._connection.dialect.name == "sqlite" else sa.func.strpos
        return sa.func.substr(records.c.id, 1, at(records.c.id + "@", "@") - 1)


def _record(row: Any) -> Record:
    return Record(
        kind=row.kind,
        id=row.id,
        version=row.version,
        body=None if row.body is None else load(row.body),
        by=row.by,
        at_us=row.at_us,
        position=row.position,
        signatures=signatures_in(row.signatures or "[]"),
    )


def signatures_in(text: str) -> tuple[Signature, ...]:
    """The signatures of an action, as the audit trail keeps them."""
    return tuple(Signature(**said) for said in load(text))
