"""`takt collect`: read the devices into Redis."""

import asyncio
from pathlib import Path

import collectors
from cli.role import begin, until_ended
from cli.settings import settings
from collectors.supervisor import Watch, keep_all
from store.config import Config
from store.spool import Spool
from store.writer import Writer


def main(path: Path) -> int:
    begin("collect")
    return until_ended(_collect(settings(path)))


async def _collect(config: Config) -> None:
    spool = Spool(config.data_dir / "spool.sqlite", bytes_max=config.redis.spool_bytes_max)
    writer = Writer(
        str(config.redis.url),
        config.plant,
        entries_max=config.redis.stream_entries_max,
        spool=spool,
    )
    watches = [
        Watch(
            module=collectors.load(c.protocol),
            settings=c.settings,
            device=c.device,
            units=c.work_units,
        )
        for c in config.collectors
    ]
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(writer.run())
            group.create_task(keep_all(watches, sink=writer))
    finally:
        spool.close()
