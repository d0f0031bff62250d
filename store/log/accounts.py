"""Reads how work units spent a window: what mes.losses makes of the states, pieces, calendars and
master data on record, now or as they were known at a position.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes import master_data
from mes.calendar import Calendar, Span, cut
from mes.energy import MeteredMinute
from mes.equipment import Plant, WorkUnit
from mes.hours_and_days import Piece, pieces
from mes.interpret import known_until_us
from mes.losses import Account, Minute, account, total
from mes.master_data import MasterData
from mes.reason_trees import KIND as TREE
from mes.reasons import Reasons
from mes.site_time import LAST_US
from mes.stops import Code, Why
from mes.timeline import Interval
from mes.unit_view import UnitView
from store.calendars import calendars
from store.calendars import version_of as calendars_version
from store.log import energy, kept
from store.log.codes import codes, reasons
from store.log.reading import Records
from store.log.tables import counts, folds, intervals

LATE_US = 10_000_000  # who was heard of longer ago than the newest by this is silent
SECOND_US = 1_000_000
LONG_US = 86_400_000_000  # a state that began longer before a window than this is read by itself
Views = Mapping[str, UnitView]
M = TypeVar("M", Minute, MeteredMinute)


@dataclass(frozen=True, slots=True)
class Basis:
    """What accounts are formed by beside the facts: calendars by area, and by work unit the master
    data and reasons; digests: of these two, by work unit.
    """

    calendars: Mapping[str, Calendar]
    masters: Mapping[str, Sequence[MasterData]]
    reasons: Mapping[str, Reasons] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def why(self, unit: str, codes: Sequence[Code]) -> Why:
        """What tells the reasons of a unit's stops."""
        return Why(unit, codes, self.reasons[unit])


def basis(connection: Connection, plant: Plant) -> Basis:
    """As it stands on record now."""
    found = Records(connection)
    bodies = {record.id: record.body or {} for record in found.records("master_data")}
    masters = {id: master_data.from_plain(body) for id, body in bodies.items()}
    why = reasons(found, plant)
    digests = {id: kept.basis_of_unit(id, masters.get(id, ()), why[id]) for id in why}
    return Basis(calendars(found, plant), masters, why, digests)


def version_of(connection: Connection) -> int:
    """The position of the newest change of what accounts are formed by."""
    return calendars_version(connection, "master_data", TREE)


def known_us(connection: Connection, units: Iterable[WorkUnit], views: Views) -> dict[str, int]:
    """Until when the state of each unit is known; units of which nothing is are left out.

    For the state that goes on now its live view may have heard more than is on record.
    """
    c, by_id = folds.c, {unit.id: unit for unit in units}
    newest = _of_unit(intervals.c.state).order_by(intervals.c.start_us.desc()).limit(1)
    found = sa.select(c.work_unit, c.known_us, newest.scalar_subquery())
    out: dict[str, int] = {}
    for id, known, now in connection.execute(found.where(c.work_unit.in_(list(by_id)))):
        view = views.get(id)
        heard = None
        if view and view.silent_since_us is None and view.state == now:
            heard = known_until_us(view, by_id[id])
        out[id] = max(int(known or 0), heard or 0)
    return {id: us for id, us in out.items() if us}


def _of_unit(what: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """`what` of the intervals of the unit of a row of `folds`: looked up for each unit by itself, for
    a database that groups looks at every interval there is.
    """
    mine = (intervals.c.work_unit == folds.c.work_unit, intervals.c.until_position.is_(None))
    return sa.select(what).where(*mine, *where).correlate(folds)


def settled_us(known: Iterable[int]) -> int | None:
    """The last whole second of which all units are on record that are not silent; None: nothing is."""
    found = sorted(known)
    if not found:
        return None
    heard = [us for us in found if us > found[-1] - LATE_US]
    return heard[0] - heard[0] % SECOND_US


@dataclass(frozen=True, slots=True)
class Told:
    """What is on record of some units between two moments."""

    known: Mapping[str, int]
    first: Mapping[str, int]  # when each was first heard of
    lines: Mapping[str, Sequence[Interval]]
    minutes: Mapping[str, Sequence[Minute]]
    codes: Mapping[str, Sequence[Code]]
    metered: Mapping[str, Sequence[MeteredMinute]] = field(default_factory=dict)

    def account(self, unit: WorkUnit, piece: Piece, spans: Sequence[Span], by: Basis) -> Account:
        """The unit's account of a piece that lies in it. spans: what is planned there."""
        return account(
            intervals=_within(self.lines.get(unit.id, ()), piece.start_us, piece.end_us),
            known_us=self.known.get(unit.id, 0),
            spans=spans,
            minutes=_between(self.minutes.get(unit.id, ()), piece.start_us, piece.end_us),
            versions=by.masters.get(unit.id, ()),
            why=by.why(unit.id, self.codes.get(unit.id, ())),
            since_us=self.first.get(unit.id, LAST_US),
            metered=_between(self.metered.get(unit.id, ()), piece.start_us, piece.end_us),
        )


def told(
    connection: Connection, units: Sequence[WorkUnit], start_us: int, end_us: int, views: Views
) -> Told:
    """What is on record of `units` between two moments, but energy; intervals are whole."""
    ids = [unit.id for unit in units]
    lines = _lines(connection, ids, start_us, end_us)
    return Told(
        known_us(connection, units, views),
        first_us(connection, units),
        lines,
        _minutes(connection, ids, start_us, end_us),
        _codes(connection, lines, start_us, end_us),
    )


def _codes(
    connection: Connection, lines: Mapping[str, Sequence[Interval]], start_us: int, end_us: int
) -> Mapping[str, Sequence[Code]]:
    """What was said of whole intervals. Units that stand in one since long are asked for by
    themselves: else all others would be read back to then.
    """
    out: dict[str, Sequence[Code]] = {}
    near: list[str] = []
    low_us, high_us = start_us, end_us
    for unit, line in lines.items():
        high_us = max(high_us, line[-1].end_us or LAST_US)
        if line[0].start_us < start_us - LONG_US:
            out |= codes(connection, [unit], line[0].start_us, line[-1].end_us or LAST_US)
        else:
            near.append(unit)
            low_us = min(low_us, line[0].start_us)
    out |= codes(connection, near, low_us, high_us)
    return out


def accounts(
    connection: Connection,
    plant: Plant,
    units: Sequence[WorkUnit],
    edges: Sequence[int],
    by: Basis,
    views: Views,
) -> dict[str, tuple[Account, ...]]:
    """Work unit → its account of each window between two `edges`, which are in order."""
    zone = ZoneInfo(plant.time_zone)
    windows = [list(pieces(*window, zone)) for window in pairwise(edges)]
    wanted = dict.fromkeys(piece for window in windows for piece in window)
    rows = kept.read(connection, [unit.id for unit in units], wanted)
    plans = Plans(by, edges[0], edges[-1])
    found: dict[tuple[str, Piece], Account] = {}
    missing: dict[Piece, list[WorkUnit]] = {}
    for unit in units:
        area, own = plant.area_of(unit).id, by.digests[unit.id]
        for piece in wanted:
            basis, body = rows.get((unit.id, piece.span, piece.start_us), ("", ""))
            if body and basis == plans.basis(area, piece) + own:
                found[unit.id, piece] = kept.from_text(body)
            else:
                missing.setdefault(piece, []).append(unit)
    found |= formed(connection, plant, missing, plans, by, views)
    return {
        unit.id: tuple(total(found[unit.id, piece] for piece in window) for window in windows)
        for unit in units
    }


class Plans:
    """What is planned in each area in pieces of a window, cut out of the plan of the whole once."""

    def __init__(self, by: Basis, start_us: int, end_us: int) -> None:
        self._by, self._window = by, (start_us, end_us)
        self._wholes: dict[str, Sequence[Span]] = {}
        self._cut: dict[tuple[str, Piece], tuple[Sequence[Span], str]] = {}

    def basis(self, area: str, piece: Piece) -> str:
        """What is planned, as a digest."""
        return self._found(area, piece)[1]

    def spans(self, area: str, piece: Piece) -> Sequence[Span]:
        return self._found(area, piece)[0]

    def _found(self, area: str, piece: Piece) -> tuple[Sequence[Span], str]:
        if (area, piece) not in self._cut:
            if area not in self._wholes:
                self._wholes[area] = self._by.calendars[area].planned(*self._window)
            spans = cut(piece.start_us, piece.end_us, self._wholes[area])
            self._cut[area, piece] = (spans, kept.basis_of(spans))
        return self._cut[area, piece]


def formed(
    connection: Connection,
    plant: Plant,
    missing: Mapping[Piece, Sequence[WorkUnit]],
    plans: Plans,
    by: Basis,
    views: Views,
) -> dict[tuple[str, Piece], Account]:
    """Accounts out of states and pieces on record; of what touches each other it is read together."""
    out: dict[tuple[str, Piece], Account] = {}
    for run in _runs(sorted(missing, key=lambda piece: piece.start_us)):
        units = list({unit.id: unit for piece in run for unit in missing[piece]}.values())
        window = (units, run[0].start_us, run[-1].end_us)
        metered = energy.minutes(connection, *window)
        facts = replace(told(connection, *window, views), metered=metered)
        for piece in run:
            for unit in missing[piece]:
                spans = plans.spans(plant.area_of(unit).id, piece)
                out[unit.id, piece] = facts.account(unit, piece, spans, by)
    return out


def _runs(found: Sequence[Piece]) -> Iterable[list[Piece]]:
    """Pieces that follow one another, together."""
    run: list[Piece] = []
    for piece in found:
        if run and run[-1].end_us != piece.start_us:
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def first_us(connection: Connection, units: Iterable[WorkUnit]) -> dict[str, int]:
    """When each was first heard of; those that never were are left out."""
    first = _of_unit(sa.func.min(intervals.c.start_us)).scalar_subquery()
    found = sa.select(folds.c.work_unit, first)
    rows = connection.execute(found.where(folds.c.work_unit.in_([unit.id for unit in units])))
    return {id: int(us) for id, us in rows if us is not None}


def _lines(
    connection: Connection, ids: Sequence[str], start_us: int, end_us: int
) -> Mapping[str, Sequence[Interval]]:
    c = intervals.c
    columns = (c.work_unit, c.start_us, c.end_us, c.state, c.fault)
    inside = _of_unit(sa.func.max(c.start_us), c.start_us <= start_us).scalar_subquery()
    found = sa.select(*columns).where(
        folds.c.work_unit.in_(ids),
        c.work_unit == folds.c.work_unit,
        c.until_position.is_(None),
        c.start_us >= sa.func.coalesce(inside, start_us),
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


def _between(minutes: Sequence[M], since_us: int, until_us: int) -> Sequence[M]:
    first = bisect_left(minutes, since_us, key=lambda one: one.minute_us)
    last = bisect_left(minutes, until_us, key=lambda one: one.minute_us)
    return minutes[first:last]
