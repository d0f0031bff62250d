"""How a server that must not wait asks the records: who waits for whom, and what is told of a failure."""

import asyncio
import logging
import sqlite3
from contextlib import closing, contextmanager

import httpx
import pytest
import redis.asyncio
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from cli.settings import DEMO, settings
from dashboard.api import errors
from dashboard.forms.parts import NOT_NOW, UNSURE, not_now
from dashboard.records import WRITERS, Desk, RecordsAway
from mes.kinds import Set
from store.actions import SYSTEM
from store.log import RecordsDamaged, chain
from store.log.database import url_of
from store.log.migrate import open_database
from store.log.tables import log
from tests.own_redis import wait_until
from tests.ports import free_ports

PLANT = settings(DEMO).plant
SOON_S = 5.0  # a writer waits for 15 s


@contextmanager
def a_desk(database):
    desk = Desk(database, PLANT, redis.asyncio.Redis.from_url("unix:///nowhere/redis.sock"))
    try:
        yield desk
    finally:
        desk.close()


def holiday(n):
    body = {"place": "north", "date": f"2030-{n // 28 + 1:02}-{n % 28 + 1:02}", "name": "Closed"}
    return Set(kind="holiday", id=f"north@{body['date']}", body=body, version=0)


def perform(desk, n, key=None):
    return asyncio.create_task(desk.perform(holiday(n), SYSTEM, key or f"key-{n}"))


@pytest.fixture
def held(tmp_path):
    """A file of records; its write lock is held until `held.rollback()`."""
    with closing(open_database(url_of(tmp_path, None))) as database:
        lock = sqlite3.connect(
            tmp_path / "records.sqlite", isolation_level=None, check_same_thread=False
        )
        lock.execute("BEGIN IMMEDIATE")
        yield database, lock
        lock.close()


def test_a_read_is_answered_while_writes_wait_and_all_are_done_then(held):
    database, lock = held

    async def run():
        with a_desk(database) as desk:
            writes = [perform(desk, n) for n in range(20)]
            await asyncio.sleep(0)  # all of them stand in line
            async with asyncio.timeout(SOON_S):
                for _ in range(20):
                    assert await desk.read(chain.newest) == (0, chain.FIRST)
            assert not any(write.done() for write in writes)
            lock.rollback()
            done = await asyncio.gather(*writes)
            assert sorted(one.position for one in done) == list(range(1, 21))

    asyncio.run(run())


def test_more_writes_than_may_wait_are_turned_away_at_once(held, monkeypatch):
    database, lock = held
    monkeypatch.setattr("dashboard.records.WRITES_WAIT_MAX", 3)

    async def run():
        with a_desk(database) as desk:
            first = [perform(desk, n) for n in range(WRITERS)]
            await asyncio.sleep(0)
            line = desk._writes._threads._work_queue
            await asyncio.to_thread(wait_until, lambda: line.qsize() == 0, what="all at work")
            then = [perform(desk, n) for n in range(WRITERS, WRITERS + 3)]
            await asyncio.sleep(0)
            async with asyncio.timeout(SOON_S):
                with pytest.raises(RecordsAway, match="too much waits .* nothing was done"):
                    await perform(desk, 27)
            lock.rollback()
            assert len(await asyncio.gather(*first, *then)) == WRITERS + 3

    asyncio.run(run())


def test_a_locked_database_is_away_and_said_once_and_back_is_said_once(held, caplog):
    database, lock = held

    @sa.event.listens_for(database.engine, "connect")
    def _impatient(connection, _record):
        connection.execute("PRAGMA busy_timeout = 1")

    database.engine.dispose()  # what is connected already is patient

    async def run():
        with a_desk(database) as desk:
            for n in range(3):
                with pytest.raises(RecordsAway, match="nothing was done") as away:
                    await perform(desk, n)
                assert not away.value.unsure
                assert not_now(away.value) == NOT_NOW
            lock.rollback()
            await perform(desk, 0)
            await desk.read(chain.newest)

    with caplog.at_level(logging.INFO, logger="takt.records"):
        asyncio.run(run())
    told = [(r.levelname, r.getMessage()) for r in caplog.records if "database" in r.getMessage()]
    assert [level for level, _ in told] == ["ERROR", "INFO"], told
    assert "database is locked" in told[0][1]


def test_faults_of_ours_are_not_told_as_a_database_that_is_away(database):
    row = {"position": 1, "recorded_at_us": 0, "kind": "x", "subject": "", "hash": b""}

    def none(connection):
        connection.execute(log.insert(), row | {"body": None})  # IntegrityError

    def wrong(connection):
        connection.exec_driver_sql("SELECT nothing FROM")

    def broad(connection):
        connection.execute(sa.select(sa.cast(sa.literal("x" * 9), sa.Integer)))  # DataError

    async def run():
        with a_desk(database) as desk:
            faults = [none] if database.is_sqlite else [none, wrong, broad]
            for fault in faults:
                with pytest.raises(sa.exc.DBAPIError):
                    await desk.read(fault)

    asyncio.run(run())


def test_a_connection_lost_in_a_commit_is_told_as_not_known_and_the_key_makes_it_safe(
    own_postgres, tmp_path, monkeypatch
):
    database = open_database(url_of(tmp_path, own_postgres.database()))
    lose, commit = [True], database.engine.dialect.do_commit

    def lost(raw):
        commit(raw)
        if lose:  # it is kept, and nobody hears of it
            lose.pop()
            with database.engine.connect() as other:
                other.exec_driver_sql(
                    f"SELECT pg_terminate_backend({raw.dbapi_connection.info.backend_pid})"
                )
            raw.execute("SELECT 1")

    monkeypatch.setattr(database.engine.dialect, "do_commit", lost)

    async def run():
        with a_desk(database) as desk:
            with pytest.raises(RecordsAway, match="is not known.*same key is safe") as told:
                await perform(desk, 1, "key")
            assert told.value.unsure
            assert "nothing was done" not in str(told.value)
            assert not_now(told.value) == UNSURE
            again = await perform(desk, 1, "key")
            assert (again.again, again.position) == (True, 1)

    asyncio.run(run())
    database.close()


def test_damage_is_told_once(tmp_path, caplog):
    with closing(open_database(url_of(tmp_path, None))) as database, a_desk(database) as desk:

        def met(_connection):
            raise RecordsDamaged("a page is none")

        async def run():
            for _ in range(3):
                with pytest.raises(RecordsAway, match="damaged"):
                    await desk.read(met)

        asyncio.run(run())
    assert [r.getMessage() for r in caplog.records] == ["the records are damaged: a page is none"]


def test_a_fault_is_answered_in_the_shape_of_all_errors_and_logged_once(caplog):
    server = FastAPI()
    errors.register(server)

    @server.get("/")
    async def faulty() -> None:
        raise sa.exc.ProgrammingError("SELECT", {}, Exception("no such column"))

    (port,) = free_ports(1)
    serving = uvicorn.Server(uvicorn.Config(server, port=port, log_config=None, lifespan="off"))

    async def run():
        task = asyncio.create_task(serving.serve())
        await asyncio.to_thread(wait_until, lambda: serving.started, what="the server")
        async with httpx.AsyncClient(trust_env=False) as client:
            found = await client.get(f"http://127.0.0.1:{port}/")
        serving.should_exit = True
        await task
        return found

    found = asyncio.run(run())
    assert (found.status_code, found.json()["error"]["code"]) == (500, "fault")
    assert "no such column" not in found.text
    assert len([r for r in caplog.records if r.exc_info]) == 1
