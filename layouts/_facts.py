"""What every screen says of one work unit, found once: the same words and figures everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass

from layouts._shifts import until_words
from layouts._slots import Row
from layouts._words import NOTHING, ms, number, site_time
from mes.equipment import TRUSTED, WorkUnit
from mes.snapshot import ShiftNow, Snapshot
from mes.states import STATES, State, code
from mes.unit_view import Live, UnitView

_WAS = {  # where the word of a state alone would not do
    "maintenance": "in service",
    "changeover": "in changeover",
    "manual": "in manual mode",
    "unknown": "in no known state",
}
_STALE_RANK, _BAD_RANK = 1.4, 1.6  # after stopped and held, before all that can be trusted
_RESTING_RANK = 11.0  # after everything


@dataclass(slots=True)
class Facts:
    """One unit at one moment. `heard_us` is since when nothing was heard, if nothing is heard now."""

    unit: WorkUnit
    view: UnitView
    state: State
    quality: Live
    stale_at_us: int
    heard_us: int | None
    silent: str  # what is silent then: a device or a tag
    fault: str
    doubt: str  # "BAD DATA state": in short why it cannot be trusted
    doubtful: str  # the tags that are to blame
    shift: ShiftNow | None = None  # what is planned; None: no calendar says

    @property
    def live(self) -> bool:
        """Whether what is shown of it can be trusted now: it is heard, and not bad."""
        return self.quality in ("good", "uncertain")

    @property
    def resting(self) -> bool:
        """Whether it stands while no shift is planned: nobody is expected to act on it."""
        off = self.shift is not None and self.shift.shift is None
        return off and self.live and self.state.key != "running"

    @property
    def look(self) -> str:
        return "off" if self.resting else self.state.look

    @property
    def word(self) -> str:
        return "NO SHIFT" if self.resting else self.state.word

    @property
    def counted(self) -> bool:
        return self.view.counting_since_us is not None

    @property
    def good(self) -> int | None:
        return self.view.shift_good if self.counted else None

    @property
    def reject(self) -> int | None:
        return self.view.shift_reject if self.counted else None


def facts(now: Snapshot, unit: WorkUnit) -> Facts:
    view = now.view(unit)
    stale_at_us = now.stale_at_us(unit)
    quality = now.quality(unit)
    state = STATES.get(view.state) or STATES["unknown"]
    heard_us, silent = _silence(view, unit, stale_at_us)
    doubtful = _doubtful(view, unit, quality)
    return Facts(
        unit=unit,
        view=view,
        state=state,
        quality=quality,
        stale_at_us=stale_at_us,
        heard_us=heard_us,
        silent=silent,
        fault=_fault(view, unit, state),
        doubt=_doubt(quality, doubtful),
        doubtful=", ".join(doubtful),
        shift=now.shift(unit),
    )


def worst_first(found: Iterable[Facts]) -> list[Facts]:
    """By what is shown, then the longest in it; equals stay in the order of the configuration."""
    return sorted(found, key=lambda f: (severity(f), _start(f)))


def severity(f: Facts) -> float:
    if f.quality == "stale":
        return _STALE_RANK
    if f.resting:
        return _RESTING_RANK
    return min(f.state.rank, _BAD_RANK) if f.quality == "bad" else f.state.rank


def needs_somebody(f: Facts) -> bool:
    """Whether a person has to act; what is set up, served or run by hand has its person already."""
    return severity(f) <= STATES["waiting"].rank


def _start(f: Facts) -> float:
    start = f.heard_us if f.quality == "stale" else f.view.state_since_us
    return float("inf") if start is None else start


def attributes(f: Facts) -> Row:
    """What a tile of the unit carries for the painter, for style and for tests."""
    return {
        "@data-state": f.state.key,
        "@data-look": f.look,
        "@data-shift": _planned(f),
        "@data-quality": f.quality,
        "@data-source-time": ms(f.view.source_time_us),
        "@data-stale-at": ms(f.stale_at_us),
    }


def _planned(f: Facts) -> str:
    """For style: whether a shift is planned where the unit is, "" where no calendar says."""
    if f.shift is None:
        return ""
    return "on" if f.shift.shift else "none"


def next_shift(f: Facts, now: Snapshot) -> str:
    """ "next shift at 06:00" of a unit that rests, else ""."""
    words = until_words(f.shift, now) if f.resting and f.shift is not None else ""
    return words.replace("next at", "next shift at")


def was(f: Facts, now: Snapshot) -> str:
    """What was last known of a unit that is not heard."""
    if f.heard_us is None:
        return "nothing heard of it yet"
    at = site_time(f.heard_us, now_us=now.now_us, zone=now.plant.time_zone)
    return f"was {_WAS.get(f.state.key, f.state.word.lower())} at {at}"


def since_words(f: Facts, now: Snapshot) -> str:
    start = f.view.state_since_us
    at = site_time(start, now_us=now.now_us, zone=now.plant.time_zone)
    return f"since {at}" if start is not None else ""


def cycle(f: Facts) -> str:
    return number(f.view.cycle_time_s, 1)


def total(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [v for v in values if v is not None]
    return sum(known) if known else None


def trust(found: Iterable[Facts]) -> str:
    """Whether a sum over units is live: "all", "part" (some are last known only) or "none"."""
    live = [f.live for f in found]
    return "all" if all(live) else "part" if any(live) else "none"


def summed(row: Row, found: Iterable[Facts], *names: str) -> Row:
    """`row` whose sums `names` carry for style how far they can be trusted."""
    word = trust(found)
    return row | {f"{name}@data-trust": word for name in names}


def _fault(view: UnitView, unit: WorkUnit, state: State) -> str:
    if view.fault:
        return unit.fault_texts.get(view.fault) or f"fault {view.fault}"
    if state.key == "unknown":
        for name, tag in unit.tags.items():
            if tag.role == "state" and name in view.tags:
                return f"code {code(view.tags[name].value)} is not in its profile"
    return ""


def _doubtful(view: UnitView, unit: WorkUnit, quality: Live) -> list[str]:
    """The tags that make the unit bad or uncertain; none where nothing does."""
    if quality not in ("bad", "uncertain"):
        return []
    return [
        name
        for name, tag in unit.tags.items()
        if tag.role in TRUSTED and name in view.tags and view.tags[name].quality == quality
    ]


def _doubt(quality: Live, names: list[str]) -> str:
    if not names:
        return ""
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return f"{'BAD DATA' if quality == 'bad' else '? UNSURE'} {names[0]}{more}"


def _silence(view: UnitView, unit: WorkUnit, stale_at_us: int) -> tuple[int | None, str]:
    """Since when the one is silent that ends the unit's time first, and what it is."""
    contact = stale_at_us - unit.silence_max_us
    for device, at in view.contacts.items():
        if at == contact:
            return at, device
    for name, tag in unit.tags.items():
        if tag.watchdog_s is not None and name in view.tags:
            heard = view.tags[name].received_time_us
            if heard + round(tag.watchdog_s * 1e6) == stale_at_us:
                return heard, name
    return view.received_time_us, next(iter(unit.devices), NOTHING)
