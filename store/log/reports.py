"""Freezes the report of each shift once it is over, and reads what its figures would be now."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy.engine import Connection

from mes.calendar import Calendar
from mes.equipment import Plant
from mes.planned_shifts import Shift
from mes.records import Conflict
from mes.shift_report import KIND, FreezeShift, Left, figures, report_id
from mes.stops import planned_stops
from store.actions import SYSTEM, Actions
from store.log.accounts import Basis, basis, first_us, known_us, settled_us
from store.log.database import Database
from store.log.downtime import stops_of
from store.log.energy import peak_of
from store.log.reading import Records, is_text
from store.log.standings import of_window

log = logging.getLogger("takt.engine")

MINUTE_US, DAY_US = 60_000_000, 86_400_000_000
SETTLE_US = 2 * MINUTE_US  # what is told late of a shift is mostly told by then
BACK_US = 3 * DAY_US  # so long after its end a shift is frozen at the latest
WAIT_US = 60 * MINUTE_US  # for machines of which nothing comes, and for an engine that catches up


class Reports:
    """Freezes reports; not for two threads at once. Another engine may do the same: each is made once."""

    def __init__(self, database: Database, plant: Plant) -> None:
        self._database, self._plant = database, plant
        self._actions = Actions(database, plant)
        self._asked_us: dict[str, int] = {}  # report → since when it waits for what is on record

    def freeze(self, now_us: int) -> int:
        """Freeze what is over; returns how many."""
        with self._database.read() as connection:
            by = basis(connection, self._plant)
            due = {
                id: figures_of(connection, self._plant, area, shift, by)
                for id, area, shift, is_told in _due(connection, self._plant, by, now_us)
                if is_told or now_us - self._asked_us.setdefault(id, now_us) >= WAIT_US
            }
        for id, found in due.items():
            self._asked_us.pop(id, None)
            with suppress(Conflict):  # another engine was first
                self._actions.perform(FreezeShift(id=id, figures=found), SYSTEM, f"freeze-{id}")
                log.info("the report of %s is frozen", id)
        return len(due)


def _due(
    connection: Connection, plant: Plant, by: Basis, now_us: int
) -> Iterator[tuple[str, str, Shift, bool]]:
    """(id, area, shift, whether all of it is on record) of shifts that are over and have no report."""
    kept = Records(connection)
    for area in plant.areas:
        units = plant.units_of(area)
        first, settled = (
            first_us(connection, units),
            settled_us(known_us(connection, units, {}).values()),
        )
        for shift in _over(by.calendars[area], now_us):
            id = report_id(area, shift)
            known = any(us < shift.end_us for us in first.values())
            if known and is_text(id) and kept.version(KIND, id) is None:
                yield id, area, shift, settled is not None and settled >= shift.end_us


def _over(calendar: Calendar, now_us: int) -> list[Shift]:
    if not calendar.defined:
        return []
    until_us = now_us - SETTLE_US
    found = calendar.shifts(until_us - BACK_US, until_us)
    return [shift for shift in found if until_us - BACK_US < shift.end_us <= until_us]


def figures_of(
    connection: Connection, plant: Plant, area: str, shift: Shift, by: Basis
) -> dict[str, Any]:
    """What the report of a shift says, by what is on record now."""
    units, edges = plant.units_of(area), (shift.start_us, shift.end_us)
    found = of_window(connection, plant, units, edges, by, name=shift.name, lines=False)
    stops = stops_of(connection, units, *edges, by, {})
    planned = by.calendars[area].planned(*edges)
    left = [
        Left(unit=unit.id, start_us=max(stop.start_us, shift.start_us), end_us=end_us)
        for unit in units
        for stop in planned_stops(stops[unit.id], planned, shift.end_us)
        if not stop.coded
        and (end_us := min(stop.end_us or shift.end_us, shift.end_us)) > shift.start_us
    ]
    strict = any(by.reasons[unit.id].tree.strict for unit in units)
    peak = peak_of(connection, units, *edges)
    return figures(area, shift, found, left, strict=strict, peak=peak)


def shift_of(calendar: Calendar, id: str, start_us: int) -> Shift | None:
    """The shift of a report, as it is planned now; None where it is planned no more."""
    near = calendar.shifts(start_us - DAY_US, start_us + DAY_US)
    return next((s for s in near if report_id("", s) == "@" + id.partition("@")[2]), None)
