"""The calendars of a plant's areas, as they are on record, and where each unit's shift began."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.calendar import Calendar
from mes.equipment import Plant
from mes.records import Found
from mes.shifts import Holiday, ShiftException, ShiftPattern
from store.log.database import Database
from store.log.reading import Records
from store.log.tables import records

KINDS = ("shift_pattern", "holiday", "shift_exception")
DAY_US = 86_400_000_000
LOOK_US = 14 * DAY_US  # for the shift before, and the one to come


def calendars(found: Found, plant: Plant) -> dict[str, Calendar]:
    """Area → its calendar; the site's own stands under the site's id."""
    patterns = [ShiftPattern.from_plain(r.body) for r in found.records("shift_pattern")]
    holidays = [Holiday.from_plain(r.body) for r in found.records("holiday")]
    exceptions = [ShiftException.from_plain(r.body) for r in found.records("shift_exception")]
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


def version_of(connection: Connection) -> int:
    """The position of the newest change of a calendar; 0 where there was none."""
    newest = sa.select(sa.func.max(records.c.position)).where(records.c.kind.in_(KINDS))
    return connection.execute(newest).scalar() or 0


@dataclass(frozen=True, slots=True)
class _Holds:
    """Between two moments the newest shift is the one that began at `start_us`, if any."""

    from_us: int
    until_us: int
    start_us: int | None


class ShiftStarts:
    """When the shift of each work unit began; asked at every sample, so it remembers.

    `refresh` reads the calendars anew where they have changed, and may be called in a thread.
    """

    def __init__(self, database: Database, plant: Plant) -> None:
        self.version = -1  # position of the newest change of a calendar
        self._database, self._plant = database, plant
        self._area = {unit.id: plant.area_of(unit).id for unit in plant.work_units.values()}
        self._calendars: Mapping[str, Calendar] = {}
        self._holds: dict[str, _Holds] = {}

    def refresh(self) -> None:
        with self._database.read() as connection:
            version = version_of(connection)
            if version == self.version:
                return
            self._calendars = calendars(Records(connection), self._plant)
        self._holds = {}
        self.version = version

    def of(self, unit: str, at_us: int) -> int | None:
        """When the newest shift began at `at_us`; None where no calendar says."""
        area = self._area[unit]
        holds = self._holds.get(area)
        if holds is None or not holds.from_us <= at_us < holds.until_us:
            holds = self._holds[area] = self._look(area, at_us)
        return holds.start_us

    def _look(self, area: str, at_us: int) -> _Holds:
        calendar = self._calendars.get(area)
        if calendar is None or not calendar.defined:
            return _Holds(0, 1 << 62, None)
        low = max(0, at_us - LOOK_US)
        begun = [s.start_us for s in calendar.shifts(low, at_us + LOOK_US)]
        before = [us for us in begun if us <= at_us]
        after = [us for us in begun if us > at_us]
        since = before[-1] if before else None
        until = min(after[0] if after else at_us + LOOK_US, at_us + DAY_US)
        return _Holds(since if since is not None else at_us, until, since)
