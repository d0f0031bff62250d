"""What needs a person now, worst first, in words: units, and the devices behind silent ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from layouts._facts import Facts, severity, since_words, was, worst_first
from layouts._links import Connection, connection
from layouts._words import plural
from mes.snapshot import Snapshot
from mes.states import STATES

_LAST_RANK = STATES["waiting"].rank  # from here on nobody has to act


@dataclass(slots=True)
class Need:
    """One thing to see to. `link` leads to where more is known, `where` says so."""

    look: str
    title: str
    text: str
    since_us: int | None
    link: str
    where: str


def needs(found: Iterable[Facts], now: Snapshot) -> list[Need]:
    """Units that stand, are silent or doubtful; silent units of one device make one need."""
    connections = {d.id: connection(now, d) for d in now.plant.devices.values()}
    ranked = [f for f in worst_first(found) if severity(f) <= _LAST_RANK]
    silent: dict[str, list[Facts]] = {}
    for f in ranked:
        if f.quality == "stale":
            silent.setdefault(_behind(f, connections), []).append(f)
    out = []
    for f in ranked:
        if f.quality != "stale":
            out.append(_unit(f, now))
            continue
        device = _behind(f, connections)
        group = silent.pop(device, None)
        if group:
            out += (
                [_device(connections[device], group, now)]
                if device
                else [_silent(one, now) for one in group]
            )
    served = {d for f in ranked if f.quality == "stale" for d in f.unit.devices}
    out += [
        Need(
            "help",
            f"{c.device.id}: {c.word.lower()}",
            c.meaning,
            None,
            "/connections",
            "See connection",
        )
        for c in sorted(connections.values(), key=lambda c: c.rank)
        if c.in_trouble and c.device.id not in served
    ]
    return out


def _behind(f: Facts, connections: dict[str, Connection]) -> str:
    """The device in trouble that makes the unit silent, or ""."""
    for device in f.unit.devices:
        if device in connections and connections[device].kind not in ("live", "doubt"):
            return device
    return ""


def _unit(f: Facts, now: Snapshot) -> Need:
    words = f.state.word.lower()
    title = f"{f.unit.name} {words}" + (f": {f.fault}" if f.fault else "")
    look = f.state.look
    parts = [since_words(f, now)]
    if f.doubt:
        parts.append(f"{f.doubt.lstrip('? ').lower()}: what it says cannot be trusted")
    if f.quality == "bad" and f.state.rank > _LAST_RANK:
        title, look = f"{f.unit.name}: bad data", "bad"
    if f.good is not None:
        parts.append(f"{f.good:,} good so far")
    return Need(
        look, title, _sentence(parts), f.view.state_since_us, f"/unit/{f.unit.id}", "See unit"
    )


def _silent(f: Facts, now: Snapshot) -> Need:
    text = _sentence([was(f, now), f"{f.silent} is silent" if f.heard_us is not None else ""])
    return Need(
        "stale", f"{f.unit.name}: no data", text, f.heard_us, f"/unit/{f.unit.id}", "See unit"
    )


def _device(c: Connection, group: list[Facts], now: Snapshot) -> Need:
    heard = [f.heard_us for f in group if f.heard_us is not None]
    names = group[0].unit.name if len(group) == 1 else plural(len(group), "unit")
    return Need(
        "stale",
        f"{names}: no data",
        f"{c.device.id}: {c.meaning}",
        min(heard, default=None),
        "/connections",
        "See connection",
    )


def _sentence(parts: list[str]) -> str:
    text = ", ".join(part for part in parts if part)
    return text[:1].upper() + text[1:] + "." if text else ""
