"""Shift plans for tests, written short: Berlin time in, UTC out."""

import datetime as dt

from mes.calendar import Calendar
from mes.shifts import WEEK, Holiday, ShiftException, ShiftPattern

H, MIN = 3_600_000_000, 60_000_000
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def us(utc: str) -> int:
    """Of "2025-03-30 04:00", in UTC."""
    at = dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    return (at - EPOCH) // dt.timedelta(microseconds=1)


def shift(id: str, start: str, end: str, days: str = " ".join(WEEK), **breaks: str) -> dict:
    """The body of a shift; breaks as lunch="10:00 30"."""
    return {
        "id": id,
        "name": id.title(),
        "days": days.split(),
        "start": start,
        "end": end,
        "breaks": [
            {"name": name, "start": at.split()[0], "minutes": int(at.split()[1])}
            for name, at in breaks.items()
        ],
    }


def pattern(*shifts: dict, place: str = "site", valid_from: str = "2020-01-01") -> ShiftPattern:
    return ShiftPattern.from_plain(
        {"place": place, "valid_from": valid_from, "shifts": list(shifts)}
    )


def holiday(date: str, place: str = "site") -> Holiday:
    return Holiday.from_plain({"place": place, "date": date, "name": "Holiday"})


def exception(date: str, shift: str, kind: str, times: str = "", place: str = "site") -> object:
    """Times as "06:00 10:00"."""
    start_end = dict(zip(("start", "end"), times.split(), strict=False))
    body = {"place": place, "date": date, "shift": shift, "kind": kind, **start_end}
    return ShiftException.from_plain(body)


def calendar(*records: object, place: str = "press", zone: str = "Europe/Berlin") -> Calendar:
    return Calendar(
        place,
        "site",
        zone,
        patterns=[r for r in records if isinstance(r, ShiftPattern)],
        holidays=[r for r in records if isinstance(r, Holiday)],
        exceptions=[r for r in records if isinstance(r, ShiftException)],
    )


def found(one: Calendar, start: str, end: str) -> list[tuple[str, str, str]]:
    """Shifts as (id, start, end), both in UTC."""

    def text(at: int) -> str:
        return f"{EPOCH + dt.timedelta(microseconds=at):%m-%d %H:%M}"

    return [(s.id, text(s.start_us), text(s.end_us)) for s in one.shifts(us(start), us(end))]


EARLY, LATE = shift("early", "06:00", "14:00"), shift("late", "14:00", "22:00")
NIGHT = shift("night", "22:00", "06:00")
THREE = pattern(EARLY, LATE, NIGHT)
