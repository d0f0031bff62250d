"""A backup: one packed file for both databases, consistent while everything runs.

It holds what cannot be derived: the log with its archived parts, how far the engine had read, the
hashes that people prove themselves with, and the keys of the plant; and before these a manifest,
about.json, with the SHA-256 of each file in it. The file is as secret as the data directory.
"""

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from store import keys
from store.files import make_private, sync
from store.live import dump
from store.log import RecordsRefused, archive, chain
from store.log.database import Database
from store.log.migrate import revision
from store.log.tables import archives, credentials, folds, log

KEPT = (log, archives, folds, credentials)
ABOUT = "about.json"  # the manifest
FORMAT = 2
TOGETHER = 5_000  # rows read at once


def backup(database: Database, data_dir: Path, to: Path) -> Mapping[str, Any]:
    """Write a backup into the file `to`, which must not exist; returns what it says of itself.

    Raises FileExistsError, and RecordsRefused where an archived part is missing or was changed.
    """
    if to.exists():
        raise FileExistsError(f"{to} is there already")
    half = to.with_name(to.name + ".part")
    half.unlink(missing_ok=True)
    with (
        TemporaryDirectory(prefix="takt-backup-", dir=to.parent) as folder,
        database.read(unhurried=True) as connection,
    ):
        position, hash = chain.newest(connection)
        files = _tables(connection, Path(folder)) | _files(connection, data_dir)
        about = {
            "format": FORMAT,
            "revision": revision(connection),
            "position": position,
            "hash": hash.hex(),
            "made_at_us": time.time_ns() // 1000,
            "files": {name: archive.digest(path).hex() for name, path in files.items()},
        }
        try:
            _pack(half, about, files)
            half.replace(to)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
        sync(to.parent)
    return about


def _pack(to: Path, about: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    make_private(to)
    with tarfile.open(to, "w:gz", compresslevel=3) as packed:
        _add(packed, ABOUT, dump(about).encode())
        for name, path in files.items():
            packed.add(path, name)
    sync(to)


def _tables(connection: Connection, folder: Path) -> dict[str, Path]:
    """Write the tables into `folder`; name in the backup → file."""
    out = {f"tables/{table.name}.jsonl": folder / f"{table.name}.jsonl" for table in KEPT}
    for table, path in zip(KEPT, out.values(), strict=True):
        _write(path, connection, table)
    return out


def _files(connection: Connection, data_dir: Path) -> dict[str, Path]:
    """The archived parts that the log needs, and the keys; name in the backup → file."""
    parts = []
    for row in connection.execute(sa.select(archives.c.file, archives.c.sha256)):
        parts.append(path := archive.folder_of(data_dir) / row.file)
        if not path.exists():
            raise RecordsRefused(f"{path} is missing: a part of the log lies in it")
        if archive.digest(path) != bytes(row.sha256):
            raise RecordsRefused(f"{path} is not what was written; put it back from a backup")
    secrets = sorted(path for path in (data_dir / keys.FOLDER).rglob("*") if path.is_file())
    return {path.relative_to(data_dir).as_posix(): path for path in (*parts, *secrets)}


def _write(path: Path, connection: Connection, table: sa.Table) -> None:
    key = next(iter(table.primary_key))
    found = connection.execution_options(yield_per=TOGETHER).execute(sa.select(table).order_by(key))
    with path.open("wb") as file:
        for row in found:
            plain = [v.hex() if isinstance(v, bytes) else v for v in row]
            file.write(dump(plain).encode() + b"\n")


def _add(packed: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    packed.addfile(info, io.BytesIO(data))
