"""What can be trusted: bad tags, gaps, samples that are no answer, and clocks that differ."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mes.equipment import Tag
from mes.events import FaultRaised, SourceLost, StateChanged
from mes.interpret import LATE_MAX_US, fold
from mes.observation import Reading
from mes.unit_view import UnitView, from_plain, live_quality, stale_at_us, to_plain
from store import live
from tests.unit.test_interpret import T0, UNIT, S, play, sample

BAD = Reading(None, "bad", "BadSensor")
BLOCKED = Tag(name="blocked", device="plc", role="blocked")
# State and mode from a PLC, the counters from a scale, power from a meter.
THREE = replace(
    UNIT,
    tags={
        name: replace(tag, device={"good": "scale", "power": "meter"}.get(name, "plc"))
        for name, tag in {**UNIT.tags, "blocked": BLOCKED}.items()
        if name != "reject"
    },
)


def fold_all(*told, unit=THREE, view=None):
    view, events = view or UnitView(id="press-1"), []
    for one in told:
        view, happened = fold(view, one, unit)
        events += happened
    return view, events


# ---------------------------------------------------------------- a tag that is bad


def test_a_bad_mode_holds_what_was_meant():
    view, events = play(
        sample(0, state=6, mode=4), sample(1, mode=BAD), sample(2, state=6), sample(3, mode=4)
    )
    assert (view.state, view.mode) == ("changeover", "4")
    assert [e.new for e in events if isinstance(e, StateChanged)] == ["changeover"]


def test_a_fault_that_turns_bad_stays_and_is_not_raised_again():
    view, _ = play(sample(0, state=9, fault=217), sample(1, fault=BAD), sample(2, state=9, mode=1))
    assert view.fault == "217"
    assert live_quality(view, UNIT, now_us=T0) == "stale"  # power has a watchdog
    view, events = play(sample(3, fault=217, power=1.0), view=view)
    assert (view.fault, events) == ("217", [])
    assert play(sample(4, fault=0), view=view)[0].fault == ""
    view, events = play(sample(4, fault=218), view=view)
    assert events == [FaultRaised("press-1", T0 + 4 * S, "218")]


@pytest.mark.parametrize("tag", ["fault", "starved", "blocked", "mode", "state", "good"])
@pytest.mark.parametrize("quality", ["bad", "uncertain"])
def test_a_unit_is_as_good_as_the_tags_it_is_read_by(tag, quality):
    good = {"state": 6, "mode": 1, "good": 1, "fault": 0, "starved": False, "blocked": False}
    together = replace(THREE, tags={n: replace(t, device="plc") for n, t in THREE.tags.items()})
    doubt = Reading(good[tag], quality, "x")
    view, _ = fold_all(sample(0, power=1.0, **good), sample(1, **{tag: doubt}), unit=together)
    assert live_quality(view, together, now_us=T0 + 2 * S) == quality


def test_starved_holds_while_it_is_bad():
    view, _ = play(sample(0, state=5, starved=True), sample(1, starved=BAD), sample(2, state=5))
    assert view.state == "starved"


def test_a_view_from_before_knows_what_its_tags_meant():
    view, _ = play(sample(0, state=6, mode=4))
    plain = to_plain(view)
    del plain["meant"]
    again, events = play(sample(1, state=6), view=from_plain(plain))
    assert (again.state, events) == ("changeover", [])


def test_a_tag_that_the_configuration_drops_means_nothing_any_more():
    view, _ = play(sample(0, state=6, mode=4))
    less = replace(UNIT, tags={n: t for n, t in UNIT.tags.items() if n != "mode"})
    view, _ = fold(view, sample(1, state=6), less)
    assert (view.state, view.mode) == ("running", "")


told = st.lists(
    st.tuples(
        st.sampled_from(["state", "mode", "fault", "starved", "blocked"]),
        st.integers(0, 6),
        st.sampled_from(["good", "uncertain", "bad"]),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(told)
def test_bad_readings_change_nothing_that_is_meant(readings):
    """The same story without its bad readings tells the same."""
    every = [sample(t, **{n: Reading(v, q)}) for t, (n, v, q) in enumerate(readings)]
    trusted = [s for s, (_, _, q) in zip(every, readings, strict=True) if q != "bad"]
    every = [replace(s, received_time_us=T0) for s in every]
    trusted = [replace(s, received_time_us=T0) for s in trusted]
    (one, events), (two, again) = fold_all(*every), fold_all(*trusted)
    assert (one.state, one.mode, one.fault) == (two.state, two.mode, two.fault)
    assert events == again


# ---------------------------------------------------------------- gaps


def test_a_gap_of_a_meter_leaves_state_and_cycle_alone():
    view, _ = fold_all(sample(0, state=6), sample(1, device="scale", good=1))
    view, _ = fold_all(sample(2, device="scale", good=2), view=view)
    after, events = fold_all(sample(60, device="meter", gap_since_s=1, power=1.0), view=view)
    assert [type(e) for e in events] == [SourceLost]
    assert (after.gaps, after.unseen_since_us) == (1, None)
    assert after.counted_at_us == view.counted_at_us == T0 + 2 * S
    again, events = fold_all(sample(61, device="plc", gap_since_s=60, state=6), view=after)
    assert again.unseen_since_us is None
    assert [e.old for e in events if isinstance(e, StateChanged)] == ["running", "unknown"]
    assert events[-1] == StateChanged("press-1", T0 + 61 * S, "unknown", "running")


def test_a_gap_of_a_counters_device_ends_the_piece_in_work_alone():
    view, _ = fold_all(sample(0, state=6), sample(1, device="scale", good=1))
    view, _ = fold_all(sample(2, device="scale", good=2), view=view)
    view, _ = fold_all(sample(60, device="scale", gap_since_s=2), view=view)
    assert (view.unseen_since_us, view.counted_at_us) == (None, None)


def test_a_second_gap_does_not_move_the_first_one_later():
    view, events = fold_all(
        sample(0, state=6), sample(60, gap_since_s=1), sample(99, gap_since_s=61)
    )
    assert (view.gaps, view.unseen_since_us) == (2, T0 + 1 * S)
    assert [e for e in events if isinstance(e, StateChanged)][1:] == [
        StateChanged("press-1", T0 + 1 * S, "running", "unknown")
    ]
    view, events = fold_all(sample(99.5, state=6), view=view)
    assert events == [StateChanged("press-1", T0 + round(99.5 * S), "unknown", "running")]
    assert view.unseen_since_us is None


# ---------------------------------------------------------------- what is no answer


def test_what_is_no_answer_renews_no_contact_and_feeds_no_watchdog():
    view, _ = play(sample(0, state=6, power=1.0))
    told = replace(sample(60, state=BAD, power=BAD), answered=False)
    after, events = play(told, view=view)
    assert events == []
    assert (after.contacts, after.received_time_us) == (view.contacts, view.received_time_us)
    assert after.tags["state"].quality == "bad"
    heard_us = view.tags["power"].received_time_us
    assert after.tags["power"].received_time_us == heard_us  # its watchdog is not fed either
    assert (after.state, after.gaps) == ("running", 0)
    assert stale_at_us(after, UNIT) == stale_at_us(view, UNIT)


def test_what_we_tell_ourselves_is_not_late_against_a_clock_ahead_of_ours():
    view, _ = play(sample(30, state=6), replace(sample(1, state=BAD), answered=False))
    assert (view.late, view.tags["state"].quality) == (0, "bad")


def test_the_stream_carries_it():
    told = replace(sample(0, state=BAD), answered=False)
    fields = live.encode(told)
    assert live.decode("press-1", fields) == told
    plain = live.encode(sample(0, state=6))
    assert set(plain) == {"s", "r", "d", "v"}  # nothing more where it answered
    assert live.decode("press-1", plain).answered


# ---------------------------------------------------------------- clocks


@settings(deadline=None)
@given(st.integers(1, LATE_MAX_US))
def test_a_reading_that_follows_a_bad_one_is_never_late(behind_us):
    """It was told bad by our clock; the device's may be behind."""
    view, _ = play(sample(0, good=1), sample(100, good=BAD))
    good = replace(sample(101, good=4), source_time_us=T0 + 100 * S - behind_us)
    view, _ = play(good, view=view)
    assert (view.late, view.good, view.tags["good"].quality) == (0, 3, "good")


def test_the_newest_source_time_comes_back_from_the_future():
    view, _ = play(sample(3600, state=6, good=1), sample(0, good=2))
    assert view.source_time_us == T0 + 3600 * S  # the state is still dated so
    view, _ = play(sample(1, state=6), view=view)
    assert view.source_time_us == T0 + 1 * S


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["state", "good", "power"]),
            st.integers(-200, 200),
            st.sampled_from(["good", "bad"]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_newest_source_time_is_that_of_its_tags(readings):
    view = UnitView(id="press-1")
    for name, at_s, quality in readings:
        view, _ = fold(view, sample(at_s, **{name: Reading(1, quality)}), UNIT)
        newest_us = max(tag.source_time_us for tag in view.tags.values())
        assert 0 <= view.source_time_us - newest_us <= LATE_MAX_US
        assert view.cycle_time_s is None or view.cycle_time_s > 0
