"""Maintenance as it is drawn: in words, with the lock on a machine's page, and while the records are away."""

import time

import pytest
from dash import html

from cli.settings import DEMO, settings
from layouts import maintenance, unit, work_order
from layouts._html import to_html
from layouts._maintenance import lasts, rule_words, value_words
from layouts._maintenance_forms import Asking
from mes.maintenance import Order
from mes.maintenance_plans import Condition, Every, Plan
from mes.snapshot import Snapshot
from mes.unit_view import TagView, UnitView

PLANT, NOW = settings(DEMO).plant, time.time_ns() // 1000


def order(**changes):
    said = {
        "id": "press-1@7", "unit": "press-1", "work": "It <leaks>", "severity": "soon", "plan": "",
        "stop_us": None, "locks": "start", "state": "started", "made_us": 1, "started_us": 2,
        "ended_us": None, "parts": (), "notes": "", "failure": "", "version": 2, "by": "mia",
    }  # fmt: skip
    return Order(**said | changes)


def test_the_page_of_a_machine_names_the_order_that_locks_it():
    locked = Snapshot(plant=PLANT, now_us=NOW, locks={"press-1": order()})
    assert "Locked for press-1@7: It &lt;leaks&gt;" in to_html(unit.layout(locked, "press-1"))
    assert "Locked" not in to_html(unit.layout(locked, "press-2"))
    row = unit.rows(locked, "press-1")["unit:press-1"]
    assert row["lock@href"] == "/work-order/press-1@7"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Every("days", 1), "every day"),
        (Every("days", 30), "every 30 days"),
        (Every("pieces", 10_000), "every 10,000 pieces"),
        (Condition("oil_temperature", 65.0, True, 90), "oil temperature above 65 for 2 min"),
        (Condition("p", 0.5, False, 0), "p below 0.5"),
    ],
)
def test_when_a_plan_is_due(rule, words):
    plan = Plan(
        id="press-1@a", unit="press-1", work="x", rule=rule, from_us=0, locks=True, active=True
    )
    assert rule_words(plan) == words


def test_what_a_condition_sees():
    one = PLANT.work_units["press-1"]
    name, tag = next((n, t) for n, t in one.tags.items() if t.role == "value" and t.unit)
    rule = Condition(name, 1, True, 0)
    view = UnitView(id="press-1", tags={name: TagView(71.25, "good", 0, 0)})
    assert value_words(rule, one, view) == f"71.25 {tag.unit} now"
    assert value_words(rule, one, None) == "no value now"
    assert value_words(Condition("nothing", 1, True, 0), one, view) == "Press 1 has no tag nothing"


def test_lengths_of_time():
    assert [lasts(s) for s in (None, 42, 600, 111_900)] == ["–", "42 s", "10 min", "31 h 05 min"]


def test_while_the_records_are_away_what_was_typed_stands_and_keeps_its_key():
    typed = {"what": "finish", "notes": "a & b", "part-1": "seal", "failure": "tool_jam"}
    page = work_order.away(PLANT, "press-1@7", html.Span(), typed, words="Away.", again="the-key",
                           now_us=NOW, theme="light")  # fmt: skip
    for words in ('value="the-key"', "a &amp; b", 'value="seal"', "Away.", 'value="tool_jam"'):
        assert words in page
    asking = Asking(typed={"work": "It leaks", "unit": "press-2"}, words="Away.", again="the-key")
    page = maintenance.away(PLANT, "north", html.Span(), asking, now_us=NOW, theme="light")
    for words in ('value="the-key"', 'value="It leaks"', 'value="press-2" selected', "Away."):
        assert words in page
