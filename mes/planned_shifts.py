"""The shifts that start on a date at one place: patterns, holidays and exceptions put together.

Which plan holds on a date, first to last:

1. the place's own exceptions, 2. the site's exceptions; a later record of the same place, date
and shift replaces an earlier one;
3. a holiday of the place or of the site: no shift of the pattern starts;
4. the place's pattern with the latest `valid_from` that is not after the date, and where it has
none yet the site's.

"changed" does nothing to a shift that the pattern of that date does not know; "extra" does not ask,
and replaces a shift of the same id. So an id stands for one shift on one date.

What then overlaps, by an exception or where another pattern begins, is cut:

* An exception wins over the pattern, and the place's exception over the site's. A shift into
  which the winner falls ends where the winner starts; one that starts while the winner lasts
  starts where it ends. One that surrounds the winner keeps its first part only.
* Among equals a shift that has begun runs to its end, and the next starts then: what is edited
  for today leaves yesterday's night shift alone.
* Breaks are cut with their shift, and what has no time left is no shift.

Instants named `_us` are microseconds since the epoch, UTC.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mes.shifts import (
    WEEK,
    Holiday,
    ShiftException,
    ShiftPattern,
    ShiftTimes,
    minute_of,
)
from mes.site_time import instant_us

DATES_KEPT = 400  # of a place, worked out; the least used are dropped and worked out anew
_OWN, _SITE, _PATTERN = range(3)  # who wins where shifts overlap
_DAY = dt.timedelta(days=1)
_MINUTE_US = 60_000_000


class PlannedBreak(NamedTuple):
    """Planned down time inside of a shift."""

    start_us: int
    end_us: int
    name: str


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift on one date, as it is planned; `id` and `date` tell it from any other of its place."""

    id: str
    name: str
    date: dt.date  # local, on which it starts; of a night shift the evening's
    start_us: int
    end_us: int
    breaks: tuple[PlannedBreak, ...] = ()  # in order, inside of it, without overlap

    @property
    def busy_us(self) -> int:
        """Planned busy time of it alone: without its breaks."""
        pauses = sum(one.end_us - one.start_us for one in self.breaks)
        return self.end_us - self.start_us - pauses

    def cut(self, start_us: int, end_us: int) -> "Shift":
        """What of it lies between two instants."""
        if start_us <= self.start_us and self.end_us <= end_us:
            return self
        start_us, end_us = max(start_us, self.start_us), min(end_us, self.end_us)
        breaks = (
            PlannedBreak(max(start_us, one.start_us), min(end_us, one.end_us), one.name)
            for one in self.breaks
            if one.start_us < end_us and start_us < one.end_us
        )
        return replace(self, start_us=start_us, end_us=end_us, breaks=tuple(breaks))


class _Ranked(NamedTuple):
    rank: int
    shift: Shift


class PlannedShifts:
    """The shifts of one place by the date on which they start; records of other places are passed by."""

    def __init__(
        self,
        place: str,
        site: str,
        zone: ZoneInfo,
        patterns: Iterable[ShiftPattern],
        holidays: Iterable[Holiday],
        exceptions: Iterable[ShiftException],
    ) -> None:
        self._zone = zone
        versions: dict[str, dict[dt.date, ShiftPattern]] = {place: {}, site: {}}
        for pattern in patterns:
            if pattern.place in versions:
                versions[pattern.place][pattern.valid_from] = pattern
        # The place's own patterns, then the site's, each in order of date.
        self._versions = [sorted(v.items(), key=lambda item: item[0]) for v in versions.values()]
        self._holidays = {h.date for h in holidays if h.place in (place, site)}
        ranked: dict[dt.date, dict[tuple[int, str], ShiftException]] = defaultdict(dict)
        for one in exceptions:
            if one.place in (place, site):
                rank = _OWN if one.place == place else _SITE
                ranked[one.date][rank, one.shift] = one
        self._exceptions = dict(ranked)
        self._uncut = lru_cache(DATES_KEPT)(self._planned)
        self.on = lru_cache(DATES_KEPT)(self._settled)

    @property
    def first_date(self) -> dt.date | None:
        """From this date on a pattern holds; None where there is none."""
        return min((versions[0][0] for versions in self._versions if versions), default=None)

    def _pattern(self, date: dt.date) -> ShiftPattern | None:
        for versions in self._versions:
            index = bisect_right(versions, date, key=lambda item: item[0])
            if index:
                return versions[index - 1][1]
        return None

    def _planned(self, date: dt.date) -> tuple[_Ranked, ...]:
        """The shifts that start on a date, as if there were no others."""
        pattern = self._pattern(date)
        weekly = pattern.shifts if pattern else ()
        names = {shift.id: shift.name for shift in weekly}
        planned: dict[str, tuple[int, ShiftTimes]] = {}
        if date not in self._holidays:
            day = WEEK[date.weekday()]
            planned = {s.id: (_PATTERN, s.times) for s in weekly if day in s.days}
        exceptions = self._exceptions.get(date, {})
        for rank in (_SITE, _OWN):
            for (of_rank, id), one in exceptions.items():
                if of_rank != rank:
                    continue
                if one.times is None:
                    planned.pop(id, None)
                elif one.kind == "extra" or id in names or id in planned:
                    planned[id] = (rank, one.times)
        shifts = (
            _Ranked(rank, self._shift(id, names.get(id, id), date, times))
            for id, (rank, times) in planned.items()
        )
        return tuple(sorted((s for s in shifts if s.shift.start_us < s.shift.end_us), key=_order))

    def _shift(self, id: str, name: str, date: dt.date, times: ShiftTimes) -> Shift:
        """The shift in UTC.

        A break begins at its local time and lasts its minutes; where the clock skips an hour
        and moves it into another, it follows that one.
        """
        midnight = dt.datetime.combine(date, dt.time())
        start = midnight + dt.timedelta(minutes=minute_of(times.start))
        end_us = instant_us(start + dt.timedelta(minutes=times.length_min), self._zone)
        start_us = at_us = instant_us(start, self._zone)
        breaks = []
        for one in sorted(times.breaks, key=times.offset_min):
            due = start + dt.timedelta(minutes=times.offset_min(one))
            from_us = max(at_us, instant_us(due, self._zone))
            at_us = min(from_us + one.minutes * _MINUTE_US, end_us)
            if from_us < at_us:
                breaks.append(PlannedBreak(from_us, at_us, one.name))
        return Shift(id, name, date, start_us, end_us, tuple(breaks))

    def _settled(self, date: dt.date) -> tuple[Shift, ...]:
        """The shifts that start on a date, cut where they overlap."""
        mine = self._uncut(date)
        if not mine:
            return ()
        near = sorted((*self._uncut(date - _DAY), *mine, *self._uncut(date + _DAY)), key=_order)
        if all(one.shift.end_us <= other.shift.start_us for one, other in pairwise(near)):
            return tuple(ranked.shift for ranked in mine)
        # A shift overlaps those of the day before and after only. Each rank is cut by those above
        # it and by the day before: over three ranks that reaches five days back and two on.
        reach = [self._uncut(date + days * _DAY) for days in range(-5, 3)]
        return tuple(
            shift
            for shift in settled([ranked for day in reach for ranked in day])
            if shift.date == date
        )


def _order(ranked: _Ranked) -> tuple[int, dt.date, str]:
    return ranked.shift.start_us, ranked.shift.date, ranked.shift.id


def settled(planned: Iterable[tuple[int, Shift]]) -> list[Shift]:
    """Shifts with their rank, 0 first, cut until none overlap; in order of time."""
    by_rank: dict[int, list[Shift]] = defaultdict(list)
    for rank, shift in planned:
        by_rank[rank].append(shift)
    kept: list[Shift] = []
    for rank in sorted(by_rank):
        left = [_beside(shift, kept) for shift in by_rank[rank]]
        left.sort(key=lambda shift: (shift.start_us, shift.date, shift.id))
        reached_us = left[0].start_us
        for shift in left:
            reached_us = max(reached_us, shift.start_us)
            if reached_us < shift.end_us:
                kept.append(shift.cut(reached_us, shift.end_us))
                reached_us = shift.end_us
        kept.sort(key=lambda shift: shift.start_us)
    return kept


def _beside(shift: Shift, winners: list[Shift]) -> Shift:
    """What is left of a shift beside the winners, which are in order of time."""
    start_us, end_us = shift.start_us, shift.end_us
    for winner in winners:
        if winner.start_us <= start_us < winner.end_us:
            start_us = winner.end_us
        elif start_us < winner.start_us < end_us:
            end_us = winner.start_us
    return shift.cut(start_us, max(start_us, end_us))
