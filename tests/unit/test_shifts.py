"""The records of the shift calendar: what is refused, and in which words."""

from typing import Any

import pytest

from mes.shifts import Holiday, ShiftException, ShiftPattern


def early(**other: Any) -> dict[str, Any]:
    return {
        "id": "early",
        "name": "Early",
        "days": ["mon"],
        "start": "06:00",
        "end": "14:00",
    } | other


def pattern(*shifts: Any, **other: Any) -> dict[str, Any]:
    return {"place": "press", "valid_from": "2025-01-01", "shifts": list(shifts)} | other


def pause(start: str, minutes: Any, name: str = "Lunch") -> dict[str, Any]:
    return {"name": name, "start": start, "minutes": minutes}


HOLIDAY = {"place": "press", "date": "2025-05-01", "name": "Labour Day"}
EXTRA = {
    "place": "press",
    "date": "2025-05-01",
    "shift": "early",
    "kind": "extra",
    "start": "06:00",
    "end": "10:00",
}
CANCELLED = {"place": "press", "date": "2025-05-01", "shift": "early", "kind": "cancelled"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "found None; expected an object with place, valid_from, shifts"),
        (pattern(colour="red"), "found the unknown member 'colour'; known: place, valid_from"),
        ({"place": "press", "shifts": []}, "valid_from: found nothing"),
        (pattern(place="pr ess"), "place: found 'pr ess'; expected an id"),
        (pattern(valid_from="2025-02-29"), "valid_from: found '2025-02-29'; expected a date"),
        (pattern(valid_from="20250201"), "valid_from: found '20250201'; expected a date"),
        (pattern(valid_from="1969-12-31"), "expected a date from 1970-01-01 to 2199-12-31"),
        (pattern(shifts="early"), "shifts: found 'early'; expected a list"),
        (pattern(*[early()] * 13), "shifts: found 13 items; expected at most 12"),
        (pattern(7), r"shifts\[0\]: found 7; expected an object with id"),
        (pattern(early(name="")), r"shifts\[0\].name: found ''; expected a text of one line"),
        (pattern(early(name="a\nb")), r"shifts\[0\].name: found 'a\\nb'"),
        (pattern(early(days=[])), r"shifts\[0\].days: found \[\]; expected at least one day"),
        (pattern(early(days=["mon", "mon"])), "expected at least one day of the week, each once"),
        (pattern(early(days=["Mon"])), r"shifts\[0\].days\[0\].day: found 'Mon'; expected one of"),
        (pattern(early(start="6:00")), r"shifts\[0\].start: found '6:00'; expected a time"),
        (pattern(early(end="24:00")), r"shifts\[0\].end: found '24:00'; expected a time"),
        (pattern(early(end=14)), r"shifts\[0\].end: found 14; expected a time"),
        (
            pattern(early(breaks=[pause("10:00", 0)])),
            r"breaks\[0\].minutes: found 0; expected a wh",
        ),
        (pattern(early(breaks=[pause("10:00", True)])), "minutes: found True; expected a whole"),
        (pattern(early(breaks=[pause("10:00", 30.5)])), "minutes: found 30.5; expected a whole"),
        (pattern(early(breaks=[pause("10:00", 1)] * 21)), "found 21 items; expected at most 20"),
        (
            pattern(early(breaks=[pause("13:45", 30)])),
            r"shifts\[0\].breaks: found 'Lunch' at 13:45 for 30 min; expected it inside of 06:00",
        ),
        (pattern(early(breaks=[pause("05:00", 30)])), "found 'Lunch' at 05:00 for 30 min"),
        (
            pattern(early(breaks=[pause("10:15", 15, "Tea"), pause("10:00", 30)])),
            "breaks: found 'Tea' at 10:15 while 'Lunch' lasts; expected breaks that do not overlap",
        ),
        (
            pattern(early(breaks=[pause("10:00", 15), pause("10:00", 15)])),
            "expected breaks that do not overlap",
        ),
        (pattern(early(), early(days=["tue"])), "shifts: found the id 'early' twice"),
        (
            pattern(early(), early(id="late", start="13:00", end="21:00")),
            "shifts: found 'late' to start on mon while 'early' lasts; expected shifts that do not",
        ),
        (  # over midnight
            pattern(early(days=["tue"]), early(id="night", start="22:00", end="06:01")),
            "found 'early' to start on tue while 'night' lasts",
        ),
        (  # over the end of the week
            pattern(early(), early(id="night", days=["sun"], start="22:00", end="06:01")),
            "found 'early' to start on mon while 'night' lasts",
        ),
    ],
)
def test_a_pattern_is_refused(body: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ShiftPattern.from_plain(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (EXTRA | {"kind": "moved"}, "kind: found 'moved'; expected one of cancelled, changed, ex"),
        (EXTRA | {"kind": "cancelled"}, "unknown member 'start'; known: place, date, shift, kind,"),
        (CANCELLED | {"kind": "changed"}, "start: found nothing; expected an object with place"),
        (EXTRA | {"note": "x" * 501}, "note: found 'xxx.*; expected at most 500 letters"),
        (EXTRA | {"note": None}, "note: found None; expected a text"),
        (EXTRA | {"breaks": [pause("11:00", 5)]}, "breaks: found 'Lunch' at 11:00"),
        (EXTRA | {"shift": ["early"]}, "shift: found .*; expected an id"),
    ],
)
def test_an_exception_is_refused(body: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ShiftException.from_plain(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (HOLIDAY | {"date": "2025-5-1"}, "date: found '2025-5-1'; expected a date"),
        (HOLIDAY | {"name": "x" * 81}, "name: found 'xxx.*; expected at most 80 letters"),
        ([], r"found \[\]; expected an object with place, date, name"),
    ],
)
def test_a_holiday_is_refused(body: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Holiday.from_plain(body)


def test_shifts_that_meet_and_a_shift_of_24_hours_every_day_do_not_overlap() -> None:
    week = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    round_the_clock = pattern(early(days=week, end="06:00", breaks=[pause("06:00", 1440)]))
    assert ShiftPattern.from_plain(round_the_clock).to_plain() == round_the_clock
    night = early(id="night", days=week, start="22:00", end="06:00")
    ShiftPattern.from_plain(pattern(early(days=week), night))


def test_what_may_be_left_out_is_given_back_as_nothing() -> None:
    assert ShiftException.from_plain(CANCELLED).to_plain() == CANCELLED | {"note": ""}
    assert ShiftException.from_plain(EXTRA).to_plain() == EXTRA | {"breaks": [], "note": ""}
    body = ShiftPattern.from_plain(pattern(early())).to_plain()
    assert body == pattern(early(breaks=[]))
