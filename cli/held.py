"""One Takt for each data directory: who runs on it holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.files import make_private

LOCK = "takt.lock"  # in the data directory; it says which process


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the data directory, which is made where it is missing; that is undone where what is done
    with it fails. Raises OSError where another process holds it.
    """
    path = data_dir / LOCK
    made = [one for one in (path, *path.parents) if not one.exists()]
    data_dir.mkdir(parents=True, exist_ok=True)
    make_private(path)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            who = lock.read().strip() or "unknown"
            raise OSError(f"{data_dir} is in use by process {who}: stop Takt first") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        except BaseException:
            _take_away(made)
            raise


def _take_away(made: list[Path]) -> None:
    """A folder with something in it stays."""
    for path in made:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
