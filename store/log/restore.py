"""A restore: a backup into an empty database, and its files into the data directory.

All of it is unpacked and made anew in a folder of its own, and moved to where it belongs once the
chain holds: a restore that fails leaves the data directory as it was.
"""

import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from store import keys
from store.files import sync
from store.live import load
from store.log import RecordsRefused, archive, chain
from store.log.backup import ABOUT, FORMAT, KEPT
from store.log.database import FILE, Database, unreachable, url_of, words_of
from store.log.migrate import look_through, open_database, revision
from store.log.rebuild import make_anew
from store.log.tables import head

TOGETHER = 5_000  # rows written at once


def restore(url: str, data_dir: Path, file: Path) -> Mapping[str, Any]:
    """Put the backup `file` into the empty database at `url` and its files into `data_dir`, which is
    there; returns what the backup says of itself.

    Raises RecordsRefused, changing nothing, where the database is not empty, the file is none of
    ours, of another revision or not what was written, or its chain does not hold.
    """
    at = sa.make_url(url)
    path = Path(str(at.database)) if at.get_backend_name() == "sqlite" else None
    if path is not None:
        _has_room(url, path)
    try:
        with TemporaryDirectory(prefix="takt-restore-", dir=data_dir) as folder:
            about = _unpacked(file, Path(folder))
            if path is not None:
                _into_file(path, data_dir, Path(folder), about)
            else:
                with ExitStack() as undo, closing(open_database(url)) as database:
                    _fill(database, data_dir, Path(folder), about, undo)
                    undo.pop_all()
    except DBAPIError as error:
        if path is None and unreachable(error):
            raise
        raise RecordsRefused(f"{file} cannot be restored: {words_of(error)}") from error
    except (tarfile.TarError, zlib.error, LookupError, ValueError, EOFError, OSError) as error:
        raise RecordsRefused(f"{file} cannot be restored: {error}") from error
    return about


def _unpacked(file: Path, folder: Path) -> Mapping[str, Any]:
    """Unpack `file` into `folder`; its manifest. Raises RecordsRefused where both differ."""
    with tarfile.open(file, "r:gz") as packed:
        first = packed.extractfile(ABOUT)
        about = load(first.read().decode()) if first is not None else None
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise RecordsRefused(f"{file} is of another Takt: restore it with that one")
        packed.extractall(folder, filter="data")
    (folder / ABOUT).unlink()
    named = about["files"]
    found = {path.relative_to(folder).as_posix(): path for path in _files_below(folder)}
    faults = [f"{name} is missing" for name in named if name not in found]
    faults += [f"{name} was put in" for name in found if name not in named]
    for name in sorted(found.keys() & named.keys()):
        if archive.digest(found[name]).hex() != named[name]:
            faults.append(f"{name} was changed")
    if faults:
        raise RecordsRefused(f"{file} is not what takt backup wrote: {', '.join(faults)}")
    return about


def _has_room(url: str, path: Path) -> None:
    """Raises RecordsRefused where a file of SQLite is there with anything in it."""
    if path.exists() and path.stat().st_size:
        with closing(Database(url)) as there:
            look_through(there)
            with there.read() as connection:
                _is_empty(chain.newest(connection)[0] if revision(connection) else 0)


def _into_file(path: Path, data_dir: Path, folder: Path, about: Mapping[str, Any]) -> None:
    """Make a new file of SQLite in `folder`, and have it take the place of `path`."""
    with ExitStack() as undo:
        with closing(open_database(url_of(folder, None))) as database:
            _fill(database, data_dir, folder, about, undo)
        for ending in ("-wal", "-shm"):  # of the empty one
            _aside(path.with_name(path.name + ending), folder, undo)
        _move(folder / FILE, path, folder, undo)
        sync(path.parent)
        undo.pop_all()


def _fill(
    database: Database, data_dir: Path, folder: Path, about: Mapping[str, Any], undo: ExitStack
) -> None:
    """Fill the tables, make the rest anew, and move the files, in one transaction."""
    with database.write() as (connection, position, _):
        _is_empty(position)
        _fits(connection, about)
        for table in KEPT:
            for rows in _rows(folder / "tables" / f"{table.name}.jsonl", table):
                connection.execute(table.insert(), rows)
        hash = bytes.fromhex(about["hash"])
        connection.execute(head.update().values(position=about["position"], hash=hash))
        make_anew(connection, folder / archive.FOLDER)
        for root in (archive.FOLDER, keys.FOLDER):  # the log is nothing without its parts
            for path in _files_below(folder / root):
                _move(path, data_dir / path.relative_to(folder), folder, undo)


def _fits(connection: Connection, about: Mapping[str, Any]) -> None:
    if about["revision"] != (here := revision(connection)):
        raise RecordsRefused(
            f"the backup is of revision {about['revision']}, this Takt's is {here}: restore it with "
            "the Takt that made it, then start this one"
        )


def _is_empty(position: int) -> None:
    if position:
        raise RecordsRefused(
            f"the database holds {position} entries; expected an empty one: name another by --data "
            "or DATABASE_URL"
        )


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _move(path: Path, target: Path, folder: Path, undo: ExitStack) -> None:
    """Move a file to where it belongs, for its owner alone; what stands there goes into `folder`."""
    for missing in reversed([one for one in target.parents if not one.exists()]):
        missing.mkdir(mode=0o700)
        undo.callback(missing.rmdir)
    path.chmod(0o600)
    sync(path)
    _aside(target, folder, undo)
    path.replace(target)
    undo.callback(target.unlink)
    sync(target.parent)


def _aside(path: Path, folder: Path, undo: ExitStack) -> None:
    if path.exists():
        kept = Path(mkdtemp(dir=folder)) / path.name
        path.replace(kept)
        undo.callback(kept.replace, path)


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
