"""Backup and restore: one packed file for both databases, consistent while everything runs.

It holds what cannot be derived: the log with its archived parts, how far the engine had read, the
hashes that people prove themselves with, and the keys of the plant. A restore makes the rest anew
and verifies the chain on the way. The file is as secret as the data directory.
"""

import io
import os
import tarfile
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store.files import sync_folder
from store.live import dump, load
from store.log import RecordsRefused, archive, chain
from store.log.database import Database
from store.log.migrate import revision
from store.log.rebuild import make_anew
from store.log.tables import archives, credentials, folds, head, log

KEPT = (log, archives, folds, credentials)
SECRETS = "secrets"  # below the data directory
FORMAT = 1
TOGETHER = 5_000  # rows read, or written, at once


def backup(database: Database, data_dir: Path, to: Path) -> Mapping[str, Any]:
    """Write a backup into the file `to`, which must not exist; returns what it says of itself.

    Raises FileExistsError, and RecordsRefused where an archived part is missing.
    """
    if to.exists():
        raise FileExistsError(f"{to} is there already")
    half = to.with_name(to.name + ".part")
    half.unlink(missing_ok=True)
    with (
        TemporaryDirectory(prefix="takt-backup-", dir=to.parent) as folder,
        database.read() as connection,
    ):
        position, hash = chain.newest(connection)
        about = {
            "format": FORMAT,
            "revision": revision(connection),
            "position": position,
            "hash": hash.hex(),
            "made_at_us": time.time_ns() // 1000,
        }
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as packed:
                _add(packed, "about.json", dump(about).encode())
                for table in KEPT:
                    path = Path(folder) / f"{table.name}.jsonl"
                    _write(path, connection, table)
                    packed.add(path, f"tables/{path.name}")
                for path in _files(connection, data_dir):
                    packed.add(path, path.relative_to(data_dir).as_posix())
            file.flush()
            os.fsync(file.fileno())
        half.replace(to)
        sync_folder(to.parent)
    return about


def restore(database: Database, data_dir: Path, file: Path) -> Mapping[str, Any]:
    """Put a backup into an empty database and its files into `data_dir`, and make the rest anew.

    Raises RecordsRefused, changing nothing, where the database is not empty, the file is none of
    ours or of another revision, or its chain does not hold.
    """
    try:
        with tarfile.open(file, "r:gz") as packed:
            about = load(_read(packed, "about.json").decode())
            _fits(about, database)
            with TemporaryDirectory(prefix="takt-restore-", dir=data_dir) as folder:
                packed.extractall(folder, filter="data")
                _put_back(database, Path(folder), data_dir, about)
    except (tarfile.TarError, KeyError, ValueError, EOFError, OSError) as error:
        raise RecordsRefused(f"{file} cannot be restored: {error}") from error
    return dict(about)


def _put_back(database: Database, folder: Path, data_dir: Path, about: Mapping[str, Any]) -> None:
    with database.write() as (connection, _, _):
        for table in KEPT:
            for rows in _rows(folder / "tables" / f"{table.name}.jsonl", table):
                connection.execute(table.insert(), rows)
        hash = bytes.fromhex(about["hash"])
        connection.execute(head.update().values(position=about["position"], hash=hash))
        make_anew(connection, folder / archive.FOLDER)
        for path in _below(folder):  # before the log is there: it is nothing without its parts
            target = data_dir / path.relative_to(folder)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.replace(target)


def _fits(about: Mapping[str, Any], database: Database) -> None:
    with database.read() as connection:
        here, (position, _) = revision(connection), chain.newest(connection)
    if about.get("format") != FORMAT:
        raise RecordsRefused("the backup is of another Takt: restore it with that one")
    if about["revision"] != here:
        raise RecordsRefused(
            f"the backup is of revision {about['revision']}, this Takt's is {here}: restore it with "
            "the Takt that made it, then start this one"
        )
    if position:
        raise RecordsRefused(
            f"the database holds {position} entries; expected an empty one: name another by --data "
            "or DATABASE_URL"
        )


def _files(connection: Connection, data_dir: Path) -> list[Path]:
    """The archived parts that the log needs, and the keys."""
    parts = [
        archive.folder_of(data_dir) / f
        for f in connection.execute(sa.select(archives.c.file)).scalars()
    ]
    for path in parts:
        if not path.exists():
            raise RecordsRefused(f"{path} is missing: a part of the log lies in it")
    secrets = data_dir / SECRETS
    return [
        *parts,
        *(sorted(p for p in secrets.rglob("*") if p.is_file()) if secrets.exists() else ()),
    ]


def _below(folder: Path) -> list[Path]:
    roots = [folder / archive.FOLDER, folder / SECRETS]
    return [path for root in roots if root.exists() for path in root.rglob("*") if path.is_file()]


def _write(path: Path, connection: Connection, table: sa.Table) -> None:
    key = next(iter(table.primary_key))
    found = connection.execution_options(yield_per=TOGETHER).execute(sa.select(table).order_by(key))
    with path.open("wb") as file:
        for row in found:
            plain = [v.hex() if isinstance(v, bytes) else v for v in row]
            file.write(dump(plain).encode() + b"\n")


def _rows(path: Path, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    binary = [isinstance(column.type, sa.LargeBinary) for column in table.columns]
    names = [column.name for column in table.columns]
    with path.open("rb") as file:
        while lines := list(islice(file, TOGETHER)):
            yield [
                {
                    name: bytes.fromhex(value) if packed else value
                    for name, value, packed in zip(names, load(line.decode()), binary, strict=True)
                }
                for line in lines
            ]


def _add(packed: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    packed.addfile(info, io.BytesIO(data))


def _read(packed: tarfile.TarFile, name: str) -> bytes:
    file = packed.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()
