"""The shift calendar of one place: what is planned at any instant, and how long.

Instants named `_us` are microseconds since the epoch, UTC, from 1970 to 2200; a window is
[from_us, until_us). Shifts are planned in site time, so that the night on which the clock
changes has a night shift of 7 h or 9 h. Which record wins and what is cut: mes.planned_shifts.

Where no pattern holds yet nobody has said when work is planned: that is "no_calendar" and not
"no_shift", which says that no work is.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mes.planned_shifts import PlannedBreak, PlannedShifts, Shift
from mes.shifts import Holiday, ShiftException, ShiftPattern
from mes.site_time import LAST_US, instant_us, local_date, zone_named

__all__ = ["LOOK_AHEAD_DAYS", "Calendar", "PlannedBreak", "Shift", "Span", "cut"]

LOOK_AHEAD_DAYS = 400  # for the next edge
_DAY, _MICROSECOND = dt.timedelta(days=1), dt.timedelta(microseconds=1)

Planned = Literal[
    "busy",  # planned busy time
    "break",  # planned down time inside of a shift
    "no_shift",
    "no_calendar",  # no pattern holds: unknown
]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which one thing is planned. `shift` and `date` tell which shift it is of."""

    start_us: int
    end_us: int
    kind: Planned
    shift: str | None = None
    date: dt.date | None = None
    name: str = ""  # of the break


class Calendar:
    """What is planned at one place, an area or the site; records of other places are passed by.

    zone: IANA name. Raises ValueError for one that is not known.
    """

    def __init__(
        self,
        place: str,
        site: str,
        zone: str,
        *,
        patterns: Iterable[ShiftPattern] = (),
        holidays: Iterable[Holiday] = (),
        exceptions: Iterable[ShiftException] = (),
    ) -> None:
        self.place = place
        self.zone = zone_named(zone)
        self._planned = PlannedShifts(place, site, self.zone, patterns, holidays, exceptions)
        first = self._planned.first_date
        self.defined_from_us: int | None = None  # midnight of the first pattern's first date
        if first is not None:
            midnight = dt.datetime.combine(first, dt.time())
            self.defined_from_us = instant_us(midnight, self.zone)

    @property
    def defined(self) -> bool:
        """Whether the place or its site has a pattern at all, of whatever date."""
        return self.defined_from_us is not None

    def defined_at(self, us: int) -> bool:
        """Whether a pattern holds at an instant."""
        return self.defined_from_us is not None and self.defined_from_us <= us

    def shifts(self, from_us: int, until_us: int) -> tuple[Shift, ...]:
        """The shifts that touch a window, whole and in order of time; none for an empty window.

        Raises ValueError for a window that ends before it starts or lies outside of 1970 to 2200.
        """
        _check(from_us, until_us)
        if from_us == until_us:
            return ()
        return tuple(
            sorted(
                (
                    shift
                    for shift in self._near(from_us, until_us)
                    if shift.start_us < until_us and from_us < shift.end_us
                ),
                key=lambda shift: shift.start_us,
            )
        )

    def shift_at(self, us: int) -> Shift | None:
        """The shift that runs at an instant; None where there is none, or no calendar."""
        _check(us, us)
        return next((s for s in self._near(us, us) if s.start_us <= us < s.end_us), None)

    def next_edge_us(self, us: int) -> int | None:
        """The first instant after `us` at which a shift or break begins or ends, or the calendar does.

        None where there is none in the next 400 days.
        """
        _check(us, us)
        edges = [] if self.defined_from_us is None else [self.defined_from_us]
        day, days_left = local_date(us, self.zone) - _DAY, LOOK_AHEAD_DAYS + 2
        while days_left > 0:
            found = [e for shift in self._planned.on(day) for e in _edges(shift) if e > us]
            if found:  # a cut shift may start after one of the next date, and of no later one
                days_left = min(days_left, 2)
            edges += found
            day += _DAY
            days_left -= 1
        latest_us = us + LOOK_AHEAD_DAYS * _DAY // _MICROSECOND
        return min((edge for edge in edges if us < edge <= latest_us), default=None)

    def planned_busy_us(self, from_us: int, until_us: int) -> int:
        """Planned busy time in a window [µs]: shifts less their breaks; 0 without a calendar.

        Source: ISO 22400-2, PBT = planned operation time less planned down time.
        """
        return sum(
            shift.end_us - shift.start_us - sum(b.end_us - b.start_us for b in shift.breaks)
            for shift in (s.cut(from_us, until_us) for s in self.shifts(from_us, until_us))
        )

    def planned(self, from_us: int, until_us: int) -> tuple[Span, ...]:
        """The window, cut without a gap into what is planned; none for an empty window."""
        spans: list[Span] = []
        at_us = from_us
        for whole in self.shifts(from_us, until_us):
            shift = whole.cut(from_us, until_us)
            spans += self._off(at_us, shift.start_us)
            spans += _of_shift(shift)
            at_us = shift.end_us
        return (*spans, *self._off(at_us, until_us))

    def _near(self, from_us: int, until_us: int) -> Iterator[Shift]:
        """The shifts that start on a date of the window or on the day before or after."""
        day = local_date(from_us, self.zone) - _DAY
        last = local_date(until_us, self.zone) + _DAY
        while day <= last:
            yield from self._planned.on(day)
            day += _DAY

    def _off(self, start_us: int, end_us: int) -> Iterator[Span]:
        """The spans between two shifts."""
        since_us = end_us if self.defined_from_us is None else self.defined_from_us
        border_us = min(max(start_us, since_us), end_us)
        if start_us < border_us:
            yield Span(start_us, border_us, "no_calendar")
        if border_us < end_us:
            yield Span(border_us, end_us, "no_shift")


def cut(start_us: int, end_us: int, spans: Sequence[Span]) -> tuple[Span, ...]:
    """An interval, a state's say, cut where what is planned changes; none for an empty one.

    spans: of `Calendar.planned`, for any window that holds the interval. So a window's spans are
    worked out once for all of its intervals. Raises ValueError for an interval outside of them.
    """
    if start_us >= end_us:
        return ()
    if not spans or start_us < spans[0].start_us or spans[-1].end_us < end_us:
        held = f"{spans[0].start_us} to {spans[-1].end_us}" if spans else "none"
        raise ValueError(
            f"interval is {start_us} to {end_us}; expected one inside of spans: {held}"
        )
    pieces = []
    index = bisect_right(spans, start_us, key=lambda span: span.start_us) - 1
    while index < len(spans) and spans[index].start_us < end_us:
        span = spans[index]
        inside = max(start_us, span.start_us), min(end_us, span.end_us)
        pieces.append(Span(*inside, span.kind, span.shift, span.date, span.name))
        index += 1
    return tuple(pieces)


def _check(from_us: int, until_us: int) -> None:
    if not 0 <= from_us <= until_us <= LAST_US:
        raise ValueError(
            f"from_us, until_us are {from_us}, {until_us}; "
            f"expected 0 or more, in order, at most {LAST_US}"
        )


def _edges(shift: Shift) -> Iterator[int]:
    yield from (shift.start_us, shift.end_us)
    for one in shift.breaks:
        yield from (one.start_us, one.end_us)


def _of_shift(shift: Shift) -> Iterator[Span]:
    """A shift as spans of busy time and breaks."""
    at_us = shift.start_us
    for one in shift.breaks:
        if at_us < one.start_us:
            yield Span(at_us, one.start_us, "busy", shift.id, shift.date)
        yield Span(one.start_us, one.end_us, "break", shift.id, shift.date, one.name)
        at_us = one.end_us
    if at_us < shift.end_us:
        yield Span(at_us, shift.end_us, "busy", shift.id, shift.date)
