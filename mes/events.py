"""What happened, in the past tense: the facts that the engine reads out of observations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The unit went from state `old` to `new`; both are keys of `mes.states.STATES`."""

    work_unit: str
    at_us: int
    old: str
    new: str


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
    """A counter was found at `new`, below `old`, without having rolled over."""

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


Event = StateChanged | Counted | CounterReset | FaultRaised | SourceLost
