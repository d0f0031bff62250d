"""Holds what is on record against what really happened: the simulator's truth log."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from mes.states import PROFILES, state_of
from mes.timeline import Interval
from simulator import truth

Spans = list[tuple[int, int]]


def true_lines(folder: Path, from_us: int, until_us: int) -> Mapping[str, list[Interval]]:
    """Machine → its states from `from_us` to `until_us`, neighbours differing."""
    turns: dict[str, list[tuple[int, str]]] = {}
    for record in truth.read(folder):
        machine = record.machine
        state = state_of(
            PROFILES["packml"],
            state=machine.state,
            mode=machine.mode,
            starved=machine.starved,
            blocked=machine.blocked,
        )
        told = turns.setdefault(machine.id, [])
        if not told or told[-1][1] != state:
            told.append((record.us, state))
    return {unit: _cut(told, from_us, until_us) for unit, told in turns.items()}


def _cut(turns: list[tuple[int, str]], from_us: int, until_us: int) -> list[Interval]:
    ends = [*turns[1:], (until_us, "")]
    found = [
        Interval(max(start, from_us), min(end, until_us), state)
        for (start, state), (end, _) in zip(turns, ends, strict=True)
    ]
    return [i for i in found if i.end_us is not None and i.start_us < i.end_us]


def gap_free(line: Iterable[Interval], from_us: int, until_us: int) -> list[str]:
    """What is wrong with a line that should cover the window without gap or overlap."""
    line = list(line)
    if not line:
        return ["nothing"]
    faults = [
        f"{one.end_us} ends, {after.start_us} begins"
        for one, after in pairwise(line)
        if one.end_us != after.start_us
    ]
    if (line[0].start_us, line[-1].end_us) != (from_us, until_us):
        faults.append(f"covers {line[0].start_us} to {line[-1].end_us}")
    return faults


def apart_us(
    recorded: Iterable[Interval], true: Iterable[Interval], around: Iterable[Interval]
) -> int:
    """How far the lines are apart: the least shift within which each finds the other's state.

    Every moment of a recorded interval must be so near to a moment that truly had its state, and
    every moment of a true interval that lasts longer than the shift so near to one on record.
    around: what was true, from a little before the window to a little behind it: a change just before
    it is seen within it.
    """
    recorded, true, around = list(recorded), list(true), list(around)
    low, high = 0, 3600_000_000
    while high - low > 1000:
        middle = (low + high) // 2
        if _covered(recorded, around, middle, 0) and _covered(true, recorded, middle, middle):
            high = middle
        else:
            low = middle
    return high


def _covered(these: list[Interval], by: list[Interval], shift_us: int, longer_us: int) -> bool:
    spans: dict[str, Spans] = {}
    for one in by:
        spans.setdefault(one.state, []).append((one.start_us - shift_us, _end(one) + shift_us))
    return all(
        _inside(one.start_us, _end(one), spans.get(one.state, []))
        for one in these
        if _end(one) - one.start_us > longer_us
    )


def _end(one: Interval) -> int:
    assert one.end_us is not None
    return one.end_us


def _inside(start: int, end: int, spans: Spans) -> bool:
    for low, high in spans:
        if low <= start < high:
            start = high
        if start >= end:
            return True
    return start >= end
