"""Plays the engine: writes made-up views of every unit at a rate, spread evenly over time.

A view is committed as the engine does it, hash and stream together, its source time being the
moment before it is written. It ends at SIGTERM.
"""

import argparse
import asyncio
import random
import signal
import time
from pathlib import Path

from cli.settings import settings
from mes.unit_view import TagView, UnitView
from store import live
from store.views import Center
from tests.bench.plant import CHANGING, DEVICE

COUNT_FROM = 1000
SINCE_US = time.time_ns() // 1000


def view(id: str, turn: int, draw: random.Random) -> UnitView:
    """The view of unit `id` in its turn, as of now."""
    now_us = time.time_ns() // 1000
    times = (now_us, now_us)
    tags = {name: TagView(round(draw.uniform(0, 100), 3), "good", *times) for name in CHANGING}
    tags["state"] = TagView(6, "good", *times)
    return UnitView(
        id=id,
        position=f"{now_us // 1000}-0",
        state="running",
        state_since_us=SINCE_US,
        good=COUNT_FROM + turn,
        counting_since_us=SINCE_US,
        cycle_time_s=round(draw.uniform(0.4, 0.6), 3),
        counted_at_us=now_us,
        counters={"good": COUNT_FROM + turn},
        tags=tags,
        contacts={DEVICE: now_us},
        source_time_us=now_us,
        received_time_us=now_us,
    )


async def feed(config: Path, *, rate_hz: float) -> None:
    """Write views until SIGTERM."""
    known = settings(config)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    redis, draw = live.open_redis(str(known.redis.url)), random.Random(1)
    centers = {
        c: Center(redis, c, tuple(u.id for u in known.plant.units_of(c)), owner="bench")
        for c in known.plant.work_centers
    }
    units = [(u.id, centers[u.work_center]) for u in known.plant.work_units.values()]
    step_s, turn, due = 1 / (rate_hz * len(units)), 0, loop.time()
    try:
        for center in centers.values():
            await center.take()
        while not ended.is_set():
            id, center = units[turn % len(units)]
            await center.commit({id: view(id, turn // len(units), draw)})  # renews the lease too
            turn, due = turn + 1, due + step_s
            await asyncio.sleep(max(0.0, due - loop.time()))
    finally:
        await redis.aclose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--rate", type=float, required=True, help="views of a unit per second")
    told = parser.parse_args()
    asyncio.run(feed(told.config, rate_hz=told.rate))


if __name__ == "__main__":
    main()
