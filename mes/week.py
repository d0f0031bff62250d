"""A week of a calendar as it is drawn: seven days, each cut into the parts of shifts that lie in it.

A day is from midnight to midnight on the site's wall, and as long as it really is: 23 h or 25 h where
the clock changes. Instants named `_us` are microseconds since the epoch, UTC.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from mes.calendar import Calendar
from mes.planned_shifts import PlannedBreak, Shift
from mes.shifts import Holiday, ShiftException
from mes.site_time import instant_us

DAYS = 7
DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
_DAY, _EPOCH = dt.timedelta(days=1), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of a shift lies in one day.

    exception: what makes it other than the pattern; cancelled: it would have been, and is not;
    clock_us: by how much it is longer than the site's clock says, or shorter.
    """

    shift: Shift
    start_us: int
    end_us: int
    breaks: tuple[PlannedBreak, ...]
    exception: ShiftException | None
    cancelled: bool
    clock_us: int

    @property
    def begins(self) -> bool:
        """Whether the shift starts in it; else it goes on from the day before."""
        return self.start_us == self.shift.start_us

    @property
    def ends(self) -> bool:
        return self.end_us == self.shift.end_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One date. busy_us: planned busy time; clock_us: longer than 24 h by so much, or shorter."""

    date: dt.date
    start_us: int
    end_us: int
    busy_us: int
    parts: tuple[Part, ...]
    holiday: Holiday | None
    exceptions: tuple[
        ShiftException, ...
    ]  # of shifts that start on it, the place's own and the site's
    known: bool  # whether a pattern holds

    @property
    def clock_us(self) -> int:
        return self.end_us - self.start_us - DAY_US


def monday_of(date: dt.date) -> dt.date:
    return date - date.weekday() * _DAY


def week(
    calendar: Calendar,
    as_patterned: Calendar,
    monday: dt.date,
    *,
    holidays: Iterable[Holiday] = (),
    exceptions: Iterable[ShiftException] = (),
) -> tuple[Day, ...]:
    """The seven days from `monday` on.

    as_patterned: the same place without its exceptions, to show what was cancelled; holidays,
    exceptions: those of the place, after those of its site.
    """
    named = {holiday.date: holiday for holiday in holidays}
    others = {(one.date, one.shift): one for one in exceptions}
    out = []
    for n in range(DAYS):
        date = monday + n * _DAY
        start_us, end_us = midnight_us(date, calendar.zone), midnight_us(date + _DAY, calendar.zone)
        parts = sorted(
            (
                *_parts(calendar.shifts(start_us, end_us), start_us, end_us, others, calendar.zone),
                *_cancelled(calendar, as_patterned, start_us, end_us, others),
            ),
            key=lambda part: part.start_us,
        )
        out.append(
            Day(
                date=date,
                start_us=start_us,
                end_us=end_us,
                busy_us=calendar.planned_busy_us(start_us, end_us),
                parts=tuple(parts),
                holiday=named.get(date),
                exceptions=tuple(one for (day, _), one in others.items() if day == date),
                known=calendar.defined_at(start_us),
            )
        )
    return tuple(out)


def midnight_us(date: dt.date, zone: ZoneInfo) -> int:
    """The first instant of a date on the site's wall."""
    return instant_us(dt.datetime.combine(date, dt.time()), zone)


def wall_time(us: int, zone: ZoneInfo) -> dt.datetime:
    """What the site's wall shows at an instant, without its zone."""
    return (_EPOCH + dt.timedelta(microseconds=us)).astimezone(zone).replace(tzinfo=None)


def clock_change_us(start_us: int, end_us: int, zone: ZoneInfo) -> int:
    """By how much more time passes between two instants than the site's clock shows."""
    shown = wall_time(end_us, zone) - wall_time(start_us, zone)
    return (end_us - start_us) - shown // dt.timedelta(microseconds=1)


def hours_of(day: Day, zone: ZoneInfo) -> Iterator[tuple[int, str]]:
    """Each full hour of the day as (instant, what the clock shows then)."""
    for us in range(day.start_us, day.end_us, HOUR_US):
        yield us, f"{wall_time(us, zone):%H:%M}"


Others = dict[tuple[dt.date, str], ShiftException]


def _parts(
    shifts: Iterable[Shift], start_us: int, end_us: int, others: Others, zone: ZoneInfo
) -> Iterator[Part]:
    for whole in shifts:
        mine = whole.cut(start_us, end_us)
        yield Part(
            shift=whole,
            start_us=mine.start_us,
            end_us=mine.end_us,
            breaks=mine.breaks,
            exception=others.get((whole.date, whole.id)),
            cancelled=False,
            clock_us=clock_change_us(mine.start_us, mine.end_us, zone),
        )


def _cancelled(
    calendar: Calendar, as_patterned: Calendar, start_us: int, end_us: int, others: Others
) -> Iterator[Part]:
    """The shifts of the pattern that an exception takes away, as far as they would lie in the day."""
    there = {(shift.date, shift.id) for shift in calendar.shifts(start_us, end_us)}
    gone = (
        shift
        for shift in as_patterned.shifts(start_us, end_us)
        if (one := others.get((shift.date, shift.id))) is not None
        and one.kind == "cancelled"
        and (shift.date, shift.id) not in there
    )
    for shift in gone:
        for part in _parts((shift,), start_us, end_us, others, calendar.zone):
            yield Part(
                shift=shift,
                start_us=part.start_us,
                end_us=part.end_us,
                breaks=(),
                exception=part.exception,
                cancelled=True,
                clock_us=part.clock_us,
            )
