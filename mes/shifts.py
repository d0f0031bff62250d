"""What people plan for a place: the shifts of a week, holidays, and exceptions to both.

A place is an area or the site; an area without a pattern of its own follows the site's. Times
are local, of the site's zone: "22:00" to "06:00" is over midnight, "06:00" to "06:00" is 24 h.
What becomes of it on a given date, in UTC: mes.planned_shifts.

Each kind of record has `from_plain`, which reads a JSON body and raises ValueError that says
what was found and what is expected, and `to_plain`, which gives that body.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self, get_args

from mes import plain_body as read

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Kind = Literal["cancelled", "changed", "extra"]
KINDS: tuple[str, ...] = get_args(Kind)
SHIFTS_MAX, BREAKS_MAX = 12, 20  # of one pattern, of one shift
DAY_MIN = 24 * 60


def minute_of(time: dt.time) -> int:
    """Minutes since 00:00."""
    return time.hour * 60 + time.minute


def _hhmm(time: dt.time) -> str:
    return time.strftime("%H:%M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Planned down time inside of a shift: so many minutes from a local time on."""

    name: str
    start: dt.time
    minutes: int

    @classmethod
    def from_plain(cls, body: object) -> Self:
        found = read.members(body, ("name", "start", "minutes"))
        return cls(
            name=read.name(found["name"], "name"),
            start=read.time_of_day(found["start"], "start"),
            minutes=read.whole(found["minutes"], "minutes", 1, DAY_MIN),
        )

    def to_plain(self) -> dict[str, Any]:
        return {"name": self.name, "start": _hhmm(self.start), "minutes": self.minutes}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTimes:
    """From when to when a shift goes, and its breaks, in any order.

    Raises ValueError for a break outside of the shift and for two that overlap.
    """

    start: dt.time
    end: dt.time
    breaks: tuple[Break, ...] = ()

    def __post_init__(self) -> None:
        breaks = sorted(self.breaks, key=self.offset_min)
        for one in breaks:
            if self.offset_min(one) + one.minutes > self.length_min:
                raise ValueError(
                    f"breaks: found {one.name!r} at {_hhmm(one.start)} for {one.minutes} min; "
                    f"expected it inside of {_hhmm(self.start)} to {_hhmm(self.end)}"
                )
        for one, other in pairwise(breaks):
            if self.offset_min(other) < self.offset_min(one) + one.minutes:
                raise ValueError(
                    f"breaks: found {other.name!r} at {_hhmm(other.start)} while {one.name!r} "
                    "lasts; expected breaks that do not overlap"
                )

    @property
    def length_min(self) -> int:
        """Minutes on a day of 24 hours."""
        return (minute_of(self.end) - minute_of(self.start)) % DAY_MIN or DAY_MIN

    def offset_min(self, one: Break) -> int:
        """Minutes from the start of the shift to that of a break, on a day of 24 hours."""
        return (minute_of(one.start) - minute_of(self.start)) % DAY_MIN

    @classmethod
    def of(cls, body: Any) -> Self:
        """The times among the members of a body that has `start` and `end`."""
        return cls(
            start=read.time_of_day(body["start"], "start"),
            end=read.time_of_day(body["end"], "end"),
            breaks=read.items(body.get("breaks", ()), "breaks", BREAKS_MAX, Break.from_plain),
        )

    def to_plain(self) -> dict[str, Any]:
        breaks = [one.to_plain() for one in self.breaks]
        return {"start": _hhmm(self.start), "end": _hhmm(self.end), "breaks": breaks}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyShift:
    """One shift of a pattern. `days`: those on which it starts."""

    id: str
    name: str
    days: tuple[str, ...]
    times: ShiftTimes

    @classmethod
    def from_plain(cls, body: object) -> Self:
        found = read.members(body, ("id", "name", "days", "start", "end"), ("breaks",))
        days = read.items(
            found["days"], "days", len(WEEK), lambda day: read.choice(day, "day", WEEK)
        )
        if not days or len(set(days)) < len(days):
            raise read.fault("days", list(days), "at least one day of the week, each once")
        return cls(
            id=read.id_(found["id"], "id"),
            name=read.name(found["name"], "name"),
            days=days,
            times=ShiftTimes.of(found),
        )

    def to_plain(self) -> dict[str, Any]:
        head = {"id": self.id, "name": self.name, "days": list(self.days)}
        return head | self.times.to_plain()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPattern:
    """The shifts of a place, week by week, from a local date on until its next pattern's date.

    No shifts at all is a plan too: nothing is planned. Raises ValueError for an id that stands
    twice and for shifts that overlap on some day, over midnight and the end of the week too.
    """

    place: str
    valid_from: dt.date
    shifts: tuple[WeeklyShift, ...] = ()

    def __post_init__(self) -> None:
        ids = [shift.id for shift in self.shifts]
        for id in ids:
            if ids.count(id) > 1:
                raise ValueError(f"shifts: found the id {id!r} twice; expected each once")
        runs = []
        for shift in self.shifts:
            for day in map(WEEK.index, shift.days):
                start = day * DAY_MIN + minute_of(shift.times.start)
                runs.append((start, start + shift.times.length_min, shift.id))
        runs.sort()
        week_on = [(start + 7 * DAY_MIN, end + 7 * DAY_MIN, id) for start, end, id in runs[:1]]
        for (_, end, one), (start, _, other) in pairwise(runs + week_on):
            if start < end:
                raise ValueError(
                    f"shifts: found {other!r} to start on {WEEK[start // DAY_MIN % 7]} while "
                    f"{one!r} lasts; expected shifts that do not overlap"
                )

    @classmethod
    def from_plain(cls, body: object) -> Self:
        found = read.members(body, ("place", "valid_from", "shifts"))
        return cls(
            place=read.id_(found["place"], "place"),
            valid_from=read.date(found["valid_from"], "valid_from"),
            shifts=read.items(found["shifts"], "shifts", SHIFTS_MAX, WeeklyShift.from_plain),
        )

    def to_plain(self) -> dict[str, Any]:
        shifts = [shift.to_plain() for shift in self.shifts]
        return {
            "place": self.place,
            "valid_from": self.valid_from.isoformat(),
            "shifts": shifts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A local date on which no shift starts; the site's hold for every area."""

    place: str
    date: dt.date
    name: str

    @classmethod
    def from_plain(cls, body: object) -> Self:
        found = read.members(body, ("place", "date", "name"))
        return cls(
            place=read.id_(found["place"], "place"),
            date=read.date(found["date"], "date"),
            name=read.name(found["name"], "name"),
        )

    def to_plain(self) -> dict[str, Any]:
        return {"place": self.place, "date": self.date.isoformat(), "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftException:
    """What is otherwise with one shift that starts on one local date.

    "cancelled" has no times. "changed" gives a shift of the pattern other times, on a holiday
    or another weekday too; "extra" adds a shift, which the pattern need not have.
    """

    place: str
    date: dt.date
    shift: str
    kind: Kind
    times: ShiftTimes | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if (self.times is None) != (self.kind == "cancelled"):
            raise ValueError(
                f"times is {self.times}; expected none if cancelled, and some otherwise"
            )

    @classmethod
    def from_plain(cls, body: object) -> Self:
        head = ("place", "date", "shift", "kind")
        found = read.members(body, head, ("start", "end", "breaks", "note"))
        kind: Any = read.choice(found["kind"], "kind", KINDS)
        if kind == "cancelled":
            found = read.members(body, head, ("note",))
        else:
            found = read.members(body, (*head, "start", "end"), ("breaks", "note"))
        return cls(
            place=read.id_(found["place"], "place"),
            date=read.date(found["date"], "date"),
            shift=read.id_(found["shift"], "shift"),
            kind=kind,
            times=None if kind == "cancelled" else ShiftTimes.of(found),
            note=read.note(found.get("note", ""), "note"),
        )

    def to_plain(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "date": self.date.isoformat(),
            "shift": self.shift,
            "kind": self.kind,
            **(self.times.to_plain() if self.times else {}),
            "note": self.note,
        }
