"""What is known of one work unit now: the state the engine folds into, and all a screen needs.

Times named `_us` are microseconds since the epoch, UTC. The view travels as plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mes.equipment import TRUSTED, WorkUnit
from mes.observation import QUALITIES, Quality, Value

Live = Literal["good", "uncertain", "bad", "stale"]


@dataclass(slots=True)
class TagView:
    """The newest reading of one tag."""

    value: Value
    quality: Quality
    source_time_us: int
    received_time_us: int
    status: str = ""


@dataclass(slots=True, kw_only=True)
class UnitView:
    """One work unit as its samples tell it. `position` is the stream id of the last one folded.

    A view that was handed out is not changed any more: whoever needs another one copies it. It is
    not frozen because copying a frozen one costs ten times as much, and it is copied at each sample.
    """

    id: str
    position: str = "0-0"
    state: str = "unknown"
    state_since_us: int | None = None
    unseen_since_us: int | None = None  # a gap of its state begins here, which was not heard since
    silent_since_us: int | None = None  # its state was told to be unknown since then
    mode: str = ""
    fault: str = ""  # the machine's code, "" where there is none
    good: int = 0  # pieces since `counting_since_us`
    reject: int = 0
    counting_since_us: int | None = None
    cycle_time_s: float | None = None  # time per piece over the last increment [s/piece]
    counted_at_us: int | None = None  # from here the next cycle is timed; None: no piece in work
    last_piece_us: int | None = None  # the newest increment
    waiting: int = 0  # pieces that one counter has shown and the one beside it has not yet
    counters: Mapping[str, int] = field(default_factory=dict)  # last good reading of each counter
    meant: Mapping[str, Value] = field(default_factory=dict)  # tag of state … → last not bad value
    tags: Mapping[str, TagView] = field(default_factory=dict)
    contacts: Mapping[str, int] = field(default_factory=dict)  # device → it last answered
    gaps: int = 0  # times that a device was away
    late: int = 0  # readings older than one we had
    resets: int = 0  # counters found smaller without a roll-over
    source_time_us: int | None = None  # newest source time of any reading
    received_time_us: int | None = None  # newest answer of any device

    def copy(self) -> "UnitView":
        """Another view with the same values; what it holds is shared and must be replaced whole."""
        out = object.__new__(UnitView)
        for name in UnitView.__slots__:
            setattr(out, name, getattr(self, name))
        return out

    def at(self, position: str) -> "UnitView":
        out = self.copy()
        out.position = position
        return out


def unit_quality(view: UnitView, unit: WorkUnit) -> Quality:
    """The worst quality among the tags that `unit`'s state and counts come from."""
    found = [
        view.tags[n].quality for n, t in unit.tags.items() if t.role in TRUSTED and n in view.tags
    ]
    return max(found, key=QUALITIES.index, default="good")


def stale_at_us(view: UnitView, unit: WorkUnit) -> int:
    """When the view stops being live unless something new is heard; 0 where it never was.

    Every device of the unit must have answered within twice the expected period, and every tag
    with a watchdog must have been heard within it: a device can answer while its program stands.
    """
    silence_us = unit.silence_max_us
    ends = [view.contacts[d] + silence_us if d in view.contacts else 0 for d in unit.devices]
    for name, tag in unit.tags.items():
        if tag.watchdog_s is not None:
            heard = view.tags[name].received_time_us if name in view.tags else None
            ends.append(heard + round(tag.watchdog_s * 1e6) if heard is not None else 0)
    return min(ends, default=0)


def live_quality(view: UnitView, unit: WorkUnit, *, now_us: int) -> Live:
    """How far the view can be trusted at `now_us`: stale beats bad beats uncertain."""
    return "stale" if now_us > stale_at_us(view, unit) else unit_quality(view, unit)


def to_plain(view: UnitView) -> dict[str, Any]:
    """The view as numbers, texts, lists and dicts, for JSON."""
    fields = {name: getattr(view, name) for name in UnitView.__slots__}
    fields["tags"] = {
        n: [t.value, t.quality, t.source_time_us, t.received_time_us, t.status]
        for n, t in view.tags.items()
    }
    return fields


def from_plain(fields: Mapping[str, Any]) -> UnitView:
    """The view that `to_plain` gave. Fields that it lacks take their defaults, others are passed by.

    Raises KeyError, TypeError or ValueError for what it did not give.
    """
    known = {name: value for name, value in fields.items() if name in UnitView.__slots__}
    known["tags"] = {n: TagView(*row) for n, row in fields.get("tags", {}).items()}
    return UnitView(**known)
