"""An electronic signature on something real: master data that change the past, with Redis and SQLite."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from redis.exceptions import RedisError

from cli.settings import DEMO, settings
from dashboard.access import Gate
from dashboard.doorway import Doorway, Turned, Waiting
from dashboard.records import Desk
from dashboard.register import Register
from dashboard.signing import Signing, sign
from dashboard.sockets import Sockets
from mes.kinds import Set
from mes.people import Person
from mes.records import Forbidden, Unsigned
from store import live
from store.actions import Actions
from store.attempts import FREE, Attempts, wait_after
from store.credentials import Credentials
from store.first_people import FirstPeople, demo_password, demo_pin
from store.keys import plant_key
from store.last_seen import LastSeen
from store.log.database import url_of
from store.log.migrate import open_database
from store.log.reading import Records
from store.sessions import Sessions

PLANT = settings(DEMO).plant
ENGINEER = Person(id="engineer", name="Elena Rossi", roles=("engineer",), scope=("north",))
SCOPE = {"type": "http", "client": ("127.0.0.1", 1), "headers": [], "path": "/"}


@asynccontextmanager
async def at_work(tmp_path, own_redis):
    """A doorway with the demo's people, and the key their passwords belong to."""
    database = open_database(url_of(tmp_path, None))
    key, redis = plant_key(tmp_path), live.open_redis(own_redis.url)
    secrets = Credentials(key)
    FirstPeople(database, Actions(database, PLANT), secrets, PLANT.id).demo(key)
    desk, sessions = Desk(database, PLANT, redis), Sessions(redis)
    register = Register(desk, secrets)
    gate = Gate(register, sessions, Sockets(redis, sessions), LastSeen(redis), site=PLANT.id,
                demo=False, oidc=False, theme="light", protected=lambda _: True)  # fmt: skip
    doorway = Doorway(desk, gate, secrets, Attempts(redis))
    try:
        yield doorway, key
    finally:
        doorway.close()
        desk.close()
        await redis.aclose()
        database.close()


def signing(key, id, *, meaning="approved", password=None):
    return Signing(id=id, password=password or demo_password(key, id), meaning=meaning)


def master_data(seconds):
    return {"versions": [{"valid_from": None, "ideal_cycle_s": seconds, "oee_target": None}]}


async def test_only_another_person_with_the_right_and_the_password_signs(tmp_path, own_redis):
    async with at_work(tmp_path, own_redis) as (doorway, key):
        made = await sign(doorway, signing(key, "quality"), SCOPE, paths=["north/press-shop"])
        assert (made.person, made.name, made.meaning) == ("quality", "Quynh Tran", "approved")
        for wrong in (
            signing(key, "quality", password=demo_pin(key, "quality")),
            signing(key, "quality", password="not the password"),
        ):
            with pytest.raises(Turned):
                await sign(doorway, wrong, SCOPE)
        for without in ("operator", "admin"):
            with pytest.raises(Forbidden):
                await sign(doorway, signing(key, without), SCOPE)
        with pytest.raises(Forbidden):
            await sign(doorway, signing(key, "quality"), SCOPE, paths=["south"])
        assert "password" not in repr(signing(key, "quality")).replace("sign_password", "")


async def test_a_change_of_the_past_takes_a_second_person(tmp_path, own_redis):
    async with at_work(tmp_path, own_redis) as (doorway, key):
        desk = doorway.desk
        first = Set(kind="master_data", id="press-1", body=master_data(6.0), version=0)
        await desk.perform(first, ENGINEER, "first")
        change = Set(
            kind="master_data", id="press-1", body=master_data(5.0), version=1, reason="typo"
        )
        with pytest.raises(Unsigned):
            await desk.perform(change, ENGINEER, "second")
        own = await sign(doorway, signing(key, "engineer"), SCOPE)
        with pytest.raises(Unsigned):
            await desk.perform(change, ENGINEER, "second", signatures=[own])
        other = await sign(doorway, signing(key, "quality"), SCOPE)
        done = await desk.perform(change, ENGINEER, "second", signatures=[other])
        assert [record.version for record in done.records] == [2]
        record = await desk.read(lambda c: Records(c).record("master_data", "press-1"))
        assert record is not None and record.by == "engineer"


ANNA, PLACE = ("person", "password anna"), ("address", "password 10.0.0.1")


async def test_wrong_attempts_are_known_to_a_dashboard_that_starts_anew(own_redis):
    redis = live.open_redis(own_redis.url)
    before, after = Attempts(redis), Attempts(redis)
    for n in range(1, FREE["person"] + 1):
        assert await before.take(ANNA, PLACE) == (0, wait_after(n, FREE["person"]))
    for one in (before, after):
        left, _ = await one.take(ANNA, PLACE)
        assert 0 < left <= 61
        assert await one.take(("person", "tablet anna")) == (0, 0)
    await before.right(ANNA)
    assert await before.take(ANNA) == (0, 0)
    await redis.aclose()


@pytest.mark.parametrize("is_away", [False, True])
async def test_of_many_attempts_at_once_no_more_pass_than_one_after_the_other(own_redis, is_away):
    redis = live.open_redis(own_redis.url)
    if is_away:
        own_redis.kill()
    doors = [Attempts(redis)] if is_away else [Attempts(redis), Attempts(redis)]
    answers = await asyncio.gather(*(doors[n % len(doors)].take(ANNA, PLACE) for n in range(50)))
    passed = [wait for left, wait in answers if not left]
    assert len(passed) == FREE["person"]
    assert max(passed) == wait_after(FREE["person"], FREE["person"])
    # who was turned away is not counted, and what was no attempt is taken back
    await doors[0].back(ANNA, PLACE)
    assert (await doors[0].take(ANNA, PLACE))[0] == 0
    assert (await doors[0].take(ANNA, PLACE))[0] > 0
    await redis.aclose()


async def test_a_burst_of_passwords_is_looked_at_a_few_times(tmp_path, own_redis):
    async with at_work(tmp_path, own_redis) as (doorway, key):
        await doorway.gate.register.look()
        tries = [doorway.by_secret("quality", "password", f"no {n}", SCOPE) for n in range(30)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        kinds = Counter(type(answer) for answer in answers)
        assert kinds == {Turned: FREE["person"], Waiting: 30 - FREE["person"]}
        with pytest.raises(Waiting):
            await doorway.by_secret("quality", "password", demo_password(key, "quality"), SCOPE)
        await doorway.by_secret("operator", "password", demo_password(key, "operator"), SCOPE)


async def test_wrong_signatures_count_for_the_lock_out_also_without_redis(tmp_path, own_redis):
    async with at_work(tmp_path, own_redis) as (doorway, key):
        own_redis.kill()
        with pytest.raises((RedisError, OSError)):
            await doorway.gate.sessions.of("quality")
        for _ in range(FREE["person"]):
            with pytest.raises(Turned):
                await sign(doorway, signing(key, "quality", password="wrong"), SCOPE)
        with pytest.raises(Waiting) as waiting:
            await sign(doorway, signing(key, "quality"), SCOPE)
        assert timedelta(0) < timedelta(seconds=waiting.value.seconds) <= timedelta(minutes=1)
