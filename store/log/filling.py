"""Forms and keeps the accounts of whole hours and days that have passed, a few at a time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.equipment import Plant, WorkUnit
from mes.hours_and_days import HOUR_US, Piece, day_of, hours, next_hour_us
from store.log import kept
from store.log.accounts import Basis, Plans, basis, first_us, formed, known_us, version_of
from store.log.database import Database
from store.log.tables import kept_accounts

SETTLE_US = 60_000_000  # what is told of an hour later than this makes it be formed again
AT_ONCE = 100  # accounts formed in one transaction, which the engine's own wait for
HOURS_KEPT_US = 62 * 24 * HOUR_US


class Filling:
    """Keeps accounts up to date; not for two threads at once."""

    def __init__(self, database: Database, plant: Plant) -> None:
        self._database, self._plant = database, plant
        self._version, self._basis = -1, Basis({}, {})
        self._zone = ZoneInfo(plant.time_zone)
        self._is_new = True  # the basis, of which what is kept was not looked through yet

    def fill(self) -> int:
        """Form and keep the next ones; returns how many. Those of another basis are dropped before."""
        with self._database.read() as connection:
            self._renew(connection)
            todo = list(islice(self._todo(connection), AT_ONCE))
            other = self._of_another_basis(connection) if self._is_new else {}
        self._is_new = False
        if other:
            with self._database.write() as (connection, *_):
                kept.forget(connection, other)
            return len(other)
        if todo:
            with self._database.write() as (connection, *_):
                self._keep(connection, todo)
        return len(todo)

    def _renew(self, connection: Connection) -> None:
        version = version_of(connection)
        if version != self._version:
            self._basis, self._version = basis(connection, self._plant), version
            self._is_new = True

    def _todo(self, connection: Connection) -> Iterator[tuple[WorkUnit, Piece]]:
        """Whole hours and days that have passed and are not kept yet, the oldest of each unit first."""
        units = list(self._plant.work_units.values())
        known, first = known_us(connection, units, {}), first_us(connection, units)
        ends = _ends(connection)
        for unit in units:
            if unit.id not in first or unit.id not in known:
                continue
            until_us = known[unit.id] - SETTLE_US
            for span in ("day", "hour"):
                since_us = ends.get((unit.id, span), first[unit.id])
                for piece in _whole(span, since_us, until_us, self._zone):
                    yield unit, piece

    def _keep(self, connection: Connection, todo: Sequence[tuple[WorkUnit, Piece]]) -> None:
        missing: dict[Piece, list[WorkUnit]] = {}
        for unit, piece in todo:
            missing.setdefault(piece, []).append(unit)
        for piece, units in missing.items():
            plans = Plans(self._basis, piece.start_us, piece.end_us)
            found = formed(connection, self._plant, {piece: units}, plans, self._basis, {})
            rows = [
                (unit.id, piece, self._basis_of(plans, unit, piece), found[unit.id, piece])
                for unit in units
            ]
            kept.keep(connection, rows)
        kept.prune(connection, max(piece.end_us for piece in missing) - HOURS_KEPT_US)

    def _basis_of(self, plans: Plans, unit: WorkUnit, piece: Piece) -> str:
        area = self._plant.area_of(unit).id
        return plans.basis(area, piece) + self._basis.digests[unit.id]

    def _of_another_basis(self, connection: Connection) -> Mapping[str, int]:
        """Work unit → from when on what is kept of it was formed by another plan or other master data."""
        c, out = kept_accounts.c, dict[str, int]()
        found = sa.select(c.work_unit, c.span, c.start_us, c.end_us, c.basis).order_by(c.start_us)
        rows = [row for row in connection.execute(found) if row.work_unit in self._plant.work_units]
        if not rows:
            return out
        plans = Plans(self._basis, rows[0].start_us, max(row.end_us for row in rows))
        for row in rows:
            unit = self._plant.work_units[row.work_unit]
            piece = Piece(row.span, row.start_us, row.end_us)
            if unit.id not in out and row.basis != self._basis_of(plans, unit, piece):
                out[unit.id] = row.start_us
        return out


def _ends(connection: Connection) -> dict[tuple[str, str], int]:
    """(work unit, span) → until when it is kept; what is kept has no holes."""
    c = kept_accounts.c
    newest = sa.select(c.work_unit, c.span, sa.func.max(c.end_us)).group_by(c.work_unit, c.span)
    return {(unit, span): int(us) for unit, span, us in connection.execute(newest)}


def _whole(span: str, since_us: int, until_us: int, zone: ZoneInfo) -> Iterator[Piece]:
    """Whole days or hours from the one that `since_us` lies in, that end by `until_us`."""
    at_us = since_us
    while at_us < until_us:
        if span == "day":
            piece = Piece("day", *day_of(at_us, zone))
        else:
            full_us = next_hour_us(at_us, zone)
            piece = Piece("hour", full_us - HOUR_US, full_us)
        if piece.end_us > until_us:
            return
        if span == "day" or next(hours(piece.start_us, piece.end_us, zone)).span == "hour":
            yield piece
        at_us = piece.end_us
