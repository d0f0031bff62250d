"""The records of people and devices for commands: opened beside a running plant, and told to it."""

import asyncio
import logging
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis

from cli.first_run import address
from cli.held import running_port
from cli.records import records
from cli.settings import settings
from mes.access import SetCredential
from mes.kinds import Set
from mes.records import Body, Missing, Record
from store import live
from store.actions import SYSTEM, Actions
from store.config import Config
from store.credentials import Credentials, all_kept
from store.keys import plant_key
from store.log.database import Database
from store.log.reading import Records
from store.sessions import Sessions


class Registry:
    """Reads and changes them as Takt itself, through the one door."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config, self.database = config, database
        self.actions = Actions(database, config.plant)
        self.secrets = Credentials(plant_key(config.data_dir))

    def address(self) -> str:
        """Where the screens are: of the Takt that runs, else as configured."""
        return address(self.config, running_port(self.config.data_dir))

    def all(self, kind: str) -> list[Record]:
        with self.database.read() as connection:
            return list(Records(connection).records(kind))

    def one(self, kind: str, id: str) -> Record:
        """Raises Missing."""
        for record in self.all(kind):
            if record.id == id:
                return record
        known = ", ".join(record.id for record in self.all(kind)) or "none"
        raise Missing(f"no {kind} {id!r}; known: {known}")

    def kept(self) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            return [(one.owner, one.kind) for one in all_kept(connection)]

    def scope(self, given: list[str]) -> list[str]:
        """Paths, or ids that are made paths; none: the site. Raises Missing."""
        plant, out = self.config.plant, []
        for one in given or [plant.id]:
            try:
                out.append(plant.path_of(one.rpartition("/")[2]))
            except ValueError as error:
                raise Missing(str(error)) from error
        return out

    def set(
        self, kind: str, id: str, body: Body, *, version: int, token: str | None = None
    ) -> None:
        """Make or change a record; token: what a device or program proves itself with from now on."""
        command = Set(kind=kind, id=id, body=body, version=version)
        also = None if token is None else self.secrets.writing(f"{kind}:{id}", "token", token)
        key = secrets.token_hex(16)
        self.actions.perform(command, SYSTEM, key, device="command line", also=also)
        self.told(kind)

    def secret(self, owner: str, kind: str, secret: str) -> None:
        self.actions.perform(
            SetCredential(owner=owner, credential=kind),
            SYSTEM,
            secrets.token_hex(16),
            device="command line",
            also=self.secrets.writing(owner, kind, secret),
        )
        self.told(owner.partition(":")[0])

    def told(self, kind: str = "person") -> None:
        """Tell a running plant; without Redis it finds out by itself within a second or two."""
        with suppress(*live.UNAVAILABLE):
            self._asked(lambda redis: live.tell_records(redis, 0, [kind]))

    def end_sessions(self, person: str) -> int:
        """What the command ends with: 1 where it was done, but who is signed in stays so."""
        try:
            self._asked(lambda redis: Sessions(redis).end_all(person))
        except live.UNAVAILABLE as error:
            words = f"done, but the sessions of {person!r} could not be ended: {error}"
            print(f"takt: {words}; do it again while Takt runs", file=sys.stderr)
            return 1
        return 0

    def _asked(self, ask: Callable[["Redis[str]"], Awaitable[None]]) -> None:
        async def do() -> None:
            redis = live.open_redis(str(self.config.redis.url))
            try:
                await ask(redis)
            finally:
                await redis.aclose()

        asyncio.run(do())


@contextmanager
def opened(path: Path) -> Iterator[Registry]:
    for noisy in ("alembic", "takt.records"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    config = settings(path)
    with records(config) as database:
        yield Registry(config, database)
