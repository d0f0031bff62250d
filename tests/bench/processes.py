"""The processes that are measured: started, watched and ended by the bench, each by its own id."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import redis

from tests.bench.plant import BenchPlant
from tests.own_redis import OwnRedis, wait_until
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_S = 40.0
GRACE_S = 8.0


class Processes:
    """Children by name. Leaving the `with` block ends them all, the last one first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._redis: OwnRedis | None = None

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._children)):
            self.end(name)
        if self._redis is not None:
            self._redis.end()

    def redis(self, data_dir: Path) -> OwnRedis:
        """A Redis of the bench's own, where the roles of a configuration in `data_dir` look for it."""
        self._redis = OwnRedis(data_dir).start()
        return self._redis

    def redis_client(self) -> "redis.Redis":
        assert self._redis is not None, "redis() comes first"
        return self._redis.client()

    def start(self, name: str, module: str, *arguments: object, profile: bool = False) -> None:
        """Run a module of ours; what it says goes to <name>.log in the folder."""
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("TAKT_", "REDIS_"))}
        how = ["-m", "cProfile", "-o", str(self.folder / f"{name}.prof")] if profile else []
        with (self.folder / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, *how, "-m", module, *map(str, arguments)],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def role(self, role: str, config: Path) -> None:
        self.start(role, "cli", role, "--config", config)

    def end(self, name: str) -> None:
        """SIGTERM, and SIGKILL to whatever does not heed it."""
        child = self._children.pop(name)
        if child.poll() is None:
            child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_S)
        if child.poll() is None:
            child.kill()
            child.wait()

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def pid(self, name: str) -> int:
        if name == "redis":
            assert self._redis is not None and self._redis.process is not None
            return self._redis.process.pid
        return self._children[name].pid

    def cpu_s(self, name: str) -> float:
        """Processor time that it has had so far [s]."""
        times = psutil.Process(self.pid(name)).cpu_times()
        return float(times.user + times.system)

    def rss_mb(self, name: str) -> float:
        return float(psutil.Process(self.pid(name)).memory_info().rss) / 1e6

    def alive(self) -> None:
        """Raise RuntimeError with the end of its log if one of them has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                raise RuntimeError(
                    f"{name} ended with {child.returncode}:\n{self.said(name)[-2000:]}"
                )

    def until_ready(self, url: str) -> None:
        """Wait until `url` answers 200."""

        def ready() -> bool:
            self.alive()
            return answers(url)

        wait_until(ready, seconds=READY_S, what=f"{url} answering")


@contextlib.contextmanager
def processes() -> Iterator[Processes]:
    with (
        tempfile.TemporaryDirectory(prefix="takt-bench-", ignore_cleanup_errors=True) as folder,
        Processes(Path(folder)) as children,
    ):
        yield children


@contextlib.contextmanager
def pipeline(
    units: int = 50, *, rate_hz: float = 2, window_ms: int = 50, dashboard: bool = True
) -> Iterator[tuple[Processes, BenchPlant]]:
    """PLC, Redis, collector, engine and dashboard of a plant, each a process, until the block ends.

    The PLC's log stands in <folder>/changes.json once it was ended.
    """
    with processes() as children:
        folder = children.folder
        plant = BenchPlant(
            data_dir=folder / "data",
            port=free_port(),
            opcua_port=free_port(),
            units=units,
            window_ms=window_ms,
        )
        config = plant.write()
        children.redis(plant.data_dir)
        log = folder / "changes.json"
        asked = ("--port", plant.opcua_port, "--units", units, "--rate", rate_hz, "--log", log)
        children.start("plc", "tests.bench.opcua_plant", *asked)
        roles = ["collect", "engine"] + ["dashboard"] * dashboard
        for role in roles:
            children.role(role, config)
        if dashboard:
            children.until_ready(f"{plant.url}/readyz")
        yield children, plant


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


class Stopwatch:
    """Wall and processor time of some processes between its making and `read`."""

    def __init__(self, children: Processes, *names: str) -> None:
        self._children, self._names = children, names
        self._began = time.monotonic()
        self._cpu = {name: children.cpu_s(name) for name in names}

    def read(self) -> tuple[float, dict[str, float]]:
        """Seconds that went by, and processor seconds of each."""
        now = {name: self._children.cpu_s(name) for name in self._names}
        return time.monotonic() - self._began, {n: now[n] - self._cpu[n] for n in self._names}
