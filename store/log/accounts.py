"""Reads how work units spent a window: what mes.losses makes of the states, pieces, calendars and
master data on record, now or as they were known at a position.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes import master_data
from mes.calendar import Calendar, cut
from mes.equipment import Plant, WorkUnit
from mes.losses import Account, Minute, account
from mes.master_data import MasterData
from mes.timeline import Interval
from store.calendars import calendars
from store.log.reading import Records
from store.log.tables import counts, folds, intervals

LATE_US = 10_000_000  # who was heard of longer ago than the newest by this is silent
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Basis:
    """What accounts are formed by beside the facts: calendars by area, master data by work unit."""

    calendars: Mapping[str, Calendar]
    masters: Mapping[str, Sequence[MasterData]]


def basis(connection: Connection, plant: Plant) -> Basis:
    """As it stands on record now."""
    found = Records(connection)
    bodies = {record.id: record.body or {} for record in found.records("master_data")}
    masters = {id: master_data.from_plain(body) for id, body in bodies.items()}
    return Basis(calendars(found, plant), masters)


def known_us(connection: Connection, units: Iterable[str]) -> dict[str, int]:
    """Until when the state of each unit is on record; units of which nothing is are left out."""
    c = folds.c
    rows = connection.execute(
        sa.select(c.work_unit, c.known_us).where(c.work_unit.in_(list(units)))
    )
    return {row.work_unit: int(row.known_us) for row in rows if row.known_us is not None}


def settled_us(known: Iterable[int]) -> int | None:
    """The last whole second of which all units are on record that are not silent; None: nothing is."""
    found = sorted(known)
    if not found:
        return None
    heard = [us for us in found if us > found[-1] - LATE_US]
    return heard[0] - heard[0] % SECOND_US


def accounts(
    connection: Connection,
    plant: Plant,
    units: Sequence[WorkUnit],
    edges: Sequence[int],
    by: Basis,
) -> dict[str, tuple[Account, ...]]:
    """Work unit → its account of each window between two `edges`, which are in order."""
    start_us, end_us = edges[0], edges[-1]
    ids = [unit.id for unit in units]
    known = known_us(connection, ids)
    lines = _lines(connection, ids, start_us, end_us)
    made = _minutes(connection, ids, start_us, end_us)
    plans = {area: c.planned(start_us, end_us) for area, c in by.calendars.items()}
    out = {}
    for unit in units:
        plan = plans[plant.area_of(unit).id]
        line, minutes = lines[unit.id], made[unit.id]
        versions = by.masters.get(unit.id, ())
        parts = []
        for since_us, until_us in pairwise(edges):
            parts.append(
                account(
                    intervals=_within(line, since_us, until_us),
                    known_us=known.get(unit.id, 0),
                    spans=cut(since_us, until_us, plan),
                    minutes=_between(minutes, since_us, until_us),
                    versions=versions,
                )
            )
        out[unit.id] = tuple(parts)
    return out


def _lines(
    connection: Connection, ids: Sequence[str], start_us: int, end_us: int
) -> Mapping[str, Sequence[Interval]]:
    c = intervals.c
    columns = (c.work_unit, c.start_us, c.end_us, c.state, c.fault)
    found = sa.select(*columns).where(
        c.work_unit.in_(ids),
        c.until_position.is_(None),
        c.start_us < end_us,
        sa.or_(c.end_us.is_(None), c.end_us > start_us),
    )
    out: dict[str, list[Interval]] = defaultdict(list)
    for unit, since_us, until_us, state, fault in connection.execute(found.order_by(c.start_us)):
        out[unit].append(Interval(since_us, until_us, state, fault))
    return out


def _minutes(
    connection: Connection, ids: Sequence[str], start_us: int, end_us: int
) -> Mapping[str, Sequence[Minute]]:
    c = counts.c
    found = sa.select(c.work_unit, c.minute_us, c.good, c.reject).where(
        c.work_unit.in_(ids), c.minute_us >= start_us, c.minute_us < end_us
    )
    out: dict[str, list[Minute]] = defaultdict(list)
    for unit, *minute in connection.execute(found.order_by(c.minute_us)):
        out[unit].append(Minute(*minute))
    return out


def _within(line: Sequence[Interval], since_us: int, until_us: int) -> Sequence[Interval]:
    """The intervals that touch a window, whole."""
    first = bisect_left(line, since_us, key=lambda one: one.start_us)
    last = bisect_left(line, until_us, key=lambda one: one.start_us)
    return line[max(0, first - 1) : last]


def _between(minutes: Sequence[Minute], since_us: int, until_us: int) -> Sequence[Minute]:
    first = bisect_left(minutes, since_us, key=lambda one: one.minute_us)
    last = bisect_left(minutes, until_us, key=lambda one: one.minute_us)
    return minutes[first:last]
