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
    shift_since_us: int | None = None  # the newest shift began then; None: no calendar says
    good_before: int = 0  # pieces of earlier shifts
    reject_before: int = 0
    cycle_time_s: float | None = None  # time per piece over the last increment [s/piece]
    counted_at_us: int | None = None  # from here the next cycle is timed; None: no piece in work
    last_piece_us: int | None = None  # the newest increment
    power_w: float | None = None  # what it was last told to use; None: not known
    metered_us: int | None = None  # its energy is told until then; None: from the next reading on
    minute: tuple[int, int, int, int] | None = None  # mes.energy.MeteredMinute, not over yet
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

    @property
    def shift_good(self) -> int:
        """Good pieces since `counted_since_us`."""
        return self.good - self.good_before

    @property
    def shift_reject(self) -> int:
        return self.reject - self.reject_before

    @property
    def counted_since_us(self) -> int | None:
        """Since the start of the shift, or of the run where no shift is defined."""
        if self.counting_since_us is None or self.shift_since_us is None:
            return self.counting_since_us
        return max(self.counting_since_us, self.shift_since_us)

    def in_shift(self, since_us: int | None, *, good: int = 0, reject: int = 0) -> "UnitView":
        """The view in the shift that began at `since_us`, so many pieces of which are counted."""
        out = self.copy()
        out.shift_since_us = since_us
        none = since_us is None
        out.good_before = 0 if none else self.good - good
        out.reject_before = 0 if none else self.reject - reject
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
    fields["minute"] = list(view.minute) if view.minute else None
    return fields


def from_plain(fields: Mapping[str, Any]) -> UnitView:
    """The view that `to_plain` gave. Fields that it lacks take their defaults, others are passed by.

    Raises KeyError, TypeError or ValueError for what it did not give.
    """
    known = {name: value for name, value in fields.items() if name in UnitView.__slots__}
    known["tags"] = {n: TagView(*row) for n, row in fields.get("tags", {}).items()}
    if known.get("minute"):
        known["minute"] = tuple(known["minute"])
    return UnitView(**known)
