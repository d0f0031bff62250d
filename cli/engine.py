"""`takt engine`: fold what was read into states and counts."""

import asyncio
import secrets
from pathlib import Path

from cli.records import records
from cli.role import begin, until_ended
from cli.settings import settings
from engine import fold_loop
from engine.recorder import Recorder
from store import live
from store.config import Config
from store.log.facts import Facts


def main(path: Path) -> int:
    begin("engine")
    return until_ended(_engine(settings(path)))


async def _engine(config: Config) -> None:
    owner = secrets.token_hex(8)
    plant, redis = config.plant, live.open_redis(str(config.redis.url))
    database = records(config)
    recorder = Recorder(Facts(database))
    keeping = asyncio.create_task(recorder.run())
    try:
        async with asyncio.TaskGroup() as group:
            for center in plant.work_centers:
                units = {u.id: u for u in plant.units_of(center)}
                if units:
                    group.create_task(
                        fold_loop.run(redis, center, units, owner=owner, recorder=recorder)
                    )
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        database.close()
        await redis.aclose()
