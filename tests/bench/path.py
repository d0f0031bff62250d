"""Where the time goes between a change in the PLC and the page: each stage by its own record.

Stages: publish (PLC to collector: the publishing interval and the decoding), write (to the stream in
Redis), engine (read, fold, commit the view), push (dashboard: read, settle, window, draw the rows;
until the message's own time), page (websocket, worker, Dash, painter; until it is in the DOM).
All clocks are the one of this machine, resolved to a millisecond from `write` on.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import redis

from mes.unit_view import from_plain
from store import live
from tests.bench.browser import Seen
from tests.bench.plant import BenchPlant

STAGES = ("publish", "write", "engine", "push", "page")
EntryId = tuple[int, int]


class Stored(NamedTuple):
    """A sample as it lies in its stream."""

    unit: str
    id: EntryId
    source_us: int
    received_us: int


class Told(NamedTuple):
    """A view as it was published: when, and to which sample it was folded."""

    unit: str
    at_ms: int
    position: EntryId


class Tail:
    """Collects what the engine publishes, before the view streams are trimmed."""

    def __init__(self, client: "redis.Redis", plant: BenchPlant) -> None:
        self._client = client
        self._after = {live.view_key(c): "$" for c in plant.centers}
        self._rows: list[tuple[str, dict[str, str]]] = []

    def read(self) -> None:
        for key, last in self._after.items():
            if last == "$":
                found: Any = self._client.xrevrange(key, count=1)
            else:
                found = self._client.xrange(key, min=f"({last}")
                self._rows += found
            if found:
                self._after[key] = found[-1][0]

    def told(self) -> list[Told]:
        out = []
        for id, fields in self._rows:
            view = from_plain(live.load(fields["j"]))
            out.append(Told(view.id, entry_id(id)[0], entry_id(view.position)))
        return out


def stored(client: "redis.Redis", plant: BenchPlant, *, from_ms: int, to_ms: int) -> list[Stored]:
    """The samples with readings whose entries were made in between."""
    out = []
    for center, units in plant.centers.items():
        for unit in units:
            found: Any = client.xrange(live.samples_key(center, unit), min=from_ms, max=to_ms)
            out += [
                Stored(unit, entry_id(id), int(f["s"]), int(f["r"]))
                for id, f in found
                if f["v"] != "{}"
            ]
    return out


def entry_id(text: str) -> EntryId:
    ms, _, turn = text.partition("-")
    return int(ms), int(turn)


def stages(
    samples: Iterable[Stored], views: Iterable[Told], seen: Iterable[Seen]
) -> dict[str, list[float]]:
    """Milliseconds of each sample in each stage; a sample that did not come through is left out."""
    out: dict[str, list[float]] = {name: [] for name in STAGES}
    told, shown = _by_unit(views), _by_unit(seen)
    positions = {unit: [v.position for v in rows] for unit, rows in told.items()}
    sources = {unit: [s.source_ms for s in rows] for unit, rows in shown.items()}
    for sample in samples:
        i = bisect_left(positions.get(sample.unit, []), sample.id)
        j = bisect_left(sources.get(sample.unit, []), sample.source_us // 1000)
        if i == len(told[sample.unit]) or j == len(shown[sample.unit]):
            continue
        view, row = told[sample.unit][i], shown[sample.unit][j]
        out["publish"].append((sample.received_us - sample.source_us) / 1000)
        out["write"].append(sample.id[0] - sample.received_us / 1000)
        out["engine"].append(view.at_ms - sample.id[0])
        out["push"].append(row.told_ms - view.at_ms)
        out["page"].append(row.dom_ms - row.told_ms)
    return out


def delays(changes: Iterable[tuple[str, int]], seen: Iterable[Seen]) -> list[float]:
    """For each change (unit, µs) how long after it [ms] the page first showed it or a newer one."""
    shown = _by_unit(seen)
    sources = {unit: [s.source_ms for s in rows] for unit, rows in shown.items()}
    out = []
    for unit, at_us in changes:
        j = bisect_left(sources.get(unit, []), at_us // 1000)
        if j < len(shown[unit]):
            out.append(shown[unit][j].dom_ms - at_us / 1000)
    return out


def _by_unit(rows: Iterable[Any]) -> dict[str, Sequence[Any]]:
    out: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        out[row.unit].append(row)
    return out  # type: ignore[return-value]
