"""What every screen says of one device's connection."""

from dataclasses import dataclass

from layouts._words import plural, sentence
from mes.equipment import Device
from mes.link import Link, clock_words
from mes.snapshot import Snapshot

# state → word, look, rank (0 is worst)
STATES = {
    "refused": ("REFUSED", "stop", 0),
    "lost": ("AWAY", "stop", 1),
    "silent": ("SILENT", "stop", 2),
    "dead": ("NOT WATCHED", "stop", 3),
    "connecting": ("CONNECTING", "help", 4),
    "never": ("NOT HEARD OF", "idle", 5),
    "doubt": ("LIVE", "help", 6),
    "live": ("LIVE", "run", 7),
}
# A collector tells of each device every second: after this it is taken for dead itself.
TOLD_MAX_US = 5_000_000
FOREVER_US = 4_102_444_800_000_000  # the year 2100: what has no end of its own


@dataclass(slots=True)
class Connection:
    """One device at one moment; `kind` is a key of STATES."""

    device: Device
    link: Link | None
    kind: str
    stale_at_us: int
    meaning: str
    advice: str

    @property
    def word(self) -> str:
        return STATES[self.kind][0]

    @property
    def look(self) -> str:
        return STATES[self.kind][1]

    @property
    def rank(self) -> int:
        return STATES[self.kind][2]

    @property
    def in_trouble(self) -> bool:
        return self.kind != "live"


def connection(now: Snapshot, device: Device) -> Connection:
    link = now.links.get(device.id)
    if link is None:
        return Connection(
            device,
            None,
            "never",
            FOREVER_US,
            "Nothing has been told of this device yet.",
            "Is its collector running? It is started by takt run, or on its own by takt collect.",
        )
    stale_at_us = _stale_at_us(link)
    if now.now_us > stale_at_us:
        return Connection(
            device,
            link,
            "dead",
            stale_at_us,
            "Nobody watches this device: its collector tells nothing any more.",
            "Start it again: takt run restarts it by itself, on its own it is takt collect.",
        )
    kind: str = link.state
    meaning, advice = sentence(link.meaning), sentence(link.advice)
    if kind == "live" and (link.troubles or clock_words(link.clock_skew_s)):
        kind = "doubt"
        if not meaning:
            more = "…" in link.troubles  # only the first of many travel
            tags = "many tags are" if more else plural(len(link.troubles), "tag is", "tags are")
            meaning = f"It answers, but {tags} bad."
    return Connection(device, link, kind, stale_at_us, meaning or _CALM.get(kind, ""), advice)


_CALM = {
    "live": "It answers, and its values are good.",
    "connecting": "It is being connected for the first time.",
    "silent": "It is connected, but does not answer.",
    "lost": "It is away; it is tried again and again.",
    "refused": "It turns us away; a person must act.",
}


def _stale_at_us(link: Link) -> int:
    """When the collector itself must be taken for dead unless it tells something new."""
    if link.told_us is not None:
        return link.told_us + TOLD_MAX_US
    return FOREVER_US
