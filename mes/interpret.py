"""Folds samples into what is known of a work unit, and says what happened.

`fold` is pure: the same view and the same sample give the same result, so that the view and the
position it was folded to can be kept together and read on from after a crash.
"""

from collections.abc import Mapping
from dataclasses import replace

from mes.counters import increment
from mes.equipment import COUNTERS, Tag, WorkUnit
from mes.events import Counted, CounterReset, Event, FaultRaised, SourceLost, StateChanged
from mes.observation import Reading, Sample
from mes.states import state_of
from mes.unit_view import TagView, UnitView

# A reading older than the newest of its tag by no more than this came late and is not shown;
# older still, and the device's clock was set back: then it is news.
LATE_MAX_US = 60_000_000


def fold(view: UnitView, sample: Sample, unit: WorkUnit) -> tuple[UnitView, tuple[Event, ...]]:
    """The view after `sample`, and what happened in it. `view` itself is left as it is.

    Bad readings are kept with their quality and never interpreted; uncertain ones are, and mark
    the view. Readings of tags that the configuration does not know are passed over.
    """
    new, events = view.copy(), list[Event]()
    gap_us = _gap(view, sample, unit)
    if gap_us is not None:
        new.gaps += 1
        new.unseen_since_us, new.counted_at_us = gap_us, None
        events.append(SourceLost(view.id, gap_us, sample.received_time_us))
    new.contacts = {**view.contacts, sample.device: sample.received_time_us}
    new.received_time_us = max(view.received_time_us or 0, sample.received_time_us)
    if sample.readings:
        fresh = _newest(new, sample, unit)
        new.source_time_us = max(view.source_time_us or 0, sample.source_time_us)
        meant = {
            tag.role: reading
            for name, reading in fresh.items()
            if (tag := unit.tags[name]).role != "value"
            and reading.quality != "bad"
            and reading.value is not None
        }
        if meant:
            _count(new, meant, sample.source_time_us, unit, events)
            _state(new, meant, sample.source_time_us, unit, events)
    return new, tuple(events)


def _gap(view: UnitView, sample: Sample, unit: WorkUnit) -> int | None:
    """Since when the device was not heard, where that is longer than the unit may be silent.

    The collector tells of a device that was away; that it was away itself shows in its silence.
    """
    if sample.gap_since_us is not None:
        return sample.gap_since_us
    heard = view.contacts.get(sample.device)
    limit_us = round(2e6 * unit.expected_period_s)
    return heard if heard is not None and sample.received_time_us - heard > limit_us else None


def _newest(new: UnitView, sample: Sample, unit: WorkUnit) -> dict[str, Reading]:
    """Put the readings that are news into `new`, and return them; note those that came late."""
    fresh: dict[str, Reading] = {}
    tags = dict(new.tags)
    for name, reading in sample.readings.items():
        if name not in unit.tags:
            continue
        had = tags.get(name)
        behind = had.source_time_us - sample.source_time_us if had else 0
        if had and 0 < behind <= LATE_MAX_US:
            new.late += 1
            words = f"a reading {behind / 1e6:.3f} s older than this one came late"
            quality = had.quality if had.quality == "bad" else "uncertain"
            tags[name] = replace(had, quality=quality, status=words)
            continue
        fresh[name] = reading
        tags[name] = TagView(
            reading.value,
            reading.quality,
            sample.source_time_us,
            sample.received_time_us,
            reading.status,
        )
    new.tags = tags
    return fresh


def _count(
    new: UnitView, meant: Mapping[str, Reading], at_us: int, unit: WorkUnit, events: list[Event]
) -> None:
    """Add what the counters among `meant` have counted. Their first reading counts nothing."""
    added = dict.fromkeys(COUNTERS, 0)
    counters = dict(new.counters)
    for role in COUNTERS:
        tag = unit.tags[unit.by_role[role]] if role in meant else None
        reading = _whole(meant[role].value, tag) if tag else None
        if tag is None or reading is None:
            continue
        old = counters.get(tag.name)
        counters[tag.name] = reading
        if old is not None:
            added[role] = increment(old, reading, width_bits=tag.width_bits)
            if reading < old and added[role] == reading:
                new.resets += 1
                events.append(CounterReset(new.id, at_us, tag.name, old, reading))
    if counters == new.counters:
        return
    reject = added["reject_count"]
    good = added["good_count" if "good_count" in unit.by_role else "total_count"]
    if "good_count" not in unit.by_role:
        good -= reject
    pieces = good + reject
    if pieces:
        events.append(Counted(new.id, at_us, good, reject))
        if new.counted_at_us is not None and pieces > 0:
            new.cycle_time_s = (at_us - new.counted_at_us) / 1e6 / pieces or new.cycle_time_s
        new.counted_at_us = at_us
    new.counters = counters
    new.good += good
    new.reject += reject
    if new.counting_since_us is None:
        new.counting_since_us = at_us


def _whole(value: object, tag: Tag) -> int | None:
    """A counter's reading as an integer; None for what no counter can show."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    fits = 0 <= value < (1 << (tag.width_bits or 63)) and value == int(value)
    return int(value) if fits else None


def _state(
    new: UnitView, meant: Mapping[str, Reading], at_us: int, unit: WorkUnit, events: list[Event]
) -> None:
    """Read state, mode and fault off the newest tags; `at_us` is when a change took place.

    A state that is heard again after a gap goes on only where the source dates it before the gap;
    else nobody knows what was in between, and it begins anew.
    """
    code, mode = _shown(new, unit, "state"), _shown(new, unit, "mode")
    if code is None or meant.keys() <= set(COUNTERS):
        return
    state = state_of(
        unit.profile,
        state=code,
        mode=mode,
        starved=bool(_shown(new, unit, "starved")),
        blocked=bool(_shown(new, unit, "blocked")),
    )
    fault = _shown(new, unit, "fault")
    fault = "" if fault in (None, 0, "", "0") else str(fault)
    if fault and fault != new.fault:
        events.append(FaultRaised(new.id, at_us, fault))
    new.fault, new.mode = fault, "" if mode is None else str(mode)
    old, gap_us = new.state, new.unseen_since_us
    if gap_us is not None and "state" in meant:
        new.unseen_since_us = None
        if at_us > gap_us:
            events.append(StateChanged(new.id, gap_us, old, "unknown"))
            old = "unknown"
    if state != old or new.state_since_us is None:
        events.append(StateChanged(new.id, at_us, old, state))
        # The piece in work is not timed across a change: what stood still is no cycle.
        new.state, new.state_since_us, new.counted_at_us = state, at_us, None


def _shown(view: UnitView, unit: WorkUnit, role: str) -> object:
    """The newest value of the tag that has `role`; None where there is none that can be trusted."""
    tag = view.tags.get(unit.by_role.get(role, ""))
    return None if tag is None or tag.quality == "bad" else tag.value
