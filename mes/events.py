"""What happened, in the past tense: the facts that the engine reads out of observations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateChanged:
    work_unit: str
    at_us: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Pieces made since the counter was last read."""

    work_unit: str
    at_us: int
    good: int
    reject: int


@dataclass(frozen=True, slots=True)
class CounterReset:
    work_unit: str
    at_us: int
    tag: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class FaultRaised:
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
