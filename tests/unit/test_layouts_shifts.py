"""The shift of now on the screens: its name and end, and the look of a unit when none is planned."""

from dataclasses import replace

import pytest

from layouts import andon, overview, unit
from layouts._facts import facts, worst_first
from layouts._needs import needs
from mes.planned_shifts import Shift
from mes.snapshot import ShiftNow
from mes.week import HOUR_US
from tests.unit.test_layouts import NOW, mixed, snapshot, view

START, END = NOW - 2 * HOUR_US, NOW + 3 * HOUR_US
EARLY = ShiftNow(Shift("early", "Early", None, START, END), END)  # type: ignore[arg-type]
NONE = ShiftNow(None, NOW + 14 * HOUR_US)


def at(shift, now=None):
    return replace(now or mixed(), shifts={"shop": shift} if shift else {})


@pytest.mark.parametrize("id", ["shop", "line", "m1"])
def test_the_wall_names_the_shift_and_its_end(id):
    row = andon.rows(at(EARLY), id)["page"]
    assert (row["shift"], row["shift_until"]) == ("Early", "to 19:06")
    row = andon.rows(at(NONE), id)["page"]
    assert (row["shift"], row["shift_until"]) == ("No shift", "next at 06:06")
    row = andon.rows(at(None), id)["page"]
    assert (row["shift"], row["shift_until"]) == ("", "")


def test_what_is_far_is_named_by_its_day():
    far = ShiftNow(None, NOW + 40 * HOUR_US)
    assert andon.rows(at(far), "shop")["page"]["shift_until"] == "next at Tue 08:06"
    never = ShiftNow(None, None)
    assert andon.rows(at(never), "shop")["page"]["shift_until"] == ""


def test_the_overview_says_it_once_for_all_areas():
    rows = overview.rows(at(EARLY))
    assert rows["page"]["shift"] == "Early, to 19:06"
    assert rows["area:shop"]["area_shift"] == ""


def test_the_unit_says_of_which_shift_its_count_is():
    counted = view("m1", shift_since_us=START, counting_since_us=START - HOUR_US)
    row = unit.rows(at(EARLY, snapshot({"m1": counted})), "m1")["unit:m1"]
    assert row["good_note"] == "Early, since 14:06"
    assert row["shift"] == "Early, to 19:06"
    row = unit.rows(at(None, snapshot({"m1": counted})), "m1")["unit:m1"]
    assert row["good_note"] == "since 14:06"


def test_what_stands_while_no_shift_is_planned_rests_and_needs_nobody():
    now = at(NONE)
    row = andon.rows(now, "shop")["unit:m1"]
    assert (row["word"], row["fault"]) == ("NO SHIFT", "next shift at 06:06")
    assert (row["@data-state"], row["@data-look"]) == ("stopped", "off")
    found = [facts(now, u) for u in now.plant.work_units.values()]
    assert all(f.unit.id != "m1" for f in worst_first(found)[:4])
    assert not [n for n in needs(found, now) if "m1" in n.link]
    assert overview.rows(now)["page"]["stopped"] == "0"


def test_what_runs_or_is_silent_then_is_shown_as_it_is():
    rows = andon.rows(at(NONE), "shop")
    assert (rows["unit:m2"]["word"], rows["unit:m2"]["@data-shift"]) == ("RUNNING", "none")
    assert rows["unit:m3"]["@data-quality"] == "stale"
    assert rows["unit:m3"]["@data-look"] != "off"
    assert rows["unit:m4"]["@data-quality"] == "bad"


def test_without_a_calendar_nothing_is_said():
    assert andon.rows(at(None), "shop")["unit:m1"]["@data-shift"] == ""
    assert andon.rows(at(EARLY), "shop")["unit:m1"]["@data-shift"] == "on"
