"""Keeps stream entries on disk while Redis is away, and gives them back in order.

One SQLite file, every batch a durable commit. It is bounded in bytes: past the bound the oldest
entries go, and `dropped` counts them.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

Kept = tuple[str, str, str]  # stream key, explicit entry id, the entry's fields as JSON


class Spool:
    """Not for use by two processes, nor by two threads at once."""

    def __init__(self, path: Path, *, bytes_max: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.bytes_max = bytes_max
        self.dropped = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS entry "
            "(n INTEGER PRIMARY KEY, key TEXT NOT NULL, id TEXT NOT NULL, fields TEXT NOT NULL)"
        )
        row = self._db.execute("SELECT count(*), coalesce(sum(length(fields)), 0) FROM entry")
        self._entries, self._bytes = row.fetchone()

    def __len__(self) -> int:
        return int(self._entries)

    def put(self, entries: Sequence[Kept]) -> None:
        """Keep `entries` behind the ones that are there; durable when this returns."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT INTO entry (key, id, fields) VALUES (?, ?, ?)", entries)
        self._entries += len(entries)
        self._bytes += sum(len(fields) for _, _, fields in entries)
        while self._bytes > self.bytes_max and self._entries > 1:
            self._drop_oldest()
        self._db.execute("COMMIT")

    def _drop_oldest(self) -> None:
        rows = self._db.execute("SELECT n, length(fields) FROM entry ORDER BY n LIMIT 1000")
        lost = rows.fetchall()[: max(1, self._entries - 1)]
        self._db.execute("DELETE FROM entry WHERE n <= ?", (lost[-1][0],))
        self._entries -= len(lost)
        self._bytes -= sum(size for _, size in lost)
        self.dropped += len(lost)

    def oldest(self, most: int) -> list[tuple[int, Kept]]:
        """Up to `most` entries in order, each with the number that `forget` takes."""
        rows = self._db.execute("SELECT n, key, id, fields FROM entry ORDER BY n LIMIT ?", (most,))
        return [(n, (key, id, fields)) for n, key, id, fields in rows]

    def forget(self, upto: int) -> None:
        """Drop the entries up to number `upto`: they have arrived."""
        gone = self._db.execute(
            "SELECT count(*), coalesce(sum(length(fields)), 0) FROM entry WHERE n <= ?", (upto,)
        ).fetchone()
        self._db.execute("DELETE FROM entry WHERE n <= ?", (upto,))
        self._entries -= gone[0]
        self._bytes -= gone[1]

    def close(self) -> None:
        self._db.close()
