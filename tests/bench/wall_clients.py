"""Many wall screens as one process: websocket clients that say and answer what a page does.

Prints one JSON line each second: {"t", "messages", "open", "delays"}, delays in milliseconds from
a unit's source time to the receipt of the row that tells it. It ends at SIGTERM.
"""

import argparse
import asyncio
import json
import re
import signal
import sys
import time
import urllib.request
import uuid
from contextlib import suppress
from typing import Any

import websockets

SOURCE_MS = re.compile(r'"unit:([^"]+)":\{[^}]*?"@data-source-time":"(\d+)')
WARM_MESSAGES = 2  # the first has every row of the wall, however old


class Walls:
    """Clients on one dashboard; `stuck` of them stop reading and answering after some messages."""

    def __init__(self, url: str, topic: str) -> None:
        self.url, self.topic = url, topic
        self.output = _persistent_callback(url)
        self.delays: list[float] = []
        self.messages = 0
        self.open = 0

    async def wall(self, *, stuck_after: int | None = None) -> None:
        """One client until cancelled, or until the server closes it."""
        address = self.url.replace("http", "ws", 1) + "/_dash-ws-callback"
        renderer = str(uuid.uuid4())
        async with websockets.connect(
            address, origin=websockets.Origin(self.url), max_size=1 << 22, ping_interval=None
        ) as ws:
            await ws.send(_request(self.output, renderer))
            self.open += 1
            try:
                await self._read(ws, renderer, stuck_after)
            finally:
                self.open -= 1

    async def _read(self, ws: Any, renderer: str, stuck_after: int | None) -> None:
        had, newest = 0, dict[str, str]()
        async for text in ws:
            now_ms = time.time_ns() / 1e6
            found = json.loads(text)  # one message, or several in one frame
            for message in found if isinstance(found, list) else [found]:
                if message["type"] == "get_props_request":
                    await ws.send(_answer(message, renderer, self.topic))
                elif message["type"] == "set_props":
                    had += 1
                    told = message["payload"]["props"]["data-v"]
                    self._note(told, now_ms, newest, counts=had > WARM_MESSAGES and not stuck_after)
            if stuck_after is not None and had >= stuck_after:
                ws.transport.pause_reading()
                await asyncio.Event().wait()

    def _note(self, told: str, now_ms: float, newest: dict[str, str], *, counts: bool) -> None:
        news = [(unit, ms) for unit, ms in SOURCE_MS.findall(told) if newest.get(unit) != ms]
        newest.update(news)
        if counts:
            self.messages += 1
            self.delays += [now_ms - int(ms) for _, ms in news]


def _request(output: str, renderer: str) -> str:
    payload = {"output": output, "outputs": [], "inputs": [], "state": [], "changedPropIds": []}
    message = {"type": "callback_request", "rendererId": renderer, "requestId": "1"}
    return json.dumps(message | {"payload": payload})


def _answer(asked: dict[str, Any], renderer: str, topic: str) -> str:
    known = {"data-topic": topic, "id": "live"}
    told = {name: known.get(name) for name in asked["payload"]["properties"]}
    head = {"type": "get_props_response", "rendererId": renderer}
    return json.dumps(head | {"requestId": asked["requestId"], "payload": told})


def _persistent_callback(url: str) -> str:
    """The id of the callback that a page starts by itself: no input, no output, for ever."""
    with urllib.request.urlopen(f"{url}/_dash-dependencies", timeout=5) as answer:
        found = json.loads(answer.read())
    (output,) = [d["output"] for d in found if d.get("persistent") and not d["inputs"]]
    return str(output)


async def play(url: str, topic: str, *, count: int, stuck: int) -> None:
    """Open the walls spread over two seconds, and tell each second what came."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    walls = Walls(url, topic)
    tasks = []
    for i in range(count):
        tasks.append(asyncio.create_task(walls.wall(stuck_after=20 if i < stuck else None)))
        await asyncio.sleep(2 / count)
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 1)
        line = {"t": time.time(), "messages": walls.messages, "open": walls.open}
        line["delays"] = [round(d, 1) for d in walls.delays]
        walls.delays, walls.messages = [], 0
        print(json.dumps(line), flush=True)
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                print(f"a wall ended: {error!r}", file=sys.stderr, flush=True)
        tasks = [task for task in tasks if not task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--stuck", type=int, default=0)
    told = parser.parse_args()
    asyncio.run(play(told.url, told.topic, count=told.count, stuck=told.stuck))


if __name__ == "__main__":
    main()
