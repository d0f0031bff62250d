"""Maintenance on record, on both databases: due work has one order, whoever looks and how often."""

import asyncio
import threading
import time

import pytest

from cli.settings import DEMO, settings
from engine import upkeep
from engine.upkeep import Upkeep
from mes.events import Counted, FaultRaised, StateChanged
from mes.failures import Code, by_code
from mes.kinds import Remove, Set
from mes.maintenance import (
    KIND,
    PLAN,
    CancelMaintenance,
    FinishMaintenance,
    RequestMaintenance,
    StartMaintenance,
)
from mes.maintenance_plans import DAY_US, MINUTE_US
from mes.observation import rfc3339
from mes.people import Person
from mes.records import Forbidden, Refused
from mes.unit_view import TagView, UnitView, to_plain
from store import live
from store.actions import SYSTEM, Actions
from store.configured import take_on_record
from store.log.accounts import basis
from store.log.facts import NONE, Facts, Fold
from store.log.filling import Filling
from store.log.maintenance import orders, plans_now, spent
from store.log.reading import Records

NOW = time.time_ns() // 1000
FROM = NOW - 3 * DAY_US
MIA = Person(id="mia", name="Mia", roles=("maintenance",), scope=("north/press-shop",))
OLGA = Person(id="olga", name="Olga", roles=("operator",), scope=("north/press-shop",))


@pytest.fixture
def plant(database):
    found = settings(DEMO).plant
    take_on_record(database, found)
    return found


@pytest.fixture
def do(database, plant):
    door, keys = Actions(database, plant), iter(range(1000))

    def perform(command, person=MIA):
        return door.perform(command, person, f"do-{next(keys)}")

    return perform


@pytest.fixture
def planned(do):
    def plan(id, rule, **more):
        body = {"work": f"See to {id}", "rule": rule, "from": rfc3339(FROM), **more}
        do(Set(kind=PLAN, id=id, body=body, version=None))

    return plan


def count(database, pieces, *, at_us=FROM + MINUTE_US, after=NONE):
    view = UnitView(id="press-1", state="running")
    facts = [Counted("press-1", at_us, pieces - 10, 10)]
    if after == NONE:
        facts.insert(0, StateChanged("press-1", FROM, "unknown", "running"))
    fold = Fold(center="press-line", after=after, view=view, known_us=at_us, facts=tuple(facts))
    Facts(database).commit([fold])


def made(database):
    with database.read() as connection:
        return sorted(record.id for record in Records(connection).records(KIND))


def test_ten_thousand_cycles_make_one_order_however_often_one_looks(database, plant, do, planned):
    planned("press-1@grease", {"by": "pieces", "every": 10_000})
    count(database, 9_999)
    one, other = Upkeep(database, plant), Upkeep(database, plant)
    assert one.look({}, now_us=NOW) == []
    with database.read() as connection:
        (found,) = plans_now(connection, plant.work_units, now_us=NOW)
    assert (found.progress.pieces, found.progress.is_due) == (9_999, False)
    Facts(database).commit([
        Fold(center="press-line", after=1, view=UnitView(id="press-1"), known_us=NOW,
             facts=(Counted("press-1", NOW - MINUTE_US, 1, 0),))
    ])  # fmt: skip
    (done,) = one.look({}, now_us=NOW)
    assert [record.id for record in done.records] == ["press-1@grease.1"]
    assert one.look({}, now_us=NOW) == other.look({}, now_us=NOW) == []
    assert Upkeep(database, plant).look({}, now_us=NOW + DAY_US) == []
    assert made(database) == ["press-1@grease.1"]
    do(StartMaintenance(order="press-1@grease.1"))
    assert one.look({}, now_us=NOW) == []
    do(FinishMaintenance(order="press-1@grease.1"))
    assert one.look({}, now_us=time.time_ns() // 1000) == []  # it counts from the end on


def test_two_engines_at_the_same_instant_make_one_order(database, plant, planned):
    for n in range(4):
        planned(f"press-{n + 1}@check", {"by": "days", "every": 2})
    engines, told = [Upkeep(database, plant) for _ in range(2)], []

    def look(engine):
        told.extend(engine.look({}, now_us=NOW))

    threads = [threading.Thread(target=look, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made(database) == [f"press-{n}@check.1" for n in range(1, 5)]
    assert len(told) == 4


def test_an_engine_that_is_killed_after_the_order_was_made_makes_no_other(database, plant, planned):
    planned("press-1@check", {"by": "days", "every": 2})
    first = Upkeep(database, plant)
    with database.read() as connection:
        (due,) = plans_now(connection, plant.work_units, now_us=NOW)
    assert first._order(due) is not None  # what it saw before others had done it is seen again
    assert first._order(due) is None
    assert Upkeep(database, plant)._order(due) is None
    assert made(database) == ["press-1@check.1"]


def test_a_condition_makes_an_order_when_it_has_held(database, plant, do, planned):
    unit = plant.work_units["press-1"]
    tag = next(name for name, one in unit.tags.items() if one.role == "value")
    planned("press-1@hot", {"by": "condition", "tag": tag, "above": 80, "hold_s": 60})

    def views(value, at_us):
        found = TagView(value, "good", at_us, at_us)
        tags = dict.fromkeys(unit.tags, found)
        return {
            "press-1": UnitView(
                id="press-1", tags=tags, contacts=dict.fromkeys(unit.devices, at_us)
            )
        }

    engine = Upkeep(database, plant)
    for seconds, value in ((0, 90), (50, 90), (55, 79), (60, 90), (119, 90)):
        at = NOW + seconds * 1_000_000
        assert engine.look(views(value, at), now_us=at) == []
    assert engine.watched == {"press-1"}
    late = NOW + 400_000_000
    assert engine.look(views(90, NOW), now_us=late) == []  # nothing was heard: nobody knows
    for seconds in (0, 60):
        at = late + seconds * 1_000_000
        told = engine.look(views(90, at), now_us=at)
    assert [done.records[0].id for done in told] == ["press-1@hot.1"]
    do(CancelMaintenance(order="press-1@hot.1", reason="it was a false alarm"))
    for seconds in (300, 600):
        at = late + seconds * 1_000_000
        assert engine.look(views(90, at), now_us=at) == []


def test_the_engine_s_task_makes_the_order_and_tells_of_it(
    tmp_path, own_redis, database, plant, planned, monkeypatch
):
    planned("press-1@check", {"by": "days", "every": 2})
    planned("press-1@hot", {"by": "condition", "tag": "power", "above": 80})
    now, unit = time.time_ns() // 1000, plant.work_units["press-1"]
    tags = dict.fromkeys(unit.tags, TagView(90, "good", now, now))
    view = UnitView(id="press-1", tags=tags, contacts=dict.fromkeys(unit.devices, now + DAY_US))
    own_redis.client().hset(live.units_key("press-line"), "press-1", live.dump(to_plain(view)))
    monkeypatch.setattr(upkeep, "LOOK_S", 0.01)

    async def run():
        redis = live.open_redis(own_redis.url)
        task = asyncio.create_task(upkeep.run(redis, Upkeep(database, plant), plant))
        while len(await asyncio.to_thread(made, database)) < 2:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        told = await redis.xrange(live.RECORDS_VIEW)
        await redis.aclose()
        return told

    told = asyncio.run(asyncio.wait_for(run(), 30))
    assert made(database) == ["press-1@check.1", "press-1@hot.2"]
    assert [said["k"] for _, said in told] == [KIND, KIND]


def test_orders_are_found_by_what_they_are_and_never_by_words_in_them(database, plant, do):
    words = 'says "state":"open" or ,"state":"started",'
    do(RequestMaintenance(unit="press-1", work=words), OLGA)
    do(
        RequestMaintenance(
            unit="press-10" if "press-10" in plant.work_units else "press-2", work="x"
        )
    )
    with database.read() as connection:
        assert [one.id for one in Records(connection).unfinished("press-1")] == ["press-1@1"]
    do(CancelMaintenance(order="press-1@1", reason=words))
    with database.read() as connection:
        assert not Records(connection).unfinished("press-1")
        assert [one.state for one in orders(connection, {"press-1"})] == ["cancelled"]
        assert [one.state for one in orders(connection, {"press-1", "press-2"})] == [
            "open",
            "cancelled",
        ]
    do(RequestMaintenance(unit="press-1", work="x"))
    assert "press-1@2" in made(database)


def test_who_may_not_is_refused(do, planned):
    do(RequestMaintenance(unit="press-1", work="It leaks"), OLGA)
    with pytest.raises(Forbidden, match="has not the right 'maintenance'"):
        do(StartMaintenance(order="press-1@1"), OLGA)
    with pytest.raises(Forbidden, match="may not do this at north/assembly"):
        do(RequestMaintenance(unit="station-1", work="It leaks"))
    with pytest.raises(Refused, match="POST"):
        do(Set(kind=KIND, id="press-1@9", body={"state": "done"}, version=0))
    with pytest.raises(Refused, match="not removed"):
        do(Remove(kind=KIND, id="press-1@1", version=1))


def test_failures_of_the_last_days_by_unit_and_code(database, plant, do):
    at, facts, before = NOW - 600 * MINUTE_US, [], "unknown"
    for n, (state, fault) in enumerate([("stopped", "101"), ("starved", ""), ("stopped", "101")]):
        begin, stands = at + 100 * n * MINUTE_US, at + (100 * n + 50) * MINUTE_US
        facts.append(StateChanged("press-1", begin, before, "running"))
        facts.append(StateChanged("press-1", stands, "running", state))
        facts += [FaultRaised("press-1", stands, fault)] if fault else []
        before = state
    facts.append(StateChanged("press-1", at + 300 * MINUTE_US, before, "running"))
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    always = {"id": "day", "name": "Day", "days": days, "start": "06:00", "end": "06:00"}
    body = {"place": "north", "valid_from": "2020-01-01", "shifts": [always]}
    do(Set(kind="shift_pattern", id="north@2020-01-01", body=body, version=0), SYSTEM)
    view = UnitView(id="press-1", state="running")
    Facts(database).commit([
        Fold(center="press-line", after=NONE, view=view, known_us=NOW, facts=tuple(facts))
    ])  # fmt: skip
    for _ in ("formed", "kept"):
        with database.read() as connection:
            by = basis(connection, plant)
            found = spent(connection, plant, [plant.work_units["press-1"]], by, {}, now_us=NOW)
        codes = by_code(found["press-1"])
        assert [(code, one.failures, one.mttr_s) for code, one in codes.items()] == [
            (Code("101", ""), 2, 50 * 60)
        ]
        assert found["press-1"].reliability.mttr_s == 50 * 60  # what was starved is no failure
        while Filling(database, plant).fill():
            pass
