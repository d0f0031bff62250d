"""Which plan holds on a date: holidays, exceptions, versions of a pattern, and what is cut."""

import datetime as dt

import pytest

from mes.calendar import PlannedBreak, Shift, Span
from tests.shift_plans import (
    EARLY,
    MIN,
    THREE,
    H,
    calendar,
    exception,
    found,
    holiday,
    pattern,
    shift,
    us,
)


def test_on_a_holiday_no_shift_starts_and_the_night_shift_of_the_eve_runs_to_its_end() -> None:
    one = calendar(THREE, holiday("2025-05-01"))
    assert found(one, "2025-04-30 22:00", "2025-05-02 05:00") == [
        ("night", "04-30 20:00", "05-01 04:00"),
        ("early", "05-02 04:00", "05-02 12:00"),
    ]
    assert one.planned(us("2025-05-01 03:00"), us("2025-05-02 05:00")) == (
        Span(us("2025-05-01 03:00"), us("2025-05-01 04:00"), "busy", "night", dt.date(2025, 4, 30)),
        Span(us("2025-05-01 04:00"), us("2025-05-02 04:00"), "no_shift"),
        Span(us("2025-05-02 04:00"), us("2025-05-02 05:00"), "busy", "early", dt.date(2025, 5, 2)),
    )


def test_a_holiday_of_the_site_holds_for_an_area_with_its_own_pattern_and_not_the_reverse() -> None:
    own = pattern(EARLY, place="press")
    day = "2025-07-01 00:00", "2025-07-01 20:00"
    assert found(calendar(own, holiday("2025-07-01")), *day) == []
    assert found(calendar(own, holiday("2025-07-01", "press")), *day) == []
    assert len(found(calendar(THREE, holiday("2025-07-01", "press"), place="site"), *day)) == 3
    assert len(found(calendar(THREE, holiday("2025-07-01", "paint")), *day)) == 3


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([exception("2025-07-01", "early", "cancelled")], []),
        (
            [exception("2025-07-01", "early", "changed", "05:00 12:00")],
            [("early", "07-01 03:00", "07-01 10:00")],
        ),
        (
            [holiday("2025-07-01"), exception("2025-07-01", "early", "changed", "08:00 12:00")],
            [("early", "07-01 06:00", "07-01 10:00")],
        ),
        (
            [holiday("2025-07-01"), exception("2025-07-01", "clean", "extra", "08:00 12:00")],
            [("clean", "07-01 06:00", "07-01 10:00")],
        ),
        (
            [exception("2025-07-01", "clean", "changed", "16:00 18:00")],  # not in the pattern
            [("early", "07-01 04:00", "07-01 12:00")],
        ),
        (
            [exception("2025-07-01", "early", "extra", "16:00 18:00")],  # of the same id
            [("early", "07-01 14:00", "07-01 16:00")],
        ),
        (
            [
                exception("2025-07-01", "early", "changed", "05:00 12:00", "press"),
                exception("2025-07-01", "early", "cancelled"),
            ],
            [("early", "07-01 03:00", "07-01 10:00")],
        ),
        (
            [
                exception("2025-07-01", "clean", "cancelled", place="press"),
                exception("2025-07-01", "clean", "extra", "16:00 18:00"),
            ],
            [("early", "07-01 04:00", "07-01 12:00")],
        ),
        (
            [exception("2025-07-01", "early", "cancelled", place="paint")],  # another area's
            [("early", "07-01 04:00", "07-01 12:00")],
        ),
        (
            [
                exception("2025-07-01", "early", "cancelled"),
                exception("2025-07-01", "early", "changed", "07:00 12:00"),  # replaces it
            ],
            [("early", "07-01 05:00", "07-01 10:00")],
        ),
    ],
)
def test_an_exception_wins_and_the_areas_over_the_sites(
    records: list[object], expected: list[tuple[str, str, str]]
) -> None:
    one = calendar(pattern(EARLY), *records)
    assert found(one, "2025-07-01 00:00", "2025-07-01 22:00") == expected


def test_an_extra_shift_has_the_patterns_name_where_it_has_one() -> None:
    one = calendar(
        pattern(shift("early", "06:00", "14:00", "mon")),
        exception("2025-07-05", "early", "extra", "06:00 10:00"),
        exception("2025-07-05", "stocktaking", "extra", "10:00 12:00"),
    )
    names = [s.name for s in one.shifts(us("2025-07-05 00:00"), us("2025-07-05 20:00"))]
    assert names == ["Early", "stocktaking"]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (  # longer into the late shift, which starts later
            [exception("2025-07-01", "early", "changed", "06:00 16:00")],
            [
                ("early", "07-01 04:00", "07-01 14:00"),
                ("late", "07-01 14:00", "07-01 20:00"),
                ("night", "07-01 20:00", "07-02 04:00"),
            ],
        ),
        (  # earlier into the early shift, which ends earlier
            [exception("2025-07-01", "late", "changed", "12:00 22:00")],
            [
                ("early", "07-01 04:00", "07-01 10:00"),
                ("late", "07-01 10:00", "07-01 20:00"),
                ("night", "07-01 20:00", "07-02 04:00"),
            ],
        ),
        (  # in the midst of the early shift, which keeps its first part
            [exception("2025-07-01", "drill", "extra", "09:00 10:00")],
            [
                ("early", "07-01 04:00", "07-01 07:00"),
                ("drill", "07-01 07:00", "07-01 08:00"),
                ("late", "07-01 12:00", "07-01 20:00"),
                ("night", "07-01 20:00", "07-02 04:00"),
            ],
        ),
        (  # over the whole late shift, which is none then, and into the night
            [exception("2025-07-01", "long", "extra", "13:00 23:00")],
            [
                ("early", "07-01 04:00", "07-01 11:00"),
                ("long", "07-01 11:00", "07-01 21:00"),
                ("night", "07-01 21:00", "07-02 04:00"),
            ],
        ),
        (  # the area's exception cuts the site's; of two equals the first runs to its end
            [
                exception("2025-07-01", "x", "extra", "06:00 15:00"),
                exception("2025-07-01", "y", "extra", "14:00 22:00", "press"),
                exception("2025-07-01", "z", "extra", "21:00 23:00", "press"),
            ],
            [
                ("x", "07-01 04:00", "07-01 12:00"),
                ("y", "07-01 12:00", "07-01 20:00"),
                ("z", "07-01 20:00", "07-01 21:00"),
                ("night", "07-01 21:00", "07-02 04:00"),
            ],
        ),
    ],
)
def test_what_an_exception_overlaps_is_cut(
    records: list[object], expected: list[tuple[str, str, str]]
) -> None:
    assert found(calendar(THREE, *records), "2025-07-01 04:00", "2025-07-02 04:00") == expected


def test_an_exception_on_the_next_day_cuts_the_night_shift_and_its_breaks() -> None:
    night = shift("night", "22:00", "06:00", first="01:00 30", second="03:45 30", last="05:00 30")
    one = calendar(pattern(night), exception("2025-07-02", "clean", "extra", "04:00 07:00"))
    assert one.shift_at(us("2025-07-01 22:00")) == Shift(
        "night",
        "Night",
        dt.date(2025, 7, 1),
        us("2025-07-01 20:00"),
        us("2025-07-02 02:00"),
        (
            PlannedBreak(us("2025-07-01 23:00"), us("2025-07-01 23:30"), "first"),
            PlannedBreak(us("2025-07-02 01:45"), us("2025-07-02 02:00"), "second"),
        ),
    )
    # 6 h less 45 min of breaks, and 3 h of the exception
    assert one.planned_busy_us(us("2025-07-01 12:00"), us("2025-07-02 12:00")) == 8 * H + 15 * MIN


def test_a_later_pattern_holds_from_its_date_on_and_leaves_the_night_before_alone() -> None:
    day = shift("day", "05:00", "13:00")
    one = calendar(pattern(day, valid_from="2025-07-02"), THREE)
    assert found(one, "2025-07-01 12:00", "2025-07-03 04:00") == [
        ("late", "07-01 12:00", "07-01 20:00"),
        ("night", "07-01 20:00", "07-02 04:00"),
        ("day", "07-02 04:00", "07-02 11:00"),  # an hour later than it is planned
        ("day", "07-03 03:00", "07-03 11:00"),
    ]
    before = calendar(THREE)
    until = us("2025-07-02 04:00")
    assert one.planned(us("2025-06-01 00:00"), until) == before.planned(
        us("2025-06-01 00:00"), until
    )


def test_an_area_follows_the_site_until_it_has_a_pattern_of_its_own() -> None:
    own = pattern(shift("own", "08:00", "16:00"), place="press", valid_from="2025-07-02")
    one = calendar(pattern(EARLY), own, pattern(place="paint"))
    assert found(one, "2025-07-01 00:00", "2025-07-03 00:00") == [
        ("early", "07-01 04:00", "07-01 12:00"),
        ("own", "07-02 06:00", "07-02 14:00"),
    ]
    idle = calendar(pattern(EARLY), pattern(place="press"))
    assert idle.defined
    assert found(idle, "2025-07-01 00:00", "2025-07-03 00:00") == []
