"""A few threads, and a line of bounded length before them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Line:
    """Work is done in its turn, `at_once` pieces at a time."""

    def __init__(
        self, name: str, at_once: int, waiting_max: int, full: Callable[[], Exception]
    ) -> None:
        """full: what is raised where `waiting_max` stand in line already."""
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._waiting_max, self._full = waiting_max, full

    async def turn(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises."""
        if self._threads._work_queue.qsize() >= self._waiting_max:
            raise self._full()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """What runs is finished; what waits is not begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)
