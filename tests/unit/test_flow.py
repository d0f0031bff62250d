"""Who makes whom wait in a line, by example."""

from mes.calendar import Span
from mes.flow import NOBODY, OUTSIDE, Station, constraint, waited
from mes.timeline import Interval

MIN = 60_000_000
HOUR = (Span(0, 60 * MIN, "busy", "early"),)


def line(*parts):
    """(state, minutes) one after the other."""
    at, out = 0, []
    for state, minutes in parts:
        out.append(Interval(at, at + minutes * MIN, state))
        at += minutes * MIN
    return tuple(out)


def test_fillers_wait_because_the_capper_jammed():
    """F67: the line's loss is charged to the capper."""
    found = waited(
        [
            Station("filler-1", line(("running", 20), ("blocked", 20), ("running", 20)), 5.0),
            Station("filler-2", line(("running", 15), ("blocked", 25), ("running", 20)), 5.0),
            Station("capper", line(("running", 10), ("stopped", 30), ("running", 20)), 6.0),
            Station("packer", line(("running", 12), ("starved", 40), ("running", 8)), 5.0),
        ],
        HOUR,
    )
    by_unit = {one.unit: one for one in found}
    assert by_unit["filler-1"].by == {"capper": 20 * MIN}
    assert by_unit["filler-2"].by == {"capper": 25 * MIN}
    assert by_unit["packer"].by == {"capper": 28 * MIN, NOBODY: 12 * MIN}
    assert by_unit["capper"].charged_us == 73 * MIN
    assert constraint(found).unit == "capper"
    assert constraint(found).point_parts == 6.0  # 36 s of an hour at 6 s a piece


def test_what_comes_from_outside_is_no_units():
    found = waited(
        [
            Station("one", line(("starved", 30), ("running", 30))),
            Station("two", line(("starved", 30), ("blocked", 30))),
        ],
        HOUR,
    )
    assert [one.by for one in found] == [{OUTSIDE: 30 * MIN}, {OUTSIDE: 60 * MIN}]
    assert [one.charged_us for one in found] == [0, 0]


def test_a_unit_of_which_nothing_is_known_holds_nothing_up():
    stood, after = line(("running", 50), ("stopped", 10)), line(("running", 50), ("starved", 10))
    found = waited(
        [Station("a", stood), Station("b", after), Station("dead", line(("unknown", 60)))], HOUR
    )
    assert constraint(found).unit == "a"
    assert (found[2].known_us, found[2].share) == (0, 0)
    mostly = line(("unknown", 40), ("running", 20))
    assert constraint(waited([Station("a", mostly), Station("b", after)], HOUR)) is None


def test_breaks_count_for_nobody():
    planned = (Span(0, 20 * MIN, "busy"), Span(20 * MIN, 40 * MIN, "break"),
               Span(40 * MIN, 60 * MIN, "busy"))  # fmt: skip
    found = waited(
        [Station("one", line(("stopped", 60))), Station("two", line(("starved", 60)))], planned
    )
    assert found[1].by == {"one": 40 * MIN} and found[1].busy_us == 40 * MIN


def test_of_units_that_wait_alike_the_slowest_holds_the_line_up():
    stood = line(("running", 50), ("stopped", 10))
    before, after = line(("running", 50), ("blocked", 10)), line(("running", 50), ("starved", 10))
    for slow, fast in (("a", "b"), ("b", "a")):
        cycles = {slow: 7.0, fast: 4.0}
        units = (("x", before), ("a", stood), ("b", stood), ("y", after))
        found = waited([Station(id, states, cycles.get(id)) for id, states in units], HOUR)
        assert constraint(found).unit == slow
    assert constraint(waited([Station("a", after)], HOUR)) is None
    assert constraint(waited([Station(id, line(("running", 60))) for id in "ab"], HOUR)) is None
