"""Whatever the units of a line do: what each waited is charged once, and to no unit that waits itself."""

from hypothesis import given
from hypothesis import strategies as st

from mes.calendar import Span
from mes.flow import Station, constraint, waited
from mes.states import STATES
from mes.timeline import Interval

LONG = 24


@st.composite
def stations(draw):
    out = []
    for n in range(draw(st.integers(1, 5))):
        states = draw(st.lists(st.sampled_from(list(STATES)), min_size=LONG, max_size=LONG))
        line = tuple(Interval(at, at + 1, state) for at, state in enumerate(states))
        out.append(Station(f"u{n}", line, draw(st.none() | st.floats(1, 9))))
    return out


@given(stations(), st.integers(0, LONG), st.integers(0, LONG))
def test_all_that_was_waited_is_charged_once(line, one, other):
    start, end = sorted((one, other))
    found = waited(line, [Span(start, end, "busy")])
    for each, station in zip(found, line, strict=True):
        waits = [i for i in station.line[start:end] if i.state in ("starved", "blocked")]
        assert each.waited_us == len(waits) == sum(each.by.values())
        assert station.unit not in each.by
        assert each.busy_us == end - start
    assert sum(one.charged_us for one in found) == sum(
        us for one in found for cause, us in one.by.items() if cause.startswith("u")
    )
    worst, judged = constraint(found), [w for w in found if 2 * w.known_us >= w.busy_us > 0]
    assert worst is None or worst.share <= min(one.share for one in judged) + 0.01


@given(stations())
def test_windows_add_up(line):
    whole = waited(line, [Span(0, LONG, "busy")])
    halves = [waited(line, [Span(a, b, "busy")]) for a, b in ((0, 7), (7, LONG))]
    for n, one in enumerate(whole):
        assert one.waited_us == sum(half[n].waited_us for half in halves)
        assert one.charged_us == sum(half[n].charged_us for half in halves)
