"""The connection to one device, as the connections screen tells it.

Times named `_us` are microseconds since the epoch, UTC. A link travels as plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

LinkState = Literal["connecting", "live", "silent", "lost", "refused"]

STATE_WORDS: Mapping[str, str] = {
    "connecting": "being connected for the first time",
    "live": "answers",
    "silent": "connected, but it does not answer",
    "lost": "away; it is tried again and again",
    "refused": "turns us away; a person must act",
}
CLOCK_SKEW_MAX_S = 60.0  # past this the device's clock is flagged; nothing is corrected silently


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How one device stands. `meaning` and `advice` are for people, `raw` is the error's own text.

    What has never happened, or cannot be known, is None: a device without a clock of its own
    has no skew.
    """

    device: str
    state: LinkState = "connecting"
    since_us: int  # it has been in this state
    told_us: int | None = None  # when the collector told this, each second: it lives itself
    meaning: str = ""
    advice: str = ""
    raw: str = ""
    last_answer_us: int | None = None  # anything at all, "nothing has changed" too
    last_value_us: int | None = None
    rate_per_s: float = 0.0  # values, over the last ten seconds
    gaps: int = 0  # times that it came back after it had been away
    clock_skew_s: float | None = None  # our clock minus the device's: it is behind by so much
    next_try_us: int | None = None
    attempts: int = 0  # in vain since it last answered
    troubles: Mapping[str, str] = field(default_factory=dict)  # "unit.tag" → what is wrong with it


def clock_words(skew_s: float | None) -> str:
    """What a person should know of a device's clock; empty while it is near enough to ours.

    Source: a source clock more than 60 s from ours is flagged, and the shift is not corrected.
    """
    if skew_s is None or abs(skew_s) <= CLOCK_SKEW_MAX_S:
        return ""
    side = "behind" if skew_s > 0 else "ahead of"
    return (
        f"the device's clock is {duration_words(abs(skew_s))} {side} ours; "
        "its times are kept as they come: set its clock, or let it follow a time server"
    )


def duration_words(seconds: float) -> str:
    """A length of time as a person says it: "40 s", "5 min", "3 h", "12 d"."""
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def to_plain(link: Link) -> dict[str, Any]:
    """The link as numbers, texts and dicts, for JSON."""
    return {f.name: getattr(link, f.name) for f in fields(Link)}


def from_plain(found: Mapping[str, Any]) -> Link:
    """The link that `to_plain` gave. Fields that it lacks take their defaults, others are passed by."""
    known = {f.name for f in fields(Link)}
    return Link(**{name: value for name, value in found.items() if name in known})
