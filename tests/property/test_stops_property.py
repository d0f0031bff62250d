"""Whatever people say of stops, in whatever order: no total moves, and the last word holds."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mes.calendar import Span
from mes.downtime import FOREVER_US, CodeStop
from mes.losses import account
from mes.records import Invalid
from mes.stops import Why, stops
from mes.timeline import Interval
from tests.records_kept import Kept

S, LONG = 1_000_000, 60
REASONS = ("power", "air", "feed_jam", "", None)


@st.composite
def lines(draw):
    """States of a minute's length each, from 1 to LONG; what is equal beside each other is one."""
    states = draw(st.lists(st.sampled_from(["running", "stopped", "held", "starved"]), min_size=LONG,
                           max_size=LONG))  # fmt: skip
    out = []
    for n, state in enumerate(states, start=1):
        if out and out[-1].state == state:
            out[-1] = Interval(out[-1].start_us, (n + 1) * S, state)
        else:
            out.append(Interval(n * S, (n + 1) * S, state))
    return (*out[:-1], Interval(out[-1].start_us, None, out[-1].state))


said = st.tuples(
    st.integers(1, LONG), st.none() | st.integers(2, LONG + 1), st.sampled_from(REASONS)
)


def stop_end(line, us):
    """When the stop ends that goes on at a moment, None where it goes on to the end."""
    for one in line:
        if one.start_us > us and one.state not in ("stopped", "held"):
            return one.start_us
    return None


@given(lines(), st.lists(said, max_size=12))
@settings(max_examples=60, deadline=None)
def test_codes_never_overlap_and_the_last_word_holds(line, actions):
    kept = Kept(lambda us: stop_end(line, us))
    labels = [None] * (LONG + 1)  # by second: the last thing that was said of it
    for start, end, reason in actions:
        until = None if end is None else end * S
        command = CodeStop(unit="m1", from_us=start * S, until_us=until, why=reason)
        try:
            kept.take(command.decide(kept, now_us=(LONG + 1) * S))
        except Invalid:
            continue
        last = until or stop_end(line, start * S) or FOREVER_US
        for second in range(start, LONG + 1):
            if second * S < last:
                labels[second] = reason
    codes = kept.codes("m1", 0, FOREVER_US)
    edges = [(code.start_us, code.end_us or FOREVER_US) for code in codes]
    assert all(a[1] <= b[0] for a, b in pairwise(edges))
    for second in range(1, LONG + 1):
        here = [c for c in codes if c.start_us <= second * S < (c.end_us or FOREVER_US)]
        assert [c.reason for c in here] == ([] if labels[second] is None else [labels[second]])
    _totals(line, codes)


def _totals(line, codes):
    known_us = (LONG + 1) * S
    told = {"intervals": line, "known_us": known_us, "minutes": (), "versions": ()}
    spans = (Span(0, known_us, "busy", "early"),)
    before = account(**told, spans=spans)
    after = account(**told, spans=spans, why=Why("m1", codes))
    assert (before.apt_us, before.adet_us, before.pbt_us) == (
        after.apt_us,
        after.adet_us,
        after.pbt_us,
    )
    assert sum(before.lost.values()) == sum(after.lost.values())
    assert before.stopped_us == after.stopped_us
    found = stops(line, Why("m1", codes), known_us=known_us)
    plain = stops(line, Why("m1"), known_us=known_us)
    assert [(s.start_us, s.end_us) for s in found] == [(s.start_us, s.end_us) for s in plain]
    for stop in found:
        ends = [piece.end_us for piece in stop.pieces]
        assert stop.pieces[0].start_us == stop.start_us and ends[-1] == stop.end_us
        assert ends[:-1] == [piece.start_us for piece in stop.pieces[1:]]
