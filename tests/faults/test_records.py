"""kill -9 of engine, dashboard and a client of the database; the truth log judges what is on record.

TAKT_RECORD_ROUNDS sets how many rounds are played (default 6).
"""

import os
import random
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from cli.settings import DEMO
from mes.timeline import window
from store.log import chain
from store.log.database import Database, url_of
from store.log.reading import Records, line
from store.log.tables import actions, audit, counts, folds
from tests.faults.programs import Program
from tests.judge import apart_us, gap_free, true_lines
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant

ROUNDS = int(os.environ.get("TAKT_RECORD_ROUNDS", "6"))
PERIOD_US = 500_000  # the stations are polled this often, the presses are heard more often
SLACK_US = 500_000  # of a busy machine: a poll may come late by so much
AROUND_US = 2_000_000
VICTIMS = ("engine", "dashboard", "client")
SPEED = 20


class Plant(RunningPlant):
    """A running plant with a client of its database."""

    def __init__(self, folder, url):
        super().__init__(folder, speed=SPEED)
        self.database_url = url
        self.acknowledged = folder / "acknowledged"

    def start(self, *roles):
        super().start(*(role for role in roles if role != "client"))
        if "client" in roles:
            argv = [sys.executable, "-m", "tests.faults.client"]
            with (self.data / "client.log").open("ab") as log:
                self.processes["client"] = subprocess.Popen(
                    [*argv, self.database_url, str(self.acknowledged)],
                    stdout=log,
                    stderr=log,
                    cwd=DEMO.parent,
                )


@pytest.fixture
def plant(tmp_path):
    running = Plant(tmp_path, url_of(tmp_path / "data", None))
    running.start(*ROLES)
    try:
        running.wait_live()
        running.start("client")
        yield running
    finally:
        running.end()


@pytest.mark.faults
@pytest.mark.timeout(max(300, 20 * ROUNDS))
def test_what_is_on_record_is_what_happened_whatever_is_killed(plant):
    rng = random.Random(ROUNDS)
    start = plant.first_counts()
    program = Program(plant)
    program.start()
    from_us = time.time_ns() // 1000
    for turn in range(ROUNDS):
        time.sleep(rng.uniform(0, 1))  # at a moment that nobody chose
        dead = VICTIMS[turn % 3] if turn < 3 else rng.choice(VICTIMS)
        plant.kill(dead)
        time.sleep(rng.choice([0, 0, 0.5]))
        plant.start(dead)
        if turn % 10 == 9:
            print(f"{turn + 1} rounds", flush=True)
    plant.wait_live()
    program.end()
    until_us = time.time_ns() // 1000
    database = Database(plant.database_url)
    wait_until(lambda: known_us(database) > until_us, seconds=20, what="all of it on record")
    plant.stand_still()
    states(plant, database, from_us, until_us)
    pieces(plant, database, start)
    acts(plant, database)
    asked(program, database)
    whole(database)
    database.close()


def known_us(database):
    with database.read() as connection:
        return min(connection.execute(sa.select(folds.c.known_us)).scalars())


def states(plant, database, from_us, until_us):
    true = true_lines(plant.data / "truth", from_us, until_us)
    around = true_lines(plant.data / "truth", from_us - AROUND_US, until_us + AROUND_US)
    assert len(true) == 10
    with database.read() as connection:
        for unit, truth in true.items():
            found = line(connection, unit, from_us=from_us, until_us=until_us)
            recorded = window(found, from_us, until_us, known_us=until_us)
            assert gap_free(recorded, from_us, until_us) == [], unit
            apart = apart_us(recorded, truth, around[unit])
            print(f"{unit}: {len(truth)} states, at most {apart / 1e6:.3f} s apart")
            assert apart <= PERIOD_US + SLACK_US, (unit, recorded, truth)


def pieces(plant, database, start):
    def recorded():
        with database.read() as connection:
            both = (sa.func.sum(counts.c.good), sa.func.sum(counts.c.reject))
            rows = connection.execute(sa.select(counts.c.work_unit, *both).group_by("work_unit"))
            return {row[0]: (int(row[1]), int(row[2])) for row in rows}

    try:
        wait_until(lambda: recorded() == plant.truth(start), seconds=20)
    except AssertionError:
        assert recorded() == plant.truth(start)  # says where they differ


def acts(plant, database):
    """Each acknowledged action is there, at its place, and none is there twice."""
    plant.kill("client")
    said = dict(tuple(map(int, row.split())) for row in plant.acknowledged.read_text().splitlines())
    with database.read() as connection:
        rows = connection.execute(sa.select(actions.c.key, actions.c.position)).all()
        entries = list(chain.entries(connection, kind="action"))
    there = {int(r.key.split("-")[1]): r.position for r in rows if r.key.startswith("client-")}
    assert said.items() <= there.items()
    assert len(there) - len(said) <= 1  # the one that was done and not heard of
    keys = [e.body.split('"key":"')[1].split('"')[0] for e in entries]
    assert len(keys) == len(set(keys))
    print(f"{len(said)} actions acknowledged, {len(there)} done")


def asked(program, database):
    """What the API acknowledged is there once; and nothing was refused for being asked again."""
    assert program.refused == []
    with database.read() as connection:
        found = {r.id.split("@")[1]: r.version for r in Records(connection).records("holiday")}
        done = connection.execute(sa.select(audit.c.id).where(audit.c.kind == "holiday")).all()
    assert program.acknowledged.items() <= found.items()
    assert len(done) == len(found) <= len(program.acknowledged) + 1
    assert set(found.values()) <= {1}
    print(f"{len(program.acknowledged)} actions acknowledged by the API, {len(done)} done")


def whole(database):
    with database.read() as connection:
        walk = chain.Walk()
        for entry in chain.entries(connection):
            walk.step(entry)
        walk.end(*chain.newest(connection))
    assert walk.faults == []
    print(f"{walk.entries} entries, the chain holds")
