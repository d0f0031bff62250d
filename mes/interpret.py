"""Folds samples into what is known of a work unit, and says what happened.

`fold` is pure: the same view and the same sample give the same result, so that the view and the
position it was folded to can be kept together and read on from after a crash.
"""

from collections.abc import Mapping
from dataclasses import replace

from mes.counting import count, misread
from mes.energy import meter, wrong_power
from mes.equipment import COUNTERS, Tag, WorkUnit
from mes.events import Event, FaultRaised, SourceLost, StateChanged, StateFound
from mes.observation import Sample, Value
from mes.states import state_of
from mes.unit_view import TagView, UnitView

# A reading older than the newest of its tag by no more than this came late and is not shown;
# older still, and the device's clock was set back: then it is news.
LATE_MAX_US = 60_000_000

FAULT_LETTERS_MAX = 64  # of a fault's code
BEGAN_ANEW = 0  # the gap of a collector's first answer: it knows of no earlier one

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
        gap_us = _gap(view, sample)
        if gap_us is not None:
            events.append(SourceLost(view.id, gap_us, sample.received_time_us))
            _lose(new, sample.device, gap_us, unit, events)
        elif (since_us := _only_silent(view)) and sample.device == _tells_state(unit):
            # The same connection is heard again, and would have told a change: there was none.
            events.append(StateChanged(view.id, since_us, "unknown", view.state))
            new.silent_since_us = None
        new.contacts = {**view.contacts, sample.device: sample.received_time_us}
        new.received_time_us = max(view.received_time_us or 0, sample.received_time_us)
    said = _newest(new, sample, unit, events) if sample.readings else {}
    meter(new, sample, unit, events)  # before it is in another state
    if said:
        if not _COUNTERS.isdisjoint(said):
            count(new, said, sample.source_time_us, unit, events)
        if not said.keys() <= _COUNTERS:
            _state(new, said, sample, unit, events)
    return new, tuple(events)


def silent(view: UnitView, unit: WorkUnit, *, now_us: int) -> tuple[UnitView, tuple[Event, ...]]:
    """The view at `now_us`, where nothing was heard up to then but what it was folded from.

    A state whose device has been silent for too long is unknown since it was last heard. Only who
    has read everything up to `now_us` may ask.
    """
    heard = view.contacts.get(_tells_state(unit))
    if heard is None or view.state_since_us is None or view.silent_since_us is not None:
        return view, ()
    if now_us - heard <= unit.silence_max_us:
        return view, ()
    new = view.copy()
    new.silent_since_us = max(heard, view.state_since_us)
    return new, (StateChanged(view.id, new.silent_since_us, view.state, "unknown"),)


def unread(view: UnitView, unit: WorkUnit, *, seen_us: int) -> tuple[UnitView, tuple[Event, ...]]:
    """The view where what came behind it was gone before anybody read it, until `seen_us`.

    To whoever asks later that is a gap of every device that had been heard.
    """
    new, events = view.copy(), list[Event]()
    for device, heard_us in view.contacts.items():
        events.append(SourceLost(view.id, heard_us, seen_us))
        _lose(new, device, heard_us, unit, events)
    return new, tuple(events)


def known_until_us(view: UnitView, unit: WorkUnit) -> int | None:
    """Until when the unit's state is known: the newest answer of the device that tells it."""
    return view.contacts.get(_tells_state(unit))


def _only_silent(view: UnitView) -> int | None:
    """Since when the state was told to be unknown though no connection was lost."""
    return view.silent_since_us if view.unseen_since_us is None else None


def _tells_state(unit: WorkUnit) -> str:
    """The device that tells the unit's state, "" where none does."""
    name = unit.by_role.get("state")
    return "" if name is None else unit.tags[name].device


def _gap(view: UnitView, sample: Sample) -> int | None:
    """Since when what the device did was not seen, where its connection was lost in between.

    A collector that begins anew does not know since when: then since we last heard of the device.
    Mere silence is no gap: a connection that was never lost has lost nothing.
    """
    if sample.gap_since_us is None:
        return None
    heard = view.contacts.get(sample.device)
    if sample.gap_since_us == BEGAN_ANEW:
        return heard
    return sample.gap_since_us


def _lose(new: UnitView, device: str, gap_us: int, unit: WorkUnit, events: list[Event]) -> None:
    """Take note in `new` of what cannot be known over a gap of the device that is heard again."""
    new.gaps += 1
    told = {tag.role for tag in unit.tags.values() if tag.device == device}
    if "state" in told and new.unseen_since_us is None:
        new.unseen_since_us = max(gap_us, new.state_since_us or 0)
        if new.silent_since_us is None and new.state_since_us is not None:
            new.silent_since_us = new.unseen_since_us
            events.append(StateChanged(new.id, new.silent_since_us, new.state, "unknown"))
    if not _COUNTERS.isdisjoint(told):
        new.counted_at_us = None
    if "power" in told:
        new.metered_us = None


def _newest(new: UnitView, sample: Sample, unit: WorkUnit, events: list[Event]) -> dict[str, Value]:
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
            if not sample.historical:
                tags[name] = replace(had, quality="uncertain", status=words)
            late += 1
            if tag.role == "state" and reading.quality != "bad":
                events.append(StateFound(new.id, at_us, _late_state(new, reading.value, unit)))
            continue
        value, quality, status = reading.value, reading.quality, reading.status
        if quality != "bad" and (words := _wrong(value, tag)):
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


def _wrong(value: Value, tag: Tag) -> str:
    """Why the value cannot be what its tag is to tell; "" where it can."""
    if tag.role in _COUNTERS:
        return misread(value, tag)
    return wrong_power(value, tag) if tag.role == "power" else ""


def _is_late(had: TagView, sample: Sample) -> bool:
    """Whether a reading is older than the one we `had`, and no news.

    What we tell of a device ourselves bears our clock, not its own: that is never late, nor is
    what follows a bad reading.
    """
    behind_us = had.source_time_us - sample.source_time_us
    if sample.historical:
        return behind_us > 0
    return 0 < behind_us <= LATE_MAX_US and had.quality != "bad" and sample.answered


def _late_state(view: UnitView, code: Value, unit: WorkUnit) -> str:
    """The state that a late `code` stood for, by the mode that is meant now."""
    mode = view.meant.get(unit.by_role.get("mode", ""))
    return state_of(unit.profile, state=code, mode=mode, starved=False, blocked=False)


def _date(new: UnitView, at_us: int) -> None:
    """Renew the newest source time; it goes back where a device's clock was set back."""
    newest_us = new.source_time_us
    if newest_us is None or at_us > newest_us:
        new.source_time_us = at_us
    elif newest_us - at_us > LATE_MAX_US:
        new.source_time_us = max(tag.source_time_us for tag in new.tags.values())


def _state(
    new: UnitView,
    said: Mapping[str, Value],
    sample: Sample,
    unit: WorkUnit,
    events: list[Event],
) -> None:
    """Read state, mode and fault off what was last meant, and when a change took place.

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
    at_us = sample.source_time_us
    if new.state_since_us is not None and at_us < new.state_since_us and state != new.state:
        at_us = sample.received_time_us  # its clock was set back, or was ahead before
    old = _seen_again(new, state, at_us, events) if "state" in said else new.state
    if state != old or new.state_since_us is None:
        events.append(StateChanged(new.id, at_us, old, state))
        # The piece in work is not timed across a change: what stood still is no cycle.
        new.state, new.state_since_us, new.counted_at_us = state, at_us, None
    fault = "" if fault in (None, 0, "", "0") else str(fault).replace("\0", "")[:FAULT_LETTERS_MAX]
    if fault and fault != new.fault:
        events.append(FaultRaised(new.id, at_us, fault))
    new.fault, new.mode = fault, "" if mode is None else str(mode)


def _seen_again(new: UnitView, state: str, at_us: int, events: list[Event]) -> str:
    """What the state was before it is heard again; takes a gap behind it off the view."""
    gap_us, told_us = new.unseen_since_us, new.silent_since_us
    new.unseen_since_us = new.silent_since_us = None
    if told_us is None:
        return new.state
    if gap_us is not None and at_us > gap_us:
        return "unknown"
    if state == new.state:
        events.append(StateChanged(new.id, told_us, "unknown", state))
    return new.state


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
