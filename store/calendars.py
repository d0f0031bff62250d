"""The calendars of a plant's areas, as they are on record, and where each unit's shift began."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.calendar import Calendar
from mes.equipment import Plant
from mes.records import Found, Record
from mes.shifts import Holiday, ShiftException, ShiftPattern
from mes.site_time import LAST_US
from store.log.database import Database
from store.log.reading import Records
from store.log.tables import records

log = logging.getLogger("takt.records")

P = TypeVar("P", ShiftPattern, Holiday, ShiftException)
KINDS = ("shift_pattern", "holiday", "shift_exception")
DAY_US = 86_400_000_000
LOOK_US = 14 * DAY_US  # for the shift before, and the one to come


def calendars(found: Found, plant: Plant) -> dict[str, Calendar]:
    """Area → its calendar; the site's own stands under the site's id."""
    patterns = _read(ShiftPattern, found.records("shift_pattern"))
    holidays = _read(Holiday, found.records("holiday"))
    exceptions = _read(ShiftException, found.records("shift_exception"))
    return {
        place: Calendar(
            place,
            plant.id,
            plant.time_zone,
            patterns=patterns,
            holidays=holidays,
            exceptions=exceptions,
        )
        for place in (plant.id, *plant.areas)
    }


def version_of(connection: Connection, *more: str) -> int:
    """The position of the newest change of a calendar, or of the kinds `more`; 0 for none."""
    newest = sa.select(sa.func.max(records.c.position)).where(records.c.kind.in_((*KINDS, *more)))
    return connection.execute(newest).scalar() or 0


def _read(planned: type[P], rows: Iterable[Record]) -> list[P]:
    """What the records say; one that this Takt cannot read is told, and the others hold."""
    out = []
    for record in rows:
        try:
            out.append(planned.from_plain(record.body))
        except ValueError as error:
            log.error("%s %s cannot be read: %s", record.kind, record.id, error)
    return out


@dataclass(frozen=True, slots=True)
class _Holds:
    """Between two moments the newest shift is the one that began at `start_us`, if any."""

    from_us: int
    until_us: int
    start_us: int | None


@dataclass(frozen=True, slots=True)
class _Known:
    version: int
    calendars: Mapping[str, Calendar]
    holds: dict[str, _Holds]


class ShiftStarts:
    """When the shift of each work unit began; asked at every sample, so it remembers.

    `refresh` reads the calendars anew where they have changed, and may be called in a thread.
    """

    def __init__(self, database: Database, plant: Plant) -> None:
        self._database, self._plant = database, plant
        self._area = {unit.id: plant.area_of(unit).id for unit in plant.work_units.values()}
        self._known = _Known(-1, {}, {})

    @property
    def version(self) -> int:
        """The position of the newest change of a calendar; -1 before any was read."""
        return self._known.version

    def refresh(self) -> None:
        with self._database.read() as connection:
            version = version_of(connection)
            if version == self.version:
                return
            found = calendars(Records(connection), self._plant)
        self._known = _Known(
            version, found, {}
        )  # at once: who asks meanwhile has the old one whole

    def of(self, unit: str, at_us: int) -> int | None:
        """When the newest shift began at `at_us`; None where no calendar says."""
        area, known = self._area[unit], self._known
        holds = known.holds.get(area)
        if holds is None or not holds.from_us <= at_us < holds.until_us:
            holds = known.holds[area] = _look(known.calendars.get(area), at_us)
        return holds.start_us


def _look(calendar: Calendar | None, at_us: int) -> _Holds:
    if calendar is None or not calendar.defined or not 0 <= at_us < LAST_US - LOOK_US:
        return _Holds(at_us, at_us + 1, None)
    low = max(0, at_us - LOOK_US)
    begun = [s.start_us for s in calendar.shifts(low, at_us + LOOK_US)]
    before = [us for us in begun if us <= at_us]
    after = [us for us in begun if us > at_us]
    since = before[-1] if before else None
    until = min(after[0] if after else at_us + LOOK_US, at_us + DAY_US)
    return _Holds(since if since is not None else at_us, until, since)
