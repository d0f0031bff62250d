"""A real Redis for a test: ours, in a folder of the test, that can be killed and come back."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import redis

from cli import embedded_redis


def wait_until(condition, *, seconds: float = 10.0, what: str = "the condition"):
    """Wait until `condition()` is true and return what it gave; fail after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < end, f"{what} did not come true within {seconds} s"
        time.sleep(0.02)


class OwnRedis:
    def __init__(self, folder: Path) -> None:
        self.data_dir = folder
        self.url = embedded_redis.local_url(folder)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "OwnRedis":
        self.process = subprocess.Popen(embedded_redis.command(self.data_dir))
        wait_until(self.answers, what="Redis answering")
        return self

    def signal(self, sign: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, sign)

    def kill(self) -> None:
        """kill -9, as a power cut does to a process."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def answers(self) -> bool:
        """Whether it answers and has read its file."""
        with contextlib.suppress(redis.RedisError):
            return bool(self.client().ping())
        return False

    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url, decode_responses=True)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGCONT)
            self.kill()
