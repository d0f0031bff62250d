"""One Takt for each data directory: who runs on it holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.files import make_private

LOCK = "takt.lock"  # in the data directory; it says which process, and its port


@contextmanager
def held(data_dir: Path, *, port: int | None = None) -> Iterator[None]:
    """Hold the data directory, which is made where it is missing; that is undone where what is done
    with it fails. port: where its screens are meanwhile. Raises OSError where another process holds it.
    """
    path = data_dir / LOCK
    made = [one for one in (path, *path.parents) if not one.exists()]
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_private(path)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = next(iter(_said(path)), "unknown")
            raise OSError(f"{data_dir} is in use by process {who}: stop Takt first") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()} {port or ''}")
        lock.flush()
        try:
            yield
        except BaseException:
            _take_away(made)
            raise


def running_port(data_dir: Path) -> int | None:
    """The port of the screens of the Takt that holds the data directory now; None where none does."""
    path = data_dir / LOCK
    with suppress(OSError), path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return next((int(one) for one in _said(path)[1:] if one.isdecimal()), None)
    return None


def _said(path: Path) -> list[str]:
    """Who holds it, and its port."""
    return path.read_text().split()


def _take_away(made: list[Path]) -> None:
    """A folder with something in it stays."""
    for path in made:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
