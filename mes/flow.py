"""Who makes whom wait in a line, and which unit holds it up: starved and blocked charged to their cause.

A unit that is starved waits for the nearest unit before it that is not starved itself; one that is
blocked for the nearest behind it that is not blocked. Where that one runs, nobody knows: what lies
between them was used up before. Times named `_us` are microseconds; only planned busy time counts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mes.calendar import Span
from mes.timeline import UNKNOWN, Interval

WAYS = {"starved": -1, "blocked": 1}  # where the cause of each lies, in the direction of the flow
OUTSIDE, NOBODY = (
    "outside",
    "",
)  # no unit of the line: before its first or behind its last; not known


class Station(NamedTuple):
    """A work unit of a line, in the order of the flow. line: its states in a window, without a gap."""

    unit: str
    line: Sequence[Interval]
    cycle_s: float | None = None


@dataclass(frozen=True, slots=True)
class Waited:
    """How a unit of a line spent a window. starved_us, blocked_us: it waited; charged: unit → time that
    others waited for; `by`: unit, OUTSIDE or NOBODY → time that this one waited for it.
    """

    unit: str
    busy_us: int
    known_us: int = 0  # of it, in which its state is known
    starved_us: int = 0
    blocked_us: int = 0
    by: Mapping[str, int] = field(default_factory=dict)
    charged_us: int = 0
    cycle_s: float | None = None

    @property
    def waited_us(self) -> int:
        return self.starved_us + self.blocked_us

    @property
    def share(self) -> float:
        """The part of the planned busy time known of it in which it waited, 0..1."""
        return self.waited_us / self.known_us if self.known_us else 0.0

    @property
    def point_parts(self) -> float | None:
        """Good pieces that one point of its OEE (0.01) is worth; None where no cycle is stated."""
        return self.busy_us / 1e8 / self.cycle_s if self.cycle_s else None


def waited(stations: Sequence[Station], busy: Iterable[Span]) -> tuple[Waited, ...]:
    """How the units of a line waited for each other in planned busy time. Nothing is counted twice:
    what each waited is charged as a whole, to units, OUTSIDE and NOBODY.
    """
    spans = [span for span in busy if span.kind == "busy"]
    lines = [_within(station.line, spans) for station in stations]
    busy_us = sum(span.end_us - span.start_us for span in spans)
    found: list[dict[str, int]] = []
    times = []
    for n, line in enumerate(lines):
        by: dict[str, int] = {}
        spent = dict.fromkeys(WAYS, 0)
        for one in line:
            if one.state in WAYS and one.end_us is not None:
                spent[one.state] += one.end_us - one.start_us
                for cause, us in _causes(stations, lines, n, one.state, one.start_us, one.end_us):
                    by[cause] = by.get(cause, 0) + us
        found.append(by)
        times.append(spent)
    return tuple(
        Waited(
            station.unit,
            busy_us,
            sum((one.end_us or 0) - one.start_us for one in lines[n] if one.state != UNKNOWN),
            times[n]["starved"],
            times[n]["blocked"],
            found[n],
            sum(by.get(station.unit, 0) for by in found),
            station.cycle_s,
        )
        for n, station in enumerate(stations)
    )


def constraint(found: Sequence[Waited]) -> Waited | None:
    """The unit that holds the line up: that which waits least, of such that wait alike (to a point of
    their time) the one that others wait for most, then the slowest. None where none waited for another.
    Of who is not known for half the time, nothing can be said.
    """
    known = [one for one in found if 2 * one.known_us >= one.busy_us > 0]
    if not any(one.charged_us for one in known):
        return None
    least = min(one.share for one in known)
    alike = [one for one in known if one.share - least < 0.01]
    return max(alike, key=lambda one: (one.charged_us, one.cycle_s or 0.0))


def _within(line: Sequence[Interval], spans: Sequence[Span]) -> list[Interval]:
    """What of a line lies in planned busy time."""
    out = []
    for one in line:
        for span in spans:
            start, end = max(one.start_us, span.start_us), min(one.end_us or 0, span.end_us)
            if start < end:
                out.append(Interval(start, end, one.state, one.fault))
    return out


def _causes(
    stations: Sequence[Station],
    lines: Sequence[Sequence[Interval]],
    n: int,
    state: str,
    start_us: int,
    end_us: int,
) -> Iterable[tuple[str, int]]:
    """Who a unit waited for from one moment to another, as (cause, time)."""
    n += WAYS[state]
    if not 0 <= n < len(lines):
        yield OUTSIDE, end_us - start_us
        return
    known, first = 0, bisect_right(lines[n], start_us, key=lambda one: one.start_us) - 1
    for one in lines[n][max(0, first) :]:
        if one.start_us >= end_us:
            break
        start, end = max(one.start_us, start_us), min(one.end_us or 0, end_us)
        if start >= end:
            continue
        known += end - start
        if one.state == state:
            yield from _causes(stations, lines, n, state, start, end)
        elif one.state in ("running", UNKNOWN, *WAYS):
            yield NOBODY, end - start
        else:
            yield stations[n].unit, end - start
    if known < end_us - start_us:
        yield NOBODY, end_us - start_us - known
