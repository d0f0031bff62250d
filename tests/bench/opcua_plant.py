"""The PLC of the measurements, a process of its own: every tag changes at a rate, at times of its own.

Each change is written with the time at which it was made as SourceTimestamp. At SIGTERM all
changes are written to a file as JSON: [[unit, microseconds], …] in order of time.
"""

import argparse
import asyncio
import heapq
import json
import math
import random
import signal
from datetime import UTC, datetime
from pathlib import Path

from mes.observation import Value, microseconds
from simulator.opcua_server import OpcUaServer
from tests.bench.plant import CHANGING, PACKML_EXECUTE, PACKML_SUSPENDED, BenchPlant

JITTER = 0.1  # of the period, either way
STATE_S = 20.0  # a unit changes its state this often
TICK_S = 0.002  # changes that fall due within it are written together


class Play:
    """When which tag changes next, and to what."""

    def __init__(self, plant: BenchPlant, *, rate_hz: float, seed: int = 1) -> None:
        self.draw = random.Random(seed)
        self.period_s = 1 / rate_hz
        self.changes: list[tuple[str, int]] = []
        self.counts = dict.fromkeys(plant.ids, 0)
        self.due = [
            (self.draw.random() * (STATE_S if tag == "state" else self.period_s), id, tag)
            for id in plant.ids
            for tag in (*CHANGING, "state")
        ]
        heapq.heapify(self.due)

    def value(self, id: str, tag: str, now: datetime) -> Value:
        if tag == "state":
            return PACKML_SUSPENDED if self.draw.random() < 0.2 else PACKML_EXECUTE
        if tag == "good":
            self.counts[id] += 1
            return self.counts[id]
        if tag == "stamp":
            return microseconds(now) / 1000
        return 50 + 10 * math.sin(now.timestamp()) + self.draw.gauss(0, 1)

    def take(self, elapsed_s: float) -> list[tuple[str, str]]:
        """The (unit, tag) that are due; each is put on again."""
        out = []
        while self.due[0][0] <= elapsed_s:
            at, id, tag = heapq.heappop(self.due)
            step = STATE_S if tag == "state" else self.period_s
            step *= 1 + JITTER * (2 * self.draw.random() - 1)
            heapq.heappush(self.due, (max(at + step, elapsed_s), id, tag))
            out.append((id, tag))
        return out


async def play(plant: BenchPlant, *, rate_hz: float, log: Path) -> None:
    """Serve and change until SIGTERM, then write the log."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    server, game = OpcUaServer(plant.endpoint, plant.nodes), Play(plant, rate_hz=rate_hz)
    now = datetime.now(UTC)
    first = {node: game.value(*node.split("."), now) for node in plant.nodes}
    first |= {f"{id}.state": PACKML_EXECUTE for id in plant.ids}
    await server.start(first, now)
    started = loop.time()
    try:
        while not ended.is_set():
            for id, tag in game.take(loop.time() - started):
                now = datetime.now(UTC)
                await server.write({f"{id}.{tag}": game.value(id, tag, now)}, now)
                if tag != "state":  # which often changes to what it was
                    game.changes.append((id, microseconds(now)))
            await asyncio.sleep(max(TICK_S, game.due[0][0] - (loop.time() - started)))
    finally:
        await server.stop()
        await asyncio.to_thread(log.write_text, json.dumps(game.changes))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--units", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="changes of a tag per second")
    parser.add_argument("--log", type=Path, required=True)
    told = parser.parse_args()
    plant = BenchPlant(data_dir=told.log.parent, port=0, opcua_port=told.port, units=told.units)
    asyncio.run(play(plant, rate_hz=told.rate, log=told.log))


if __name__ == "__main__":
    main()
