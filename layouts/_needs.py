"""What needs a person now, worst first, in words: units, and the devices behind silent ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from layouts._facts import Facts, needs_somebody, since_words, was, worst_first
from layouts._links import Connection, connection
from layouts._words import plural, sentence
from mes.snapshot import Snapshot
from mes.states import STATES


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
    ranked = [f for f in worst_first(found) if needs_somebody(f)]
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
        group = silent.pop(device, [])  # the first of them stands for all
        if device and group:
            out.append(_behind_group(connections[device], group))
        else:
            out += [_silent(one, now) for one in group]
    served = {d for f in ranked if f.quality == "stale" for d in f.unit.devices}
    others = (c for c in connections.values() if c.in_trouble and c.device.id not in served)
    return out + [_device(c) for c in sorted(others, key=lambda c: c.rank)]


def _behind(f: Facts, connections: dict[str, Connection]) -> str:
    """The device in trouble that makes the unit silent, or ""."""
    for device in f.unit.devices:
        if device in connections and connections[device].kind not in ("live", "doubt"):
            return device
    return ""


def _unit(f: Facts, now: Snapshot) -> Need:
    word = f.state.word.lower()
    title = f"{f.unit.name} {word}" + (f": {f.fault}" if f.fault else "")
    look = f.state.look
    text = sentence(since_words(f, now), f"{f.good:,} good so far" if f.good is not None else "")
    if f.quality == "bad":
        text = f"What it tells of {f.doubtful} cannot be trusted; the last good is shown."
        if f.state.rank > STATES["waiting"].rank:
            title, look = f"{f.unit.name}: bad data", "bad"
    return Need(look, title, text, f.view.state_since_us, f"/unit/{f.unit.id}", "See unit")


def _silent(f: Facts, now: Snapshot) -> Need:
    text = sentence(was(f, now), f"{f.silent} is silent" if f.heard_us is not None else "")
    title = f"{f.unit.name}: no data"
    return Need("stale", title, text, f.heard_us, f"/unit/{f.unit.id}", "See unit")


def _behind_group(c: Connection, group: list[Facts]) -> Need:
    heard = [f.heard_us for f in group if f.heard_us is not None]
    names = group[0].unit.name if len(group) == 1 else plural(len(group), "unit")
    title, text = f"{names}: no data", f"{c.device.id}: {c.meaning}"
    return Need("stale", title, text, min(heard, default=None), "/connections", "See connection")


def _device(c: Connection) -> Need:
    title = (
        f"{c.device.id} needs a look" if c.kind == "doubt" else f"{c.device.id}: {c.word.lower()}"
    )
    return Need("help", title, c.meaning, None, "/connections", "See connection")
