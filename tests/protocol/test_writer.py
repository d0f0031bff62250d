"""The writer against a real Redis that is killed, frozen, emptied and comes back."""

import asyncio
import logging
import random
import signal
import sqlite3
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from cli.settings import DEMO, settings
from mes.link import Link
from mes.observation import Reading, Sample
from store import live
from store import writer as writing_module
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
    await asyncio.sleep(0)  # it has begun, so that a cancel finds it at work
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
    last = own_redis.client().hgetall("takt:{press-line}:last:press-1")
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


async def test_a_hang_delays_no_spooling(own_redis, plant, tmp_path):
    async with writing(own_redis, plant, tmp_path) as writer:
        writer.append([sample(0)])
        await until(lambda: stored(own_redis) == [0])
        own_redis.signal(signal.SIGSTOP)
        for n in range(1, 3001):
            writer.append([sample(n)])
        # A call of 500 entries each that waited PATIENCE_S for Redis would take 46 s for all of them.
        await until(lambda: len(writer.spool) == 3000, 15)
        for n in range(3001, 23_001):  # in the midst of the next call, which hangs as well
            writer.append([sample(n)])
        await until(lambda: len(writer.spool) == 23_000, 15)
        assert not writer._pending and not writer._sending
        own_redis.signal(signal.SIGCONT)
        await until(lambda: len(writer.spool) == 0, 20)
        writer.append([sample(23_001)])
        await until(lambda: 23_001 in stored(own_redis))
    found = stored(own_redis)
    assert len(found) == len(set(found))
    assert found == list(range(23_002))[-len(found) :]  # the stream is trimmed at about 20 000
    assert len(found) >= 20_000


async def test_a_hang_between_two_batches_doubles_nothing(own_redis, plant, tmp_path, caplog):
    caplog.set_level(logging.INFO, "takt.writer")
    async with writing(own_redis, plant, tmp_path) as writer:
        n = 0
        for _ in range(3):
            own_redis.signal(signal.SIGSTOP)
            for _ in range(700):
                writer.append([sample(n)])
                n += 1
            await until(lambda count=n: len(writer.spool) > 0 and count)
            own_redis.signal(signal.SIGCONT)
            await until(lambda count=n: len(set(stored(own_redis))) == count)
            await until(lambda: writer._up)
    assert stored(own_redis) == list(range(n))
    told = [r.getMessage().split(",")[0] for r in caplog.records]
    assert told == ["Redis is away", "Redis is back"] * 3


async def test_stops_in_the_midst_of_a_batch_lose_nothing(own_redis, plant, tmp_path):
    chance, n = random.Random(7), 0
    for turn in range(20):
        async with writing(own_redis, plant, tmp_path) as writer:
            if frozen := turn % 3 == 2:
                own_redis.signal(signal.SIGSTOP)
            for _ in range(chance.randrange(1, 1500)):
                writer.append([sample(n)])
                n += 1
            async with asyncio.timeout(10):
                while turn % 2 and not writer._sending:
                    await asyncio.sleep(0)
            for _ in range(chance.randrange(0, 30)):
                await asyncio.sleep(0)
        if frozen:
            own_redis.signal(signal.SIGCONT)
    async with writing(own_redis, plant, tmp_path) as writer:
        await until(lambda: len(set(stored(own_redis))) == n)
        await until(lambda: len(writer.spool) == 0)
    assert stored(own_redis) == list(range(n))


async def test_stops_in_the_midst_of_a_commit_lose_nothing(own_redis, plant, tmp_path):
    own_redis.kill()
    n = 0
    for turn in range(20):
        async with writing(own_redis, plant, tmp_path) as writer:
            writer._set_away("it was killed")
            for _ in range(2500):
                writer.append([sample(n)])
                n += 1
            async with asyncio.timeout(10):
                while turn % 4 and not writer._disk._turn.locked():
                    await asyncio.sleep(0)
        again = Spool(tmp_path / "spool.sqlite", bytes_max=1 << 30)
        assert len(again) == n  # each once
        again.close()
    await asyncio.to_thread(own_redis.start)
    rows = own_redis.client()
    async with writing(own_redis, plant, tmp_path) as writer:
        await until(lambda: len(writer.spool) == 0, 30)
    assert rows.xinfo_stream(KEY)["entries-added"] == n


def full(*_):
    raise sqlite3.OperationalError("database or disk is full")


async def test_a_full_disk_loses_nothing_that_memory_holds(
    own_redis, plant, tmp_path, monkeypatch, caplog
):
    caplog.set_level(logging.INFO)
    async with writing(own_redis, plant, tmp_path) as writer:
        own_redis.kill()
        tries = []
        with monkeypatch.context() as broken:
            broken.setattr(Spool, "put", lambda *_: (tries.append(1), full()))
            for n in range(3000):
                writer.append([sample(n)])
            await until(lambda: len(tries) > 3)
            assert len(writer.spool) == 0 and writer.lost == 0
        await until(lambda: len(writer.spool) == 3000)
        await asyncio.to_thread(own_redis.start)
        await until(lambda: len(stored(own_redis)) == 3000)
    assert stored(own_redis) == list(range(3000))
    disk = [r.levelname for r in caplog.records if r.name == "takt.spool"]
    assert disk == ["ERROR", "INFO"]


async def test_redis_that_comes_back_before_the_disk_gets_what_memory_holds(
    own_redis, plant, tmp_path, monkeypatch
):
    monkeypatch.setattr(Spool, "put", full)
    async with writing(own_redis, plant, tmp_path) as writer:
        own_redis.kill()
        for n in range(3000):
            writer.append([sample(n)])
        await until(lambda: writer._disk._failing)
        await asyncio.to_thread(own_redis.start)
        await until(lambda: len(stored(own_redis)) == 3000)
        await until(lambda: not writer._sending)
    assert stored(own_redis) == list(range(3000)) and writer.lost == 0


async def test_what_finds_no_room_at_all_is_counted_and_told_once(
    own_redis, plant, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(Spool, "put", full)
    monkeypatch.setattr(writing_module, "PENDING_MAX", 1500)
    own_redis.kill()
    async with writing(own_redis, plant, tmp_path) as writer:
        for n in range(2000):
            writer.append([sample(n)])
        await until(lambda: writer._disk._failing)
        writer.append([sample(2000)])
        assert writer.lost == 501
    assert writer.lost == 2001  # nor could the end keep them
    assert sum("new ones go" in r.getMessage() for r in caplog.records) == 1
    assert sum("1500 samples are lost" in r.getMessage() for r in caplog.records) == 1


async def test_contacts_alone_do_not_bring_redis_back(own_redis, plant, tmp_path, caplog):
    caplog.set_level(logging.INFO, "takt.writer")
    contact = Sample(work_unit="press-1", device="plc", source_time_us=1, received_time_us=1)
    async with writing(own_redis, plant, tmp_path) as writer:
        own_redis.kill()
        calls = []
        drain = writer._drain
        writer._drain = lambda: (calls.append(1), writer.append([contact]), drain())[-1]
        writer.append([contact])
        await until(lambda: len(calls) > 4)
        assert [r.getMessage()[:13] for r in caplog.records] == ["Redis is away"]


async def test_a_link_travels_with_the_first_of_its_troubles(own_redis, plant, tmp_path):
    troubles = {f"press-1.tag{n}": "far too long " * 1000 for n in range(6000)}
    raw = "odd \udcff " * 10_000
    async with writing(own_redis, plant, tmp_path) as writer:
        writer.link(Link(device="plc", since_us=5, raw=raw, troubles=troubles))
        writer.link(Link(device="few", since_us=5, troubles={"press-1.a": "bad"}))
        await until(lambda: own_redis.client().hlen(live.LINKS) == 2)
    found = {k: live.load(v) for k, v in own_redis.client().hgetall(live.LINKS).items()}
    assert found["few"]["troubles"] == {"press-1.a": "bad"}
    assert list(found["plc"]["troubles"])[:50] == list(troubles)[:50]
    assert len(found["plc"]["troubles"]) == 51
    assert found["plc"]["troubles"]["…"] == "and 5,950 more tags"
    assert len(live.dump(found["plc"])) < 70_000
    assert found["plc"]["raw"].startswith("odd ? odd")


async def test_links_told_while_redis_is_away_arrive(own_redis, plant, tmp_path):
    async with writing(own_redis, plant, tmp_path) as writer:
        own_redis.kill()
        writer.link(Link(device="plc", state="lost", since_us=5))
        await until(lambda: not writer._up)
        await asyncio.to_thread(own_redis.start)
        await until(lambda: own_redis.client().hget(live.LINKS, "plc"))


def test_a_key_that_is_not_ours_holds_up_nobody_else(own_redis, plant, tmp_path):
    own_redis.client().set(live.samples_key("press-line", "press-2"), "foreign")

    async def run():
        async with writing(own_redis, plant, tmp_path) as writer:
            for n in range(20):
                other = replace(sample(n), work_unit="press-2")
                writer.append([other, sample(n)])
            await until(lambda: len(stored(own_redis)) == 20)
            return writer.lost

    assert asyncio.run(run()) >= 20
    assert own_redis.client().get(live.samples_key("press-line", "press-2")) == "foreign"
