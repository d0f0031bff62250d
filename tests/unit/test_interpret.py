"""The fold: samples in, view and events out (conventions 18 to 20)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mes.equipment import Tag, WorkUnit
from mes.events import Counted, CounterReset, FaultRaised, SourceLost, StateChanged, StateFound
from mes.interpret import LATE_MAX_US, fold, silent
from mes.observation import Reading, Sample
from mes.states import PROFILES
from mes.unit_view import UnitView, from_plain, live_quality, stale_at_us, to_plain
from store import live

ROLES = {
    "state": "state",
    "mode": "mode",
    "good": "good_count",
    "reject": "reject_count",
    "fault": "fault",
    "starved": "starved",
    "power": "value",
}
UNIT = WorkUnit(
    id="press-1",
    name="Press 1",
    short_name="PRESS 1",
    work_center="press-line",
    ideal_cycle_s=6.0,
    expected_period_s=2.0,
    profile=PROFILES["packml"],
    fault_texts={"217": "die jam"},
    tags={
        name: Tag(
            name=name,
            device="plc",
            role=role,
            width_bits=16 if role.endswith("count") else None,
            watchdog_s=10 if name == "power" else None,
        )
        for name, role in ROLES.items()
    },
)
S = 1_000_000
T0 = 1_700_000_000 * S


def sample(at_s, gap_since_s=None, device="plc", **values):
    readings = {n: v if isinstance(v, Reading) else Reading(v) for n, v in values.items()}
    return Sample(
        work_unit="press-1",
        device=device,
        source_time_us=T0 + round(at_s * S),
        received_time_us=T0 + round(at_s * S) + 5000,
        readings=readings,
        gap_since_us=None if gap_since_s is None else T0 + round(gap_since_s * S),
    )


def play(*samples, view=None):
    view, events = view or UnitView(id="press-1"), []
    for one in samples:
        view, happened = fold(view, one, UNIT)
        events += happened
    return view, events


def test_the_first_reading_of_a_counter_is_never_production():
    view, events = play(sample(0, good=65_530, reject=3))
    assert (view.good, view.reject) == (0, 0)
    assert view.counting_since_us == T0
    assert events == []


def test_counts_grow_roll_over_and_survive_a_reset():
    view, events = play(*(sample(t, good=g) for t, g in enumerate([65_530, 65_534, 2, 5, 0, 4])))
    assert view.good == 4 + 4 + 3 + 0 + 4
    assert view.resets == 1
    assert [e for e in events if isinstance(e, CounterReset)] == [
        CounterReset("press-1", T0 + 4 * S, "good", 5, 0)
    ]
    assert sum(e.good for e in events if isinstance(e, Counted)) == view.good


def test_bad_readings_are_kept_as_bad_and_neither_counted_nor_interpreted():
    view, _ = play(
        sample(0, state=6, good=10, power=1.0),
        sample(1, good=Reading(None, "bad", "BadSensorFailure"), state=Reading(2, "bad", "x")),
    )
    assert (view.state, view.good) == ("running", 0)
    assert view.tags["good"].quality == "bad"
    assert view.tags["good"].status == "BadSensorFailure"
    assert live_quality(view, UNIT, now_us=T0 + 2 * S) == "bad"
    view, _ = play(sample(2, good=13, state=6), view=view)
    assert view.good == 3  # what was made meanwhile is found again
    assert live_quality(view, UNIT, now_us=T0 + 3 * S) == "good"


def test_uncertain_readings_count_and_mark_the_unit():
    view, _ = play(
        sample(0, good=1, power=1.0), sample(1, good=Reading(4, "uncertain", "simulated"))
    )
    assert view.good == 3
    assert live_quality(view, UNIT, now_us=T0 + 2 * S) == "uncertain"


def test_a_state_begins_when_the_source_says_so():
    view, events = play(
        sample(0, state=6), *(sample(t) for t in range(1, 12)), sample(12.5, state=9, fault=217)
    )
    assert view.state == "stopped"
    assert view.state_since_us == T0 + 12_500_000
    assert view.fault == "217"
    assert [e for e in events if isinstance(e, StateChanged)] == [
        StateChanged("press-1", T0, "unknown", "running"),
        StateChanged("press-1", T0 + 12_500_000, "running", "stopped"),
    ]
    assert FaultRaised("press-1", T0 + 12_500_000, "217") in events
    assert play(sample(20, fault=0), view=view)[0].fault == ""


def test_a_late_reading_is_told_and_does_not_turn_the_clock_back():
    view, _ = play(sample(10, good=10, state=6), sample(5, good=8))
    assert (view.good, view.late) == (0, 1)
    assert view.tags["good"].value == 10
    assert view.tags["good"].quality == "uncertain"
    view, _ = play(sample(11, good=12), view=view)
    assert (view.good, view.tags["good"].quality) == (2, "good")


def test_a_clock_that_was_set_back_does_not_freeze_the_unit():
    behind = LATE_MAX_US / S + 1
    view, _ = play(sample(behind, state=6), sample(0, state=2))
    assert view.state == "stopped"


def test_a_gap_is_counted_and_told():
    view, events = play(sample(0, good=1), sample(60, gap_since_s=1), sample(60, good=5))
    assert (view.gaps, view.good) == (1, 4)
    assert SourceLost("press-1", T0 + S, T0 + 60 * S + 5000) in events


def states(events):
    return [e for e in events if isinstance(e, StateChanged)]


def test_a_state_goes_on_over_a_gap_only_where_the_source_says_so():
    view, _ = play(sample(0, state=6), sample(1))
    gap_us = T0 + S
    # the source dates it before the gap: it has been running all the time
    again = replace(sample(0, state=6), received_time_us=T0 + 100 * S)
    same, events = play(sample(100, gap_since_s=1), again, view=view)
    assert (same.state, same.state_since_us, same.gaps) == ("running", T0, 1)
    assert states(events) == [
        StateChanged("press-1", gap_us, "running", "unknown"),
        StateChanged("press-1", gap_us, "unknown", "running"),
    ]
    # the source dates it after: nobody knows what was in between
    anew, events = play(sample(100, gap_since_s=1), sample(100, state=6), view=view)
    assert (anew.state, anew.state_since_us, anew.gaps) == ("running", T0 + 100 * S, 1)
    assert states(events) == [
        StateChanged("press-1", gap_us, "running", "unknown"),
        StateChanged("press-1", T0 + 100 * S, "unknown", "running"),
    ]


def test_a_collector_that_begins_anew_has_seen_nothing_since_we_last_heard():
    view, _ = play(sample(0, state=6), sample(1))
    first = replace(sample(3), gap_since_us=0)
    view, events = play(first, view=view)
    assert events == [
        SourceLost("press-1", T0 + S + 5000, T0 + 3 * S + 5000),
        StateChanged("press-1", T0 + S + 5000, "running", "unknown"),
    ]
    fresh, events = play(first)  # and where we never heard of it, there is no gap either
    assert (fresh.gaps, events) == (0, [])


def test_a_silence_is_unknown_until_the_same_connection_is_heard_again():
    view, _ = play(sample(0, state=6), sample(1))
    heard_us = T0 + S + 5000
    assert silent(view, UNIT, now_us=heard_us + 4 * S) == (view, ())
    quiet, events = silent(view, UNIT, now_us=heard_us + 4 * S + 1)
    assert events == (StateChanged("press-1", heard_us, "running", "unknown"),)
    assert silent(quiet, UNIT, now_us=heard_us + 99 * S) == (quiet, ())
    # the connection was not lost, so no change was: it has been running all the time
    back, events = play(sample(60), view=quiet)
    assert events == [StateChanged("press-1", heard_us, "unknown", "running")]
    assert (back.state, back.state_since_us, back.gaps) == ("running", T0, 0)
    # a change that comes with the first sample is dated by the source, in the midst of the silence
    _, events = play(sample(30, state=2), view=quiet)
    assert states(events)[1] == StateChanged("press-1", T0 + 30 * S, "running", "stopped")
    # after a connection that was lost nobody knows
    _, events = play(sample(60, gap_since_s=1), sample(60, state=6), view=quiet)
    assert states(events) == [StateChanged("press-1", T0 + 60 * S, "unknown", "running")]


def test_a_late_state_is_told_and_not_shown():
    view, _ = play(sample(0, state=6), sample(50, state=2))
    after, events = play(sample(20, state=11), view=view)
    assert events == [StateFound("press-1", T0 + 20 * S, "held")]
    assert (after.state, after.late) == ("stopped", 1)
    # what a source kept for itself may come much later, and nobody's clock was set back
    kept = replace(sample(-4000, state=11), historical=True)
    after, events = play(kept, view=view)
    assert events == [StateFound("press-1", T0 - 4000 * S, "held")]
    assert (after.state, after.tags["state"].quality) == ("stopped", "good")


def test_a_clock_that_was_set_back_dates_no_change_before_the_one_we_know():
    view, _ = play(sample(0, state=6))
    back = replace(sample(-3600, state=2), received_time_us=T0 + 7 * S)
    after, events = play(back, view=view)
    assert events == [StateChanged("press-1", T0 + 7 * S, "running", "stopped")]
    assert after.state_since_us == T0 + 7 * S


def test_cycle_time_is_of_pieces_made_in_a_row():
    view, _ = play(sample(0, state=6, good=1), sample(3, good=2), sample(6, good=3))
    assert view.cycle_time_s == 3.0
    view, _ = play(sample(7, state=11), sample(10), sample(13, state=6), view=view)
    view, _ = play(sample(14, good=4), view=view)
    assert view.cycle_time_s == 3.0  # the stop is no cycle
    view, _ = play(sample(16, good=6), view=view)
    assert view.cycle_time_s == 1.0


def test_unknown_tags_are_passed_over():
    view, _ = play(sample(0, good=1), sample(1, nobody=3))
    assert (view.good, set(view.tags)) == (0, {"good"})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, "True"),
        ("12", '"12"'),
        (None, "nothing"),
        (-5, "-5"),
        (70_000, "70000"),
        (10.5, "10.5"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_what_no_counter_can_show_makes_the_unit_bad(value, found):
    view, _ = play(sample(0, good=1, power=1.0), sample(1, good=value))
    told = view.tags["good"]
    assert (told.value, told.quality) == (None, "bad")
    assert told.status == f"found {found}; expected a whole number from 0 to 65,535"
    assert live_quality(view, UNIT, now_us=T0 + 2 * S) == "bad"
    view, _ = play(sample(2, good=3), view=view)
    assert (view.good, view.tags["good"].quality) == (2, "good")


def test_silence_is_stale_and_so_is_one_device_of_two_and_a_silent_watchdog():
    view, _ = play(sample(0, state=6, power=1.0))
    told = view.contacts["plc"]
    assert stale_at_us(view, UNIT) == told + 4 * S
    assert live_quality(view, UNIT, now_us=told + 4 * S) == "good"
    assert live_quality(view, UNIT, now_us=told + 4 * S + 1) == "stale"
    assert live_quality(UnitView(id="press-1"), UNIT, now_us=T0) == "stale"
    two = replace(UNIT, tags={**UNIT.tags, "x": Tag(name="x", device="meter")})
    assert live_quality(view, two, now_us=told) == "stale"
    view, _ = play(*(sample(t) for t in range(1, 12)), view=view)  # it answers, power never comes
    assert live_quality(view, UNIT, now_us=view.contacts["plc"]) == "stale"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["state", "good", "reject", "fault", "power"]),
            st.one_of(
                st.integers(0, 70_000), st.floats(), st.none(), st.booleans(), st.text(max_size=3)
            ),
            st.sampled_from(["good", "uncertain", "bad"]),
        ),
        max_size=30,
    )
)
def test_whatever_comes_counts_never_fall_and_the_view_survives_its_json(readings):
    view = UnitView(id="press-1")
    for t, (name, value, quality) in enumerate(readings):
        after, _ = fold(view, sample(t, **{name: Reading(value, quality)}), UNIT)
        assert after.good >= view.good >= 0
        assert after.reject >= view.reject >= 0
        view = after
    text = live.dump(to_plain(view))
    assert live.dump(to_plain(from_plain(live.load(text)))) == text
    assert from_plain({"id": "press-1", "unheard_of": 1}) == UnitView(id="press-1")


def test_a_clock_that_was_ahead_once_freezes_nothing():
    ahead = replace(sample(86_400 * 365, state=6), received_time_us=T0)
    view, _ = play(ahead)
    back, events = play(sample(60, state=2), sample(120, state=6), view=view)
    assert [(e.at_us - T0) // S for e in states(events)] == [60, 120]
    assert (back.state, back.state_since_us) == ("running", T0 + 120 * S)


def test_a_register_that_is_no_counter_makes_no_pieces():
    wild = replace(UNIT, tags={**UNIT.tags, "good": replace(UNIT.tags["good"], width_bits=None)})
    view = UnitView(id="press-1")
    for one in (sample(0, good=5), sample(1, good=1 << 62), sample(2, good=7)):
        view, _ = fold(view, one, wild)
    assert view.resets == 2
    assert view.good == 7  # the last one began anew at nothing, as a reset does
