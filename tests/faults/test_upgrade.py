"""A data directory from before there were records goes on as it was, and is on record from then on."""

import pytest
import redis
import sqlalchemy as sa

from store.log.database import Database, url_of
from store.log.reading import line
from store.log.tables import folds
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant


@pytest.mark.faults
def test_what_was_known_before_there_were_records_goes_on(tmp_path):
    plant = RunningPlant(tmp_path, speed=20)
    plant.start(*ROLES)
    try:
        plant.wait_live()
        start = plant.first_counts()
        wait_until(lambda: sum(good for good, _ in plant.counts().values()) > 20, seconds=20)
        plant.kill("engine", "dashboard", "redis")
        for file in plant.data.glob("records.sqlite*"):
            file.unlink()
        before = plant_before(plant)
        plant.start("engine", "dashboard")
        plant.wait_live()
        counts = plant.counts()
        assert all(counts[unit] >= before[unit] for unit in before)
        plant.stand_still()
        wait_until(lambda: plant.counts() == plant.truth(start), seconds=20)
        database = Database(url_of(plant.data, None))
        with database.read() as connection:
            assert len(connection.execute(sa.select(folds)).all()) == len(start)
            assert all(line(connection, unit, from_us=0) for unit in start)
        database.close()
    finally:
        plant.end()


def plant_before(plant):
    plant.start("redis")
    return wait_until(lambda: counts_or_none(plant), what="Redis answering")


def counts_or_none(plant):
    try:
        return plant.counts()
    except redis.RedisError:  # it starts, or still reads its file
        return None
