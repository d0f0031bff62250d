"""Figures as they are told: a distribution in a row, a table on the terminal, the same as JSON."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

PARTS = ("n", "min", "p50", "p95", "p99", "max")


@dataclass
class Figure:
    """One thing measured. `values` holds a number per name; `target` says what it should be."""

    name: str
    unit: str
    values: dict[str, float]
    target: str = ""
    met: bool | None = None


@dataclass
class Result:
    """What a benchmark found: `series` gives the figures, `notes` what to know beside them."""

    name: str
    series: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        unit: str,
        found: Iterable[float] | float,
        *,
        most: str = "",
        **limits: float,
    ) -> None:
        """Add a single number, or the distribution of many.

        limits: the most that `p50`, `p95`, `value`… may be; shown as the target, and judged.
        """
        values = {"value": found} if isinstance(found, int | float) else distribution(found)
        target = ", ".join(f"{k} ≤ {v:g}" for k, v in limits.items())
        met = all(values.get(k, float("inf")) <= v for k, v in limits.items()) if limits else None
        self.series.append(Figure(name, unit, values, target, met))


def distribution(found: Iterable[float]) -> dict[str, float]:
    """Count, minimum, median, 95th and 99th percentile, maximum; only the count where it is 0."""
    values = sorted(found)
    if not values:
        return {"n": 0}
    at = {"min": 0.0, "p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    last = len(values) - 1
    return {"n": len(values)} | {k: values[min(last, round(q * last))] for k, q in at.items()}


def slope_per_min(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the straight line through (seconds, value) that fits best, per minute."""
    if len(points) < 3:
        return 0.0
    mean_t = sum(t for t, _ in points) / len(points)
    mean_v = sum(v for _, v in points) / len(points)
    over = sum((t - mean_t) ** 2 for t, _ in points)
    return 60 * sum((t - mean_t) * (v - mean_v) for t, v in points) / over if over else 0.0


def machine() -> dict[str, object]:
    """What was measured on, and how busy it was before anything began."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load": [round(x, 2) for x in os.getloadavg()],
        "packages": {name: version(name) for name in ("dash", "redis", "asyncua", "uvicorn")},
    }


def table(result: Result) -> str:
    """The figures of a benchmark as lines of text."""
    width = max([len(f.name) for f in result.series], default=10)
    lines = [f"\n{result.name}", "-" * len(result.name)]
    for f in result.series:
        if "value" in f.values:
            told = f"{_short(f.values['value']):>9} {f.unit}"
        else:
            parts = [f"{p} {_short(f.values[p])}" for p in PARTS if p in f.values]
            told = f"{'  '.join(parts)}  {f.unit}"
        verdict = {None: "", True: " ok", False: " MISSED"}[f.met]
        lines.append(
            f"{f.name:<{width}}  {told}" + (f"   [{f.target}{verdict}]" if f.target else "")
        )
    return "\n".join([*lines, *(f"  {note}" for note in result.notes)])


def _short(value: float) -> str:
    return f"{value:.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"
