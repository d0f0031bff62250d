"""What is remembered of a device's answers: rate, clock and bad tags, with time handed in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors._health import CLOCK_WINDOW_S, Health
from mes.observation import Observation

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def value(tag: str = "t", *, late_s: float = 0.0, **more: Any) -> Observation:
    given = {"value": 1, "source_time": NOW - timedelta(seconds=late_s), "received_time": NOW}
    return Observation(work_unit="u", tag=tag, **given | more)


def answer(health: Health, now_s: float, *observations: Observation) -> None:
    health.answered(observations, now_us=round(now_s * 1e6), now_s=now_s)


def test_an_answer_without_values_is_an_answer() -> None:
    health = Health()
    assert (health.last_answer_us, health.last_value_us) == (None, None)
    answer(health, 5)
    assert (health.last_answer_us, health.last_value_us) == (5_000_000, None)
    answer(health, 6, value())
    assert (health.last_answer_us, health.last_value_us) == (6_000_000, 6_000_000)


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    health = Health()
    for second in range(20):
        answer(health, second, *[value()] * 5)
    assert health.rate_per_s(now_s=19.5) == 5.0
    assert health.rate_per_s(now_s=24.5) == 2.5
    assert health.rate_per_s(now_s=40) == 0.0


def test_first_values_do_not_tell_the_clock_and_later_ones_do_by_the_least_delay() -> None:
    health = Health()
    answer(health, 1, value(late_s=9999))
    assert health.clock_skew_s(now_s=1) is None
    for second, late_s in enumerate((95.0, 90.5, 200.0), start=2):
        answer(health, second, value(late_s=late_s))
    assert health.clock_skew_s(now_s=5) == 90.5
    assert health.clock_skew_s(now_s=3 + CLOCK_WINDOW_S) == 200.0
    assert health.clock_skew_s(now_s=5 + CLOCK_WINDOW_S) is None


def test_a_clock_that_is_ahead() -> None:
    health = Health()
    for second in (1, 2):
        answer(health, second, value(late_s=-70))
    assert health.clock_skew_s(now_s=2) == pytest.approx(-70)


def test_a_device_without_a_clock_has_no_skew() -> None:
    health = Health()
    for second in (1, 2, 3):
        answer(health, second, value(source_time=NOW, received_time=NOW))
    assert health.clock_skew_s(now_s=3) is None


def test_a_bad_tag_is_told_until_it_is_good_or_the_device_is_lost() -> None:
    health = Health()
    bad = {"value": None, "quality": "bad", "status": "no such node"}
    answer(health, 1, value(), value("x", **bad), value("y", **bad))
    assert health.troubles == {"u.x": "no such node", "u.y": "no such node"}
    answer(health, 2, value("x", quality="uncertain", status="a guess"))
    assert health.troubles == {"u.y": "no such node"}
    health.lost()
    assert health.troubles == {}
    assert health.last_answer_us == 2_000_000
