"""Stream entries: makes them of samples, keeps them on disk while Redis is away, in order.

One SQLite file, every batch a durable commit. It is bounded in bytes: past the bound the oldest
entries go, and `dropped` counts them. A file that cannot be read is moved aside, never deleted.
"""

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from mes.observation import Sample
from store import live
from store.files import is_torn, make_private

log = logging.getLogger("takt.spool")

Kept = tuple[str, str, str]  # stream key, explicit entry id, the entry's fields as JSON
T = TypeVar("T")

_DROPPED_TOGETHER = 1000  # rows looked at at once for what has to go


class Entry(NamedTuple):
    """One entry on its way into a stream, and the latest values that it renews."""

    key: str
    id: str
    fields: Mapping[str, str]
    latest: Mapping[str, str]


def kept(entries: Sequence[Entry]) -> list[Kept]:
    """For the spool, without the mere contacts: that a device answered is no news afterwards."""
    return [(e.key, e.id, live.dump(e.fields)) for e in entries if e.latest or "g" in e.fields]


def restored(row: Kept) -> Entry | None:
    """The entry that `kept` wrote; None, and it is said, for what it did not write."""
    key, id, text = row
    try:
        fields = live.load(text)
        return Entry(key, id, fields, live.latest(live.decode("", fields)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.error("%s: entry %s of the spool cannot be read: %s", key, id, error)
        return None


class Entries:
    """Makes entries, each with an id greater than the one before."""

    def __init__(self, centers: Mapping[str, str]) -> None:
        self._centers = centers  # work unit → work centre
        self._last_id = (0, 0)
        self._unwritable: dict[str, str] = {}  # work unit → what was said of it last

    def of(self, sample: Sample) -> Entry | None:
        """The entry of `sample`; None for a unit that the plant has not, or what cannot be said."""
        center = self._centers.get(sample.work_unit)
        if center is None:
            return None
        try:
            fields, latest = live.encode(sample), live.latest(sample)
        except (TypeError, ValueError) as error:
            if self._unwritable.get(sample.work_unit) != str(error):
                log.error("%s: a sample cannot be written: %s", sample.work_unit, error)
            self._unwritable[sample.work_unit] = str(error)
            return None
        return Entry(live.samples_key(center, sample.work_unit), self.id_after(), fields, latest)

    def id_after(self, id: str = "0-0") -> str:
        """A new id, also behind `id`."""
        seen_ms, seen = id.split("-")
        last_ms, last = max(self._last_id, (int(seen_ms), int(seen)))
        ms = time.time_ns() // 1_000_000
        self._last_id = (ms, 0) if ms > last_ms else (last_ms, last + 1)
        return f"{self._last_id[0]}-{self._last_id[1]}"


class Spool:
    """Not for use by two processes, nor by two threads at once; see Disk."""

    def __init__(self, path: Path, *, bytes_max: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.bytes_max = bytes_max
        self.dropped = 0
        self._path = path
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            foreign = error.sqlite_errorcode == sqlite3.SQLITE_ERROR  # tables that are not ours
            if not (foreign or is_torn(error)):
                raise
            self.renew(error)

    def _open(self) -> None:
        self._entries = self._bytes = 0
        self._arrived = 0  # up to this number they have arrived, though the disk still has them
        make_private(self._path)
        self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS entry "
            "(n INTEGER PRIMARY KEY, key TEXT NOT NULL, id TEXT NOT NULL, fields TEXT NOT NULL)"
        )
        row = self._db.execute("SELECT count(*), coalesce(sum(length(fields)), 0) FROM entry")
        self._entries, self._bytes = row.fetchone()

    def renew(self, why: Exception) -> None:
        """Move the file aside, which cannot be read, and begin a new one."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        aside = f"{self._path}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        log.error("the spool cannot be read (%s): it is kept as %s, a new one begins", why, aside)
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self._path}{ending}", f"{aside}{ending}")
        self._open()

    def __len__(self) -> int:
        return int(self._entries)

    def put(self, entries: Sequence[Kept]) -> None:
        """Keep `entries` behind the ones that are there: all, durable when this returns, or none.

        Raises sqlite3.Error when the disk cannot take them.
        """
        if not entries:
            return
        count = self._entries + len(entries)
        size = self._bytes + sum(len(fields) for _, _, fields in entries)
        dropped = 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO entry (key, id, fields) VALUES (?, ?, ?)", entries)
            while size > self.bytes_max and count > 1:
                lost, freed = self._drop_oldest(size - self.bytes_max, count - 1)
                count, size, dropped = count - lost, size - freed, dropped + lost
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # most failures have rolled back already
                self._db.execute("ROLLBACK")
            raise
        self._entries, self._bytes = count, size
        self.dropped += dropped

    def _drop_oldest(self, surplus: int, most: int) -> tuple[int, int]:
        """Drop entries for `surplus` bytes, at most `most`. Returns how many, and their bytes."""
        rows = self._db.execute(
            "SELECT n, length(fields) FROM entry WHERE n > ? ORDER BY n LIMIT ?",
            (self._arrived, min(most, _DROPPED_TOGETHER)),
        )
        lost = freed = upto = 0
        for n, size in rows.fetchall():
            upto, lost, freed = n, lost + 1, freed + size
            if freed >= surplus:
                break
        self._db.execute("DELETE FROM entry WHERE n > ? AND n <= ?", (self._arrived, upto))
        return lost, freed

    def oldest(self, most: int) -> list[tuple[int, Kept]]:
        """Up to `most` entries in order, each with the number that `forget` takes."""
        rows = self._db.execute(
            "SELECT n, key, id, fields FROM entry WHERE n > ? ORDER BY n LIMIT ?",
            (self._arrived, most),
        )
        return [(n, (key, id, fields)) for n, key, id, fields in rows]

    def forget(self, upto: int) -> None:
        """Drop the entries up to number `upto`: they have arrived.

        They do not come again from this object even if the disk refuses, which raises.
        """
        gone = self._db.execute(
            "SELECT count(*), coalesce(sum(length(fields)), 0) FROM entry WHERE n > ? AND n <= ?",
            (self._arrived, upto),
        ).fetchone()
        self._arrived = upto
        self._entries -= gone[0]
        self._bytes -= gone[1]
        self._db.execute("DELETE FROM entry WHERE n <= ?", (upto,))
        self._arrived = 0  # numbers begin anew once the table is empty

    def close(self) -> None:
        self._db.close()


class Disk:
    """A spool's calls off the loop, one at a time; none outlives the task that asked for it.

    What fails is said once, and once that it works again.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._turn = asyncio.Lock()
        self._failing: set[str] = set()

    async def ask(self, what: str, call: Callable[[], T]) -> T | None:
        """What `call` returns, or None if the disk fails; `what` is what the log calls it."""
        async with self._turn:
            work = asyncio.ensure_future(asyncio.to_thread(call))
            cancelled = False
            while not work.done():
                try:
                    await asyncio.wait({work})
                except asyncio.CancelledError:
                    cancelled = True
            try:
                answer = work.result()
            except (sqlite3.Error, OSError) as error:
                self._fails(what, error)
                answer = None
            else:
                if what in self._failing:
                    log.info("the spool works again: %s", what)
                self._failing.discard(what)
        if cancelled:
            raise asyncio.CancelledError
        return answer

    def _fails(self, what: str, error: Exception) -> None:
        if what not in self._failing:
            log.error("the spool fails, %s: %s; it is tried again", what, error)
        self._failing.add(what)
        if is_torn(error):
            with contextlib.suppress(sqlite3.Error, OSError):
                self._spool.renew(error)
