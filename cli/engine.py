"""`takt engine`: fold what was read into states and counts."""

import asyncio
import logging
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import DBAPIError

from cli.records import records
from cli.role import begin, until_ended
from cli.settings import settings
from engine import fold_loop, upkeep
from engine.recorder import Recorder
from store import live
from store.calendars import ShiftStarts
from store.config import Config
from store.configured import take_on_record
from store.log import RecordsDamaged, anchors, chain
from store.log.database import Database, away
from store.log.facts import Facts
from store.log.filling import Filling
from store.log.reports import Reports

log = logging.getLogger("takt.engine")

LOOK_S = 2.0
FREEZE_S = 20  # between two looks for shifts that are over
FILL_S, FILL_AGAIN_S, FILL_FAILED_S = 20.0, 0.5, 300.0  # between two looks at what is to be kept


def main(path: Path) -> int:
    begin("engine")
    config = settings(path)
    with records(config) as database:
        return until_ended(_engine(config, database))


async def _engine(config: Config, database: Database) -> None:
    owner = secrets.token_hex(8)
    plant, redis = config.plant, live.open_redis(str(config.redis.url))
    take_on_record(database, plant)
    shifts = ShiftStarts(database, plant)
    shifts.refresh()
    recorder = Recorder(Facts(database))
    tasks = [asyncio.create_task(recorder.run()), asyncio.create_task(_look_at(shifts))]
    tasks.append(asyncio.create_task(_anchor(database, config.data_dir)))
    tasks.append(asyncio.create_task(_keep_accounts(Filling(database, plant))))
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # each run of a job is no news
    due = upkeep.run(redis, upkeep.Upkeep(database, plant), plant)
    tasks.append(asyncio.create_task(due))
    jobs = AsyncIOScheduler(timezone=UTC)
    jobs.add_job(
        _freeze, IntervalTrigger(seconds=FREEZE_S, timezone=UTC), [Reports(database, plant)],
        max_instances=1, coalesce=True, next_run_time=datetime.now(UTC),
    )  # fmt: skip
    jobs.start()
    try:
        async with asyncio.TaskGroup() as group:
            for center in plant.work_centers:
                units = {u.id: u for u in plant.units_of(center)}
                if units:
                    group.create_task(
                        fold_loop.run(
                            redis, center, units, owner=owner, recorder=recorder, shifts=shifts
                        )
                    )
    finally:
        jobs.shutdown(wait=False)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await redis.aclose()


async def _look_at(shifts: ShiftStarts) -> None:
    """Follow the calendars; who is edited now is seen within LOOK_S."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await asyncio.to_thread(shifts.refresh)
        except Exception as error:  # what cannot be read now may be mended: the engine goes on
            if away(error) is None:  # else the recorder tells of it
                log.exception("the calendars cannot be read")


async def _keep_accounts(filling: Filling) -> None:
    """Form the accounts of hours and days that have passed, a few at a time, so that nobody waits."""
    while True:
        wait_s = FILL_FAILED_S
        try:
            wait_s = FILL_AGAIN_S if await asyncio.to_thread(filling.fill) else FILL_S
        except Exception as error:  # they are formed by whoever reads them, until it can be done
            if away(error) is None:  # else the recorder tells of it
                log.exception("accounts cannot be kept")
        await asyncio.sleep(wait_s)


async def _freeze(reports: Reports) -> None:
    """Freeze the reports of shifts that are over."""
    try:
        await asyncio.to_thread(reports.freeze, time.time_ns() // 1000)
    except Exception as error:  # it is tried again, and the engine goes on
        if away(error) is None:  # else the recorder tells of it
            log.exception("reports of shifts cannot be frozen")


async def _anchor(database: Database, data_dir: Path) -> None:
    """Write the head of the log down beside the records, now and once an hour."""
    while True:
        try:
            await asyncio.to_thread(_write_down, database, data_dir / anchors.FILE)
        except (DBAPIError, RecordsDamaged, OSError) as error:
            log.warning("the head of the log could not be written down: %s", error)
        await asyncio.sleep(anchors.EVERY_S)


def _write_down(database: Database, path: Path) -> None:
    with database.read() as connection:
        position, hash = chain.newest(connection)
    anchors.keep(path, position, hash, now_us=time.time_ns() // 1000)
