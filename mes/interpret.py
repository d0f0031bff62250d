"""Folds samples into what is known of a work unit, and says what happened.

`fold` is pure: the same view and the same sample give the same result, so that the view and the
position it was folded to can be kept together and read on from after a crash.
"""

from collections.abc import Mapping
from dataclasses import replace

from mes.counting import count, misread
from mes.equipment import COUNTERS, WorkUnit
from mes.events import Event, FaultRaised, SourceLost, StateChanged
from mes.observation import Sample, Value
from mes.states import state_of
from mes.unit_view import TagView, UnitView

# A reading older than the newest of its tag by no more than this came late and is not shown;
# older still, and the device's clock was set back: then it is news.
LATE_MAX_US = 60_000_000

_COUNTERS = frozenset(COUNTERS)


def fold(view: UnitView, sample: Sample, unit: WorkUnit) -> tuple[UnitView, tuple[Event, ...]]:
    """The view after `sample`, and what happened in it. `view` itself is left as it is.

    Bad readings are kept with their quality and never interpreted: what was meant before them
    holds. Uncertain ones are interpreted, and mark the view. Readings of tags that the
    configuration does not know are passed over. A sample that is no answer of its device renews
    no contact.
    """
    new, events = view.copy(), list[Event]()
    if sample.answered:
        gap_us = _gap(view, sample, unit)
        if gap_us is not None:
            _lose(new, sample, gap_us, unit)
            events.append(SourceLost(view.id, gap_us, sample.received_time_us))
        new.contacts = {**view.contacts, sample.device: sample.received_time_us}
        new.received_time_us = max(view.received_time_us or 0, sample.received_time_us)
    if sample.readings:
        said = _newest(new, sample, unit)
        if not _COUNTERS.isdisjoint(said):
            count(new, said, sample.source_time_us, unit, events)
        if said and not said.keys() <= _COUNTERS:
            _state(new, said, sample.source_time_us, unit, events)
    return new, tuple(events)


def _gap(view: UnitView, sample: Sample, unit: WorkUnit) -> int | None:
    """Since when the device was not heard, where that is longer than the unit may be silent.

    The collector tells of a device that was away; that it was away itself shows in its silence.
    """
    if sample.gap_since_us is not None:
        return sample.gap_since_us
    heard = view.contacts.get(sample.device)
    if heard is None or sample.received_time_us - heard <= unit.silence_max_us:
        return None
    return heard


def _lose(new: UnitView, sample: Sample, gap_us: int, unit: WorkUnit) -> None:
    """Take note in `new` of what cannot be known over a gap of the device that is heard again."""
    new.gaps += 1
    told = {tag.role for tag in unit.tags.values() if tag.device == sample.device}
    if "state" in told and new.unseen_since_us is None:
        new.unseen_since_us = gap_us
    if not _COUNTERS.isdisjoint(told):
        new.counted_at_us = None


def _newest(new: UnitView, sample: Sample, unit: WorkUnit) -> dict[str, Value]:
    """Put the readings that are news into `new`; note those that came late.

    Returns role → value of what is news, means something and is not bad.
    """
    said: dict[str, Value] = {}
    tags, at_us = dict(new.tags), sample.source_time_us
    known = late = 0
    for name, reading in sample.readings.items():
        tag = unit.tags.get(name)
        if tag is None:
            continue
        known += 1
        had = tags.get(name)
        if had is not None and _is_late(had, sample):
            older_s = (had.source_time_us - at_us) / 1e6
            words = f"a reading {older_s:.3f} s older than this one came late"
            tags[name] = replace(had, quality="uncertain", status=words)
            late += 1
            continue
        value, quality, status = reading.value, reading.quality, reading.status
        if quality != "bad" and tag.role in _COUNTERS and (words := misread(value, tag)):
            value, quality, status = None, "bad", words
        heard_us = sample.received_time_us
        if had is not None and not sample.answered:
            heard_us = had.received_time_us
        tags[name] = TagView(value, quality, at_us, heard_us, status)
        if quality != "bad" and unit.by_role.get(tag.role) == name:
            said[tag.role] = value
    new.tags = tags
    new.late += late
    if known > late:
        _date(new, at_us)
    return said


def _is_late(had: TagView, sample: Sample) -> bool:
    """Whether a reading is older than the one we `had`, and no news.

    What we tell of a device ourselves bears our clock, not its own: that is never late, nor is
    what follows a bad reading.
    """
    behind_us = had.source_time_us - sample.source_time_us
    return 0 < behind_us <= LATE_MAX_US and had.quality != "bad" and sample.answered


def _date(new: UnitView, at_us: int) -> None:
    """Renew the newest source time; it goes back where a device's clock was set back."""
    newest_us = new.source_time_us
    if newest_us is None or at_us > newest_us:
        new.source_time_us = at_us
    elif newest_us - at_us > LATE_MAX_US:
        new.source_time_us = max(tag.source_time_us for tag in new.tags.values())


def _state(
    new: UnitView, said: Mapping[str, Value], at_us: int, unit: WorkUnit, events: list[Event]
) -> None:
    """Read state, mode and fault off what was last meant; `at_us` is when a change took place.

    A state that is heard again after a gap goes on only where the source dates it before the gap;
    else nobody knows what was in between, and it begins anew.
    """
    means = _means(new, said, unit)
    code, mode, fault = means["state"], means["mode"], means["fault"]
    if code is None:
        return
    state = state_of(
        unit.profile,
        state=code,
        mode=mode,
        starved=bool(means["starved"]),
        blocked=bool(means["blocked"]),
    )
    fault = "" if fault in (None, 0, "", "0") else str(fault)
    if fault and fault != new.fault:
        events.append(FaultRaised(new.id, at_us, fault))
    new.fault, new.mode = fault, "" if mode is None else str(mode)
    old, gap_us = new.state, new.unseen_since_us
    if gap_us is not None and "state" in said:
        new.unseen_since_us = None
        if at_us > gap_us:
            events.append(StateChanged(new.id, gap_us, old, "unknown"))
            old = "unknown"
    if state != old or new.state_since_us is None:
        events.append(StateChanged(new.id, at_us, old, state))
        # The piece in work is not timed across a change: what stood still is no cycle.
        new.state, new.state_since_us, new.counted_at_us = state, at_us, None


_INTERPRETED = ("state", "mode", "fault", "starved", "blocked")


def _means(new: UnitView, said: Mapping[str, Value], unit: WorkUnit) -> dict[str, Value]:
    """What each role last meant, bad readings apart; None where nothing was heard. Kept in `new`."""
    meant = new.meant or {  # a view from before this was kept
        name: tag.value for name, tag in new.tags.items() if tag.quality != "bad"
    }
    out: dict[str, Value] = {}
    kept: dict[str, Value] = {}
    for role in _INTERPRETED:
        name = unit.by_role.get(role)
        if name is None:
            out[role] = None
        elif role in said:
            out[role] = kept[name] = said[role]
        else:
            out[role] = meant.get(name)
            if name in meant:
                kept[name] = meant[name]
    new.meant = kept
    return out
