"""Stops and their pieces, by example."""

from dataclasses import replace

from mes.calendar import Span
from mes.losses import account
from mes.master_data import MasterData
from mes.reasons import Reasons
from mes.stops import MACHINE, Code, Why, planned_stops, stops
from mes.timeline import Interval
from mes.usual_reasons import USUAL
from store.log.codes import _apart

MIN = 60_000_000
TREE = replace(USUAL, faults={"217": "tool_jam"})
LINE = (
    Interval(0, 10 * MIN, "running"),
    Interval(10 * MIN, 40 * MIN, "stopped", "217"),
    Interval(40 * MIN, 50 * MIN, "held"),
    Interval(50 * MIN, 60 * MIN, "starved"),
    Interval(60 * MIN, 70 * MIN, "stopped"),
    Interval(70 * MIN, 80 * MIN, "running"),
    Interval(80 * MIN, None, "stopped", "305"),
)


def why(*codes):
    return Why("m1", codes, Reasons(TREE))


def code(start, end, reason, comment="", version=1):
    return Code(start * MIN, None if end is None else end * MIN, reason, comment, "olga", version)


def told(found):
    return [
        [(p.start_us // MIN, p.end_us and p.end_us // MIN, p.reason, p.by) for p in stop.pieces]
        for stop in found
    ]


def test_what_nobody_said_is_the_machines_or_nobodys():
    found = stops(LINE, why(), known_us=100 * MIN)
    assert told(found) == [
        [(10, 40, "tool_jam", MACHINE), (40, 50, "", "")],
        [(60, 70, "", "")],
        [(80, None, "", "")],
    ]
    assert [stop.coded for stop in found] == [False, False, False]
    assert [stop.us(100 * MIN) // MIN for stop in found] == [40, 10, 20]


def test_what_people_say_lies_over_what_the_machine_said():
    found = stops(LINE, why(code(10, 50, "power")), known_us=100 * MIN)
    assert told(found)[0] == [(10, 50, "power", "olga")]
    cut = (code(10, 20, "power"), code(20, 45, "", "who knows"), code(45, None, "air"))
    assert told(stops(LINE, why(*cut), known_us=100 * MIN))[0] == [
        (10, 20, "power", "olga"),
        (20, 40, "tool_jam", MACHINE),  # it was cut only: the machine's word stands
        (40, 45, "", ""),
        (45, 50, "air", "olga"),
    ]


def test_what_goes_on_has_no_end_and_what_is_known_no_longer_none():
    (last,) = stops(LINE[-1:], why(code(85, None, "air")), known_us=90 * MIN)
    assert (last.end_us, last.pieces[-1].end_us, last.pieces[-1].reason) == (None, None, "air")
    assert stops(LINE[-1:], why(), known_us=80 * MIN) == ()


def test_reasons_move_no_total_and_name_the_losses():
    shift = (Span(0, 120 * MIN, "busy", "early"),)

    def of(*codes):
        return account(intervals=LINE, known_us=100 * MIN, spans=shift, minutes=(), versions=(),
                       why=why(*codes))  # fmt: skip

    before, after = of(), of(code(10, 20, "inspection"), code(20, 50, "power"))
    assert before.pbt_us == after.pbt_us and before.adet_us == after.adet_us
    assert before.stopped_us == after.stopped_us == 70 * MIN
    assert (before.coded_us, after.coded_us) == (30 * MIN, 40 * MIN)
    assert after.lost["stopped", "217", "inspection"] == 10 * MIN
    assert after.lost["held", "", "power"] == 10 * MIN
    assert sum(before.lost.values()) == sum(after.lost.values())


def test_a_stop_that_people_say_was_no_failure_is_none():
    shift = (Span(0, 120 * MIN, "busy", "early"),)

    def of(*codes):
        return account(intervals=LINE, known_us=100 * MIN, spans=shift, minutes=(), versions=(),
                       why=why(*codes)).reliability  # fmt: skip

    assert (of().failures, of().repair_s) == (2, 50 * 60)  # 217 means one, and 305 is a fault
    planned = of(code(10, 40, "no_order"))
    assert (planned.failures, planned.repair_s) == (1, 20 * 60)
    broke = of(code(60, 70, "electrical"))
    assert (broke.failures, broke.repair_s) == (3, 60 * 60)


def test_micro_stops_are_left_out_by_the_interval_as_in_the_account():
    brief = (Interval(0, 4 * MIN, "stopped"), Interval(4 * MIN, 8 * MIN, "held"),
             Interval(8 * MIN, 30 * MIN, "running"), Interval(30 * MIN, None, "stopped"))  # fmt: skip
    versions = (MasterData(valid_from_us=0, ideal_cycle_s=6.0),)
    found = stops(brief, why(), known_us=31 * MIN, versions=versions)
    assert [(s.start_us // MIN, s.end_us) for s in found] == [(30, None)]  # nobody knows how long
    assert len(stops(brief, why(), known_us=31 * MIN)) == 2


def test_nobody_is_asked_why_a_machine_stood_in_a_break():
    planned = (Span(0, 12 * MIN, "busy"), Span(12 * MIN, 60 * MIN, "break"),
               Span(60 * MIN, 65 * MIN, "busy"), Span(65 * MIN, 200 * MIN, "no_shift"))  # fmt: skip
    found = stops(LINE, why(), known_us=100 * MIN)
    assert [s.start_us // MIN for s in planned_stops(found, planned, 100 * MIN)] == [10, 60]


def test_what_was_told_late_makes_no_codes_overlap():
    """Two stops became one: what was open ends where the next begins."""
    found = _apart([code(0, 90, "power"), code(60, 80, "air"), code(85, None, "it")])
    assert [(c.start_us // MIN, c.end_us and c.end_us // MIN) for c in found] == [
        (0, 60), (60, 80), (85, None),
    ]  # fmt: skip
