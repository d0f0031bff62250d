"""The records for a server that must not wait: reads and actions in threads, one way to fail.

What is done is told on the live plane, so that every process reads anew what changed.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from redis.asyncio import Redis
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from dashboard.line import Line
from mes.equipment import Plant
from mes.people import Person
from mes.records import Command, Signature
from store import live
from store.actions import Actions, Done
from store.log import RecordsDamaged
from store.log.database import CommitLost, Database, unreachable, words_of

log = logging.getLogger("takt.records")

T = TypeVar("T")
READERS, READS_WAIT_MAX = 8, 500  # at once, and that wait; more are turned away
WRITERS, WRITES_WAIT_MAX = 2, 50  # they go one after the other anyway, and never in a reader's way
AWAY = "the records cannot be reached; nothing was done"
DAMAGED = "the records are damaged, a person has to act; nothing was done"
BUSY = "too much waits for the records; nothing was done"
UNSURE = (
    "the records went away while it was being kept: whether it was done is not known; sending it "
    "again with the same key is safe, it is done once"
)


class RecordsAway(Exception):
    """The database does not answer, and it can be tried again. unsure: whether it was done is not
    known; else nothing was done.
    """

    def __init__(self, words: str = AWAY, *, unsure: bool = False) -> None:
        super().__init__(words)
        self.unsure = unsure


def _busy() -> RecordsAway:
    return RecordsAway(BUSY)


class Desk:
    """Where a dashboard process reads records and has actions done.

    A fault of ours in what is asked (sqlalchemy's DataError, say) is raised as it is.
    """

    def __init__(self, database: Database, plant: Plant, redis: "Redis[str]") -> None:
        self._database = database
        self._actions = Actions(database, plant)
        self._redis = redis
        self._reads = Line("reader", READERS, READS_WAIT_MAX, _busy)
        self._writes = Line("writer", WRITERS, WRITES_WAIT_MAX, _busy)
        self._away = self._damaged = False  # and it was said

    async def read(self, question: Callable[[Connection], T]) -> T:
        """What `question` finds in one snapshot of the records. Raises RecordsAway."""

        def ask() -> T:
            with self._database.read() as connection:
                return question(connection)

        return await self._answered(self._reads, ask)

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
        done = await self._answered(
            self._writes,
            lambda: self._actions.perform(
                command, person, key, device=device, signatures=signatures, also=also
            ),
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

    async def _answered(self, line: Line, work: Callable[[], T]) -> T:
        """What `work` returns in its turn. Lost is said once, and back is said once."""
        try:
            found = await line.turn(work)
        except RecordsDamaged as error:
            if not self._damaged:
                log.error("the records are damaged: %s", error)
            self._damaged = True
            raise RecordsAway(DAMAGED) from error
        except DBAPIError as error:
            if not unreachable(error):
                raise
            if not self._away:
                log.error("the database does not answer: %s", words_of(error))
            self._away = True
            unsure = isinstance(error, CommitLost)
            raise RecordsAway(UNSURE if unsure else AWAY, unsure=unsure) from error
        if self._away:
            log.info("the database answers again")
        self._away = False
        return found

    def close(self) -> None:
        self._reads.close()
        self._writes.close()
