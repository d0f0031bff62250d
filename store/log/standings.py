"""Reads how each work unit stands in its newest shift: what live screens show of the OEE."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mes import master_data
from mes.calendar import Calendar, Shift
from mes.equipment import Plant, WorkUnit
from mes.hours_and_days import day_of, pieces
from mes.losses import Account
from mes.standing import Standing
from mes.stops import Stop, planned_stops
from mes.timeline import window
from store.log.accounts import Basis, Told, Views, accounts, known_us, settled_us, told
from store.log.downtime import stops_of

Left = Mapping[str, tuple[Stop, ...]]
Days = Mapping[str, tuple[Account, ...]]
DAYS = 7  # that a shift is compared with
DAY_US = 86_400_000_000
BACK_US = 7 * DAY_US  # so far back a shift is still the newest one


def standings(
    connection: Connection,
    plant: Plant,
    by: Basis,
    views: Views,
    left: Left | None = None,
    days: Days | None = None,
) -> dict[str, Standing]:
    """Work unit → its standing; units without a calendar or with nothing on record are left out.

    left, days: what `left_without_reason` and `days_before` gave of late.
    """
    out: dict[str, Standing] = {}
    for area in plant.areas:
        calendar, units = by.calendars[area], plant.units_of(area)
        settled = settled_us(known_us(connection, units, views).values())
        shift = None if settled is None else _newest(calendar, settled)
        if shift is None or settled is None:
            continue
        edges = _edges(shift, min(settled, shift.end_us), calendar)
        hours = accounts(connection, plant, units, edges, by, views)
        found = told(connection, units, edges[0], edges[-1], views)
        planned = tuple(calendar.planned(edges[0], edges[-1]))
        of_shift = {"shift": shift.name, "end_us": shift.end_us, "busy_us": shift.busy_us}
        for unit in units:
            before = {"left": (left or {}).get(unit.id, ()), "days": (days or {}).get(unit.id, ())}
            more = {**of_shift, **before, "planned": planned}
            out[unit.id] = _standing(found, unit, edges, hours[unit.id], by, **more)
    return out


def of_window(
    connection: Connection,
    plant: Plant,
    units: Sequence[WorkUnit],
    edges: Sequence[int],
    by: Basis,
    *,
    name: str,
    lines: bool,
) -> dict[str, Standing]:
    """Work unit → how it stood between the first and the last of `edges`, in parts between each two.

    name: of the window, in the place of a shift's; lines: with states and stops; a long window of many
    units has millions.
    """
    hours = accounts(connection, plant, units, edges, by, {})
    nothing = Told({}, {}, {}, {}, {})
    found = told(connection, units, edges[0], edges[-1], {}) if lines else nothing
    out = {}
    for unit in units:
        planned = tuple(by.calendars[plant.area_of(unit).id].planned(edges[0], edges[-1]))
        busy_us = sum(span.end_us - span.start_us for span in planned if span.kind == "busy")
        of = {"shift": name, "end_us": edges[-1], "busy_us": busy_us, "planned": planned}
        of |= {"is_shift": False}
        of |= {} if lines else {"line": (), "told": ()}
        out[unit.id] = _standing(found, unit, tuple(edges), hours[unit.id], by, **of)
    return out


def days_before(connection: Connection, plant: Plant, by: Basis, now_us: int) -> Days:
    """Work unit → its accounts of the DAYS whole days before today, the oldest first."""
    zone = ZoneInfo(plant.time_zone)
    edges = [day_of(now_us, zone)[0]]
    for _ in range(DAYS):
        edges.insert(0, day_of(edges[0] - 1, zone)[0])
    return accounts(connection, plant, list(plant.work_units.values()), edges, by, {})


def left_without_reason(
    connection: Connection, plant: Plant, by: Basis, found: Mapping[str, Standing]
) -> Left:
    """Work unit → what stood in the day before its shift and has no reason: to be caught up on."""
    out = {}
    for area in plant.areas:
        units = [unit for unit in plant.units_of(area) if unit.id in found]
        starts = [found[unit.id].start_us for unit in units]
        if not units:
            continue
        before = stops_of(connection, units, starts[0] - DAY_US, starts[0], by, {})
        planned = by.calendars[area].planned(starts[0] - DAY_US, starts[0])
        for unit in units:
            out[unit.id] = tuple(
                stop for stop in planned_stops(before[unit.id], planned, starts[0])
                if stop.end_us is not None and stop.end_us <= starts[0]
                and not stop.coded
            )  # fmt: skip
    return out


def _edges(shift: Shift, until_us: int, calendar: Calendar) -> tuple[int, ...]:
    """The shift's start, the full hours of the site in it, and `until_us`."""
    found = pieces(shift.start_us, until_us, calendar.zone)
    return (shift.start_us, *([piece.end_us for piece in found] or [until_us]))


def _newest(calendar: Calendar, us: int) -> Shift | None:
    """The shift that runs at an instant, or the last one before it."""
    begun = [s for s in calendar.shifts(us - BACK_US, us + 1) if s.start_us <= us]
    return begun[-1] if begun else None


def _standing(
    found: Told,
    unit: WorkUnit,
    edges: tuple[int, ...],
    hours: tuple[Account, ...],
    by: Basis,
    **of_window: Any,
) -> Standing:
    versions, until_us = by.masters.get(unit.id, ()), edges[-1]
    known = found.known.get(unit.id, 0)
    master = master_data.at(versions, until_us) if versions else None
    told_of = found.lines.get(unit.id, ())
    line = window(told_of, edges[0], until_us, known_us=known)
    return Standing(
        edges=edges,
        hours=hours,
        target=master.oee_target if master else None,
        cycle_s=master.ideal_cycle_s if master else None,
        versions=versions,
        cost_per_h=master.cost_per_h if master else None,
        why=by.why(unit.id, found.codes.get(unit.id, ())),
        **{"line": line, "told": told_of, "known_us": known, **of_window},
    )
