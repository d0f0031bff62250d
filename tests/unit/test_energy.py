"""Energy out of power readings: held, by the minute, and only of what was seen."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mes.calendar import Span
from mes.energy import UJ_PER_KWH, MeteredMinute
from mes.events import Metered
from mes.interpret import fold
from mes.losses import Minute, account, from_plain, to_plain, total
from mes.observation import Reading
from mes.unit_view import UnitView
from mes.unit_view import from_plain as view_from_plain
from mes.unit_view import to_plain as view_to_plain
from store.live import dump, load
from tests.unit.test_interpret import UNIT, S, sample

KW = replace(
    UNIT,
    tags=UNIT.tags | {"power": replace(UNIT.tags["power"], role="power", unit="kW", watchdog_s=None)},
)  # fmt: skip
BEGIN_S = 40  # T0 lies 20 s into a minute: the next one begins here


def metered(*samples, view=None):
    """What is told after `samples`, whole minutes only, and the view."""
    view, found = view or UnitView(id="press-1"), []
    for one in samples:
        view, events = fold(view, one, KW)
        found += [e for e in events if isinstance(e, Metered)]
    return found, view


def through(from_s, until_s, **first):
    """One sample with values, then a contact every second."""
    return [sample(from_s, **first), *(sample(s) for s in range(from_s + 1, until_s + 1))]


def test_power_is_held_from_one_reading_to_the_next_and_told_by_the_minute():
    samples = [*through(BEGIN_S, BEGIN_S + 29, state=6, power=30.0),
               *through(BEGIN_S + 30, BEGIN_S + 61, power=6.0)]  # fmt: skip
    found, _ = metered(*samples)
    (minute,) = found
    assert minute.metered_us == 60 * S
    assert minute.energy_uj == (30_000 * 30 + 6_000 * 30) * S
    assert minute.idle_uj == 0


def test_energy_is_at_rest_while_the_machine_is_known_not_to_run():
    samples = [*through(BEGIN_S, BEGIN_S + 19, power=10.0),  # no state told yet: not at rest
               *through(BEGIN_S + 20, BEGIN_S + 39, state=2),
               *through(BEGIN_S + 40, BEGIN_S + 60, state=6)]  # fmt: skip
    (minute,), _ = metered(*samples)
    assert (minute.energy_uj, minute.idle_uj) == (600_000 * S, 200_000 * S)


def test_nothing_is_made_up_of_a_gap_nor_of_bad_readings_nor_of_a_silence():
    samples = [*through(BEGIN_S, BEGIN_S + 10, state=6, power=10.0),
               sample(BEGIN_S + 13, gap_since_s=BEGIN_S + 10, power=10.0),
               sample(BEGIN_S + 14, power=Reading(None, "bad", "sensor")),
               sample(BEGIN_S + 20, power=10.0),
               sample(BEGIN_S + 30), sample(BEGIN_S + 31), sample(BEGIN_S + 61)]  # fmt: skip
    found, view = metered(*samples)
    assert not found and view.minute[1] == (10 + 1 + 1) * S
    (minute,), _ = metered(sample(BEGIN_S + 62), view=view)
    assert (minute.metered_us, minute.energy_uj) == (12 * S, 120_000 * S)


def test_a_minute_that_goes_on_is_kept_with_the_view():
    samples = through(BEGIN_S, BEGIN_S + 61, state=6, power=9.0)
    whole, after = metered(*samples)
    _, half = metered(*samples[:20])
    again, last = metered(*samples[20:], view=view_from_plain(load(dump(view_to_plain(half)))))
    assert again == whole and last == after


def test_a_clock_that_is_set_back_or_far_ahead_makes_no_energy():
    found, view = metered(*through(BEGIN_S, BEGIN_S + 10, state=6, power=10.0),
                          sample(BEGIN_S + 7200), sample(BEGIN_S + 11), sample(BEGIN_S + 12))  # fmt: skip
    assert not found and view.minute[1] == 11 * S


@pytest.mark.parametrize("wrong", ["42", True, math.nan, math.inf, 2e6, None])
def test_what_is_no_power_is_a_bad_reading(wrong):
    _, view = metered(sample(1, state=6, power=wrong))
    assert view.tags["power"].quality == "bad" and view.power_w is None
    assert "expected a number" in view.tags["power"].status


@given(st.lists(st.tuples(st.integers(1, 4_000_000), st.floats(-50, 50)), min_size=2, max_size=60))
def test_energy_is_the_sum_of_power_over_the_time_it_was_held(steps):
    at, samples = 0.0, []
    for us, kw in steps:
        at += us / S
        samples.append(sample(at, state=6, power=kw))
    found, view = metered(*samples)
    told = [MeteredMinute(e.at_us, e.metered_us, e.energy_uj, e.idle_uj) for e in found]
    told += [MeteredMinute(*view.minute)] if view.minute else []
    expected = sum(
        a.readings["power"].value * 1e3 * (b.source_time_us - a.source_time_us)
        for a, b in pairwise(samples)
    )
    assert sum(m.energy_uj for m in told) == pytest.approx(expected, abs=2 * len(steps) + 2)
    assert sum(m.metered_us for m in told) == (
        samples[-1].source_time_us - samples[0].source_time_us
    )
    assert all(m.metered_us <= 60 * S and m.minute_us % (60 * S) == 0 for m in told)
    assert [m.minute_us for m in told] == sorted({m.minute_us for m in told})


MINUTES = [MeteredMinute(n * 60 * S, 60 * S, UJ_PER_KWH, UJ_PER_KWH // 4) for n in range(4)]


def of(metered_minutes):
    return account(
        intervals=(), known_us=600 * S, spans=[Span(0, 300 * S, "busy")], versions=(),
        minutes=[Minute(n * 60 * S, 5, 1) for n in range(5)], metered=metered_minutes,
    )  # fmt: skip


def test_energy_per_good_part_takes_the_pieces_of_metered_minutes():
    one = of(MINUTES)
    assert one.energy_uj == 4 * UJ_PER_KWH and one.idle_uj == UJ_PER_KWH
    assert one.metered_good == 20 and one.energy_per_good_kwh == 0.2
    assert of(()).energy_per_good_kwh is None
    assert total([one, of(MINUTES[:1])]).energy_per_good_kwh == 0.2


def test_an_account_of_before_there_was_energy_is_read_with_none():
    values, *rest = to_plain(of(MINUTES))
    old = from_plain([values[:-4], *rest])
    assert old == replace(of(MINUTES), metered_us=0, energy_uj=0, idle_uj=0, metered_good=0)
