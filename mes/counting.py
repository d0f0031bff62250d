"""Pieces out of the counters of a work unit: what is shown of them never falls.

A reading that no counter can show is no reading at all: `misread` says what is wrong with it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from mes.counters import increment
from mes.equipment import COUNTERS, Tag, WorkUnit
from mes.events import Counted, CounterReset, Event
from mes.observation import Value
from mes.unit_view import UnitView

_UNDECLARED_BITS = 63  # a counter whose tag declares no width is taken to have
JUMP_MAX = 1 << 40  # pieces between two readings: more is no counter, a wrong register perhaps
_FOUND_LETTERS = 40  # of a text that was found are told


def late(view: UnitView, events: Iterable[Event]) -> UnitView:
    """The view where pieces of an earlier shift, that are told in this one, are not of this one."""
    since_us = view.shift_since_us
    if since_us is None:
        return view
    before = [e for e in events if isinstance(e, Counted) and e.at_us < since_us]
    if not before:
        return view
    new = view.copy()
    new.good_before += sum(e.good for e in before)
    new.reject_before += sum(e.reject for e in before)
    return new


def misread(value: Value, tag: Tag) -> str:
    """Why `value` cannot be the reading of a counter, in words; "" where it can."""
    top = (1 << (tag.width_bits or _UNDECLARED_BITS)) - 1
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= top
        and value == int(value)
    ):
        return ""
    found = f'"{value[:_FOUND_LETTERS]}"' if isinstance(value, str) else str(value)
    found = "nothing" if value is None else found
    return f"found {found}; expected a whole number from 0 to {top:,}"


def count(
    new: UnitView, said: Mapping[str, Any], at_us: int, unit: WorkUnit, events: list[Event]
) -> None:
    """Add to `new` what the counters among `said` (role → reading) have counted since.

    The first reading of a counter counts nothing.
    """
    added, began, counters = _added(new, said, at_us, unit, events)
    if counters == new.counters and not new.waiting:
        return
    good, reject = _pieces(new, added, began, said, unit)
    if good or reject:
        events.append(Counted(new.id, at_us, good, reject))
        since_us = new.counted_at_us
        if since_us is not None and at_us > since_us:  # else the device's clock was set back
            new.cycle_time_s = (at_us - since_us) / 1e6 / (good + reject)
        new.counted_at_us = new.last_piece_us = at_us
        new.good += good
        new.reject += reject
    new.counters = counters
    if new.counting_since_us is None:
        new.counting_since_us = at_us


def _added(
    new: UnitView, said: Mapping[str, Any], at_us: int, unit: WorkUnit, events: list[Event]
) -> tuple[dict[str, int], dict[str, str], dict[str, int]]:
    """Increments by role; which roles began anew, "first" or "reset"; the counters' new readings."""
    added, began = dict[str, int](), dict[str, str]()
    counters = dict(new.counters)
    for role in COUNTERS:
        if role not in said:
            continue
        tag = unit.tags[unit.by_role[role]]
        reading, old = int(said[role]), counters.get(tag.name)
        counters[tag.name] = reading
        if old is None or (tag.width_bits is not None and old >> tag.width_bits):
            began[role] = "first"  # of all, or since its tag was given a width that `old` exceeds
            continue
        grown = increment(old, reading, width_bits=tag.width_bits)
        if grown > JUMP_MAX:
            began[role] = "first"
            new.resets += 1
            events.append(CounterReset(new.id, at_us, tag.name, old, reading))
            continue
        added[role] = grown
        if reading < old and added[role] == reading:
            began[role] = "reset"
            new.resets += 1
            events.append(CounterReset(new.id, at_us, tag.name, old, reading))
    return added, began, counters


def _pieces(
    new: UnitView,
    added: Mapping[str, int],
    began: Mapping[str, str],
    said: Mapping[str, Any],
    unit: WorkUnit,
) -> tuple[int, int]:
    """Good and reject pieces out of the increments, neither negative; renews `new.waiting`."""
    roles = unit.by_role
    good, reject = added.get("good_count", 0), added.get("reject_count", 0)
    if "total_count" not in roles or ("good_count" in roles and "reject_count" in roles):
        return good, reject
    total = added.get("total_count", 0)
    if "good_count" not in roles:
        waiting = new.waiting + reject
        # A total that began anew covers no reject from before: those are told without it.
        reject = waiting if "total_count" in began else min(waiting, total)
        new.waiting = waiting - reject
        return max(0, total - reject), reject
    if "first" in (began.get("good_count"), began.get("total_count")):
        new.waiting = 0
        return good, 0
    before = 0 if began else new.waiting
    waiting = before + total - good
    # A piece of the total is a reject once the good counter was read after it and lacks it, or
    # stands while the total goes on. A good counter that is ahead of the total makes it negative.
    if "good_count" in said or before < 0:
        reject = max(0, waiting)
    else:
        reject = max(0, before) if _stands(new, unit) else 0
    new.waiting = max(0, waiting - reject) if began else waiting - reject
    return good, reject


def _stands(new: UnitView, unit: WorkUnit) -> bool:
    """Whether the good counter is known not to have moved while its device told a total."""
    good, total = (unit.tags[unit.by_role[role]] for role in ("good_count", "total_count"))
    seen = new.tags.get(good.name)
    return seen is not None and seen.quality != "bad" and good.device == total.device
