"""What a collector reports, and how observations travel: nothing is decided here.

Times named `_us` are microseconds since the epoch, UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

Value = float | int | bool | str | None
Quality = Literal["good", "uncertain", "bad"]
QUALITIES: tuple[Quality, ...] = ("good", "uncertain", "bad")  # from best to worst

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One value of one tag at one instant, as the source told it."""

    work_unit: str
    tag: str
    value: Value
    source_time: datetime  # when it was true, by the device's clock, UTC
    received_time: datetime  # when we learnt it, by ours, UTC
    quality: Quality = "good"
    status: str = ""  # the source's own words where the quality is not good


@dataclass(frozen=True, slots=True)
class Reading:
    """The part of an observation that differs within one sample."""

    value: Value
    quality: Quality = "good"
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one device said of one work unit at one source time.

    No readings: the device answered and nothing had changed (a contact). `gap_since_us` set:
    the device was away from then until now, and what happened meanwhile was not seen; 0 where it
    is the first answer that the collector ever had. Not `answered`: the device said nothing, and
    its readings are what is now known to be bad. `historical`: the source kept it, and tells it
    behind newer ones.
    """

    work_unit: str
    device: str
    source_time_us: int
    received_time_us: int
    readings: Mapping[str, Reading] = field(default_factory=dict)
    gap_since_us: int | None = None
    answered: bool = True
    historical: bool = False


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch of an aware `moment`, exact."""
    return (moment - _EPOCH) // _US


def moment(us: int) -> datetime:
    """The aware UTC datetime of `us` microseconds since the epoch, exact."""
    return _EPOCH + us * _US


def rfc3339(us: int) -> str:
    """`us` microseconds since the epoch as programs read it: in UTC, with microseconds and a Z."""
    return moment(us).isoformat(timespec="microseconds").replace("+00:00", "Z")


def samples(
    observations: Iterable[Observation], *, device: str, answered: bool = True
) -> list[Sample]:
    """Group observations into one sample per work unit and source time, in order of source time.

    A second value of the same tag at the same source time opens a sample of its own, so that
    nothing is overwritten. answered: whether they are an answer of the device.
    """
    groups: dict[tuple[str, int, int], dict[str, Reading]] = {}
    received: dict[tuple[str, int, int], int] = {}
    for o in observations:
        at, turn = microseconds(o.source_time), 0
        while o.tag in groups.setdefault((o.work_unit, at, turn), {}):
            turn += 1
        key = (o.work_unit, at, turn)
        groups[key][o.tag] = Reading(o.value, o.quality, o.status)
        received[key] = microseconds(o.received_time)
    return [
        Sample(
            work_unit=key[0],
            device=device,
            source_time_us=key[1],
            received_time_us=received[key],
            readings=groups[key],
            answered=answered,
        )
        for key in sorted(groups, key=lambda k: (k[1], k[2]))
    ]
