"""Processor time that a change costs on its way in: in the collector, and a sample in the engine."""

import json
import os
import time

from store import live
from tests.bench.figures import Result
from tests.bench.plant import CHANGING, BenchPlant
from tests.bench.processes import Processes, Stopwatch, pipeline

WARM_S = 5.0
SIZES = ((50, 2.0), (200, 2.0))  # work units, changes of a tag per second


def run(*, seconds: float = 15.0) -> Result:
    out = Result("ingest")
    for units, rate_hz in SIZES:
        with pipeline(units, rate_hz=rate_hz, dashboard=False) as (children, plant):
            _measure(out, children, plant, seconds, f"{units} × {len(CHANGING)} at {rate_hz:g} Hz")
    return out


def _measure(
    out: Result, children: Processes, plant: BenchPlant, seconds: float, name: str
) -> None:
    _until_flowing(children, plant)
    began_us, samples = time.time_ns() // 1000, _samples(children, plant)
    watch = Stopwatch(children, "plc", "redis", "collect", "engine")
    time.sleep(seconds)
    wall_s, cpu = watch.read()
    samples = _samples(children, plant) - samples
    ended_us = time.time_ns() // 1000
    children.alive()
    children.end("plc")
    log = json.loads((children.folder / "changes.json").read_text())
    changes = sum(began_us <= at <= ended_us for _, at in log)
    out.add(f"{name}: changes", "per s", changes / wall_s)
    out.add(f"{name}: samples", "per s", samples / wall_s)
    out.add(f"{name}: collector, a change", "µs", 1e6 * cpu["collect"] / max(1, changes))
    out.add(f"{name}: engine, a sample", "µs", 1e6 * cpu["engine"] / max(1, samples))
    out.add(f"{name}: Redis, a sample", "µs", 1e6 * cpu["redis"] / max(1, samples))
    shares = ", ".join(f"{role} {100 * used / wall_s:.0f} %" for role, used in cpu.items())
    out.notes.append(f"{name}: of a core: {shares}; load {os.getloadavg()[0]:.1f}")


def _until_flowing(children: Processes, plant: BenchPlant) -> None:
    end = time.monotonic() + 30
    while not _samples(children, plant):
        children.alive()
        if time.monotonic() > end:
            raise RuntimeError(f"nothing is collected:\n{children.said('collect')[-2000:]}")
        time.sleep(0.2)
    time.sleep(WARM_S)


def _samples(children: Processes, plant: BenchPlant) -> int:
    """Entries that were ever added to the streams of samples."""
    pipe = children.redis_client().pipeline(transaction=False)
    for center, units in plant.centers.items():
        for unit in units:
            pipe.xinfo_stream(live.samples_key(center, unit))
    found = pipe.execute(raise_on_error=False)
    return sum(f["entries-added"] for f in found if isinstance(f, dict))
