"""Brings the tables to where this Takt wants them: forward, by itself where that is safe.

A database of a newer Takt is refused, and so is a migration that a person should start (it takes
long, say): the refusal names the command. A file of SQLite is copied before it is migrated.
"""

import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from store.files import is_torn, make_private
from store.log import RecordsRefused
from store.log.database import BUSY_S, Database, damaged
from store.log.tables import archives, credentials, folds, head, metadata, records

log = logging.getLogger("takt.records")

SCRIPTS = Path(__file__).resolve().parent / "migrations"
LOCK = 0x7461_6B74  # of PostgreSQL: one process migrates at a time
LOOK_S = 2.0  # a file of SQLite is looked through for so long before it is used, a gigabyte or two
LOOK_STEPS = 1000  # of SQLite, between two looks at the clock
FIRST = (head, archives, folds, credentials, records)  # what Takt cannot start without


def open_database(url: str, *, by_hand: bool = False, scripts: Path = SCRIPTS) -> Database:
    """The database at `url`, migrated. Raises RecordsRefused, RecordsDamaged.

    by_hand: run also what does not run by itself.
    """
    database = Database(url)
    try:
        look_through(database)
        _migrate(database, by_hand=by_hand, scripts=scripts)
    except BaseException:
        database.close()
        raise
    return database


def revision(connection: Connection) -> str | None:
    """The revision that the tables are at."""
    return MigrationContext.configure(connection).get_current_revision()


def look_through(database: Database) -> None:
    """Raises RecordsDamaged for a file of SQLite that is none of ours, or not whole; changes nothing.

    Damage behind what can be looked through within LOOK_S tells itself when it is met.
    """
    if not database.is_sqlite:
        return
    path = Path(str(database.engine.url.database))
    until = time.monotonic() + LOOK_S
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as raw:
        raw.set_progress_handler(lambda: time.monotonic() > until, LOOK_STEPS)
        try:
            found = _found_in(raw)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                return
            found = str(error) if is_torn(error) else ""  # what else fails, fails again below
    if found:
        raise damaged(path, found)


def _found_in(raw: sqlite3.Connection) -> str:
    """What is wrong with the file, in words; "" where nothing is."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    there = {name for (name,) in raw.execute(names)}
    if there and "alembic_version" not in there:
        return f"a table {min(there)!r}, and none that says it is Takt's"
    for name in dict.fromkeys(table.name for table in (*FIRST, *metadata.sorted_tables)):
        if name in there:
            (found,) = raw.execute(f"PRAGMA quick_check({name})").fetchone()
            if found != "ok":
                return str(found).splitlines()[-1]  # the first one says which database
    return ""


def _migrate(database: Database, *, by_hand: bool, scripts: Path) -> None:
    config = Config(attributes={})
    config.set_main_option("script_location", str(scripts))
    known = ScriptDirectory.from_config(config)
    with database.engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            if not database.is_sqlite:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            current = revision(connection)
            todo = _todo(known, current)
            if not todo:
                return
            asked = [
                r for r in todo if not getattr(known.get_revision(r).module, "BY_ITSELF", False)
            ]
            if asked and current is not None and not by_hand:
                raise RecordsRefused(
                    f"the records are at revision {current}; {', '.join(asked)} does not run by "
                    "itself: stop Takt, make a backup (takt backup), then run: takt migrate"
                )
    copy = _copied(database, current) if current is not None else ""
    with database.engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            _upgrade(connection, config, database)
    if current is not None:
        log.info("records: migrated from %s to %s%s", current, known.get_current_head(), copy)


def _upgrade(connection: Connection, config: Config, database: Database) -> None:
    if not database.is_sqlite:
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _todo(known: ScriptDirectory, current: str | None) -> list[str]:
    """The revisions that are missing, oldest first. Raises RecordsRefused for one we do not know."""
    try:
        rows = list(known.iterate_revisions("head", current or "base"))
    except (CommandError, RevisionError) as error:
        raise RecordsRefused(
            f"the records are at revision {current}, which this Takt does not know (its newest is "
            f"{known.get_current_head()}): they were written by a newer Takt. Install that one, or "
            "go back with a backup made before: takt restore FILE"
        ) from error
    return [row.revision for row in reversed(rows)]


def _copied(database: Database, current: str) -> str:
    """Copy a file of SQLite beside itself; where it is, in words."""
    if not database.is_sqlite:
        return ""
    path = Path(str(database.engine.url.database))
    copy = path.with_name(f"{path.stem}-{current}{path.suffix}")
    half = copy.with_name(f"{copy.name}.{os.getpid()}.part")
    half.unlink(missing_ok=True)
    make_private(half)
    with database.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("VACUUM INTO ?", (str(half),))
    with closing(sqlite3.connect(half)) as kept:
        (is_now,) = kept.execute("SELECT version_num FROM alembic_version").fetchone()
    if is_now == current:
        half.replace(copy)
    else:  # another process has migrated it meanwhile, and kept the copy of before
        half.unlink()
    return f"; the file as it was: {copy}"
