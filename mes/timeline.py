"""The gap-free line of a work unit's states: at any time it is in exactly one.

A line is a tuple of intervals in order, each beginning where the one before ends; the last one is
open. Before its first interval the state is unknown. What is told late re-cuts the line, and what
it changes is marked revised. Times named `_us` are microseconds since the epoch, UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mes.events import Event, FaultRaised, StateChanged, StateFound

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start_us` to `end_us` (None: it goes on) the unit is in `state`.

    fault: the machine's code of the first fault it told meanwhile, "" where it told none;
    revised: it was told otherwise before.
    """

    start_us: int
    end_us: int | None
    state: str
    fault: str = ""
    revised: bool = False


Line = tuple[Interval, ...]


def follow(line: Line, event: Event) -> Line:
    """The line after `event`; events that say nothing of states leave it as it is.

    `line` must hold every interval that ends behind the event, and the one before these.
    """
    if isinstance(event, StateChanged):
        return _turned(line, event.at_us, event.new)
    if isinstance(event, StateFound):
        return _found(line, event.at_us, event.state)
    if isinstance(event, FaultRaised):
        return _faulted(line, event.at_us, event.code)
    return line


def _turned(line: Line, at_us: int, state: str) -> Line:
    """From `at_us` on it is `state`, whatever was told of the time behind it."""
    before = [i for i in line if i.start_us < at_us]
    replaced = [i for i in line if i.start_us >= at_us]
    if before:
        last = before[-1]
        if last.state == state:
            if not replaced and last.end_us is None:
                return line
            reopened = replace(last, end_us=None, revised=last.revised or bool(replaced))
            return (*before[:-1], reopened)
        before[-1] = replace(last, end_us=at_us)
    if len(replaced) == 1 and replaced[0].start_us == at_us and replaced[0].state == state:
        return line
    return (*before, Interval(at_us, None, state, revised=bool(replaced)))


def _found(line: Line, at_us: int, state: str) -> Line:
    """From `at_us` to the end of the interval it falls into it was `state`."""
    for n, old in enumerate(line):
        if old.start_us <= at_us and (old.end_us is None or at_us < old.end_us):
            if old.state == state:
                return line
            head = [replace(old, end_us=at_us, revised=True)] if old.start_us < at_us else []
            late = Interval(at_us, old.end_us, state, revised=True)
            return _joined([*line[:n], *head, late, *line[n + 1 :]])
    if line and at_us < line[0].start_us:
        return _joined([Interval(at_us, line[0].start_us, state, revised=True), *line])
    return line or (Interval(at_us, None, state),)


def _joined(line: Iterable[Interval]) -> Line:
    """Neighbours in the same state with the same fault made one."""
    out: list[Interval] = []
    for one in line:
        if out and (out[-1].state, out[-1].fault) == (one.state, one.fault):
            out[-1] = replace(out[-1], end_us=one.end_us, revised=True)
        else:
            out.append(one)
    return tuple(out)


def _faulted(line: Line, at_us: int, code: str) -> Line:
    for n, old in enumerate(line):
        if old.start_us <= at_us and (old.end_us is None or at_us < old.end_us) and not old.fault:
            return (*line[:n], replace(old, fault=code), *line[n + 1 :])
    return line


def window(line: Iterable[Interval], from_us: int, until_us: int, *, known_us: int) -> Line:
    """The line between `from_us` and `until_us`, whole: "unknown" stands where nothing is told.

    known_us: until when anything is known; what a line says of the time behind it is not.
    """
    out: list[Interval] = []
    at = from_us
    for one in line:
        end = min(until_us, known_us if one.end_us is None else min(one.end_us, known_us))
        start = max(one.start_us, at)
        if end <= start:
            continue
        if start > at:
            out.append(Interval(at, start, UNKNOWN))
        out.append(replace(one, start_us=start, end_us=end))
        at = end
    if at < until_us:
        if out and out[-1].state == UNKNOWN and not out[-1].fault:
            out[-1] = replace(out[-1], end_us=until_us)
        else:
            out.append(Interval(at, until_us, UNKNOWN))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Difference:
    """What makes one line out of another: `ended` have only got their end; `gone` hold no more."""

    ended: tuple[Interval, ...]
    gone: tuple[Interval, ...]
    made: tuple[Interval, ...]


def difference(old: Sequence[Interval], new: Sequence[Interval]) -> Difference:
    """The difference between two lines, each interval known by its start."""
    had = {i.start_us: i for i in old}
    has = {i.start_us: i for i in new}
    ended, made = [], []
    for one in new:
        was = had.get(one.start_us)
        if was == one:
            continue
        if was is not None and was.end_us is None and replace(was, end_us=one.end_us) == one:
            ended.append(one)
        else:
            made.append(one)
    replaced = {i.start_us for i in made}
    gone = [i for i in old if i.start_us not in has or i.start_us in replaced]
    return Difference(tuple(ended), tuple(gone), tuple(made))
