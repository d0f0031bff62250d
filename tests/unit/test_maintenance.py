"""Work orders and plans by example: what is asked for, what is due, what is refused and in which words."""

from dataclasses import replace

import pytest

from mes.failures import Code, by_code
from mes.losses import Account, Failed
from mes.maintenance import (
    CancelMaintenance,
    FinishMaintenance,
    OrderMaintenance,
    Part,
    RequestMaintenance,
    StartMaintenance,
    locked_by,
    order_of,
    refuse_locked,
)
from mes.maintenance_plans import (
    DAY_US,
    Condition,
    checked,
    minute_after,
    plan_of,
    progress,
    since_us,
)
from mes.observation import rfc3339
from mes.records import Change, Conflict, Invalid, Missing, Record, Refused
from mes.unit_view import TagView, UnitView
from tests.records_kept import Kept

NOW = 1_772_000_000_000_000
OIL = {"work": "Change the oil", "rule": {"by": "pieces", "every": 10_000}, "from": rfc3339(NOW)}


@pytest.fixture
def kept():
    found = Kept()
    for id, level in (("press-1", "work_unit"), ("press-shop", "area")):
        found.take([Change("equipment", id, None, {"level": level, "parent": ""})])
    found.take([Change("maintenance_plan", "press-1@oil", None, checked("press-1@oil", OIL))])
    return found


def do(kept, command, now_us=NOW):
    (change,) = command.decide(kept, now_us=now_us)
    kept.take([change])
    return order_of(kept.record(change.kind, change.id))


def test_the_life_of_an_order(kept):
    asked = do(kept, RequestMaintenance(unit="press-1", work=" It leaks ", stop_us=NOW - 5))
    assert (asked.id, asked.state, asked.work) == ("press-1@1", "open", "It leaks")
    assert locked_by([asked]) is None
    refuse_locked(kept, "press-1")
    started = do(kept, StartMaintenance(order=asked.id, version=1), NOW + 1)
    assert (started.state, started.started_us) == ("started", NOW + 1)
    with pytest.raises(Refused, match="press-1 is worked on: work order press-1@1, It leaks"):
        refuse_locked(kept, "press-1")
    parts = (Part("seal 40 × 52", 2),)
    done = do(
        kept,
        FinishMaintenance(order=asked.id, parts=parts, notes="a\nb", failure="tool_jam", version=2),
        NOW + 2,
    )
    assert (done.state, done.ended_us, done.parts) == ("done", NOW + 2, parts)
    assert (done.notes, done.failure, done.stop_us) == ("a\nb", "tool_jam", NOW - 5)
    refuse_locked(kept, "press-1")
    with pytest.raises(Refused, match="press-1@1 is done: only one that is open can be started"):
        do(kept, StartMaintenance(order=asked.id))


def test_what_must_not_run_is_locked_as_soon_as_it_is_told(kept):
    order = do(kept, RequestMaintenance(unit="press-1", work="Guard is off", severity="unsafe"))
    with pytest.raises(Refused, match="press-1 must not run: work order press-1@1"):
        refuse_locked(kept, "press-1")
    do(kept, CancelMaintenance(order=order.id, reason="it was on"))
    refuse_locked(kept, "press-1")


def test_who_comes_second_is_told_who_was_first(kept):
    order = do(kept, RequestMaintenance(unit="press-1", work="It leaks"))
    do(kept, StartMaintenance(order=order.id, version=1))
    with pytest.raises(Conflict, match="was changed meanwhile, by olga"):
        do(kept, CancelMaintenance(order=order.id, version=1, reason="no need"))


def test_a_stop_is_asked_for_once(kept):
    do(kept, RequestMaintenance(unit="press-1", work="It leaks", stop_us=5))
    with pytest.raises(Refused, match="this stop has a work order already: press-1@1"):
        do(kept, RequestMaintenance(unit="press-1", work="It leaks again", stop_us=5))
    assert do(kept, RequestMaintenance(unit="press-1", work="Noise")).id == "press-1@2"


@pytest.mark.parametrize(
    ("command", "refusal", "words"),
    [
        (
            RequestMaintenance(unit="press-1", work=" "),
            Invalid,
            "work: expected what is to be done",
        ),
        (RequestMaintenance(unit="press-1", work="a\nb"), Invalid, "one line"),
        (RequestMaintenance(unit="press-1", work="x" * 201), Invalid, "200 characters"),
        (RequestMaintenance(unit="press-1", work="x", severity="dire"), Invalid, "one of unsafe"),
        (RequestMaintenance(unit="press-1", work="x", stop_us=NOW + 1), Invalid, "has passed"),
        (RequestMaintenance(unit="press-shop", work="x"), Missing, "no work unit"),
        (StartMaintenance(order="press-1@9"), Missing, "no work order"),
        (FinishMaintenance(order="press-1@1"), Refused, "only one that is started can be done"),
        (FinishMaintenance(order="press-1@1", failure="no_material"), Invalid, "a failure"),
        (FinishMaintenance(order="press-1@1", parts=(Part("", 1),)), Invalid, r"parts\[0\].part"),
        (FinishMaintenance(order="press-1@1", parts=(Part("x", 0),)), Invalid, "quantity"),
        (FinishMaintenance(order="press-1@1", notes="x" * 2001), Invalid, "notes"),
        (CancelMaintenance(order="press-1@1"), Invalid, "why it is cancelled"),
        (OrderMaintenance(plan="press-1@none", after=""), Missing, "no maintenance_plan"),
    ],
)
def test_what_is_refused(kept, command, refusal, words):
    do(kept, RequestMaintenance(unit="press-1", work="It leaks"))
    with pytest.raises(refusal, match=words):
        command.decide(kept, now_us=NOW)


def test_a_plan_has_one_order_at_a_time(kept):
    order = do(kept, OrderMaintenance(plan="press-1@oil", after=""))
    assert (order.id, order.work, order.locks) == ("press-1@oil.1", "Change the oil", "start")
    with pytest.raises(Refused, match="the plan has a work order already"):
        do(kept, OrderMaintenance(plan="press-1@oil", after=""))


def plan(rule, id="press-1@oil"):
    body = checked(id, OIL | {"rule": rule})
    record = Record(kind="", id=id, version=1, body=body, by="", at_us=0, position=0)
    return plan_of(record)


def test_ten_thousand_cycles_are_due_and_one_less_is_not():
    cycles = plan({"by": "pieces", "every": 10_000})
    assert not progress(cycles, NOW, now_us=NOW + 10, pieces=9_999).is_due
    assert progress(cycles, NOW, now_us=NOW + 10, pieces=10_000).is_due
    half = progress(cycles, NOW, now_us=NOW + DAY_US, pieces=5_000)
    assert (half.share, half.due_us) == (0.5, NOW + 2 * DAY_US)
    assert progress(cycles, NOW, now_us=NOW + DAY_US).due_us is None  # nothing says how fast


def test_days_count_from_the_end_of_the_last_order(kept):
    monthly = plan({"by": "days", "every": 30})
    assert since_us(monthly, None) == NOW
    assert not progress(monthly, NOW, now_us=NOW + 30 * DAY_US - 1).is_due
    assert progress(monthly, NOW, now_us=NOW + 30 * DAY_US).is_due
    order = do(kept, OrderMaintenance(plan="press-1@oil", after=""))
    assert since_us(monthly, order) is None
    ended = replace(order, state="done", ended_us=NOW + 31 * DAY_US)
    assert since_us(monthly, ended) == NOW + 31 * DAY_US


def test_a_condition_has_to_hold():
    hot = plan({"by": "condition", "tag": "oil", "above": 80, "hold_s": 60})
    late = NOW + 60_000_000
    assert not progress(hot, NOW, now_us=late).is_due
    assert not progress(hot, NOW, now_us=late - 1, held_since_us=NOW - 5).is_due
    assert progress(hot, NOW, now_us=late, held_since_us=NOW - 5).is_due
    view = UnitView(id="press-1", tags={"oil": TagView(81.0, "good", 0, 0)})
    assert hot.rule.holds(view)
    assert not hot.rule.holds(None)
    for value, quality in ((80.0, "good"), (81.0, "bad"), ("hot", "good"), (True, "good")):
        assert not hot.rule.holds(UnitView(id="p", tags={"oil": TagView(value, quality, 0, 0)}))
    assert Condition("oil", 2.0, False, 0).holds(
        UnitView(id="p", tags={"oil": TagView(1, "good", 0, 0)})
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"work": ""}, "work: expected"),
        ({"colour": "red"}, "found colour"),
        ({"from": "soon"}, "from: found 'soon'"),
        ({"from": "2026-01-01"}, "with an offset"),
        ({"locks": 1}, "locks: found 1"),
        ({"rule": {"by": "moon"}}, "rule: expected"),
        ({"rule": {"by": "days", "every": 0}}, "rule.every: found 0"),
        ({"rule": {"by": "days", "every": True}}, "rule.every"),
        ({"rule": {"by": "days", "every": 1, "tag": "x"}}, "rule: expected"),
        ({"rule": {"by": "condition", "tag": "", "above": 1}}, "rule.tag"),
        ({"rule": {"by": "condition", "tag": "x"}}, "above or below"),
        ({"rule": {"by": "condition", "tag": "x", "above": 1, "below": 0}}, "one of them"),
        ({"rule": {"by": "condition", "tag": "x", "above": 1, "hold_s": -1}}, "hold_s"),
    ],
)
def test_a_plan_that_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        checked("press-1@oil", OIL | change)


@pytest.mark.parametrize("id", ["press-1", "press-1@", "press-1@Oil", "press-1@oil.1", "@oil"])
def test_a_plan_has_a_unit_and_a_name(id):
    with pytest.raises(ValueError, match="id: found"):
        checked(id, OIL)


def test_pieces_count_from_the_next_whole_minute():
    assert minute_after(60_000_000) == 60_000_000
    assert minute_after(60_000_001) == 120_000_000


def test_failures_go_by_the_code_that_they_have():
    lost = {("stopped", "217", ""): 50, ("starved", "", ""): 900}
    failed = {
        ("stopped", "217", ""): Failed(1, 30_000_000),
        ("held", "217", ""): Failed(1, 10_000_000),
        ("stopped", "", "tool_jam"): Failed(1, 90_000_000),
    }
    account = Account(apt_us=600_000_000, lost=lost, failed=failed)
    found = by_code(account)
    assert list(found) == [Code("", "tool_jam"), Code("217", "")]
    jam, fault = found.values()
    assert (jam.mttr_s, jam.mtbf_s) == (90, 600)
    assert (fault.failures, fault.mttr_s, fault.mtbf_s) == (2, 20, 300)
    assert account.reliability.failures == 3
    assert account.reliability.mttr_s == pytest.approx(130 / 3)  # and nothing of what starved
