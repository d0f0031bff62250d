"""Files of the data directory: their owner's alone, there after a power cut, and still a database."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

_TORN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NO_TEXT = "Could not decode to UTF-8"  # Python's own words, which have no code


def make_private(path: Path) -> None:
    """Make the file for its owner alone, unless it is there; so are those that SQLite puts beside it."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_torn(error: BaseException | None) -> bool:
    """Whether SQLite's file is no longer a whole database, so that trying again cannot help."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in _TORN or str(error).startswith(_NO_TEXT)
