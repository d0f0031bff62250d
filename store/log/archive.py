"""Retention: old entries move out of the database into files, and stay part of the log.

A file holds a run of entries, one JSON list a line, packed. The database keeps its hash and where
it ends; verifying and rebuilding read files and table as one. What is derived from the entries
stays in its tables.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.files import make_private, sync
from store.live import dump, load
from store.log import RecordsRefused, chain
from store.log.database import Database
from store.log.tables import archives, log

FOLDER = "archive"  # below the data directory
PART_MAX = 100_000  # entries of one file
LEAST = -(1 << 63)  # a position that none is below


def folder_of(data_dir: Path) -> Path:
    return data_dir / FOLDER


def move(database: Database, folder: Path, *, before_us: int) -> Path | None:
    """Move the oldest PART_MAX entries that were recorded before `before_us` into a file in `folder`.

    Returns the file, None where there is nothing to move. The newest entry always stays. The file
    is on the disk before anything leaves the database, so that a crash leaves both at worst.
    Writers wait for no more than one part.
    """
    with database.read() as connection:
        last = connection.execute(
            sa.select(sa.func.max(log.c.position)).where(log.c.recorded_at_us < before_us)
        ).scalar()
        newest, _ = chain.newest(connection)
        last = min(last or 0, newest - 1)
        first = connection.execute(sa.select(sa.func.min(log.c.position))).scalar() or 0
        if last < first or not first:
            return None
        last = min(last, first + PART_MAX - 1)
        path = folder / f"log-{first:012d}-{last:012d}.jsonl.gz"
        hash = _write(path, chain.entries(connection, after=first - 1, until=last))
    sha256 = digest(path)
    with database.write() as (connection, _, _):
        stands = connection.execute(sa.select(sa.func.min(log.c.position))).scalar()
        if stands != first:
            raise RecordsRefused("somebody else has just moved these entries: look again")
        row = {
            "first_position": first,
            "last_position": last,
            "last_hash": hash,
            "file": path.name,
            "sha256": sha256,
        }
        connection.execute(archives.insert(), row)
        connection.execute(log.delete().where(log.c.position <= last))
    return path


def _write(path: Path, entries: Iterator[chain.Entry]) -> bytes:
    """Write `entries`, durably; returns the hash of the last one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hash = chain.FIRST
    half = path.with_suffix(f".{os.getpid()}.part")
    make_private(half)
    with half.open("wb") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
            for entry in entries:
                hash = entry.hash
                packed.write(dump([*entry[:5], entry.hash.hex()]).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    sync(path.parent)
    return hash


def digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def whole_log(
    connection: Connection, folder: Path, *, told: Callable[[str], None] | None = None
) -> Iterator[chain.Entry]:
    """Every entry that there ever was, from the files first.

    Raises RecordsRefused for a file that is missing or was changed; with `told` that hears of it in
    words, and what can be read is read.
    """
    for row in connection.execute(sa.select(archives).order_by(archives.c.last_position)).all():
        try:
            yield from _part(folder / row.file, row, strict=told is None)
        except _Damaged as fault:
            if told is None:
                raise RecordsRefused(f"{fault}; put it back from a backup") from fault
            told(str(fault))
    yield from chain.entries(connection, after=LEAST)  # also what was put in before all others


class _Damaged(Exception):
    """A file of the archive is not as it was written."""


def _part(path: Path, row: Any, *, strict: bool) -> Iterator[chain.Entry]:
    """The entries in a file. Raises _Damaged; where it is not strict, after what can be read."""
    if not path.exists():
        raise _Damaged(
            f"{path} is missing: entries {row.first_position} to {row.last_position} of the log "
            "lie in it"
        )
    whole = digest(path) == bytes(row.sha256)
    if strict and not whole:
        raise _Damaged(f"{path} is not what was written")
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                *fields, hash = load(line.decode())
                yield chain.Entry._make((*fields, bytes.fromhex(hash)))
    except (OSError, EOFError, zlib.error, ValueError, TypeError) as error:
        raise _Damaged(f"{path} cannot be read to its end: {error}") from error
    if not whole:
        raise _Damaged(f"{path} is not what was written")
