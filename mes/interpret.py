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
    """The view after `sample`, and what happened in it.

    Bad readings are kept with their quality and never interpreted; uncertain ones are, and mark
    the view. Readings of tags that the configuration does not know are passed over.
    """
    events: list[Event] = []
    gap_us = _gap(view, sample, unit)
    if gap_us is not None:
        view = replace(view, gaps=view.gaps + 1, unseen_since_us=gap_us, counted_at_us=None)
        events.append(SourceLost(view.id, gap_us, sample.received_time_us))
    view = replace(
        view,
        contacts={**view.contacts, sample.device: sample.received_time_us},
        received_time_us=max(view.received_time_us or 0, sample.received_time_us),
    )
    fresh, tags, late = _newest(view, sample, unit)
    if tags is not view.tags:
        at = sample.source_time_us
        view = replace(view, tags=tags, late=late, source_time_us=max(view.source_time_us or 0, at))
    good = {n: r for n, r in fresh.items() if r.quality != "bad" and r.value is not None}
    if good:
        view, counted = _count(view, good, sample.source_time_us, unit)
        view, changed = _state(view, sample.source_time_us, unit, heard=good)
        events += counted + changed
    return view, tuple(events)


def _gap(view: UnitView, sample: Sample, unit: WorkUnit) -> int | None:
    """Since when the device was not heard, where that is longer than the unit may be silent.

    The collector tells of a device that was away; that it was away itself shows in its silence.
    """
    heard = view.contacts.get(sample.device)
    if sample.gap_since_us is not None:
        return sample.gap_since_us
    limit_us = round(2e6 * unit.expected_period_s)
    return heard if heard is not None and sample.received_time_us - heard > limit_us else None


def _newest(
    view: UnitView, sample: Sample, unit: WorkUnit
) -> tuple[dict[str, Reading], Mapping[str, TagView], int]:
    """Readings that are news, all tags after them, and the number that came late so far."""
    fresh: dict[str, Reading] = {}
    tags, late = dict(view.tags), view.late
    for name, reading in sample.readings.items():
        if name not in unit.tags:
            continue
        had = view.tags.get(name)
        behind = had.source_time_us - sample.source_time_us if had else 0
        if had and 0 < behind <= LATE_MAX_US:
            late += 1
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
    return fresh, tags if sample.readings else view.tags, late


def _count(
    view: UnitView, readings: Mapping[str, Reading], at_us: int, unit: WorkUnit
) -> tuple[UnitView, list[Event]]:
    """Add what the counters among `readings` have counted. Their first reading counts nothing."""
    counters, events = dict(view.counters), list[Event]()
    added = dict.fromkeys(COUNTERS, 0)
    resets = view.resets
    for name, reading in readings.items():
        tag = unit.tags[name]
        new = _whole(reading.value, tag) if tag.role in COUNTERS else None
        if new is None:
            continue
        old = counters.get(name)
        counters[name] = new
        if old is not None:
            step = increment(old, new, width_bits=tag.width_bits)
            added[tag.role] += step
            if new < old and step == new:
                resets += 1
                events.append(CounterReset(view.id, at_us, name, old, new))
    if counters == view.counters:
        return view, events
    roles = {tag.role for tag in unit.tags.values()}
    reject = added["reject_count"]
    good = added["good_count"] if "good_count" in roles else added["total_count"] - reject
    pieces = good + reject
    if pieces:
        events.append(Counted(view.id, at_us, good, reject))
        since = view.counted_at_us
        cycle = (at_us - since) / 1e6 / pieces if since is not None and pieces > 0 else None
        view = replace(view, cycle_time_s=cycle or view.cycle_time_s, counted_at_us=at_us)
    return replace(
        view,
        counters=counters,
        good=view.good + good,
        reject=view.reject + reject,
        resets=resets,
        counting_since_us=view.counting_since_us if view.counting_since_us is not None else at_us,
    ), events


def _whole(value: object, tag: Tag) -> int | None:
    """A counter's reading as an integer; None for what no counter can show."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    fits = 0 <= value < (1 << (tag.width_bits or 63)) and value == int(value)
    return int(value) if fits else None


def _state(
    view: UnitView, at_us: int, unit: WorkUnit, *, heard: Mapping[str, Reading]
) -> tuple[UnitView, list[Event]]:
    """Read state, mode and fault off the newest tags; `at_us` is when a change took place.

    A state that is heard again after a gap goes on only where the source dates it before the gap;
    else nobody knows what was in between, and it begins anew.
    """
    raw = {tag.role: _shown(view, tag.name) for tag in unit.tags.values()}
    if raw.get("state") is None:
        return view, []
    state = state_of(
        unit.profile,
        state=raw["state"],
        mode=raw.get("mode"),
        starved=bool(raw.get("starved")),
        blocked=bool(raw.get("blocked")),
    )
    fault = "" if raw.get("fault") in (None, 0, "", "0") else str(raw["fault"])
    mode = "" if raw.get("mode") is None else str(raw["mode"])
    events: list[Event] = []
    if fault and fault != view.fault:
        events.append(FaultRaised(view.id, at_us, fault))
    since = view.state_since_us
    old, gap_us = view.state, view.unseen_since_us
    if gap_us is not None and any(unit.tags[name].role == "state" for name in heard):
        view = replace(view, unseen_since_us=None)
        if at_us > gap_us:
            events.append(StateChanged(view.id, gap_us, old, "unknown"))
            old = "unknown"
    if state != old or since is None:
        events.append(StateChanged(view.id, at_us, old, state))
        # The piece in work is not timed across a change: what stood still is no cycle.
        view, since = replace(view, counted_at_us=None), at_us
    return replace(view, state=state, state_since_us=since, mode=mode, fault=fault), events


def _shown(view: UnitView, name: str) -> object:
    tag = view.tags.get(name)
    return None if tag is None or tag.quality == "bad" else tag.value
