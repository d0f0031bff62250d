"""Keeps processes running: a dead one is started again with back-off, all end together.

One that ends with REFUSED or DAMAGED says that a person must act, and has said why: then all end.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("takt.supervisor")

DELAY_S, DELAY_MAX_S = 0.3, 5.0  # before a dead process is started again, doubled each time
SETTLED_S = 20.0  # whoever ran this long starts over with the short delay
GRACE_S = 6.0  # from SIGTERM to SIGKILL
REFUSED = 2  # wrong configuration, or records that this Takt must not touch
DAMAGED = (
    os.EX_DATAERR
)  # records that nobody can use; 1 is also what a process ends with by a fault
HOPELESS = {REFUSED: 2, DAMAGED: 1}  # how one ended → what all of it ends with
ROOT = Path(__file__).resolve().parent.parent


@dataclass(kw_only=False)
class Child:
    """One process: what it is called, its command line, the pipe that tells it we are alive."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    lifeline: int | None = None
    process: asyncio.subprocess.Process | None = None


class Supervisor:
    """Runs its children until `stop`; the first one added is the last to end."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.status = 0  # what all of it ends with
        self._stop = asyncio.Event()

    def add(self, child: Child) -> None:
        self.children.append(child)

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Start all, keep them running, and end them all before this returns."""
        keepers = [asyncio.create_task(self._keep(child)) for child in self.children]
        await self._stop.wait()
        for child, keeper in reversed(list(zip(self.children, keepers, strict=True))):
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await _end(child)

    async def _keep(self, child: Child) -> None:
        delay_s, loop = DELAY_S, asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                status = await _run(child)
            except OSError as error:  # no memory, too many processes: that may pass
                log.error("%s cannot be started: %s; again in %.1f s", child.name, error, delay_s)
                status = 1
            if status in HOPELESS:
                log.error("%s cannot run as it is: everything ends", child.name)
                self.status = HOPELESS[status]
                self.stop()
                return
            if loop.time() - began > SETTLED_S:
                delay_s = DELAY_S
            log.warning("%s ended with %s; again in %.1f s", child.name, _told(status), delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, DELAY_MAX_S)


async def _run(child: Child) -> int:
    child.process = await asyncio.create_subprocess_exec(
        *child.argv,
        env=dict(child.environ),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=(child.lifeline,) if child.lifeline is not None else (),
        start_new_session=True,  # Ctrl-C reaches us alone, and we end them in order
    )
    return await child.process.wait()


def _told(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"


async def _end(child: Child) -> None:
    process = child.process
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), GRACE_S)
    except TimeoutError:
        log.warning("%s did not end in %.0f s and is killed", child.name, GRACE_S)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
