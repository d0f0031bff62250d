"""The writer against a real Redis that is killed, frozen, emptied and comes back."""

import asyncio
import signal
from contextlib import asynccontextmanager, suppress

import pytest

from cli.settings import DEMO, settings
from mes.link import Link
from mes.observation import Reading, Sample
from store import live
from store.spool import Spool
from store.writer import Writer

KEY = live.samples_key("press-line", "press-1")


@pytest.fixture(scope="module")
def plant():
    return settings(DEMO).plant


def sample(n, **readings):
    readings = readings or {"good": n}
    return Sample(
        work_unit="press-1",
        device="plc",
        source_time_us=n * 1000,
        received_time_us=n * 1000 + 1,
        readings={k: Reading(v) for k, v in readings.items()},
    )


@asynccontextmanager
async def writing(redis, plant, folder, *, bytes_max=1 << 30):
    spool = Spool(folder / "spool.sqlite", bytes_max=bytes_max)
    writer = Writer(redis.url, plant, entries_max=20_000, spool=spool)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        spool.close()


async def until(condition, seconds=10.0):
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


def stored(redis):
    return [int(f["s"]) // 1000 for _, f in redis.client().xrange(KEY)]


def test_samples_links_and_latest_values_arrive_in_order(own_redis, plant, tmp_path):
    async def run():
        async with writing(own_redis, plant, tmp_path) as writer:
            for n in range(1000):
                writer.append([sample(n, good=n, state=6.0)])
            writer.append([sample(5, good=b"no JSON")])
            writer.append(
                [Sample(work_unit="nobody", device="plc", source_time_us=1, received_time_us=1)]
            )
            writer.link(Link(device="plc", state="live", since_us=5))
            await until(lambda: len(stored(own_redis)) == 1000)
            await until(lambda: own_redis.client().hget(live.LINKS, "plc"))

    asyncio.run(run())
    assert stored(own_redis) == list(range(1000))
    last = own_redis.client().hgetall(live.last_key("press-line", "press-1"))
    assert last == {
        "good": '[999,"good",999000,999001,""]',
        "state": '[6.0,"good",999000,999001,""]',
    }


def test_nothing_is_lost_or_doubled_while_redis_is_killed_again_and_again(
    own_redis, plant, tmp_path
):
    async def run():
        async with writing(own_redis, plant, tmp_path) as writer:
            n = 0
            for _ in range(4):
                for _ in range(150):
                    writer.append([sample(n)])
                    n += 1
                    await asyncio.sleep(0.001)
                    if n % 150 == 75:
                        own_redis.kill()
                await asyncio.to_thread(own_redis.start)
            await until(lambda: len(set(stored(own_redis))) == n)
            return n

    count = asyncio.run(run())
    assert stored(own_redis) == list(range(count))


def test_a_frozen_redis_delays_and_loses_nothing(own_redis, plant, tmp_path):
    async def run():
        async with writing(own_redis, plant, tmp_path) as writer:
            writer.append([sample(0)])
            await until(lambda: stored(own_redis) == [0])
            own_redis.signal(signal.SIGSTOP)
            for n in range(1, 200):
                writer.append([sample(n)])
            await until(lambda: len(writer.spool) > 0, 15)  # its patience has ended
            own_redis.signal(signal.SIGCONT)
            await until(lambda: len(set(stored(own_redis))) == 200)

    asyncio.run(run())
    assert sorted(stored(own_redis)) == list(range(200))


def test_what_waits_in_the_spool_survives_the_writer(own_redis, plant, tmp_path):
    async def before():
        async with writing(own_redis, plant, tmp_path) as writer:
            own_redis.kill()
            for n in range(50):
                writer.append(
                    [
                        sample(n),
                        Sample(
                            work_unit="press-1", device="plc", source_time_us=n, received_time_us=n
                        ),
                    ]
                )
            await until(lambda: len(writer.spool) >= 50)
            assert len(writer.spool) == 50  # the contacts are no news afterwards

    async def after():
        async with writing(own_redis, plant, tmp_path) as writer:
            writer.append([sample(50)])
            await until(lambda: len(stored(own_redis)) == 51)
            assert len(writer.spool) == 0

    asyncio.run(before())
    own_redis.start()
    asyncio.run(after())
    assert stored(own_redis) == list(range(51))


def test_a_clock_that_was_set_back_loses_nothing(own_redis, plant, tmp_path):
    own_redis.client().xadd(KEY, live.encode(sample(0)), id="9999999999999-5")

    async def run():
        async with writing(own_redis, plant, tmp_path) as writer:
            for n in range(1, 20):
                writer.append([sample(n)])
            await until(lambda: len(stored(own_redis)) == 20)

    asyncio.run(run())
    assert stored(own_redis) == list(range(20))


def test_a_full_spool_drops_the_oldest_and_counts_them(own_redis, plant, tmp_path):
    own_redis.kill()

    async def run():
        async with writing(own_redis, plant, tmp_path, bytes_max=20_000) as writer:
            for n in range(1000):
                writer.append([sample(n)])
            await until(lambda: writer.spool.dropped > 0)
            await asyncio.to_thread(own_redis.start)
            await until(lambda: 999 in stored(own_redis))
            return writer.spool.dropped

    dropped = asyncio.run(run())
    assert stored(own_redis) == list(range(dropped, 1000))


def test_numbers_that_are_none_travel_as_bad(own_redis):
    fields = live.encode(sample(1, power=float("nan")))
    assert live.decode("press-1", fields).readings["power"].quality == "bad"
    assert live.decode("press-1", fields).readings["power"].value is None
