"""Stops, and why they were: what people said of stretches of time, laid over the line of states.

A code labels time and moves none: whatever people split, join or correct, no total changes. Where
nobody said anything the machine's fault code speaks, as far as the reason tree knows what it means.
Times named `_us` are microseconds since the epoch, UTC.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mes.calendar import Span
from mes.master_data import MasterData, at
from mes.observation import rfc3339
from mes.reasons import Reasons, ReasonTree
from mes.states import STATES
from mes.timeline import Interval
from mes.usual_reasons import USUAL

KIND = "stop_code"
ASKED = frozenset(state.key for state in STATES.values() if state.stops)
MACHINE = "machine"  # who gave a reason, where the fault code did


class Code(NamedTuple):
    """What somebody said of a stretch of time. end_us: None while the stop goes on that it is of;
    until_us: as it was said, None for "as long as the stop lasts"; reason: "" where he only cut it.
    """

    start_us: int
    end_us: int | None
    reason: str
    comment: str
    by: str
    version: int
    until_us: int | None = None


def code_id(unit: str, start_us: int) -> str:
    """The id of the record: texts of one unit are in the order of time."""
    return f"{unit}@{start_us:016}"


def start_of(id: str) -> int:
    """Raises ValueError."""
    return int(id.rpartition("@")[2])


def code_body(start_us: int, until_us: int | None, reason: str, comment: str) -> dict[str, object]:
    """The body of the record."""
    until = None if until_us is None else rfc3339(until_us)
    return {"from": rfc3339(start_us), "until": until, "reason": reason, "comment": comment}


class Part(NamedTuple):
    """A part of an interval with one reason; by: MACHINE, a person's id, or "" for nobody."""

    start_us: int
    end_us: int
    reason: str
    by: str
    code: Code | None


@dataclass(frozen=True, slots=True)
class Why:
    """Tells why a work unit stood: `codes` are in order and do not overlap."""

    unit: str = ""
    codes: Sequence[Code] = ()
    reasons: Reasons = field(default_factory=lambda: Reasons(USUAL))

    @property
    def tree(self) -> ReasonTree:
        return self.reasons.tree

    def parts(self, one: Interval, end_us: int) -> list[Part]:
        """The interval up to `end_us`, cut where another code begins."""
        known = self.tree.of_fault(self.unit, one.fault) if one.fault else ""
        by, out, at = (MACHINE if known else ""), [], one.start_us
        for code in self._touching(one.start_us, end_us):
            start, end = max(code.start_us, at), min(end_us, code.end_us or end_us)
            if start > at:
                out.append(Part(at, start, known, by, None))
            said = (code.reason, code.by) if code.reason else (known, by)
            out.append(Part(start, end, *said, code))
            at = end
        if at < end_us:
            out.append(Part(at, end_us, known, by, None))
        return out

    def _touching(self, start_us: int, end_us: int) -> Iterable[Code]:
        first = bisect_right(self.codes, start_us, key=lambda code: code.start_us) - 1
        for code in self.codes[max(0, first) :]:
            if code.start_us >= end_us:
                return
            if code.end_us is None or code.end_us > start_us:
                yield code

    def fails(self, reason: str, *, fault: str) -> bool:
        """Whether the machine failed: by what people or the tree say, else where it told a fault."""
        return self.reasons.get(reason).fails if reason else bool(fault)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a stop with one reason. end_us: None while it goes on."""

    start_us: int
    end_us: int | None
    state: str
    fault: str
    reason: str
    by: str
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A time in which a machine stood, by itself, without a gap. end_us: None while it goes on."""

    start_us: int
    end_us: int | None
    pieces: tuple[Piece, ...]

    def us(self, now_us: int) -> int:
        return (self.end_us or now_us) - self.start_us

    @property
    def coded(self) -> bool:
        return all(piece.reason for piece in self.pieces)


def is_micro(versions: Sequence[MasterData], one: Interval, known_us: int) -> bool:
    """Whether a delay is a micro-stop. By its whole length, so that no window's edge makes one of a
    stop; nobody knows it of one that goes on.
    """
    if not versions or one.end_us is None or one.end_us > known_us:
        return False
    return one.end_us - one.start_us < at(versions, one.start_us).micro_stop_s * 1e6


def stops(
    line: Iterable[Interval], why: Why, *, known_us: int, versions: Sequence[MasterData] = ()
) -> tuple[Stop, ...]:
    """The stops of a line, in order; one that reaches to `known_us` goes on.

    versions: master data by which micro-stops are left out; () leaves none out.
    """
    out: list[Stop] = []
    for one in line:
        end_us = min(one.end_us or known_us, known_us)
        if one.state not in ASKED or end_us <= one.start_us or is_micro(versions, one, known_us):
            continue
        found = [_piece(one, part) for part in why.parts(one, end_us)]
        if out and out[-1].end_us == one.start_us:
            before = out.pop()
            out.append(replace(before, end_us=end_us, pieces=_joined(before.pieces, found)))
        else:
            out.append(Stop(one.start_us, end_us, tuple(found)))
    if out and out[-1].end_us == known_us:
        last = out.pop()
        open_ = replace(last.pieces[-1], end_us=None)
        out.append(replace(last, end_us=None, pieces=(*last.pieces[:-1], open_)))
    return tuple(out)


def overlap_us(start_us: int, end_us: int, busy: Sequence[Span]) -> int:
    """How much of the time between two moments lies in `busy`, which is in order."""
    total, n = 0, bisect_right(busy, start_us, key=lambda span: span.end_us)
    while n < len(busy) and busy[n].start_us < end_us:
        total += min(end_us, busy[n].end_us) - max(start_us, busy[n].start_us)
        n += 1
    return total


def planned_stops(
    found: Iterable[Stop], planned: Iterable[Span], until_us: int
) -> tuple[Stop, ...]:
    """Those of which some lies in planned busy time: nobody is asked why a machine stood in a break."""
    busy = [span for span in planned if span.kind == "busy"]
    return tuple(
        stop for stop in found if overlap_us(stop.start_us, stop.end_us or until_us, busy) > 0
    )


def _piece(one: Interval, part: Part) -> Piece:
    start_us, end_us, reason, by, code = part
    return Piece(start_us, end_us, one.state, one.fault, reason, by, code)


def _joined(before: Sequence[Piece], after: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces of a stop in two states: one code, or the same reason by the machine, is one piece."""
    last, first = before[-1], after[0]
    one = (last.code, last.reason) == (first.code, first.reason)
    if not one or (last.code is None and last.fault and first.fault and last.fault != first.fault):
        return (*before, *after)
    whole = replace(last, end_us=first.end_us, fault=last.fault or first.fault)
    return (*before[:-1], whole, *after[1:])
