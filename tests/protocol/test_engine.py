"""The engine against a real Redis: whatever dies, every count is folded once."""

import asyncio
import random
from contextlib import suppress

import pytest

from cli.settings import DEMO, settings
from engine import fold_loop
from mes.observation import Reading, Sample
from mes.unit_view import UnitView, from_plain
from store import live
from store.views import Center, NotOwner

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


async def until(condition, seconds=15.0):
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


async def start(redis, units, owner):
    client = live.open_redis(redis.url)
    return client, asyncio.create_task(fold_loop.run(client, CENTER, units, owner=owner))


async def end(client, task):
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await client.aclose()


def test_every_count_is_folded_once_whatever_dies(own_redis, units):
    rng = random.Random(7)

    async def run():
        made = dict.fromkeys(UNITS, 0)
        client, task = await start(own_redis, units, "0")
        for n in range(600):
            redis = own_redis.client()
            unit = rng.choice(UNITS)
            made[unit] += rng.randrange(3)
            add(redis, unit, n, made[unit])
            if n % 100 == 40:  # the engine dies: nothing is given back, nothing is said
                await end(client, task)
                redis.delete(live.lease_key(CENTER))
                client, task = await start(own_redis, units, str(n))
            if n % 100 == 90:
                own_redis.kill()
                await asyncio.to_thread(own_redis.start)
            if n % 7 == 0:
                await asyncio.sleep(0.001)
        first = {unit: first_count(own_redis, unit) for unit in UNITS}
        want = {unit: made[unit] - first[unit] for unit in UNITS}
        await until(lambda: {u: v.good for u, v in views(own_redis.client()).items()} == want)
        await end(client, task)

    asyncio.run(run())


def first_count(redis, unit):
    _, fields = redis.client().xrange(live.samples_key(CENTER, unit), count=1)[0]
    return live.decode(unit, fields).readings["good"].value


def test_two_engines_one_folds_and_the_other_takes_over(own_redis, units):
    async def run():
        add(own_redis.client(), "press-1", 0, 0)
        one = await start(own_redis, units, "one")
        await until(lambda: own_redis.client().get(live.lease_key(CENTER)) == "one")
        two = await start(own_redis, units, "two")
        add(own_redis.client(), "press-1", 1, 5)
        await until(lambda: views(own_redis.client())["press-1"].good == 5)
        assert own_redis.client().get(live.lease_key(CENTER)) == "one"
        await end(*one)
        await until(lambda: own_redis.client().get(live.lease_key(CENTER)) == "two")
        add(own_redis.client(), "press-1", 2, 9)
        await until(lambda: views(own_redis.client())["press-1"].good == 9)
        await end(*two)

    asyncio.run(run())


def test_who_lost_the_lease_can_commit_nothing(own_redis, units):
    async def run():
        client = live.open_redis(own_redis.url)
        held = Center(client, CENTER, UNITS, owner="one")
        assert await held.take()
        own_redis.client().set(live.lease_key(CENTER), "two")
        assert not await held.take()
        with pytest.raises(NotOwner):
            await held.commit(await held.views() or {"press-1": UnitView(id="press-1")})
        assert views(own_redis.client()) == {}
        await client.aclose()

    asyncio.run(run())


def test_entries_that_nobody_of_ours_wrote_are_passed_over(own_redis, units):
    redis = own_redis.client()
    add(redis, "press-1", 0, 10)
    redis.xadd(live.samples_key(CENTER, "press-1"), {"what": "ever"})
    redis.xadd(live.samples_key(CENTER, "press-1"), {"s": "1", "r": "1", "d": "x", "v": "{"})
    redis.hset(live.units_key(CENTER), "press-2", "torn {")
    add(redis, "press-1", 5, 12)

    async def run():
        one = await start(own_redis, units, "one")
        await until(
            lambda: views_or_none(own_redis) and views(own_redis.client())["press-1"].good == 2
        )
        await end(*one)

    asyncio.run(run())


def views_or_none(redis):
    with suppress(ValueError):
        return views(redis.client())
    return None
