"""The records of people and devices for commands: opened beside a running plant, and told to it."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from cli.records import records
from cli.settings import settings
from mes.access import SetCredential
from mes.kinds import Set
from mes.records import Body, Missing, Record
from store.actions import SYSTEM, Actions
from store.config import Config
from store.credentials import Credentials, all_kept
from store.keys import plant_key
from store.live import RECORDS_VIEW
from store.log.database import Database
from store.log.reading import Records


class Registry:
    """Reads and changes them as Takt itself, through the one door."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config, self.database = config, database
        self.actions = Actions(database, config.plant)
        self.secrets = Credentials(plant_key(config.data_dir))

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

    def set(self, kind: str, id: str, body: Body, *, version: int) -> None:
        command = Set(kind=kind, id=id, body=body, version=version)
        self.actions.perform(command, SYSTEM, secrets.token_hex(16), device="command line")
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
        with self._redis() as client:
            client.xadd(RECORDS_VIEW, {"p": "0", "k": kind}, maxlen=2000, approximate=True)

    def end_sessions(self, person: str) -> None:
        with self._redis() as client:
            of = f"takt:{{sessions}}:of:{person}"
            for id in client.smembers(of):
                client.delete(f"takt:{{sessions}}:s:{id}")
            client.delete(of)
            client.xadd("takt:{sessions}:told", {"person": person}, maxlen=1000, approximate=True)

    @contextmanager
    def _redis(self) -> Iterator["redis.Redis[str]"]:
        client = redis.Redis.from_url(str(self.config.redis.url), decode_responses=True)
        try:
            yield client
        except (redis.RedisError, OSError):
            pass  # it does not run, or without Redis
        finally:
            client.close()


@contextmanager
def opened(path: Path) -> Iterator[Registry]:
    for noisy in ("alembic", "takt.records"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    config = settings(path)
    with records(config) as database:
        yield Registry(config, database)
