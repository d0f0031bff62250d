"""The windows of the OEE page's addresses."""

from zoneinfo import ZoneInfo

import pytest

from dashboard.oee_page import DAY_US, window_of
from tests.shift_plans import us

BERLIN = ZoneInfo("Europe/Berlin")
NOW = us("2026-10-26 09:30")  # Monday 10:30, two days after the night of nine hours
H = 3_600_000_000


def test_days_begin_at_midnight_of_the_site_and_end_now():
    day, week, month = (window_of(text, NOW, BERLIN) for text in ("day", "week", "month"))
    assert (day.start_us, day.end_us, day.name) == (us("2026-10-25 23:00"), NOW, "Today")
    assert week.start_us == us("2026-10-19 22:00")  # Tuesday a week ago, in summer time
    assert month.start_us == us("2026-09-25 22:00")
    assert len(week.edges(BERLIN)) == 8 and len(month.edges(BERLIN)) == 32
    longest = max(b - a for a, b in zip(week.edges(BERLIN), week.edges(BERLIN)[1:], strict=False))
    assert longest == DAY_US + H
    assert day.edges(BERLIN) == [*range(day.start_us, NOW, H), NOW]


def test_a_date_and_two_moments():
    sunday = window_of("2026-10-25", NOW, BERLIN)
    assert (sunday.end_us - sunday.start_us, sunday.name) == (25 * H, "Sunday")
    local = window_of("2026-10-26T06:00..2026-10-26T07:30", NOW, BERLIN)
    assert (local.start_us, local.end_us) == (us("2026-10-26 05:00"), us("2026-10-26 06:30"))
    assert window_of("2026-10-26T05:00Z..2026-10-26T06:30Z", NOW, BERLIN) == local
    assert local.edges(BERLIN) == [local.start_us, us("2026-10-26 06:00"), local.end_us]
    assert window_of("2026-10-26", NOW, BERLIN).end_us == NOW


@pytest.mark.parametrize(
    "text",
    ["year", "", "2026-13-01", "2026-10-27", "1960-01-01", "2026-10-26T07:00..2026-10-26T06:00",
     "2026-08-01T00:00..2026-10-01T00:00", "..", "2026-10-26T07:00..", "9999-12-31"],
)  # fmt: skip
def test_what_is_no_window(text):
    with pytest.raises((ValueError, OverflowError)):
        window_of(text, NOW, BERLIN)
