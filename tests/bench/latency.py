"""From a change in the PLC to the DOM of one wall, beside the form with dcc.Interval.

50 units × 8 tags at 2 Hz each over OPC UA, published each 100 ms; every part is a process of its
own and Chromium shows the wall of the whole hall. The two forms are measured one after the other
on the same running pipeline. A mutation is a new newest source time in a tile; a change counts as
shown when its unit's tile first tells its time or a later one.
"""

import json
import os
import time
from dataclasses import dataclass

from tests.bench import path
from tests.bench.browser import Page, Seen, page
from tests.bench.figures import Result
from tests.bench.plant import AREA, BenchPlant
from tests.bench.processes import Processes, Stopwatch, pipeline
from tests.ports import free_port

RATE_HZ = 2.0
WARM_S = 4.0
EDGE_S = 3.0  # changes this short before the end may not be shown any more
TAIL_S = 2.0
ROLES = ("plc", "redis", "collect", "engine", "dashboard")


@dataclass
class Measured:
    """What one form showed: mutations, when it was looked at [ms], and what the page's thread did."""

    seen: list[Seen]
    from_ms: int
    to_ms: int
    thread: dict[str, float]  # share of wall time
    cpu: dict[str, float]  # share of a core
    load: float


def run(*, seconds: float = 40.0, units: int = 50, window_ms: int = 50) -> Result:
    out = Result("latency")
    with pipeline(units, rate_hz=RATE_HZ, window_ms=window_ms) as (children, plant):
        tail = path.Tail(children.redis_client(), plant)
        takt = _measure(children, f"{plant.url}/andon/{AREA}", ROLES, seconds, tail)
        client = children.redis_client()
        samples = path.stored(client, plant, from_ms=takt.from_ms, to_ms=takt.to_ms - 3000)
        interval = _interval(children, plant, seconds * 0.75)
        children.end("plc")
        changes = [tuple(row) for row in json.loads((children.folder / "changes.json").read_text())]
    _report(out, "takt", takt, changes, p50=90, p95=145)
    for name, values in path.stages(samples, tail.told(), takt.seen).items():
        out.add(f"  of it {name}", "ms", values)
    _report(out, "interval", interval, changes)
    ours, theirs = (path.delays(_within(changes, m), m.seen) for m in (takt, interval))
    if ours and theirs:
        median = [sorted(v)[len(v) // 2] for v in (ours, theirs)]
        out.add("interval / takt, median of changes", "×", median[1] / median[0])
    out.notes.append(
        f"{units} units × 8 tags at {RATE_HZ:g} Hz, publishing 100 ms, window {window_ms} ms"
    )
    return out


def _interval(children: Processes, plant: BenchPlant, seconds: float) -> Measured:
    port = free_port()
    config = plant.data_dir / "config.toml"
    children.end("dashboard")
    children.start("interval", "tests.bench.interval_app", "--config", config, "--port", port)
    url = f"http://127.0.0.1:{port}/"
    children.until_ready(url)
    return _measure(children, url, (*ROLES[:-1], "interval"), seconds, None)


def _measure(
    children: Processes, url: str, roles: tuple[str, ...], seconds: float, tail: path.Tail | None
) -> Measured:
    with page(url, anew=tail is None) as opened:
        time.sleep(WARM_S)
        opened.take()
        began_ms, before, watch = (
            time.time_ns() // 1_000_000,
            opened.times(),
            Stopwatch(children, *roles),
        )
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if tail is not None:
                tail.read()
            time.sleep(min(TAIL_S, left))
        if tail is not None:
            tail.read()
        thread = _thread(before, opened)
        wall_s, cpu = watch.read()
        children.alive()
        return Measured(
            seen=opened.take(),
            from_ms=began_ms,
            to_ms=time.time_ns() // 1_000_000,
            thread=thread,
            cpu={name: used / wall_s for name, used in cpu.items()},
            load=os.getloadavg()[0],
        )


def _thread(before: dict[str, float], opened: Page) -> dict[str, float]:
    after = opened.times()
    wall_s = after["Timestamp"] - before["Timestamp"]
    kinds = {"main thread": "TaskDuration", "scripts": "ScriptDuration", "layout": "LayoutDuration"}
    kinds["style"] = "RecalcStyleDuration"
    shares = {name: (after[key] - before[key]) / wall_s for name, key in kinds.items()}
    shares["its process"] = (after["ProcessTime"] - before["ProcessTime"]) / wall_s
    return shares | {"heap": after["JSHeapUsedSize"] / 1e6}


def _within(changes: list[tuple[str, int]], m: Measured) -> list[tuple[str, int]]:
    first, last = m.from_ms * 1000, m.to_ms * 1000 - round(EDGE_S * 1e6)
    return [(unit, at) for unit, at in changes if first <= at <= last]


def _report(
    out: Result, form: str, m: Measured, changes: list[tuple[str, int]], **limits: float
) -> None:
    out.add(
        f"{form}: PLC → DOM, each mutation",
        "ms",
        [s.dom_ms - s.source_ms for s in m.seen],
        **limits,
    )
    within = _within(changes, m)
    delays = path.delays(within, m.seen)
    out.add(f"{form}: PLC → DOM, each change", "ms", delays, **limits)
    if len(delays) < len(within):
        out.notes.append(
            f"{form}: {len(within) - len(delays)} of {len(within)} changes never shown"
        )
    most = {"value": 10} if limits else {}
    out.add(f"{form}: main thread", "% of time", 100 * m.thread["main thread"], **most)
    out.add(f"{form}: processor time of the page", "% of a core", 100 * m.thread["its process"])
    for kind in ("scripts", "style", "layout"):
        out.add(f"  of it {kind}", "% of time", 100 * m.thread[kind])
    out.add(f"{form}: heap of the page", "MB", m.thread["heap"])
    shares = ", ".join(f"{name} {100 * used:.0f} %" for name, used in m.cpu.items())
    out.notes.append(f"{form}: of a core: {shares}; load {m.load:.1f}")
