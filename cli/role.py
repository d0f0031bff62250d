"""What every role does at its start and its end: logging, signals, ending with the supervisor."""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

LIFELINE = "TAKT_LIFELINE"  # the descriptor of a pipe that closes when the supervisor is gone


def begin(role: str) -> None:
    """Set up logging, and end with the supervisor even where that is killed."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)sZ {role} %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    for noisy in ("alembic", "asyncua", "pymodbus"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    if fd := os.environ.get(LIFELINE):
        threading.Thread(target=_watch, args=(int(fd),), daemon=True).start()


def _watch(fd: int) -> None:
    os.read(fd, 1)  # returns when the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)


def until_ended(work: Coroutine[Any, Any, None]) -> int:
    """Run `work` until it ends, or until SIGTERM or SIGINT asks for a clean end."""

    async def main() -> None:
        task = asyncio.ensure_future(work)
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())
    return 0
