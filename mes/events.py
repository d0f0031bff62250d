"""What happened, in the past tense: the facts that the engine reads out of observations.

Times named `_us` are microseconds since the epoch, UTC. A fact travels as a short list: a letter
for its kind, then its fields in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StateChanged:
    """From `at_us` on the unit is in state `new`, until something else is told.

    old, new: keys of `mes.states.STATES`. What was told of the time behind `at_us` before is
    replaced: so a state that went on through a silence takes the place of "unknown".
    """

    work_unit: str
    at_us: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class StateFound:
    """It came late that the unit was in `state` at `at_us`, and until the next change we know of."""

    work_unit: str
    at_us: int
    state: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Pieces made since the counters were last read, neither figure negative; their sums are the
    counts of the view.
    """

    work_unit: str
    at_us: int
    good: int
    reject: int


@dataclass(frozen=True, slots=True)
class CounterReset:
    """A counter was found at `new`, below `old` without having rolled over, or absurdly far above."""

    work_unit: str
    at_us: int
    tag: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """The machine told a fault that it did not stand in before; `code` is its own."""

    work_unit: str
    at_us: int
    code: str


@dataclass(frozen=True, slots=True)
class SourceLost:
    """A device was away from `since_us` to `until_us`; what happened then was not seen."""

    work_unit: str
    since_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Metered:
    """Energy that was used in the minute from `at_us` on [µJ], in `metered_us` of it that were seen.

    idle_uj: the part of it while the unit was known not to run. Several of a minute add up.
    """

    work_unit: str
    at_us: int
    metered_us: int
    energy_uj: int
    idle_uj: int


Event = StateChanged | StateFound | Counted | CounterReset | FaultRaised | SourceLost | Metered

LETTERS: dict[str, type[Event]] = {
    "s": StateChanged,
    "l": StateFound,
    "c": Counted,
    "r": CounterReset,
    "f": FaultRaised,
    "g": SourceLost,
    "e": Metered,
}
_LETTER_OF = {kind: letter for letter, kind in LETTERS.items()}
_FIELDS = {kind: tuple(kind.__slots__) for kind in LETTERS.values()}


def to_plain(event: Event) -> list[Any]:
    """The fact as a list of texts and numbers, for JSON."""
    kind = type(event)
    return [_LETTER_OF[kind], *(getattr(event, name) for name in _FIELDS[kind])]


def from_plain(row: Sequence[Any]) -> Event:
    """The fact that `to_plain` gave. Raises KeyError or TypeError for what it did not give."""
    return LETTERS[row[0]](*row[1:])
