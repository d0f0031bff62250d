"""/api/v1/work-units/{id}/…: what a work unit did, what it made, and what was planned, by time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from dashboard.api.asking import (
    MINUTE_US,
    AsOf,
    From,
    Limit,
    Until,
    needs,
    only_known,
    window_us,
)
from dashboard.api.errors import Failed, Json
from dashboard.api.reading import at_position
from dashboard.api.records import READ
from dashboard.api.shapes import time_out
from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.records import Desk
from mes.calendar import Span, cut
from mes.equipment import Plant, WorkUnit
from mes.site_time import LAST_US
from mes.timeline import Interval, Line, window
from mes.unit_view import UnitView
from store.calendars import calendars
from store.log import RecordsRefused
from store.log import tables as t
from store.log.accounts import known_us
from store.log.pieces import counted
from store.log.reading import Records, line, newest_interval, was_known

DAYS_MAX, COUNT_DAYS_MAX = 31, 366
PATH = "/api/v1/work-units/{id}"
_AFTER = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})")


class IntervalOut(BaseModel):
    """From `start` to `end` the unit was in `state`, as far as the window goes."""

    start: str
    end: str
    state: str
    fault: str | None
    fault_text: str | None
    revised: bool  # it was told otherwise before


class PieceOut(IntervalOut):
    """A part of an interval in which one thing is planned."""

    planned: Literal["busy", "break", "no_shift", "no_calendar"]
    shift: str | None
    shift_date: str | None  # local, on which the shift starts
    break_name: str | None


class TimelineOut(BaseModel):
    """The window without a gap; `unknown` where nothing is known. `known_until`: what is behind it
    is not known yet."""

    items: list[PieceOut | IntervalOut]
    next: str | None
    position: int
    known_until: str | None


class CountsOut(BaseModel):
    """Pieces by the minute in which their counter showed them; null where nothing is known."""

    good: int | None
    reject: int | None
    position: int
    known_until: str | None


class SpanOut(BaseModel):
    """A stretch of time in which one thing is planned."""

    start: str
    end: str
    planned: Literal["busy", "break", "no_shift", "no_calendar"]
    shift: str | None
    shift_date: str | None
    break_name: str | None


class PlannedOut(BaseModel):
    """Planned busy time (PBT): shifts less their breaks; null where no calendar holds at all."""

    planned_busy_s: float | None
    items: list[SpanOut]
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What was read of a unit, and how far: what later pages of the same answer go by."""

    line: Line
    known_us: int
    position: int
    more: bool  # the line ends before the window does


KNOWN: Any = {
    "tags": ["work units"],
    "responses": READ,
    "dependencies": [Depends(only_known)],
}


def register(server: FastAPI, hub: Hub, desk: Desk) -> None:
    _timeline(server, hub, desk)
    _counts(server, hub, desk)
    _planned(server, hub, desk)


def _unit_of(hub: Hub, id: str) -> WorkUnit:
    needs(who().person, "records")
    unit = hub.plant_within(who().person.scope).work_units.get(id)
    if unit is None:
        raise Failed(404, f"no work unit {id!r}")
    return unit


def _timeline(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(f"{PATH}/timeline", response_model=TimelineOut, **KNOWN)
    async def timeline(
        id: str,
        from_: From,
        until: Until,
        as_of: AsOf = None,
        cut_at: Annotated[
            Literal["shift"] | None,
            Query(alias="cut", description="also at the edges of shifts and breaks"),
        ] = None,
        limit: Limit = 1000,
        after: Annotated[str | None, Query(max_length=60, description="`next` of a page")] = None,
    ) -> Response:
        """The states of a work unit in a window of at most 31 days; all pages are of one moment."""
        unit, between = _unit_of(hub, id), window_us(from_, until, DAYS_MAX)
        position, known_us, start_us = _page(after) if after is not None else (as_of, None, -1)
        view = hub.views.get(unit.id)

        def look(connection: Connection) -> tuple[_Told, Sequence[Span] | None]:
            rest = (max(between[0], start_us), between[1])
            told = _read(connection, unit, view, rest, position, known_us, limit)
            if cut_at is None:
                return told, None
            return told, _spans(connection, hub.plant, unit, between, told.position)

        told, spans = await desk.read(look)
        return Json(_paged(told, spans, unit, limit, start_us))


def _counts(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(f"{PATH}/counts", response_model=CountsOut, **KNOWN)
    async def counts(id: str, from_: From, until: Until, as_of: AsOf = None) -> Response:
        """Good and rejected pieces in a window on whole minutes, of at most 366 days."""
        unit, (start, end) = _unit_of(hub, id), window_us(from_, until, COUNT_DAYS_MAX)
        if start % MINUTE_US or end % MINUTE_US:
            words = "expected whole minutes: pieces are counted by the minute"
            raise Failed(422, f"from, until: {words}")
        view = hub.views.get(unit.id)
        return Json(await desk.read(lambda c: _counted(c, unit, view, (start, end), as_of)))


def _planned(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(f"{PATH}/planned", response_model=PlannedOut, **KNOWN)
    async def planned(id: str, from_: From, until: Until, as_of: AsOf = None) -> Response:
        """What the calendar of the unit's area plans in a window of at most 31 days."""
        unit, between = _unit_of(hub, id), window_us(from_, until, DAYS_MAX)

        def look(connection: Connection) -> tuple[Sequence[Span], int]:
            position = at_position(connection, as_of)
            return _spans(connection, hub.plant, unit, between, position), position

        spans, position = await desk.read(look)
        busy_us = sum(span.end_us - span.start_us for span in spans if span.kind == "busy")
        defined = any(span.kind != "no_calendar" for span in spans)
        items = [
            {"start": time_out(s.start_us), "end": time_out(s.end_us), **_plan(s)} for s in spans
        ]
        busy_s = busy_us / 1e6 if defined else None
        return Json({"planned_busy_s": busy_s, "items": items, "position": position})


def _page(after: str) -> tuple[int, int, int]:
    """Position, known_us and start of the last interval of the page before."""
    found = _AFTER.fullmatch(after)
    if not found or int(found[2]) > LAST_US:
        raise Failed(422, "after: expected `next` of the page before")
    return int(found[1]), int(found[2]), int(found[3])


def _read(
    connection: Connection,
    unit: WorkUnit,
    view: UnitView | None,
    between: tuple[int, int],
    as_of: int | None,
    known_us: int | None,
    limit: int,
) -> _Told:
    """The unit's line between two moments, of `limit` intervals or so: no more are read.

    known_us: of the page before, None for the first one.
    """
    position = at_position(connection, as_of)
    start, end = between
    most = limit + 2  # one that the page before ended with, and one that tells where to stop
    found = line(connection, unit.id, from_us=start, until_us=end, position=as_of, limit=most)
    if known_us is None:
        known_us = _known_us(connection, unit, view, as_of)
    else:
        known_us = min(known_us, _known_us(connection, unit, view, None))
    more = len(found) == most and found[-1].start_us < known_us  # else the rest is unknown
    if more:
        end = found[-1].start_us
    told = window(found, start, end, known_us=known_us)
    return _Told(line=told, known_us=known_us, position=position, more=more)


def _known_us(
    connection: Connection, unit: WorkUnit, view: UnitView | None, as_of: int | None
) -> int:
    """Until when the unit's state is known; 0 where it never was.

    As of a position that is when its entry was recorded, at most; where that lies in the archive,
    when the state of then began. For the state that goes on now the live view may have heard more
    than is on record.
    """
    views = {unit.id: view} if view and as_of is None else {}
    known = known_us(connection, (unit,), views).get(unit.id, 0)
    if as_of is None:
        return known
    now = newest_interval(connection, unit.id, position=as_of)
    recorded = sa.select(t.log.c.recorded_at_us).where(t.log.c.position == as_of)
    at = connection.execute(recorded).scalar()
    return min(known, int(at or 0) if at or not now else now.start_us)


def _spans(
    connection: Connection, plant: Plant, unit: WorkUnit, between: tuple[int, int], position: int
) -> Sequence[Span]:
    found = calendars(Records(connection, position=position), plant)
    return found[plant.area_of(unit).id].planned(*between)


def _paged(
    told: _Told, spans: Sequence[Span] | None, unit: WorkUnit, limit: int, after: int
) -> dict[str, Any]:
    pieces: list[tuple[Interval, int, int, Span | None]] = []
    for one in told.line:
        end = one.end_us or one.start_us  # a window leaves none open
        if spans is None:
            pieces.append((one, one.start_us, end, None))
        else:
            parts = cut(one.start_us, end, spans)
            pieces += [(one, part.start_us, part.end_us, part) for part in parts]
    rest = [piece for piece in pieces if piece[1] > after]
    page, more = rest[:limit], told.more or len(rest) > limit
    items = [
        {"start": time_out(start), "end": time_out(end), **_state(one, unit)}
        | (_plan(part) if part else {})
        for one, start, end, part in page
    ]
    cursor = f"{told.position}.{told.known_us}.{page[-1][1]}" if more else None
    return {
        "items": items,
        "next": cursor,
        "position": told.position,
        "known_until": time_out(told.known_us) if told.known_us else None,
    }


def _state(one: Interval, unit: WorkUnit) -> dict[str, Any]:
    return {
        "state": one.state,
        "fault": one.fault or None,
        "fault_text": unit.fault_texts.get(one.fault) if one.fault else None,
        "revised": one.revised,
    }


def _plan(span: Span) -> dict[str, Any]:
    return {
        "planned": span.kind,
        "shift": span.shift,
        "shift_date": span.date.isoformat() if span.date else None,
        "break_name": span.name or None,
    }


def _counted(
    connection: Connection,
    unit: WorkUnit,
    view: UnitView | None,
    between: tuple[int, int],
    as_of: int | None,
) -> dict[str, Any]:
    position, (start, end) = at_position(connection, as_of), between
    try:
        pieces = counted(connection, unit.id, start, end, position=as_of)
    except RecordsRefused as error:
        raise Failed(422, f"as_of: {error}") from None
    known_us = _known_us(connection, unit, view, as_of)
    if pieces is None and known_us > start:
        pieces = (0, 0) if was_known(connection, unit.id, start, end, position=as_of) else None
    good, reject = pieces or (None, None)
    return {
        "good": good,
        "reject": reject,
        "position": position,
        "known_until": time_out(known_us) if known_us else None,
    }
