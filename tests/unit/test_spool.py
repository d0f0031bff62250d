"""The spool: what it keeps, what it drops, and what it does when its file or its disk is broken."""

import asyncio
import logging
import os
import sqlite3
import threading

import pytest

from store.spool import Disk, Spool, restored

BYTES_MAX = 1 << 20


def rows(*numbers, size=10):
    return [("takt:{c}:obs:u", f"{n}-0", str(n).ljust(size)) for n in numbers]


def ids(spool, most=10_000):
    return [int(id.partition("-")[0]) for _, (_, id, _) in spool.oldest(most)]


def torn():
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


@pytest.fixture
def path(tmp_path):
    return tmp_path / "there" / "spool.sqlite"


@pytest.fixture
def spool(path):
    spool = Spool(path, bytes_max=BYTES_MAX)
    yield spool
    spool.close()


def limit_pages(spool, more):
    """Let the disk be full after `more` pages."""
    used = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count={used + more}")


def test_entries_come_back_in_order_and_survive_the_object(spool, path):
    spool.put(rows(1, 2, 3))
    spool.put([])
    spool.put(rows(4))
    spool.forget(spool.oldest(2)[-1][0])
    assert (ids(spool), len(spool)) == ([3, 4], 2)
    spool.close()
    again = Spool(path, bytes_max=BYTES_MAX)
    assert (ids(again), len(again)) == ([3, 4], 2)
    again.close()


def test_its_files_are_its_owner_s_alone(spool, path):
    spool.put(rows(1))
    modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}, modes


def test_past_the_bound_just_enough_of_the_oldest_go(path):
    spool = Spool(path, bytes_max=100)
    spool.put(rows(*range(10)))
    assert (spool.dropped, len(spool)) == (0, 10)
    spool.put(rows(10, 11))
    assert (spool.dropped, ids(spool)) == (2, list(range(2, 12)))
    spool.put(rows(12, size=500))  # one that is larger than the bound stays alone
    assert (spool.dropped, ids(spool)) == (12, [12])
    spool.put(rows(*range(5000)))
    assert (len(spool), ids(spool)) == (10, list(range(4990, 5000)))
    spool.close()


def test_a_full_disk_takes_all_of_a_batch_or_none(spool):
    spool.put(rows(1))
    limit_pages(spool, 2)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        spool.put(rows(*range(2, 5000)))
    assert (ids(spool), len(spool), spool.dropped) == ([1], 1, 0)
    spool.put(rows(2))  # the next one is not inside the failed one's transaction
    limit_pages(spool, 10_000)
    spool.put(rows(*range(3, 5000)))
    assert ids(spool) == list(range(1, 5000)) and len(spool) == 4999


def test_a_failure_while_dropping_takes_nothing_back(path, monkeypatch):
    spool = Spool(path, bytes_max=100)
    spool.put(rows(*range(10)))
    with monkeypatch.context() as broken:
        broken.setattr(spool, "_drop_oldest", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            spool.put(rows(10))
    assert (ids(spool), len(spool), spool.dropped) == (list(range(10)), 10, 0)
    spool.put(rows(10))
    assert (ids(spool), spool.dropped) == (list(range(1, 11)), 1)
    spool.close()


def test_what_has_arrived_does_not_come_again_though_the_disk_refuses_to_forget(spool):
    spool.put(rows(1, 2, 3))
    spool._db.execute("PRAGMA query_only=ON")
    with pytest.raises(sqlite3.OperationalError):
        spool.forget(spool.oldest(2)[-1][0])
    assert (ids(spool), len(spool)) == ([3], 1)
    spool._db.execute("PRAGMA query_only=OFF")
    spool.put(rows(4))
    spool.forget(spool.oldest(2)[-1][0])
    assert (ids(spool), len(spool)) == ([], 0)
    spool.put(rows(5))  # its number begins anew, and it is seen all the same
    assert (ids(spool), len(spool)) == ([5], 1)
    assert spool._db.execute("SELECT count(*) FROM entry").fetchone() == (1,)


def noise(path):
    path.write_bytes(os.urandom(20_000))


def torn_in_the_middle(path):
    spool = Spool(path, bytes_max=BYTES_MAX)
    spool.put(rows(*range(5000)))
    spool.close()
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 10)


def cut_short(path):
    spool = Spool(path, bytes_max=BYTES_MAX)
    spool.put(rows(*range(5000)))
    spool.close()
    os.truncate(path, 4096 * 3 + 100)


def foreign_tables(path):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE entry (something INTEGER)")
    db.close()


@pytest.mark.parametrize("breaking", [noise, torn_in_the_middle, cut_short, foreign_tables])
def test_a_file_that_cannot_be_read_is_moved_aside_and_a_new_one_begins(path, caplog, breaking):
    path.parent.mkdir()
    breaking(path)
    before = path.read_bytes()
    spool = Spool(path, bytes_max=BYTES_MAX)
    spool.put(rows(1))
    assert (ids(spool), len(spool)) == ([1], 1)
    spool.close()
    (aside,) = path.parent.glob("spool.sqlite.corrupt-*Z")
    assert len(aside.read_bytes()) == len(before)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR and str(aside) in record.getMessage()


def test_a_place_that_cannot_be_opened_is_the_callers_to_know(tmp_path):
    (tmp_path / "spool.sqlite").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        Spool(tmp_path / "spool.sqlite", bytes_max=BYTES_MAX)
    assert [p.name for p in tmp_path.iterdir()] == ["spool.sqlite"]


def test_a_row_that_is_no_entry_is_passed_by(caplog):
    for text in ("", "[1]", '{"s": "1"}', '{"s":"1","r":"1","d":"x","v":"[]"}'):
        assert restored(("key", "1-0", text)) is None
    assert len(caplog.records) == 4


def test_a_failing_disk_is_told_once_and_once_when_it_works_again(spool, caplog):
    caplog.set_level(logging.INFO)

    def fail():
        raise sqlite3.OperationalError("database or disk is full")

    async def run():
        disk = Disk(spool)
        answers = [await disk.ask("keeping", fail) for _ in range(5)]
        answers.append(await disk.ask("reading", lambda: spool.oldest(1)))
        answers.append(await disk.ask("keeping", lambda: True))
        return answers

    assert asyncio.run(run()) == [None] * 5 + [[], True]
    assert [r.levelname for r in caplog.records] == ["ERROR", "INFO"]


def test_a_file_torn_while_it_is_used_is_renewed(spool, path):
    def fail():
        raise torn()

    async def run():
        disk = Disk(spool)
        await disk.ask("keeping", lambda: spool.put(rows(1)))
        assert await disk.ask("reading", fail) is None
        await disk.ask("keeping", lambda: spool.put(rows(2)))

    asyncio.run(run())
    assert (ids(spool), len(spool)) == ([2], 1)
    assert len(list(path.parent.glob("*.corrupt-*Z"))) == 1


def test_a_cancel_waits_for_the_thread_and_two_calls_never_overlap(spool):
    async def run():
        disk = Disk(spool)
        entered, go = threading.Event(), threading.Event()
        inside = []

        def slow():
            inside.append("begun")
            entered.set()
            assert go.wait(10)
            inside.append("ended")

        first = asyncio.create_task(disk.ask("keeping", slow))
        await asyncio.to_thread(entered.wait, 10)
        second = asyncio.create_task(disk.ask("keeping", lambda: inside.append("second")))
        for _ in range(3):  # again and again: it does not give up earlier
            first.cancel()
            await asyncio.sleep(0)
        assert not first.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        return inside

    assert asyncio.run(run()) == ["begun", "ended", "second"]
