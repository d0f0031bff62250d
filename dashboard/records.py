"""The records for a server that must not wait: reads and actions in threads, one way to fail.

What is done is told on the live plane, so that every process reads anew what changed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from redis.asyncio import Redis
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from mes.equipment import Plant
from mes.people import Person
from mes.records import Command, Signature
from store import live
from store.actions import Actions, Done
from store.log import RecordsDamaged
from store.log.database import Database

log = logging.getLogger("takt.records")

T = TypeVar("T")
THREADS = 8  # readers and writers at once; more wait


class RecordsAway(Exception):
    """The database does not answer; nothing was done, and it can be tried again."""


class Desk:
    """Where a dashboard process reads records and has actions done."""

    def __init__(self, database: Database, plant: Plant, redis: "Redis[str]") -> None:
        self._database = database
        self._actions = Actions(database, plant)
        self._redis = redis
        self._damaged = False  # and it was said
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="records")

    async def read(self, question: Callable[[Connection], T]) -> T:
        """What `question` finds in one snapshot of the records. Raises RecordsAway."""

        def ask() -> T:
            with self._database.read() as connection:
                return question(connection)

        return await self._in_thread(ask)

    async def perform(
        self,
        command: Command,
        person: Person,
        key: str,
        *,
        device: str = "",
        signatures: Sequence[Signature] = (),
        also: Callable[[Connection], None] | None = None,
    ) -> Done:
        """As `store.actions.Actions.perform`; then the change is told. Raises RecordsAway too."""
        done = await self._in_thread(
            lambda: self._actions.perform(
                command, person, key, device=device, signatures=signatures, also=also
            )
        )
        if not done.again:
            await self._tell(done)
        return done

    async def _tell(self, done: Done) -> None:
        kinds = sorted({record.kind for record in done.records})
        try:
            await live.tell_records(self._redis, done.position, kinds)
        except live.UNAVAILABLE as error:  # who listens looks at the log itself from time to time
            log.warning("a change of the records could not be told: %s", error)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RecordsDamaged as error:
            if not self._damaged:
                log.error("the records are damaged: %s", error)
            self._damaged = True
            raise RecordsAway("the records are damaged; nothing was done") from error
        except DBAPIError as error:
            log.error("the database does not answer: %s", str(error.orig).splitlines()[:1])
            raise RecordsAway("the records cannot be reached; nothing was done") from error

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
