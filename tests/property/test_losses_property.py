"""Losses and good time make planned busy time, whatever is told, cut and added in whatever order."""

from dataclasses import replace
from functools import reduce
from itertools import pairwise
from operator import add

from hypothesis import given
from hypothesis import strategies as st

from mes.calendar import Span, cut
from mes.losses import MICRO, Account, Minute, account
from mes.master_data import FACTORS, MasterData
from mes.states import STATES
from mes.timeline import Interval

S, MINUTE = 1_000_000, 60_000_000
DAY_MIN = 200  # of a short day

edges = st.lists(st.integers(1, DAY_MIN * 60 * S - 1), unique=True, max_size=12).map(sorted)


@st.composite
def lines(draw):
    """A line of states that may begin late and goes on at its end."""
    at = draw(edges.filter(bool))
    states = st.tuples(st.sampled_from([*STATES]), st.sampled_from(["", "217"]))
    told = [draw(states) for _ in at]
    return tuple(
        Interval(start, end, *what)
        for start, end, what in zip(at, [*at[1:], None], told, strict=True)
    )


@st.composite
def plans(draw):
    at = sorted({0, DAY_MIN, *draw(st.lists(st.integers(1, DAY_MIN - 1), max_size=6))})
    kinds = st.sampled_from(["busy", "break", "no_shift", "no_calendar"])
    return tuple(Span(start * MINUTE, end * MINUTE, draw(kinds)) for start, end in pairwise(at))


pieces = st.lists(
    st.builds(
        Minute,
        st.integers(0, DAY_MIN - 1).map(lambda n: n * MINUTE),
        st.integers(0, 20),
        st.integers(0, 5),
    ),
    max_size=20,
    unique_by=lambda one: one.minute_us,
)
masters = st.builds(
    lambda cycle_s, limit_s, factor: (
        MasterData(valid_from_us=0, ideal_cycle_s=cycle_s, micro_stop_s=limit_s,
                   micro_stop_factor=factor),
    ),
    st.sampled_from([0.0333, 1.0, 6.4]), st.integers(0, 3600), st.sampled_from(FACTORS),
)  # fmt: skip
known = st.integers(0, 2 * DAY_MIN * 60 * S)
WHOLE = {"intervals": lines(), "known_us": known, "spans": plans(), "minutes": pieces,
         "versions": st.one_of(st.just(()), masters), "since_us": st.integers(0, DAY_MIN * MINUTE)}  # fmt: skip
given_all = given(st.fixed_dictionaries(WHOLE))


@given_all
def test_losses_and_good_time_make_planned_busy_time(told):
    found = account(**told)
    assert sum(loss.us for loss in found.losses) + found.good_us == found.pbt_us
    busy = [s for s in told["spans"] if s.kind == "busy" and s.end_us > told["since_us"]]
    assert found.pbt_us == sum(s.end_us - max(s.start_us, told["since_us"]) for s in busy)
    assert found.apt_us + sum(found.lost.values()) == found.pbt_us
    assert found.good + found.reject + found.outside == sum(
        one.good + one.reject for one in told["minutes"]
    )


@given(st.fixed_dictionaries(WHOLE), st.lists(st.integers(1, DAY_MIN - 1), max_size=5))
def test_what_is_cut_at_any_minutes_adds_up_to_the_whole(told, at):
    at = sorted({0, DAY_MIN, *at})
    parts = []
    for start, end in pairwise(at):
        spans = cut(start * MINUTE, end * MINUTE, told["spans"])
        minutes = [m for m in told["minutes"] if start * MINUTE <= m.minute_us < end * MINUTE]
        parts.append(account(**{**told, "spans": spans, "minutes": minutes}))
    assert reduce(add, parts, Account()) == account(**told)
    assert reduce(add, reversed(parts), Account()) == account(**told)


@given(st.fixed_dictionaries({**WHOLE, "versions": masters}), st.integers(0, 3600))
def test_what_counts_as_a_micro_stop_moves_no_oee(told, limit_s):
    before = account(**told)
    for factor in FACTORS:
        master = replace(told["versions"][0], micro_stop_s=limit_s, micro_stop_factor=factor)
        after = account(**{**told, "versions": (master,)})
        assert after.oee.oee_index == before.oee.oee_index
        assert after.pbt_us == before.pbt_us and after.good_us == before.good_us
        if factor == "availability":
            assert after.micro_us == 0
        else:
            assert (MICRO, "", "") not in after.lost
