"""A backup taken under load restores to records that verify."""

import threading

import pytest
import sqlalchemy as sa

from store.log import RecordsRefused, chain
from store.log.backup import backup, restore
from store.log.database import url_of
from store.log.facts import NONE, Facts
from store.log.migrate import open_database
from store.log.tables import credentials, folds, log
from tests.records.test_log import drop_triggers, fold, state, verdict
from tests.records.test_rebuild import history, rows, unsigned

__all__ = ["unsigned"]


@pytest.fixture
def other(tmp_path):
    """An empty database of SQLite, whichever the backup is of."""
    folder = tmp_path / "other"
    folder.mkdir()
    found = open_database(url_of(folder, None))
    yield found, folder
    found.close()


def test_a_backup_restores_to_the_same_records(database, other, tmp_path):
    history(database)
    with database.write() as (connection, *_):
        row = {"owner": "person:p", "kind": "password", "hash": "$argon2", "changed_at_us": 1}
        connection.execute(credentials.insert(), row)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_bytes(b"k" * 32)
    file = tmp_path / "b.tar.gz"
    about = backup(database, tmp_path, file)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        backup(database, tmp_path, file)
    target, folder = other
    assert restore(target, folder, file) == about
    assert rows(target) == rows(database)
    assert verdict(target) == verdict(database)
    assert (folder / "secrets" / "key").read_bytes() == b"k" * 32
    with target.read() as one, database.read() as two:
        for table in (folds, credentials):
            here, there = (sorted(map(tuple, c.execute(sa.select(table)))) for c in (one, two))
            assert here == there
            assert here
    with pytest.raises(RecordsRefused, match="expected an empty one"):
        restore(target, folder, file)


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
    target, folder = other
    restore(target, folder, tmp_path / "b.tar.gz")
    assert before <= about["position"] <= len(written)
    assert verdict(target).faults == ()
    assert Facts(target).views(["u"])["u"][1].position == f"{about['position']}-0"


def test_what_does_not_hold_is_not_restored(database, other, tmp_path):
    history(database, commits=5)
    with database.write() as (connection, *_):
        drop_triggers(connection)
        connection.execute(log.update().where(log.c.position == 3).values(body="[]"))
    backup(database, tmp_path, tmp_path / "b.tar.gz")
    target, folder = other
    with pytest.raises(RecordsRefused, match=r"entry 3 \("):
        restore(target, folder, tmp_path / "b.tar.gz")
    with target.read() as connection:
        assert chain.newest(connection) == (0, chain.FIRST)
        assert connection.execute(sa.select(sa.func.count()).select_from(log)).scalar() == 0
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes((tmp_path / "b.tar.gz").read_bytes()[:-500])
    for path in (torn, tmp_path / "nowhere"):
        with pytest.raises(RecordsRefused, match="cannot be restored"):
            restore(target, folder, path)
