"""The engine against a real Redis: whatever dies, every count is folded once."""

import asyncio
import random
from contextlib import suppress

import pytest
import sqlalchemy as sa

from cli.settings import DEMO, settings
from engine import fold_loop
from engine.recorder import Recorder
from mes.kinds import Set
from mes.observation import Reading, Sample
from mes.shifts import WEEK
from mes.states import state_of
from mes.unit_view import UnitView, from_plain
from store import live
from store.actions import SYSTEM, Actions
from store.calendars import ShiftStarts
from store.log.database import url_of
from store.log.facts import Facts
from store.log.migrate import open_database
from store.log.reading import line
from store.log.tables import counts
from store.views import Center, LeaseLost
from tests.own_postgres import OwnPostgres

CENTER = "press-line"
UNITS = ("press-1", "press-2")


@pytest.fixture(scope="module")
def units():
    plant = settings(DEMO).plant
    return {unit: plant.work_units[unit] for unit in UNITS}


def add(client, unit, n, good):
    sample = Sample(
        work_unit=unit,
        device="press-plc",
        source_time_us=n * 1000,
        received_time_us=n * 1000,
        readings={"good": Reading(good), "state": Reading(6 if n % 10 else 11)},
    )
    client.xadd(live.samples_key(CENTER, unit), live.encode(sample))


def views(client):
    return {u: from_plain(live.load(t)) for u, t in client.hgetall(live.units_key(CENTER)).items()}


def good(redis):
    """Good pieces of press-1 as shown, None before anything is."""
    with suppress(ValueError, KeyError):
        return views(redis.client())["press-1"].good
    return None


async def until(condition, seconds=15.0):
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


async def nothing(**_):
    """Done instead of a commit by an engine that is dead."""


class Engine:
    """One engine that is told when to start, to end and to die."""

    def __init__(self, redis, database, units, owner):
        self.client = live.open_redis(redis.url)
        self.recorder = Recorder(Facts(database))
        self.shifts = ShiftStarts(database, settings(DEMO).plant)
        self.shifts.refresh()
        loop = fold_loop.run(
            self.client, CENTER, units, owner=owner, recorder=self.recorder, shifts=self.shifts
        )
        self.tasks = [asyncio.create_task(loop), asyncio.create_task(self.recorder.run())]

    async def end(self, *, dies=False):
        if dies:  # what it has not committed by now it never will
            self.recorder._commit = nothing
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()


def recorded(database):
    """Unit → good pieces on record."""
    with database.read() as connection:
        good = sa.select(counts.c.work_unit, sa.func.sum(counts.c.good)).group_by("work_unit")
        return {row[0]: int(row[1]) for row in connection.execute(good)}


def test_every_count_is_folded_once_whatever_dies(own_redis, database, units, caplog):
    rng = random.Random(7)

    async def run():
        made = dict.fromkeys(UNITS, 0)
        engine = Engine(own_redis, database, units, "0")
        for n in range(600):
            redis = own_redis.client()
            unit = rng.choice(UNITS)
            made[unit] += rng.randrange(3)
            add(redis, unit, n, made[unit])
            if n % 100 == 40:  # the engine dies: nothing is given back, nothing is said
                await engine.end(dies=True)
                redis.delete(live.lease_key(CENTER))
                engine = Engine(own_redis, database, units, str(n))
            if n % 100 == 90:
                own_redis.kill()
                await asyncio.to_thread(own_redis.start)
            if n % 7 == 0:
                await asyncio.sleep(0.001)
        first = {unit: first_count(own_redis, unit) for unit in UNITS}
        want = {unit: made[unit] - first[unit] for unit in UNITS}
        await until(lambda: {u: v.good for u, v in views(own_redis.client()).items()} == want)
        await until(lambda: recorded(database) == want)
        await engine.end()

    asyncio.run(run())


def first_count(redis, unit):
    _, fields = redis.client().xrange(live.samples_key(CENTER, unit), count=1)[0]
    return live.decode(unit, fields).readings["good"].value


def test_two_engines_one_folds_and_the_other_takes_over(own_redis, database, units):
    async def run():
        add(own_redis.client(), "press-1", 0, 0)
        one = Engine(own_redis, database, units, "one")
        await until(lambda: own_redis.client().get(live.lease_key(CENTER)) == "one")
        two = Engine(own_redis, database, units, "two")
        add(own_redis.client(), "press-1", 1, 5)
        await until(lambda: good(own_redis) == 5)
        assert own_redis.client().get(live.lease_key(CENTER)) == "one"
        await one.end()
        await until(lambda: own_redis.client().get(live.lease_key(CENTER)) == "two")
        add(own_redis.client(), "press-1", 2, 9)
        await until(lambda: good(own_redis) == 9)
        await until(lambda: recorded(database) == {"press-1": 9})
        await two.end()

    asyncio.run(run())


def test_who_lost_the_lease_can_commit_nothing(own_redis, units):
    async def run():
        client = live.open_redis(own_redis.url)
        held = Center(client, CENTER, UNITS, owner="one")
        assert await held.take()
        own_redis.client().set(live.lease_key(CENTER), "two")
        assert not await held.take()
        with pytest.raises(LeaseLost):
            await held.commit(await held.views() or {"press-1": UnitView(id="press-1")})
        assert views(own_redis.client()) == {}
        await client.aclose()

    asyncio.run(run())


def test_entries_that_nobody_of_ours_wrote_are_passed_over(own_redis, database, units):
    redis = own_redis.client()
    add(redis, "press-1", 0, 10)
    redis.xadd(live.samples_key(CENTER, "press-1"), {"what": "ever"})
    redis.xadd(live.samples_key(CENTER, "press-1"), {"s": "1", "r": "1", "d": "x", "v": "{"})
    redis.hset(live.units_key(CENTER), "press-2", "torn {")
    add(redis, "press-1", 5, 12)

    async def run():
        one = Engine(own_redis, database, units, "one")
        await until(lambda: good(own_redis) == 2)
        await one.end()

    asyncio.run(run())


def day_of_three_shifts(start):
    """A pattern of three shifts each day, the first of which starts at `start` o'clock."""
    times = [f"{(start + 8 * n) % 24:02d}:00" for n in range(4)]
    shifts = [
        {"id": id, "name": id, "days": WEEK, "start": times[n], "end": times[n + 1], "breaks": []}
        for n, id in enumerate(("a", "b", "c"))
    ]
    return {"place": "north", "valid_from": "2023-01-01", "shifts": shifts}


def test_counts_are_those_of_the_shift(own_redis, database, units):
    """Shift by shift from the samples; by what is on record where the calendar is edited."""
    actions = Actions(database, settings(DEMO).plant)
    hour = 3_600_000_000
    base = 1_700_000_000_000_000 // hour * hour  # 2023-11-14T22:00Z, 23:00 in Berlin

    def told(at_us, good):
        sample = Sample(
            work_unit="press-1",
            device="press-plc",
            source_time_us=at_us,
            received_time_us=at_us,
            readings={"good": Reading(good), "state": Reading(6)},
        )
        own_redis.client().xadd(live.samples_key(CENTER, "press-1"), live.encode(sample))

    def shown():
        view = views(own_redis.client()).get("press-1")
        return view and (view.good, view.shift_good, view.shift_since_us)

    def plan(start, version):
        body = day_of_three_shifts(start)
        command = Set(kind="shift_pattern", id="north@2023-01-01", body=body, version=version)
        actions.perform(command, SYSTEM, f"plan-{start}")

    async def run():
        plan(7, 0)  # 07-15, 15-23, 23-07 in Berlin: a shift starts at `base`
        engine = Engine(own_redis, database, units, "one")
        engine.shifts.of = lambda unit, us, of=engine.shifts.of: of(unit, min(us, now["us"]))
        now = {"us": base - hour}
        told(base - hour, 10)
        told(base - 1, 14)
        await until(lambda: shown() == (4, 4, base - 8 * hour))
        now["us"] = base + hour
        told(base, 15)
        told(base + 60_000_000, 19)
        await until(lambda: shown() == (9, 5, base))
        plan(6, 1)  # shifts start an hour earlier: what was made since then counts
        await asyncio.to_thread(engine.shifts.refresh)
        await until(lambda: shown() == (9, 9, base - hour))
        await engine.end()

    asyncio.run(run())


def test_while_the_database_is_away_screens_go_on_and_nothing_is_lost(own_redis, units, tmp_path):
    server = OwnPostgres().start()
    database = open_database(url_of(tmp_path, server.database()))

    async def run():
        engine = Engine(own_redis, database, units, "one")
        redis = own_redis.client()
        add(redis, "press-1", 0, 0)
        add(redis, "press-1", 1, 3)
        await until(lambda: recorded(database) == {"press-1": 3})
        await asyncio.to_thread(server.kill)
        for n in range(2, 40):
            add(redis, "press-1", n, 3 + n)
        await until(lambda: good(own_redis) == 42)
        await until(lambda: engine.recorder._away)
        await asyncio.to_thread(server.start)
        await until(lambda: recorded(database) == {"press-1": 42})
        await engine.end()

    try:
        asyncio.run(run())
    finally:
        database.close()
        server.end()


def test_a_stream_that_lost_its_tail_is_read_on_from_its_end(own_redis, database, units):
    """As after a power cut: what was folded is on record, its newest entries are gone from Redis."""

    async def run():
        engine = Engine(own_redis, database, units, "one")
        redis = own_redis.client()
        for n in range(5):
            add(redis, "press-1", n, 10 * n)
        await until(lambda: recorded(database) == {"press-1": 40})
        await engine.end()
        key = live.samples_key(CENTER, "press-1")
        redis.xdel(key, redis.xrevrange(key, count=1)[0][0])
        engine = Engine(own_redis, database, units, "two")
        await until(lambda: redis.get(live.lease_key(CENTER)) == "two")
        add(redis, "press-1", 6, 47)
        await until(lambda: recorded(database) == {"press-1": 47})
        await engine.end()
        assert views(redis)["press-1"].resets == 0

    asyncio.run(run())


def test_what_was_trimmed_before_anybody_read_it_is_unknown(own_redis, database, units, caplog):
    """As after a weekend without an engine: the stream begins behind what was read."""

    async def run():
        engine = Engine(own_redis, database, units, "one")
        redis = own_redis.client()
        for n in range(1, 5):
            add(redis, "press-1", n, n)
        await until(lambda: recorded(database) == {"press-1": 3})
        await engine.end()
        for n in range(5, 30):
            add(redis, "press-1", n, n)
        redis.xtrim(live.samples_key(CENTER, "press-1"), maxlen=5, approximate=False)
        engine = Engine(own_redis, database, units, "two")
        await until(lambda: recorded(database) == {"press-1": 28})
        await engine.end()
        engine = Engine(own_redis, database, units, "three")  # told once
        add(redis, "press-1", 31, 31)
        await until(lambda: recorded(database) == {"press-1": 30})
        await engine.end()

    asyncio.run(run())
    with database.read() as connection:
        found = [(i.start_us, i.state) for i in line(connection, "press-1", from_us=0)]
    running = state_of(units["press-1"].profile, state=6, mode=None, starved=False, blocked=False)
    assert found[:3] == [(1000, running), (4000, "unknown"), (25_000, running)]
    assert found[3:] in ([], [(31_000, "unknown")])  # it is silent since then
    assert len([r for r in caplog.records if "was cut" in r.getMessage()]) == 1
