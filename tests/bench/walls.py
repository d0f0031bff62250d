"""A hundred walls on one dashboard process, with views written as the engine writes them.

Measured at each window: from the view's source time, taken just before it is written, to the
receipt by the client; the dashboard's share of a core and processor time per message; memory.
Beside it, what happens when five clients stop reading.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.figures import Result, slope_per_min
from tests.bench.plant import AREA, BenchPlant
from tests.bench.processes import Processes, Stopwatch, processes
from tests.ports import free_port

WALLS = 100
STUCK = 5
UNITS = 50
RATE_HZ = 1.0
WARM_S = 6.0
WINDOWS_MS = (50, 100, 250)
FLEET_MS = 100  # the window that is judged
SOAK_S = 900.0
LATE_MAX_MS, CORE_MAX = 200, 25.0
GROWTH_MAX_MB_PER_MIN = 0.5  # of the soak


def run(*, seconds: float = 20.0, soak: bool = False) -> Result:
    out = Result("walls")
    for window_ms in () if soak else WINDOWS_MS:
        with _dashboard(window_ms) as (children, plant):
            _measure(out, children, plant, seconds, judged=window_ms == FLEET_MS)
    with _dashboard(FLEET_MS) as (children, plant):
        _memory(out, children, plant, SOAK_S if soak else 45.0, judged=soak)
        _stuck(out, children, plant, 20.0)
    out.notes.append(
        f"{WALLS} walls of {UNITS} units at {RATE_HZ:g} Hz; targets hold at {FLEET_MS} ms"
    )
    out.notes.append(f"load {os.getloadavg()[0]:.1f}")
    return out


@contextmanager
def _dashboard(window_ms: int) -> Iterator[tuple[Processes, BenchPlant]]:
    """A dashboard with `window_ms`, its Redis, and the feed."""
    with processes() as children:
        plant = BenchPlant(
            data_dir=children.folder / "data",
            port=free_port(),
            opcua_port=free_port(),
            units=UNITS,
            window_ms=window_ms,
        )
        config = plant.write()
        children.redis(plant.data_dir)
        children.start("feed", "tests.bench.view_feed", "--config", config, "--rate", RATE_HZ)
        children.role("dashboard", config)
        children.until_ready(f"{plant.url}/readyz")
        yield children, plant


def _clients(children: Processes, plant: BenchPlant, name: str, count: int, stuck: int = 0) -> None:
    asked = ("--url", plant.url, "--topic", f"andon:{AREA}", "--count", count, "--stuck", stuck)
    children.start(name, "tests.bench.wall_clients", *asked)


def _lines(children: Processes, name: str, *, since: float) -> list[dict[str, Any]]:
    """What the clients told of each second after `since`."""
    rows = [json.loads(x) for x in children.said(name).splitlines() if x.startswith("{")]
    return [row for row in rows if row["t"] > since + 1]


def _measure(
    out: Result, children: Processes, plant: BenchPlant, seconds: float, *, judged: bool
) -> None:
    _clients(children, plant, "walls", WALLS)
    time.sleep(WARM_S)
    began, watch = time.time(), Stopwatch(children, "dashboard", "walls")
    time.sleep(seconds)
    wall_s, cpu = watch.read()
    children.alive()
    rows = _lines(children, "walls", since=began)
    _judge(out, f"{plant.window_ms} ms", rows, wall_s, cpu, judged=judged)
    children.end("walls")


def _judge(
    out: Result,
    at: str,
    rows: list[dict[str, Any]],
    wall_s: float,
    cpu: dict[str, float],
    *,
    judged: bool,
) -> None:
    delays = [d for row in rows for d in row["delays"]]
    rate = sum(row["messages"] for row in rows) / max(1, len(rows))
    out.add(f"{at}: written → received", "ms", delays, **({"p95": LATE_MAX_MS} if judged else {}))
    share = 100 * cpu["dashboard"] / wall_s
    out.add(f"{at}: dashboard", "% of a core", share, **({"value": CORE_MAX} if judged else {}))
    out.add(f"{at}: messages", "per s", rate)
    out.add(f"{at}: dashboard per message", "ms", 10 * share / rate if rate else 0.0)
    open_ = min((row["open"] for row in rows), default=0)
    out.notes.append(
        f"{at}: {open_} walls open, clients {100 * cpu['walls'] / wall_s:.0f} % of a core"
    )


def _memory(
    out: Result, children: Processes, plant: BenchPlant, seconds: float, *, judged: bool
) -> None:
    """Memory of the dashboard while the walls look on."""
    _clients(children, plant, "walls", WALLS)
    time.sleep(WARM_S)
    points, began = [], time.monotonic()
    watch, since = Stopwatch(children, "dashboard", "walls"), time.time()
    while (at := time.monotonic() - began) < seconds:
        points.append((at, children.rss_mb("dashboard")))
        children.alive()
        time.sleep(min(5.0, seconds))
    if judged:
        wall_s, cpu = watch.read()
        _judge(out, "soak", _lines(children, "walls", since=since), wall_s, cpu, judged=True)
    settled = [p for p in points if p[0] > min(180.0, seconds / 3)]
    limits = {"value": GROWTH_MAX_MB_PER_MIN} if judged else {}
    out.add("memory of the dashboard", "MB", [v for _, v in points])
    out.add(
        f"growth over {seconds:.0f} s, after its first part",
        "MB/min",
        slope_per_min(settled),
        **limits,
    )


def _stuck(out: Result, children: Processes, plant: BenchPlant, seconds: float) -> None:
    """Five more clients that stop reading: their memory, and what the others notice."""
    before, began = children.rss_mb("dashboard"), time.time()
    _clients(children, plant, "stuck", STUCK, STUCK)
    time.sleep(seconds)
    children.alive()
    rows = _lines(children, "walls", since=began)
    out.add(f"with {STUCK} stuck: the others", "ms", [d for row in rows for d in row["delays"]])
    out.add(f"with {STUCK} stuck: memory more", "MB", children.rss_mb("dashboard") - before)
