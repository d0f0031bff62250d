"""Opens the database of the records: SQLite beside the data, or PostgreSQL by its URL.

`Database.write` is one transaction that holds the head of the log from its beginning: writers of
all processes go one after the other, so that positions have no holes and nothing is seen before
what stands in front of it. Readers see what was committed when they began.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from store.files import is_torn, make_private
from store.log import RecordsDamaged
from store.log.tables import head

log = logging.getLogger("takt.records")

BUSY_S = 15  # a writer waits this long for the others
FILE = "records.sqlite"
WORDS_MAX = 300  # of the database's own
POSTGRESQL = {  # nobody waits for ever for a host that is gone, or for one that holds the head
    "application_name": "takt",
    "connect_timeout": 5,
    "options": f"-c lock_timeout={BUSY_S}s -c idle_in_transaction_session_timeout=600s",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def url_of(data_dir: Path, url: str | None) -> str:
    """The database that counts: PostgreSQL where a URL names it, else the file in `data_dir`."""
    if not url:
        return f"sqlite:///{data_dir / FILE}"
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


class CommitLost(OperationalError):
    """The database went away while it was told to keep what was done: whether it did is not known."""


class Database:
    """The records of one plant. `open_database` gives one that is migrated."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.url = url

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self, *, unhurried: bool = False) -> Iterator[Connection]:
        """One snapshot: whatever is read in it belongs together.

        unhurried: what is done with it between two questions may take any time.
        """
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                if unhurried and not self.is_sqlite:
                    connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                yield connection

    @contextmanager
    def write(self) -> Iterator[tuple[Connection, int, bytes]]:
        """A transaction that holds the head; with it the newest position and its hash.

        Raises CommitLost; whatever else is raised, nothing was done.
        """
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin() as transaction:
                row = connection.execute(sa.select(head).with_for_update()).one()
                yield connection, row.position, bytes(row.hash)
                try:
                    transaction.commit()
                except DBAPIError as error:
                    if not unreachable(error) or error.orig is None:
                        raise
                    raise CommitLost(error.statement, error.params, error.orig) from error

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=10,
            connect_args=POSTGRESQL,
        )
    path = Path(str(sa.make_url(url).database))
    make_private(path)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @sa.event.listens_for(engine, "handle_error")
    def _failed(context: ExceptionContext) -> None:
        if is_torn(context.original_exception):
            raise damaged(path, str(context.original_exception))

    return engine


def unreachable(error: DBAPIError) -> bool:
    """Whether the database is away, locked or full, so that it can be tried again; else the fault is
    in what was asked of it.
    """
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated


def words_of(error: DBAPIError) -> str:
    """What the database itself said, in a line."""
    return " ".join(str(error.orig).split())[:WORDS_MAX]


def away(error: Exception) -> str | None:
    """Why the records cannot be had for now, in words; None where the fault is ours."""
    if isinstance(error, RecordsDamaged):
        return str(error)
    return words_of(error) if isinstance(error, DBAPIError) and unreachable(error) else None


def damaged(path: Path, found: str) -> RecordsDamaged:
    """What there is to say of a file of SQLite in which `found` was found."""
    return RecordsDamaged(
        f"{path}: found: {found}; expected the whole database of a Takt. Put it aside, with "
        f"{path.name}-wal and {path.name}-shm where they are there, and bring back a backup: takt "
        "restore FILE"
    )
