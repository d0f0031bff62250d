"""Whatever people do with work orders, in whatever order, and whenever one looks whether work is due."""

from hypothesis import given
from hypothesis import strategies as st

from mes.maintenance import (
    FROM,
    KIND,
    CancelMaintenance,
    FinishMaintenance,
    RequestMaintenance,
    StartMaintenance,
    locked_by,
    order_of,
)
from mes.maintenance_plans import DAY_US, Every, Plan, progress
from mes.records import Change, Refused
from tests.records_kept import Kept

STEPS = {"started": StartMaintenance, "done": FinishMaintenance, "cancelled": CancelMaintenance}
steps = st.tuples(st.sampled_from([*STEPS]), st.integers(1, 3), st.none() | st.integers(1, 3))


@given(st.lists(steps, max_size=15), st.sampled_from(["unsafe", "soon"]))
def test_no_order_is_ever_in_a_state_that_it_may_not_be_in(said, severity):
    kept = Kept()
    kept.take([Change("equipment", "m1", None, {"level": "work_unit", "parent": ""})])
    for _ in range(2):
        kept.take(RequestMaintenance(unit="m1", work="x", severity=severity).decide(kept, now_us=1))
    for now_us, (to, n, version) in enumerate(said, start=2):
        before = kept.record(KIND, f"m1@{n}")
        command = STEPS[to](order=f"m1@{n}", version=version, reason="why")
        try:
            (change,) = command.decide(kept, now_us=now_us)
        except Refused:
            continue
        assert before.body["state"] in FROM[to]
        assert version in (None, before.version)
        kept.take([change])
    found = [order_of(record) for record in kept.records(KIND)]
    for one in found:
        assert (one.started_us is not None) == (one.state in ("started", "done")) or (
            one.state == "cancelled"
        )
        assert (one.ended_us is not None) == (one.state in ("done", "cancelled"))
    locking = locked_by(order_of(record) for record in kept.unfinished("m1"))
    begun = {one.id for one in found if one.state == "started"}
    asked = {one.id for one in found if one.state == "open" and severity == "unsafe"}
    assert (locking.id in begun | asked) if locking else not begun | asked


rules = st.builds(Every, st.sampled_from(["days", "pieces"]), st.integers(1, 20_000))


@given(rules, st.integers(0, 10**16), st.integers(0, 10**16), st.integers(0, 40_000))
def test_work_is_due_exactly_when_its_days_or_pieces_are_full(rule, since, passed, pieces):
    plan = Plan(id="m1@p", unit="m1", work="x", rule=rule, from_us=0, locks=True, active=True)
    now = since + passed
    found = progress(plan, since, now_us=now, pieces=pieces)
    full = passed >= rule.every * DAY_US if rule.by == "days" else pieces >= rule.every
    assert found.is_due == full
    assert found.share >= 0
    later = progress(plan, since, now_us=now + DAY_US, pieces=pieces + 7)
    assert later.share >= found.share
    if found.due_us is not None and rule.by == "pieces":
        assert found.due_us >= now and not found.is_due
