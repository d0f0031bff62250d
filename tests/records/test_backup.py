"""A backup taken under load restores to records that verify."""

import errno
import io
import os
import tarfile
import threading
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from cli.__main__ import main
from cli.held import held
from cli.settings import DEMO
from store.log import RecordsRefused, archive
from store.log import restore as restoring
from store.log.backup import backup
from store.log.database import url_of
from store.log.facts import NONE, Facts
from store.log.migrate import open_database
from store.log.restore import restore
from store.log.tables import credentials, folds, log
from store.log.verify import verify
from tests.records.test_log import drop_triggers, fold, state, verdict
from tests.records.test_rebuild import history, rows, unsigned

__all__ = ["unsigned"]


@pytest.fixture
def other(tmp_path):
    """An empty data directory, and the URL of the database in it."""
    folder = tmp_path / "other"
    folder.mkdir()
    return url_of(folder, None), folder


@contextmanager
def opened(url):
    found = open_database(url)
    yield found
    found.close()


def all_of(folder):
    """Every file below, with its bytes; folders have none."""
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def filled(database, tmp_path):
    """A backup of everything that a backup can hold."""
    history(database, commits=12)
    with database.write() as (connection, *_):
        row = {"owner": "person:p", "kind": "password", "hash": "$argon2", "changed_at_us": 1}
        connection.execute(credentials.insert(), row)
    archive.move(database, tmp_path / "archive", before_us=1 << 62)
    (tmp_path / "secrets" / "more").mkdir(parents=True)
    for name in ("key", "more/key"):
        (tmp_path / "secrets" / name).write_bytes(name.encode() * 32)
    return tmp_path / "b.tar.gz", backup(database, tmp_path, tmp_path / "b.tar.gz")


def repacked(file, change):
    """The backup with its files (name → bytes) as `change` leaves them."""
    with tarfile.open(file) as packed:
        files = {m.name: packed.extractfile(m).read() for m in packed.getmembers()}
    change(files)
    to = file.with_name("changed.tar.gz")
    with tarfile.open(to, "w:gz") as packed:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return to


def test_a_backup_restores_to_the_same_records(database, other, tmp_path):
    file, about = filled(database, tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        backup(database, tmp_path, file)
    url, folder = other
    assert restore(url, folder, file) == about
    with opened(url) as target:
        assert rows(target) == rows(database)
        assert verify(target, folder / "archive", tmp_path)[1] == 0
        with target.read() as one, database.read() as two:
            for table in (folds, credentials):
                here, there = (sorted(map(tuple, c.execute(sa.select(table)))) for c in (one, two))
                assert here == there
                assert here
    assert (folder / "secrets" / "more" / "key").read_bytes() == b"more/key" * 32
    modes = {p.relative_to(folder): p.stat().st_mode & 0o777 for p in folder.rglob("*")}
    assert {mode for p, mode in modes.items() if (folder / p).is_dir()} == {0o700}, modes
    assert {mode for p, mode in modes.items() if (folder / p).is_file()} == {0o600}, modes
    with pytest.raises(RecordsRefused, match="expected an empty one"):
        restore(url, folder, file)


def test_a_backup_restores_into_either_database(database_url, tmp_path):
    for name in ("from", "data"):
        (tmp_path / name).mkdir()
    with opened(url_of(tmp_path / "from", None)) as source:
        file, _ = filled(source, tmp_path / "from")
        grown = rows(source)
    if database_url.startswith("sqlite"):
        database_url = url_of(tmp_path / "data", None)
    restore(database_url, tmp_path / "data", file)
    with opened(database_url) as target:
        assert rows(target) == grown
    assert (tmp_path / "data" / "secrets" / "key").exists()
    with pytest.raises(RecordsRefused, match="expected an empty one"):
        restore(database_url, tmp_path / "data", file)


def test_a_backup_under_load_is_one_moment(database, other, tmp_path):
    stop, written = threading.Event(), []

    def write():
        facts, after, n = Facts(database), NONE, 0
        while not stop.is_set():
            n += 1
            facts.commit(
                [fold("u", after, f"{n}-0", state("u", n, "running" if n % 2 else "held"))]
            )
            after = n
            written.append(n)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 50:
            pass
        before = len(written)
        about = backup(database, tmp_path, tmp_path / "b.tar.gz")
        while len(written) < before + 5:
            pass
    finally:
        stop.set()
        writer.join()
    url, folder = other
    restore(url, folder, tmp_path / "b.tar.gz")
    assert before <= about["position"] <= len(written)
    with opened(url) as target:
        assert verdict(target).faults == ()
        assert Facts(target).views(["u"])["u"][1].position == f"{about['position']}-0"


def test_what_does_not_hold_is_not_restored(database, other, tmp_path):
    history(database, commits=5)
    with database.write() as (connection, *_):
        drop_triggers(connection)
        connection.execute(log.update().where(log.c.position == 3).values(body="[]"))
    backup(database, tmp_path, tmp_path / "b.tar.gz")
    url, folder = other
    (folder / "secrets").mkdir()
    (folder / "secrets" / "key").write_bytes(b"of before")
    before = all_of(folder)
    with pytest.raises(RecordsRefused, match=r"entry 3 \("):
        restore(url, folder, tmp_path / "b.tar.gz")
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes((tmp_path / "b.tar.gz").read_bytes()[:-500])
    for path in (torn, tmp_path / "nowhere"):
        with pytest.raises(RecordsRefused, match="cannot be restored"):
            restore(url, folder, path)
    assert all_of(folder) == before


CHANGES = {
    "tables/credentials.jsonl was changed": lambda files: files.update(
        {"tables/credentials.jsonl": files["tables/credentials.jsonl"].replace(b"argon", b"other")}
    ),
    "secrets/key was changed": lambda files: files.update({"secrets/key": b"another"}),
    "tables/folds.jsonl is missing": lambda files: files.pop("tables/folds.jsonl"),
    "secrets/more.key was put in": lambda files: files.update({"secrets/more.key": b"another"}),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A backup with everything in it."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mes.master_data.changed_from_us", lambda _old, _new: None)
        with opened(url_of(folder, None)) as database:
            return filled(database, folder)[0]


@pytest.mark.parametrize("words", CHANGES)
def test_what_is_not_as_it_was_backed_up_is_named_and_refused(whole, other, words):
    url, folder = other
    changed = repacked(whole, CHANGES[words])
    with pytest.raises(RecordsRefused, match=f"is not what takt backup wrote: {words}$"):
        restore(url, folder, changed)
    assert not all_of(folder)


def test_a_restore_that_fails_at_its_end_leaves_all_as_it_was(
    whole, database_url, tmp_path, monkeypatch
):
    """Files that stood there are there again, and new ones are gone."""
    folder = tmp_path / "data"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "key").write_bytes(b"of before")
    url = url_of(folder, None) if database_url.startswith("sqlite") else database_url
    open_database(url).close()
    before, moved, move = all_of(folder), [], restoring._move

    def failing(path, target, *others):
        if len(moved) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        moved.append(target)
        move(path, target, *others)

    monkeypatch.setattr(restoring, "_move", failing)
    with pytest.raises(RecordsRefused, match="No space left on device"):
        restore(url, folder, whole)
    assert len(moved) == 2
    assert all_of(folder) == before
    monkeypatch.undo()
    restore(url, folder, whole)


def test_a_restore_that_is_refused_makes_no_data_directory(whole, tmp_path, monkeypatch, capsys):
    for name in ("TAKT_DATA", "TAKT_CONFIG"):
        monkeypatch.setenv(name, "")
    data = tmp_path / "new" / "data"
    nowhere = str(tmp_path / "nowhere.tar.gz")
    argv = ["--config", str(DEMO), "--data", str(data)]
    assert main(["restore", nowhere, *argv]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("takt: ")
    assert nowhere in line
    assert "No such file" in line
    assert not list(tmp_path.iterdir())
    assert main(["restore", str(whole), *argv]) == 0
    assert (data / "takt.lock").stat().st_mode & 0o777 == 0o600
    with held(data):
        assert main(["restore", str(whole), *argv]) == 1
    assert f"{data} is in use by process {os.getpid()}" in capsys.readouterr().err


def test_a_backup_that_cannot_be_written_leaves_nothing(database, tmp_path, monkeypatch):
    history(database, commits=3)
    (to := tmp_path / "to").mkdir()

    def full(_path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("store.log.backup.sync", full)
    with pytest.raises(OSError, match="No space"):
        backup(database, tmp_path, to / "b.tar.gz")
    assert not list(to.iterdir())
