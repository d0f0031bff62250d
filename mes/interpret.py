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
    contacts = {**view.contacts, sample.device: sample.received_time_us}
    view = replace(
        view,
        contacts=contacts,
        received_time_us=max(view.received_time_us or 0, sample.received_time_us),
    )
    if sample.gap_since_us is not None:
        view = replace(view, gaps=view.gaps + 1)
        events.append(SourceLost(view.id, sample.gap_since_us, sample.received_time_us))
    fresh, tags, late = _newest(view, sample, unit)
    if tags is not view.tags:
        at = sample.source_time_us
        view = replace(view, tags=tags, late=late, source_time_us=max(view.source_time_us or 0, at))
    good = {n: r for n, r in fresh.items() if r.quality != "bad" and r.value is not None}
    if good:
        view, counted = _count(view, good, sample.source_time_us, unit)
        view, changed = _state(view, sample.source_time_us, unit)
        events += counted + changed
    return view, tuple(events)


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


def _state(view: UnitView, at_us: int, unit: WorkUnit) -> tuple[UnitView, list[Event]]:
    """Read state, mode and fault off the newest tags; `at_us` is when a change took place."""
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
    if state != view.state or since is None:
        events.append(StateChanged(view.id, at_us, view.state, state))
        since = at_us
    return replace(view, state=state, state_since_us=since, mode=mode, fault=fault), events


def _shown(view: UnitView, name: str) -> object:
    tag = view.tags.get(name)
    return None if tag is None or tag.quality == "bad" else tag.value
