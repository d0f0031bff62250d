"""Energy out of the power that a machine tells: held from one reading to the next, by the minute.

Power is in watts, energy in whole microjoules (a watt for a microsecond), so that sums are the same
in any order. What was not seen is not made up: no energy is told of a gap, and `metered_us` says of
how much time it is. Negative power, of a drive that feeds back, is taken off.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mes.equipment import Tag, WorkUnit
from mes.events import Event, Metered
from mes.observation import Sample
from mes.states import STATES
from mes.unit_view import UnitView

MINUTE_US = 60_000_000
SET_BACK_US = 60_000_000  # a reading older than the newest by more: its device's clock was set back
WATTS = {"W": 1.0, "kW": 1e3, "MW": 1e6}  # the unit of a tag → watts
POWER_MAX_W = 1e9  # of one machine: more is no power, a wrong register perhaps
UJ_PER_KWH = 3_600_000_000_000


class MeteredMinute(NamedTuple):
    """The energy of one minute. idle_uj: the part while the machine was known not to run."""

    minute_us: int
    metered_us: int
    energy_uj: int
    idle_uj: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The minute in which the mean power was highest [W]. Of a line it is the minute in which its
    machines together used most: not the sum of their peaks.
    """

    minute_us: int
    power_w: float


def wrong_power(value: object, tag: Tag) -> str:
    """Why `value` cannot be the power of a machine, in words; "" where it can."""
    found = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if abs(found * WATTS[tag.unit]) <= POWER_MAX_W:
        return ""
    most = POWER_MAX_W / WATTS[tag.unit]
    return (
        f"found {str(value)[:40]!r}; expected a number from {-most:,.0f} to {most:,.0f} {tag.unit}"
    )


def meter(new: UnitView, sample: Sample, unit: WorkUnit, events: list[Event]) -> None:
    """Add to `new` what was used up to `sample`, in the state and by the power from before it; an
    event for each minute that is over.
    """
    name = unit.by_role.get("power")
    if name is None or unit.tags[name].device != sample.device or sample.historical:
        return
    if sample.answered:
        _use(new, sample.source_time_us, unit, events)
    tag = new.tags.get(name)
    known = sample.answered and tag is not None and tag.quality != "bad"
    factor = WATTS[unit.tags[name].unit]
    new.power_w = float(tag.value or 0) * factor if tag is not None and known else None


def _use(new: UnitView, at_us: int, unit: WorkUnit, events: list[Event]) -> None:
    since_us = new.metered_us
    if since_us is None or at_us > since_us or since_us - at_us > SET_BACK_US:
        new.metered_us = at_us
    # A step longer than the silence in which a unit goes stale was not watched.
    if since_us is None or new.power_w is None or not 0 < at_us - since_us <= unit.silence_max_us:
        return
    state = STATES.get(new.state)
    idle = state is not None and state.element != "apt" and state.key != "unknown"
    while since_us < at_us:
        until_us = min(at_us, since_us - since_us % MINUTE_US + MINUTE_US)
        _add(new, since_us, until_us - since_us, new.power_w, idle, events)
        since_us = until_us


def _add(
    new: UnitView, since_us: int, us: int, power_w: float, idle: bool, events: list[Event]
) -> None:
    """Add so long a part of one minute."""
    minute_us = since_us - since_us % MINUTE_US
    had = MeteredMinute(*new.minute) if new.minute else None
    if had is not None and had.minute_us != minute_us:  # it was not seen to its end
        events.append(Metered(new.id, *had))
        had = None
    _, metered_us, energy_uj, idle_uj = had or (0, 0, 0, 0)
    uj = round(power_w * us)
    now = MeteredMinute(minute_us, metered_us + us, energy_uj + uj, idle_uj + (uj if idle else 0))
    is_over = since_us + us == minute_us + MINUTE_US
    if is_over:
        events.append(Metered(new.id, *now))
    new.minute = None if is_over else now


def sums(minutes: Iterable[MeteredMinute], pieces: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """What an account keeps of a window. pieces: (minute, good pieces): those of minutes that were
    metered are what the energy made.
    """
    found = list(minutes)
    metered = {one.minute_us for one in found if one.metered_us}
    return {
        "metered_us": sum(one.metered_us for one in found),
        "energy_uj": sum(one.energy_uj for one in found),
        "idle_uj": sum(one.idle_uj for one in found),
        "metered_good": sum(good for minute_us, good in pieces if minute_us in metered),
    }
