"""For tests against real servers: free ports, a proxy that cuts and freezes, what was collected."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest

from collectors import Settings, SourceUnavailable
from collectors.supervisor import keep
from mes.link import Link
from mes.observation import Observation, Reading, Sample
from tests.ports import free_port


async def until(condition: Callable[[], Any], *, within_s: float = 10.0, what: str = "") -> float:
    """Wait for `condition`, bounded. Returns how long it took [s]."""
    start_s = time.monotonic()
    while not condition():
        if time.monotonic() - start_s > within_s:
            raise AssertionError(f"not within {within_s} s: {what or condition}")
        await asyncio.sleep(0.01)
    return time.monotonic() - start_s


class Recorder:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.links: list[Link] = []

    def append(self, samples: Sequence[Sample]) -> None:
        self.samples += samples

    def link(self, link: Link) -> None:
        self.links.append(link)

    def last(self, tag: str) -> Reading | None:
        """The newest reading of `tag`."""
        found = (s.readings[tag] for s in reversed(self.samples) if tag in s.readings)
        return next(found, None)

    def value(self, tag: str) -> Any:
        reading = self.last(tag)
        return reading.value if reading else None

    @property
    def state(self) -> str:
        return self.links[-1].state if self.links else ""

    @property
    def gaps(self) -> list[Sample]:
        return [s for s in self.samples if s.gap_since_us]  # 0 marks the first answer


class Proxy:
    """A TCP connection's way to a server, which can be cut, frozen and slowed."""

    def __init__(self, port: int, target_port: int) -> None:
        self.port, self._target_port = port, target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.delay_s = 0.0
        self.connections = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        if self._server:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.sleep(0)

    def freeze(self) -> None:
        """Let connections stand, but nothing through."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.add(back)
            pumps = [asyncio.ensure_future(self._pump(reader, back))]
            pumps.append(asyncio.ensure_future(self._pump(there, writer)))
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                back.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            writer.write(data)


@pytest.fixture(scope="module")
def server_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop in a thread of its own, for servers that take long to start and so are shared."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop

    async def end() -> None:  # what asyncua's server leaves running
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.wait(left or {asyncio.ensure_future(asyncio.sleep(0))}, timeout=3)

    asyncio.run_coroutine_threadsafe(end(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Callable[[int], Awaitable[Proxy]]]:
    """Make a proxy before a server's port."""
    made: list[Proxy] = []

    async def make(target_port: int) -> Proxy:
        made.append(Proxy(free_port(), target_port))
        await made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.thaw()
        await one.cut()


Keep = Callable[[ModuleType, Settings, tuple[str, ...]], Recorder]


@pytest.fixture
async def kept() -> AsyncIterator[Keep]:
    """Keep a device for the length of the test; it must end at once when cancelled."""
    tasks: list[asyncio.Task[None]] = []

    def start(module: ModuleType, settings: Settings, units: tuple[str, ...] = ("u",)) -> Recorder:
        sink = Recorder()
        keeping = keep(module, settings, device=settings.id, units=units, sink=sink)
        tasks.append(asyncio.create_task(keeping))
        return sink

    yield start
    for task in tasks:
        task.cancel()
    if tasks:
        _, slow = await asyncio.wait(tasks, timeout=3.5)
        assert not slow, "cancelled, but did not end"


Collect = Callable[..., Awaitable[tuple[list[Observation], SourceUnavailable | None]]]


@pytest.fixture
def collected() -> Collect:
    """Run a collector once, until it fails, `enough` holds or the time is over."""

    async def run(
        module: ModuleType,
        settings: Settings,
        enough: Callable[[list[Observation]], bool] = lambda found: False,
        *,
        within_s: float = 10.0,
    ) -> tuple[list[Observation], SourceUnavailable | None]:
        found: list[Observation] = []
        task = asyncio.create_task(module.collect(settings, found.extend))
        with contextlib.suppress(AssertionError):
            await until(lambda: task.done() or enough(found), within_s=within_s)
        task.cancel()
        await asyncio.wait({task}, timeout=3)
        assert task.done(), "cancelled, but did not end"
        error = None if task.cancelled() else task.exception()
        assert error is None or isinstance(error, SourceUnavailable), repr(error)
        return found, error

    return run


@pytest.fixture
def wait_until() -> Callable[..., Awaitable[float]]:
    return until
