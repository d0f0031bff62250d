"""Master data of a work unit, by the time for which it holds: yesterday's OEE keeps its cycle.

A record's body is {"versions": [{"valid_from": …, "ideal_cycle_s": …, "oee_target": …}, …]}: the
first one holds from ever (valid_from null), each later one from its moment (RFC 3339) on. Three
more members may stand in a version: micro_stop_s, micro_stop_factor and cost_per_h.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeGuard

from mes.observation import microseconds, rfc3339

VERSIONS_MAX = 500  # of one work unit
EVER_US = 0
MICRO_STOP_S, MICRO_STOP_MAX_S = 300.0, 3600.0
COST_MAX = 1e9
FACTORS = ("effectiveness", "availability")  # that micro-stops are taken off
_MEMBERS = ("valid_from", "ideal_cycle_s", "oee_target", "micro_stop_s", "micro_stop_factor",
            "cost_per_h")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterData:
    """What is planned of a work unit from `valid_from_us` on.

    ideal_cycle_s: planned run time per item (PRI) [s/piece]; oee_target: 0..1, None: none is set;
    micro_stop_s: delays that are shorter are micro-stops [s]; micro_stop_factor: which factor of the
    OEE they are taken off, which moves nothing in the OEE itself; cost_per_h: what an hour of planned
    busy time costs, in the site's currency; None: nobody said.
    """

    valid_from_us: int
    ideal_cycle_s: float
    oee_target: float | None = None
    micro_stop_s: float = MICRO_STOP_S
    micro_stop_factor: str = FACTORS[0]
    cost_per_h: float | None = None


def from_plain(body: Mapping[str, Any]) -> tuple[MasterData, ...]:
    """The versions of a record's body, in order. Raises ValueError."""
    rows = body.get("versions")
    if (
        not isinstance(rows, list)
        or not 0 < len(rows) <= VERSIONS_MAX
        or body.keys() != {"versions"}
    ):
        raise ValueError(f"expected versions, a list of 1 to {VERSIONS_MAX}, and nothing else")
    found = tuple(version_of(row, f"versions[{n}]") for n, row in enumerate(rows))
    if found[0].valid_from_us != EVER_US:
        raise ValueError("versions[0].valid_from: expected null, it holds from ever")
    for n, (one, after) in enumerate(itertools.pairwise(found), start=1):
        if after.valid_from_us <= one.valid_from_us:
            raise ValueError(f"versions[{n}].valid_from: expected a moment after the one before it")
    return found


def version_of(row: object, where: str) -> MasterData:
    """One version of a body, which stands at `where`. Raises ValueError."""
    if not isinstance(row, dict) or row.keys() - set(_MEMBERS):
        raise ValueError(f"{where}: expected {', '.join(_MEMBERS)}")
    cycle, target = row.get("ideal_cycle_s"), row.get("oee_target")
    if not _is_number(cycle) or not 0 < cycle < math.inf:
        raise ValueError(f"{where}.ideal_cycle_s: found {cycle!r}; expected seconds above 0")
    if target is not None and (not _is_number(target) or not 0 < target <= 1):
        raise ValueError(f"{where}.oee_target: found {target!r}; expected 0 to 1, or null")
    micro_s = row.get("micro_stop_s", MICRO_STOP_S)
    factor = row.get("micro_stop_factor", FACTORS[0])
    if not _is_number(micro_s) or not 0 <= micro_s <= MICRO_STOP_MAX_S:
        words = f"found {micro_s!r}; expected 0 to {MICRO_STOP_MAX_S:g} s"
        raise ValueError(f"{where}.micro_stop_s: {words}")
    if factor not in FACTORS:
        words = f"found {factor!r}; expected one of {', '.join(FACTORS)}"
        raise ValueError(f"{where}.micro_stop_factor: {words}")
    cost = row.get("cost_per_h")
    if cost is not None and (not _is_number(cost) or not 0 <= cost <= COST_MAX):
        raise ValueError(f"{where}.cost_per_h: found {cost!r}; expected 0 to {COST_MAX:g}, or null")
    return MasterData(
        valid_from_us=_moment_us(row.get("valid_from"), where),
        ideal_cycle_s=float(cycle),
        oee_target=None if target is None else float(target),
        micro_stop_s=float(micro_s),
        micro_stop_factor=factor,
        cost_per_h=None if cost is None else float(cost),
    )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment_us(text: object, where: str) -> int:
    if text is None:
        return EVER_US
    try:
        found = datetime.fromisoformat(str(text)) if isinstance(text, str) else None
        if found is not None and found.tzinfo is not None and found.year >= 1970:
            return microseconds(found)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{where}.valid_from: found {text!r}; expected RFC 3339 with an offset")


def to_plain(versions: Sequence[MasterData]) -> dict[str, Any]:
    """The body of a record; `from_plain` reads it."""
    return {
        "versions": [
            {"valid_from": _text(v.valid_from_us), "ideal_cycle_s": v.ideal_cycle_s}
            | {"oee_target": v.oee_target, **_unusual(v)}
            for v in versions
        ]
    }


def _unusual(version: MasterData) -> dict[str, Any]:
    """What of the rest is other than usual: bodies of before say nothing of it."""
    usual = {"micro_stop_s": MICRO_STOP_S, "micro_stop_factor": FACTORS[0], "cost_per_h": None}
    said = {name: getattr(version, name) for name in usual}
    return {name: value for name, value in said.items() if value != usual[name]}


def _text(us: int) -> str | None:
    return None if us == EVER_US else rfc3339(us)


def at(versions: Sequence[MasterData], us: int) -> MasterData:
    """The version that holds at `us`."""
    return [v for v in versions if v.valid_from_us <= us][-1]


def changed_from_us(old: Sequence[MasterData], new: Sequence[MasterData]) -> int | None:
    """The first moment at which `new` says something else than `old`; None where it never does."""
    edges = sorted({v.valid_from_us for v in (*old, *new)})
    for us in edges:
        one, other = at(old, us), at(new, us)
        if replace(one, valid_from_us=us) != replace(other, valid_from_us=us):
            return us
    return None


def corrected(versions: Sequence[MasterData], new: MasterData) -> tuple[MasterData, ...]:
    """The versions with `new` from its moment on; what was planned for later stays. The first of all
    holds from ever. Raises ValueError where that makes more than VERSIONS_MAX.
    """
    if not versions:
        return (replace(new, valid_from_us=EVER_US),)
    others = [v for v in versions if v.valid_from_us != new.valid_from_us]
    out = tuple(sorted((*others, new), key=lambda v: v.valid_from_us))
    if len(out) > VERSIONS_MAX:
        raise ValueError(f"versions: found {len(out)}; expected at most {VERSIONS_MAX}")
    return out


def without(versions: Sequence[MasterData], from_us: int) -> tuple[MasterData, ...]:
    """The versions without the one that holds from `from_us` on: the one before it goes on. Raises
    ValueError where there is none, or it is the first.
    """
    out = tuple(v for v in versions if v.valid_from_us != from_us)
    if from_us == EVER_US or len(out) == len(versions):
        raise ValueError(
            "expected a version that can be taken back: not the first, and still there"
        )
    return out
