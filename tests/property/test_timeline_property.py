"""The line of states is gap-free, whatever is told and however late."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mes.events import FaultRaised, StateChanged, StateFound
from mes.timeline import Interval, difference, follow, window

AT = st.integers(0, 60)
STATES = st.sampled_from(["running", "stopped", "held", "unknown"])
EVENTS = st.lists(
    st.one_of(
        st.builds(StateChanged, st.just("u"), AT, STATES, STATES),
        st.builds(StateFound, st.just("u"), AT, STATES),
        st.builds(FaultRaised, st.just("u"), AT, st.sampled_from(["1", "2"])),
    ),
    max_size=20,
)


def play(events):
    line = ()
    for event in events:
        line = follow(line, event)
    return line


def state_at(line, us):
    found = [i for i in line if i.start_us <= us and (i.end_us is None or us < i.end_us)]
    assert len(found) <= 1
    return found[0].state if found else "unknown"


@given(EVENTS)
def test_each_interval_begins_where_the_one_before_ends_and_the_last_is_open(events):
    line = play(events)
    for one, after in itertools.pairwise(line):
        assert one.start_us < one.end_us == after.start_us
    if line:
        assert line[-1].end_us is None


@given(EVENTS)
def test_it_says_what_was_told_last_of_each_moment(events):
    said = ["unknown"] * 61
    for n, event in enumerate(events):
        if isinstance(event, StateChanged):
            said[event.at_us :] = [event.new] * (61 - event.at_us)
        elif isinstance(event, StateFound):
            line = play(events[:n])
            if not line:
                said[event.at_us :] = [event.state] * (61 - event.at_us)
                continue
            ends = [i.end_us for i in line if i.start_us <= event.at_us] or [line[0].start_us]
            end = 61 if ends[-1] is None else ends[-1]
            said[event.at_us : end] = [event.state] * (end - event.at_us)
    line = play(events)
    assert [state_at(line, us) for us in range(61)] == said


@given(EVENTS, AT, AT, AT)
def test_a_window_is_whole(events, start, end, known):
    start, end = sorted((start, end))
    found = window(play(events), start, end, known_us=known)
    assert sum(i.end_us - i.start_us for i in found) == end - start
    for one, after in itertools.pairwise(found):
        assert one.end_us == after.start_us
    assert all(i.state == "unknown" for i in found if i.start_us >= known)


@given(EVENTS, EVENTS)
def test_a_difference_makes_one_line_out_of_the_other(first, more):
    old = play(first)
    new = old
    for event in more:
        new = follow(new, event)
    said = difference(old, new)
    rows = {i.start_us: i for i in old}
    for gone in said.gone:
        del rows[gone.start_us]
    for ended in said.ended:
        assert rows[ended.start_us].end_us is None
        rows[ended.start_us] = ended
    for made in said.made:
        assert made.start_us not in rows
        rows[made.start_us] = made
    assert tuple(rows[k] for k in sorted(rows)) == new


def test_a_late_state_is_marked_revised_and_so_is_what_it_cuts():
    line = play([StateChanged("u", 0, "unknown", "running"), StateChanged("u", 50, "", "stopped")])
    assert follow(line, StateFound("u", 20, "held")) == (
        Interval(0, 20, "running", revised=True),
        Interval(20, 50, "held", revised=True),
        Interval(50, None, "stopped"),
    )


def test_a_state_that_went_on_through_a_silence_takes_the_place_of_unknown():
    line = play(
        [StateChanged("u", 0, "unknown", "running"), StateChanged("u", 30, "running", "unknown")]
    )
    assert follow(line, StateChanged("u", 30, "unknown", "running")) == (
        Interval(0, None, "running", revised=True),
    )
