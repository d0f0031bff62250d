"""What is on record of the plan of one place, read for its pages; and how a change of it ends."""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from dashboard.doorway import Doorway
from dashboard.identity import Who
from layouts._desk import moment_of
from layouts._entry import Rival
from layouts._plan import Shown, holding
from layouts._signature import printed
from mes.calendar import Calendar
from mes.equipment import Plant
from mes.people import covers
from mes.records import Conflict, Record
from mes.shifts import Holiday, ShiftException, ShiftPattern
from mes.site_time import local_date, zone_named
from mes.week import Day, monday_of, week
from store.log.reading import Records


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """The records of a place and of its site; those of the site stand first."""

    place: str
    plant: Plant
    patterns: Sequence[Record]
    holidays: Sequence[Record]
    exceptions: Sequence[Record]

    @classmethod
    def read(cls, connection: Connection, plant: Plant, place: str) -> "Plan":
        def of(kind: str) -> list[Record]:
            found = [r for r in Records(connection).records(kind) if r.body]
            mine = [r for r in found if (r.body or {})["place"] in (place, plant.id)]
            return sorted(mine, key=lambda r: (r.body or {})["place"] == place)

        return cls(place, plant, of("shift_pattern"), of("holiday"), of("shift_exception"))

    def days(self, monday: dt.date) -> tuple[Day, ...]:
        holidays = [Holiday.from_plain(r.body) for r in self.holidays]
        exceptions = [ShiftException.from_plain(r.body) for r in self.exceptions]
        return week(
            self.calendar(exceptions),
            self.calendar(()),
            monday,
            holidays=holidays,
            exceptions=exceptions,
        )

    def calendar(self, exceptions: Sequence[ShiftException]) -> Calendar:
        return Calendar(
            self.place,
            self.plant.id,
            self.plant.time_zone,
            patterns=[ShiftPattern.from_plain(r.body) for r in self.patterns],
            holidays=[Holiday.from_plain(r.body) for r in self.holidays],
            exceptions=exceptions,
        )

    def shifts(self, date: str) -> dict[str, Any]:
        """The shifts that the pattern knows on a date, by id."""
        pattern = holding(self.patterns, self.place, date)
        found = (pattern.body or {})["shifts"] if pattern else ()
        return {shift["id"]: shift for shift in found}

    def exception(self, date: str, shift: str) -> Record | None:
        """The place's own."""
        id = f"{self.place}@{date}:{shift}"
        return next((r for r in self.exceptions if r.id == id), None)


class Readers:
    """What the pages of a plan ask of everybody: may he see it, what is it, who made it."""

    def __init__(self, plant: Plant, doorway: Doorway) -> None:
        self.plant, self.doorway = plant, doorway

    def sees(self, asks: Who) -> list[str]:
        """The site, where he sees all of it, and the areas that he sees something of."""
        scope = asks.person.scope
        whole = [self.plant.id] if covers(scope, self.plant.id) else []
        return whole + list(self.plant.within(scope).areas)

    def may(self, asks: Who, right: str, place: str) -> bool:
        return asks.person.may(right, self.plant.path_of(place))

    async def plan(self, place: str) -> Plan:
        """Raises RecordsAway."""
        return await self.doorway.desk.read(lambda c: Plan.read(c, self.plant, place))

    def today(self) -> dt.date:
        return local_date(now_us(), zone_named(self.plant.time_zone))

    def monday(self, typed: str) -> dt.date:
        """The Monday of the week of a date; of this week for what is no date."""
        try:
            found = dt.date.fromisoformat(typed)
        except ValueError:
            found = self.today()
        return monday_of(min(max(found, dt.date(1980, 1, 1)), dt.date(2190, 1, 1)))

    def shown(self, asks: Who, plan: Plan, monday: dt.date) -> Shown:
        place, records = plan.place, (*plan.patterns, *plan.holidays, *plan.exceptions)
        return Shown(
            plant=self.plant.within(asks.person.scope),
            place=place,
            now_us=now_us(),
            days=plan.days(monday),
            defined=bool(plan.patterns),
            patterns=plan.patterns,
            holidays=plan.holidays,
            exceptions=plan.exceptions,
            names={record.by: self.doorway.name_of(record.by) for record in records},
            whole_site=self.plant.id in self.sees(asks),
            may_plan=self.may(asks, "calendar", place),
            may_except=self.may(asks, "exceptions", place),
        )

    async def rival(self, conflict: Conflict, kind: str, id: str) -> Rival | None:
        """Who was first; None where it is no matter of that. Raises RecordsAway."""
        found = conflict.record
        if found is None:
            found = await self.doorway.desk.read(lambda c: Records(c).version(kind, id))
            if found is None or found.body is not None:
                return None
        signed = printed(found.signatures, self.plant.time_zone)
        return Rival(
            name=self.doorway.name_of(found.by), at=self.at(found), body=found.body, signed=signed
        )

    def at(self, record: Record) -> str:
        return moment_of(record.at_us, self.plant.time_zone, now_us())


def version_in(form: Mapping[str, str], id: str) -> int:
    """The version that the person saw of the record `id`; 0 where he saw another one."""
    typed, of = form.get("version", ""), form.get("of", "")
    return int(typed) if typed.isdigit() and len(typed) < 9 and of in ("", id) else 0
