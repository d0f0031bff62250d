"""What is counted where a total stands beside one counter or none: never negative, never falling."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mes.equipment import COUNTERS, Tag
from mes.events import Counted
from mes.interpret import fold
from mes.observation import Reading
from mes.unit_view import UnitView, from_plain, to_plain
from store.live import dump, load
from tests.unit.test_interpret import T0, UNIT, S, sample

G, R, T = COUNTERS
LAYOUTS = [(G,), (R,), (T,), (G, R), (G, T), (R, T), (G, R, T)]


def unit_of(*roles, bits=None, **devices):
    short = {role.removesuffix("_count"): role for role in roles}
    tags = {
        name: Tag(name=name, device=devices.get(name, "plc"), role=role, width_bits=bits)
        for name, role in {**short, "state": "state"}.items()
    }
    return replace(UNIT, tags=tags)


def counts(unit, *samples):
    """(good, reject) after each sample, and the events' sums; asserts what always holds."""
    view, shown, good, reject = UnitView(id="press-1"), [], 0, 0
    for one in samples:
        view, events = fold(view, one, unit)
        for event in events:
            if isinstance(event, Counted):
                assert event.good >= 0
                assert event.reject >= 0
                good, reject = good + event.good, reject + event.reject
        assert (good, reject) == (view.good, view.reject)
        shown.append((view.good, view.reject))
    return shown


def test_good_is_what_rejects_leave_of_the_total():
    assert counts(unit_of(T, R), sample(0, total=5, reject=1), sample(1, total=15, reject=3)) == [
        (0, 0),
        (8, 2),
    ]


def test_a_reject_that_is_told_before_its_total_waits_for_it():
    told = [sample(0, total=5, reject=0), sample(1, reject=1), sample(1.1, total=6)]
    assert counts(unit_of(T, R), *told) == [(0, 0), (0, 0), (0, 1)]


def test_a_total_that_is_told_before_its_reject_is_put_right_by_the_next_piece():
    told = [sample(0, total=5, reject=0), sample(1, total=6), sample(1.1, reject=1)]
    assert counts(unit_of(T, R), *told, sample(2, total=7)) == [(0, 0), (1, 0), (1, 0), (1, 1)]


def test_good_does_not_fall_while_the_total_is_bad():
    bad = Reading(None, "bad", "BadSensor")
    told = [sample(0, total=0, reject=0), sample(1, total=10), sample(2, total=bad)]
    told += [sample(3 + n, reject=n) for n in range(1, 5)]
    shown = counts(unit_of(T, R), *told, sample(9, total=20))
    assert shown[-1] == (16, 4)
    assert shown[-2] == (10, 0)


@pytest.mark.parametrize("totals", [(100,), (100, 0)])
def test_rejects_from_before_a_total_that_begins_anew_are_told_without_it(totals):
    """Their pieces are in no increment of it: later good ones are not to pay for them."""
    told = [sample(0, reject=0), sample(1, reject=3)]
    told += [sample(2 + n, total=total) for n, total in enumerate(totals)]
    assert counts(unit_of(T, R), *told)[-1] == (0, 3)
    assert counts(unit_of(T, R), *told, sample(9, total=totals[-1] + 2))[-1] == (2, 3)


def test_reject_is_what_the_good_counter_lacks_of_the_total():
    unit = unit_of(G, T)
    told = [sample(0, good=5, total=5), sample(1, good=12, total=15)]
    assert counts(unit, *told) == [(0, 0), (7, 3)]
    assert counts(unit, told[0], sample(1, total=15), sample(1.1, good=12))[1:] == [(0, 0), (7, 3)]
    assert counts(unit, told[0], sample(1, good=12), sample(1.1, total=15))[1:] == [(7, 0), (7, 3)]


def test_a_piece_is_no_reject_while_its_good_reading_is_under_way_or_bad():
    unit = unit_of(G, T)
    start = sample(0, good=0, total=0)
    turns = [sample(n + x, **{c: n}) for n in range(1, 9) for x, c in ((0, "total"), (0.1, "good"))]
    assert counts(unit, start, *turns)[-1] == (8, 0)
    bad = sample(0.5, good=Reading(None, "bad", "BadSensor"))
    blind = [sample(n, total=n) for n in range(1, 9)]
    assert counts(unit, start, bad, *blind, sample(9, good=7))[-1] == (7, 1)


def test_a_good_counter_that_stands_while_the_total_goes_on_means_rejects():
    told = [sample(0, good=0, total=0), *(sample(n, total=n) for n in range(1, 6))]
    assert counts(unit_of(G, T), *told)[-1] == (0, 4)  # the newest may be on its way
    other = unit_of(G, T, good="scale")  # its own device may just be silent
    assert counts(other, *told)[-1] == (0, 0)


def test_a_good_counter_that_is_read_again_unchanged_means_a_reject():
    told = [sample(0, good=0, total=0), sample(1, total=1), sample(1.1, good=0)]
    assert counts(unit_of(G, T), *told) == [(0, 0), (0, 0), (0, 1)]


def test_what_was_open_when_counters_are_reset_is_no_reject_and_hides_none():
    unit, start = unit_of(G, T), sample(0, good=10, total=10)
    assert counts(unit, start, sample(1, total=11), sample(2, total=0))[-1] == (0, 0)
    turn = [sample(1, total=0), sample(2, total=1), sample(2.1, good=1)]
    assert counts(unit, start, *turn)[-1] == (1, 0)
    assert counts(unit, start, *turn, sample(3, good=1, total=3))[-1] == (1, 2)


def test_a_clock_that_was_set_back_gives_no_cycle():
    view = UnitView(id="press-1")
    for one in (sample(0, good=0), sample(3, good=1), sample(-100, good=2)):
        view, _ = fold(view, one, UNIT)
    assert (view.good, view.cycle_time_s) == (2, None)
    view, _ = fold(view, sample(-96, good=3), UNIT)
    assert view.cycle_time_s == 4.0


def test_the_last_piece_is_shown_over_a_change_of_state():
    view = UnitView(id="press-1")
    for one in (sample(0, good=0, state=6), sample(3, good=1), sample(4, state=9)):
        view, _ = fold(view, one, UNIT)
    assert (view.counted_at_us, view.last_piece_us) == (None, T0 + 3 * S)


def test_a_counter_whose_tag_is_given_a_width_goes_on():
    view, _ = fold(UnitView(id="press-1"), sample(0, good=70_000), unit_of(G))
    view, _ = fold(view, sample(1, good=5), unit_of(G, bits=16))
    view, _ = fold(view, sample(2, good=7), unit_of(G, bits=16))
    assert view.good == 2


readings = st.one_of(
    st.integers(0, 20), st.integers(65_500, 65_540), st.sampled_from([None, "bad", -1, 10.5])
)
stories = st.lists(
    st.dictionaries(st.sampled_from(["good", "reject", "total", "state"]), readings, max_size=3),
    max_size=30,
)


@settings(deadline=None)
@given(st.sampled_from(LAYOUTS), st.sampled_from([None, 16]), stories)
@example((R, T), None, [{"total": 0, "reject": 0}, {"reject": 1}, {"total": 1}])
def test_whatever_comes_counts_never_fall_and_are_the_sums_of_events(roles, bits, story):
    told = [
        sample(t, **{n: Reading(None, "bad", "x") if v == "bad" else v for n, v in one.items()})
        for t, one in enumerate(story)
    ]
    shown = [(0, 0), *counts(unit_of(*roles, bits=bits), *told)]
    for before, after in pairwise(shown):
        assert after[0] >= before[0]
        assert after[1] >= before[1]


pieces = st.lists(st.sampled_from(["good", "reject"]), max_size=30)


@settings(deadline=None)
@given(st.sampled_from([x for x in LAYOUTS if x not in [(G,), (R,), (T,)]]), pieces)
def test_what_is_told_together_is_counted_exactly(roles, made):
    good = [made[:n].count("good") for n in range(len(made) + 1)]
    reject = [made[:n].count("reject") for n in range(len(made) + 1)]
    told = [
        sample(n, good=g, reject=r, total=g + r)
        for n, (g, r) in enumerate(zip(good, reject, strict=True))
    ]
    assert counts(unit_of(*roles), *told) == list(zip(good, reject, strict=True))


@settings(deadline=None)  # a pause of a busy machine is no fault of the fold
@given(pieces, st.data())
def test_with_a_total_and_rejects_every_piece_is_counted_once_in_whatever_order(made, data):
    """Each counter's readings keep their order, and some of them are lost."""
    unit, view = unit_of(R, T), UnitView(id="press-1")
    view, _ = fold(view, sample(0, total=0, reject=0), unit)
    total = reject = 0
    for n, piece in enumerate(made, start=1):
        total, reject = total + 1, reject + (piece == "reject")
        now = {"total": total, "reject": reject}
        for name in data.draw(st.permutations(list(now)))[: data.draw(st.integers(0, 2))]:
            view, _ = fold(view, sample(n, **{name: now[name]}), unit)
            assert view.good + view.reject == view.counters["total"]
            assert view.reject <= view.counters["reject"]
    end = {"total": total + reject + 1, "reject": reject}  # pieces enough to cover what waits
    view, _ = fold(view, sample(len(made) + 1, **end), unit)
    assert (view.good, view.reject) == (total + 1, reject)


def test_a_view_from_before_is_read_and_goes_on_counting():
    view, _ = fold(UnitView(id="press-1"), sample(0, total=5, reject=1, state=6), unit_of(T, R))
    plain = load(dump(to_plain(view)))
    for name in ("waiting", "last_piece_us", "meant"):
        del plain[name]
    view, _ = fold(from_plain(plain), sample(1, total=9, reject=2), unit_of(T, R))
    assert (view.good, view.reject) == (3, 1)
