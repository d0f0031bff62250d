"""A week as it is drawn: days cut at midnight, true lengths on the nights the clock changes."""

import datetime as dt

import pytest

from mes.calendar import Calendar
from mes.shifts import ShiftException
from mes.usual_shifts import PATTERNS
from mes.week import clock_change_us, hours_of, monday_of, week
from tests.shift_plans import H, holiday, pattern, shift

NIGHT = pattern(shift("night", "22:00", "06:00"))
THREE = PATTERNS["always"].at("site", dt.date(2020, 1, 1))


def drawn(monday: str, *, plan=NIGHT, place="shop", holidays=(), exceptions=()):
    given = {"patterns": [plan], "holidays": holidays}
    found = Calendar(place, "site", "Europe/Berlin", **given, exceptions=exceptions)
    bare = Calendar(place, "site", "Europe/Berlin", **given)
    date = dt.date.fromisoformat(monday)
    return week(found, bare, date, holidays=holidays, exceptions=exceptions)


def exception(date, shift, kind, place="shop", note="", **times):
    body = {"place": place, "date": date, "shift": shift, "kind": kind, "note": note, **times}
    return ShiftException.from_plain(body)


def test_a_night_shift_is_two_parts_in_two_days():
    monday, tuesday = drawn("2026-11-23", plan=NIGHT)[:2]
    assert [(p.begins, p.ends, (p.end_us - p.start_us) // H) for p in tuesday.parts] == [
        (False, True, 6),
        (True, False, 2),
    ]
    assert monday.parts[-1].shift == tuesday.parts[0].shift
    assert monday.busy_us == tuesday.busy_us == 8 * H


@pytest.mark.parametrize(
    ("monday", "hours", "of_the_part", "change"),
    [("2026-03-23", 7, 5, -1), ("2026-10-19", 9, 7, 1), ("2026-11-16", 8, 6, 0)],
)
def test_nights_on_which_the_clock_changes_have_their_true_length(
    monday, hours, of_the_part, change
):
    *_, saturday, sunday = drawn(monday)
    part = sunday.parts[0]
    assert (part.shift.end_us - part.shift.start_us) // H == hours
    assert (part.end_us - part.start_us) // H == of_the_part
    assert part.clock_us == sunday.clock_us == change * H
    assert saturday.parts[-1].clock_us == saturday.clock_us == 0
    assert (sunday.end_us - sunday.start_us) // H == 24 + change
    assert sunday.busy_us == (8 + change) * H


def test_the_hours_of_a_day_are_those_of_the_wall():
    zone = Calendar("site", "site", "Europe/Berlin").zone
    back = [label for _, label in hours_of(drawn("2026-10-19")[6], zone)]
    assert len(back) == 25
    assert back[1:5] == ["01:00", "02:00", "02:00", "03:00"]
    forward = [label for _, label in hours_of(drawn("2026-03-23")[6], zone)]
    assert len(forward) == 23
    assert forward[1:3] == ["01:00", "03:00"]


@pytest.mark.parametrize("monday", ["2026-03-23", "2026-10-19", "2026-11-23"])
def test_the_days_of_a_week_make_up_its_planned_busy_time(monday):
    days = drawn(monday, plan=THREE)
    calendar = Calendar("shop", "site", "Europe/Berlin", patterns=[THREE])
    whole = calendar.planned_busy_us(days[0].start_us, days[-1].end_us)
    assert sum(day.busy_us for day in days) == whole
    parts = [part for day in days for part in day.parts]
    assert sum(p.end_us - p.start_us for p in parts) == days[-1].end_us - days[0].start_us


def test_exceptions_and_holidays_are_named():
    gone = exception("2026-11-24", "late", "cancelled", note="stocktaking")
    moved = exception("2026-11-25", "early", "changed", start="07:00", end="14:00")
    free = holiday("2026-11-26")
    days = drawn("2026-11-23", plan=THREE, holidays=[free], exceptions=[gone, moved])
    (late,) = [p for p in days[1].parts if p.shift.id == "late"]
    assert late.cancelled
    assert late.exception == gone
    assert days[1].exceptions == (gone,)
    (early,) = [p for p in days[2].parts if p.shift.id == "early"]
    assert (early.cancelled, early.exception) == (False, moved)
    assert days[3].holiday == free
    assert [p.begins for p in days[3].parts] == [False]


def test_the_places_own_exception_stands_before_that_of_the_site():
    site = exception("2026-11-24", "late", "cancelled", place="site")
    own = exception("2026-11-24", "late", "changed", start="15:00", end="22:00")
    (_, tuesday, *_) = drawn("2026-11-23", plan=THREE, exceptions=[site, own])
    (late,) = [p for p in tuesday.parts if p.shift.id == "late"]
    assert (late.cancelled, late.exception) == (False, own)


def test_no_pattern_yet_is_not_known():
    later = PATTERNS["day"].at("site", dt.date(2026, 11, 25))
    assert [d.known for d in drawn("2026-11-23", plan=later)] == [False, False, *[True] * 5]


def test_every_common_pattern_is_one():
    for common in PATTERNS.values():
        made = common.at("site", dt.date(2026, 1, 1))
        assert type(made).from_plain(made.to_plain()) == made


def test_a_week_begins_on_monday():
    assert monday_of(dt.date(2026, 11, 29)) == monday_of(dt.date(2026, 11, 23))
    assert clock_change_us(0, H, Calendar("a", "a", "Europe/Berlin").zone) == 0
