"""Time elements and losses of one unit, by example."""

import pytest

from mes.calendar import Span
from mes.losses import Account, Loss, Minute, account
from mes.master_data import MasterData
from mes.timeline import Interval

S, MIN = 1_000_000, 60_000_000
SHIFT = (
    Span(0, 240 * MIN, "busy", "early"),
    Span(240 * MIN, 270 * MIN, "break", "early", None, "lunch"),
    Span(270 * MIN, 480 * MIN, "busy", "early"),
)
MASTER = (MasterData(valid_from_us=0, ideal_cycle_s=6.0),)
LINE = (
    Interval(-60 * MIN, 30 * MIN, "changeover"),
    Interval(30 * MIN, 100 * MIN, "running"),
    Interval(100 * MIN, 102 * MIN, "stopped", "217"),  # a micro-stop
    Interval(102 * MIN, 230 * MIN, "running"),
    Interval(230 * MIN, 280 * MIN, "stopped", "217"),  # ten minutes of it before lunch, ten behind
    Interval(280 * MIN, 290 * MIN, "starved"),
    Interval(290 * MIN, None, "running"),
)
MADE = (Minute(50 * MIN, 2000, 30), Minute(250 * MIN, 7, 0), Minute(300 * MIN, 1000, 20))


def shift(**changes) -> Account:
    told = {"intervals": LINE, "known_us": 470 * MIN, "spans": SHIFT, "minutes": MADE}
    return account(**{**told, "versions": MASTER, **changes})


def test_a_shift():
    found = shift()
    assert found.pbt_us == 450 * MIN and found.calendar_us == 480 * MIN
    assert found.aust_us == 30 * MIN
    assert found.micro_us == 2 * MIN
    assert found.apt_us == (70 + 2 + 128 + 180) * MIN
    assert found.adet_us == (20 + 10) * MIN
    assert found.lost == {
        ("changeover", "", ""): 30 * MIN,
        ("stopped", "217", ""): 20 * MIN,
        ("starved", "", ""): 10 * MIN,
        ("unknown", "", ""): 10 * MIN,
    }
    assert (found.good, found.reject, found.outside) == (3000, 50, 7)
    assert (found.failures, found.reliability.mttr_s) == (1, 20 * 60)
    assert found.losses[-3:] == (
        Loss("effectiveness", "micro_stops", "", "", 2 * MIN),
        Loss("effectiveness", "speed", "", "", (380 - 2 - 305) * MIN),
        Loss("quality", "reject", "", "", 5 * MIN),
    )
    oee = found.oee
    assert oee.availability == pytest.approx(380 / 450)
    assert oee.effectiveness == pytest.approx(305 / 380)
    assert oee.quality_ratio == pytest.approx(300 / 305)
    assert oee.oee_index == pytest.approx(300 / 450)
    assert oee.suspect == ()


def test_micro_stops_may_be_taken_off_availability():
    master = MasterData(valid_from_us=0, ideal_cycle_s=6.0, micro_stop_factor="availability")
    found = shift(versions=(master,))
    assert found.lost["micro_stops", "", ""] == 2 * MIN
    assert (found.micro_us, found.adet_us) == (0, 32 * MIN)
    assert found.oee.oee_index == shift().oee.oee_index


def test_a_stop_becomes_none_of_the_micro_ones_by_the_edge_of_a_shift():
    """Ten of its fifty minutes are planned busy time on either side of lunch."""
    brief = MasterData(valid_from_us=0, ideal_cycle_s=6.0, micro_stop_s=1200)
    assert shift(versions=(brief,)).lost["stopped", "217", ""] == 20 * MIN


def test_without_a_cycle_there_is_no_effectiveness_and_the_losses_close():
    found = shift(versions=())
    assert found.oee.effectiveness is None and found.oee.oee_index is None
    assert found.oee.availability is not None
    assert found.losses[-2].cause == "no_cycle"
    assert sum(loss.us for loss in found.losses) + found.good_us == found.pbt_us


def test_without_planned_busy_time_there_is_no_data():
    found = shift(spans=(Span(0, 480 * MIN, "no_shift"),))
    assert (found.pbt_us, found.oee.oee_index, found.oee.availability) == (0, None, None)
    assert (found.good, found.outside) == (0, 3057)
    assert account(intervals=LINE, known_us=0, spans=(), minutes=(), versions=()) == Account()


def test_a_cycle_that_is_wrong_is_flagged_and_clamped_nowhere():
    found = shift(versions=(MasterData(valid_from_us=0, ideal_cycle_s=12.0),))
    assert found.oee.effectiveness == pytest.approx(610 / 380)
    assert "PRI or production time is wrong" in found.oee.suspect[0]
    assert found.losses[-2].us < 0
