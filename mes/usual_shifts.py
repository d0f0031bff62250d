"""Patterns that many plants work by: rows of PATTERNS, to begin a calendar with."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from mes.shifts import WEEK, Break, ShiftPattern, ShiftTimes, WeeklyShift

_WORKDAYS = WEEK[:5]


@dataclass(frozen=True, slots=True)
class Usual:
    """One pattern: its name, what it is in words, its shifts."""

    key: str
    name: str
    words: str
    shifts: tuple[WeeklyShift, ...]

    def at(self, place: str, valid_from: dt.date) -> ShiftPattern:
        return ShiftPattern(place=place, valid_from=valid_from, shifts=self.shifts)


def _shift(
    name: str, start: str, end: str, pause: str, days: tuple[str, ...] = _WORKDAYS
) -> WeeklyShift:
    """A shift with a break of 30 minutes that begins at `pause`."""
    rest = Break(name="Break", start=dt.time.fromisoformat(pause), minutes=30)
    times = ShiftTimes(
        start=dt.time.fromisoformat(start), end=dt.time.fromisoformat(end), breaks=(rest,)
    )
    return WeeklyShift(id=name.lower(), name=name, days=days, times=times)


def _three(days: tuple[str, ...]) -> tuple[WeeklyShift, ...]:
    return (
        _shift("Early", "06:00", "14:00", "10:00", days),
        _shift("Late", "14:00", "22:00", "18:00", days),
        _shift("Night", "22:00", "06:00", "02:00", days),
    )


PATTERNS: Mapping[str, Usual] = {
    p.key: p
    for p in (
        Usual("three", "Three shifts", "06-14-22, Monday to Friday", _three(_WORKDAYS)),
        Usual(
            "two",
            "Two shifts",
            "06-14-22 without the night, Monday to Friday",
            _three(_WORKDAYS)[:2],
        ),
        Usual(
            "day",
            "Day shift",
            "07:00 to 15:30, Monday to Friday",
            (_shift("Day", "07:00", "15:30", "12:00"),),
        ),
        Usual("always", "Around the clock", "06-14-22, every day of the week", _three(WEEK)),
    )
}
