"""The shift calendar by example: nights on which the clock changes, edges, intervals that are cut."""

import datetime as dt

import pytest

from mes.calendar import PlannedBreak, Span, cut
from tests.shift_plans import (
    EARLY,
    EPOCH,
    MIN,
    NIGHT,
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


# Germany: on 2025-03-30 02:00 becomes 03:00, on 2025-10-26 03:00 becomes 02:00.
@pytest.mark.parametrize(
    ("start", "end", "night_h"),
    [
        ("2025-03-28 21:00", "2025-03-29 05:00", 8),
        ("2025-03-29 21:00", "2025-03-30 04:00", 7),
        ("2025-03-30 20:00", "2025-03-31 04:00", 8),
        ("2025-10-25 20:00", "2025-10-26 05:00", 9),
        ("2025-10-26 21:00", "2025-10-27 05:00", 8),
    ],
)
def test_a_night_shift_lasts_7_h_or_9_h_when_the_clock_changes(
    start: str, end: str, night_h: int
) -> None:
    one = calendar(THREE)
    night = one.shift_at(us(start))
    assert night is not None
    assert (night.id, night.start_us, night.end_us) == ("night", us(start), us(end))
    assert night.end_us - night.start_us == night_h * H
    assert one.planned_busy_us(us(start), us(end)) == night_h * H
    assert one.shift_at(us(end)).id == "early"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "end", "day_h", "busy_h"),
    [
        # From midnight to midnight, local; in each day three shifts with one break of half an hour.
        ("2025-03-29 23:00", "2025-03-30 22:00", 23, 21.5),
        ("2025-10-25 22:00", "2025-10-26 23:00", 25, 23.5),
        ("2025-10-26 23:00", "2025-10-27 23:00", 24, 22.5),
    ],
)
def test_the_totals_of_a_day_close_when_the_clock_changes(
    start: str, end: str, day_h: float, busy_h: float
) -> None:
    one = calendar(
        pattern(
            shift("early", "06:00", "14:00", lunch="10:00 30"),
            shift("late", "14:00", "22:00", supper="18:00 30"),
            shift("night", "22:00", "06:00", meal="02:15 30"),
        )
    )
    spans = one.planned(us(start), us(end))
    total = {k: sum(s.end_us - s.start_us for s in spans if s.kind == k) for k in ("busy", "break")}
    assert total == {"busy": busy_h * H, "break": 1.5 * H}
    assert sum(total.values()) == us(end) - us(start) == day_h * H
    assert one.planned_busy_us(us(start), us(end)) == busy_h * H


def test_a_break_in_the_hour_that_is_skipped_is_moved_to_its_end_and_the_next_follows() -> None:
    night = shift("night", "22:00", "06:00", tea="02:30 30", walk="03:15 15")
    spring = calendar(pattern(night)).shift_at(us("2025-03-30 00:00"))
    assert spring is not None
    assert spring.breaks == (  # 03:00 summer time is 01:00 UTC; the walk was due at 01:15
        PlannedBreak(us("2025-03-30 01:00"), us("2025-03-30 01:30"), "tea"),
        PlannedBreak(us("2025-03-30 01:30"), us("2025-03-30 01:45"), "walk"),
    )
    autumn = calendar(pattern(night)).shift_at(us("2025-10-26 00:00"))
    assert autumn is not None
    assert autumn.breaks == (  # the first 02:30 is 00:30 UTC; 03:15 comes once, at 02:15 UTC
        PlannedBreak(us("2025-10-26 00:30"), us("2025-10-26 01:00"), "tea"),
        PlannedBreak(us("2025-10-26 02:15"), us("2025-10-26 02:30"), "walk"),
    )


def test_shifts_that_meet_in_the_hour_that_comes_twice_meet_at_its_first_occurrence() -> None:
    one = calendar(pattern(shift("a", "18:30", "02:30"), shift("b", "02:30", "10:30")))
    assert found(one, "2025-10-25 20:00", "2025-10-26 09:00") == [
        ("a", "10-25 16:30", "10-26 00:30"),
        ("b", "10-26 00:30", "10-26 09:30"),
    ]
    assert found(one, "2025-03-29 20:00", "2025-03-30 08:00") == [
        ("a", "03-29 17:30", "03-30 01:00"),
        ("b", "03-30 01:00", "03-30 08:30"),
    ]


def test_a_shift_that_lies_in_the_hour_that_is_skipped_is_none() -> None:
    one = calendar(pattern(shift("short", "02:10", "02:50")))
    assert found(one, "2025-03-29 23:00", "2025-03-30 22:00") == []
    assert found(one, "2025-10-25 22:00", "2025-10-26 23:00") == [
        ("short", "10-26 00:10", "10-26 00:50")
    ]


@pytest.mark.parametrize(
    ("zone", "at", "night"),
    [
        # Lord Howe: 02:00 becomes 02:30 (+10:30 to +11), and 02:00 becomes 01:30.
        ("Australia/Lord_Howe", "2025-10-04 15:00", ("night", "10-04 11:30", "10-04 19:00")),
        ("Australia/Lord_Howe", "2025-04-05 15:00", ("night", "04-05 11:00", "04-05 19:30")),
        ("America/New_York", "2025-03-09 06:00", ("night", "03-09 03:00", "03-09 10:00")),
        ("America/New_York", "2025-11-02 06:00", ("night", "11-02 02:00", "11-02 11:00")),
        ("Asia/Kolkata", "2025-03-29 20:00", ("night", "03-29 16:30", "03-30 00:30")),
        # Samoa has no 2011-12-30: midnight after the 29th (-10) begins the 31st (+14).
        ("Pacific/Apia", "2011-12-30 09:00", ("night", "12-30 08:00", "12-30 10:00")),
        ("Pacific/Apia", "2011-12-30 10:00", ("night", "12-30 10:00", "12-30 16:00")),
    ],
)
def test_a_night_shift_from_22_to_6_in_other_zones(
    zone: str, at: str, night: tuple[str, str, str]
) -> None:
    one = calendar(pattern(NIGHT, valid_from="2011-01-01"), zone=zone)
    assert found(one, at, at.replace(":00", ":01")) == [night]
    assert one.shift_at(us(at)) is not None


def test_a_night_shift_of_friday_runs_into_the_week_end_and_that_of_sunday_into_monday() -> None:
    one = calendar(pattern(shift("night", "22:00", "06:00", "mon tue wed thu fri sun")))
    assert found(one, "2025-01-10 12:00", "2025-01-13 12:00") == [  # Friday to Monday
        ("night", "01-10 21:00", "01-11 05:00"),
        ("night", "01-12 21:00", "01-13 05:00"),
    ]
    friday = one.shift_at(us("2025-01-11 04:59"))
    assert friday is not None
    assert friday.date == dt.date(2025, 1, 10)
    assert one.shift_at(us("2025-01-11 05:00")) is None
    assert one.next_edge_us(us("2025-01-11 05:00")) == us("2025-01-12 21:00")


def test_no_calendar_is_not_no_shift() -> None:
    day = us("2025-07-01 00:00"), us("2025-07-02 00:00")
    none = calendar(holiday("2025-07-01"), pattern(EARLY, place="paint"))
    assert not none.defined
    assert none.planned(*day) == (Span(*day, "no_calendar"),)
    assert (none.shift_at(day[0]), none.next_edge_us(day[0])) == (None, None)
    assert none.planned_busy_us(*day) == 0
    empty = calendar(pattern())
    assert empty.defined
    assert empty.planned(*day) == (Span(*day, "no_shift"),)
    later = calendar(pattern(EARLY, valid_from="2025-07-01"))
    midnight = us("2025-06-30 22:00")
    assert [later.defined_at(midnight + n) for n in (-1, 0)] == [False, True]
    assert later.next_edge_us(us("2025-06-30 00:00")) == midnight
    assert [s.kind for s in later.planned(us("2025-06-30 00:00"), us("2025-07-01 05:00"))] == [
        "no_calendar",
        "no_shift",
        "busy",
    ]


def test_edges_are_the_starts_and_ends_of_shifts_and_breaks() -> None:
    one = calendar(pattern(shift("early", "06:00", "14:00", "mon", lunch="10:00 30")))
    edges, at = [], us("2025-07-06 00:00")  # Sunday
    for _ in range(5):
        at = one.next_edge_us(at) or 0
        edges.append(f"{EPOCH + dt.timedelta(microseconds=at):%m-%d %H:%M}")
    assert edges == ["07-07 04:00", "07-07 08:00", "07-07 08:30", "07-07 12:00", "07-14 04:00"]


def test_the_next_edge_is_looked_for_400_days_ahead() -> None:
    extra = exception("2026-07-01", "early", "extra", "06:00 08:00")
    one = calendar(pattern(), extra)
    start = us("2026-07-01 04:00")
    assert one.next_edge_us(start - 400 * 24 * H) == start
    assert one.next_edge_us(start - 400 * 24 * H - 1) is None


def test_a_stop_over_the_end_of_a_shift_is_cut_there() -> None:
    one = calendar(pattern(shift("late", "14:00", "22:00", "tue", supper="21:00 30")))
    spans = one.planned(us("2025-07-01 00:00"), us("2025-07-03 00:00"))
    stop = us("2025-07-01 18:50"), us("2025-07-02 05:00")
    pieces = cut(*stop, spans)
    assert [(p.kind, p.shift, (p.end_us - p.start_us) // MIN) for p in pieces] == [
        ("busy", "late", 10),
        ("break", "late", 30),
        ("busy", "late", 30),
        ("no_shift", None, 540),
    ]
    assert cut(stop[0], stop[0], spans) == ()
    with pytest.raises(ValueError, match="expected one inside of spans"):
        cut(us("2025-06-30 23:59"), stop[0], spans)


def test_a_window_that_cannot_be_is_refused() -> None:
    one = calendar(THREE)
    at = us("2025-07-01 00:00")
    for window in ((at, at - 1), (-1, at), (at, us("2200-01-01 00:00") + 1)):
        with pytest.raises(ValueError, match="from_us, until_us are"):
            one.planned(*window)
    assert one.planned(at, at) == one.shifts(at, at) == ()
    for zone in ("Europe/Atlantis", "", "../passwd", "Europe"):
        with pytest.raises(ValueError, match="time_zone: found .*expected an IANA name"):
            calendar(zone=zone)
