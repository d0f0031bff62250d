"""Planned maintenance: when work on a machine is due again, by time, by pieces or by its condition.

A plan's id is "<work unit>@<name>", its body {"work", "rule", "from", "locks", "active"}. The rule is
{"by": "days", "every": 30}, {"by": "pieces", "every": 10000} (cycles: good and rejected ones), or
{"by": "condition", "tag": "oil_temperature", "above": 80.0, "hold_s": 60} with "above" or "below".
Days and pieces count from `from` on, and after the first order from the end of the last one.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mes.maintenance import UNFINISHED, Order, checked_work
from mes.observation import Value, microseconds, rfc3339
from mes.records import Record
from mes.site_time import LAST_US
from mes.unit_view import UnitView

DAY_US, MINUTE_US = 86_400_000_000, 60_000_000
DAYS_MAX, PIECES_MAX, HOLD_MAX_S = 3650, 1_000_000_000, 86_400.0
CALM_US = DAY_US  # a condition whose order was cancelled asks for no other one before this
_ID = re.compile(r"[^@]+@[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Every:
    """So many days, or so many pieces (`by`), after it was done last."""

    by: str
    every: int


@dataclass(frozen=True, slots=True)
class Condition:
    """The value of a tag is above, or else below, a limit for so long."""

    tag: str
    limit: float
    above: bool
    hold_s: float
    by: str = "condition"

    def holds(self, view: UnitView | None) -> bool:
        """Whether a value that can be trusted is beyond the limit."""
        value = self.value(view)
        if value is None:
            return False
        return value > self.limit if self.above else value < self.limit

    def value(self, view: UnitView | None) -> float | None:
        """The newest value; None where there is none, or a bad one."""
        tag = view.tags.get(self.tag) if view else None
        return None if tag is None or tag.quality == "bad" else _number(tag.value)


def _number(value: Value) -> float | None:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if fine else None  # type: ignore[arg-type]


Rule = Every | Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done again and again. locks: whether the machine must not run meanwhile."""

    id: str
    unit: str
    work: str
    rule: Rule
    from_us: int
    locks: bool
    active: bool
    version: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan is on its way to its next order, 1 where it is due. due_us: when it is, as far
    as that can be said; pieces: counted since, for a rule by pieces.
    """

    share: float
    due_us: int | None
    pieces: int | None = None

    @property
    def is_due(self) -> bool:
        return self.share >= 1


def checked(id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a record, complete. Raises ValueError."""
    if not _ID.fullmatch(id):
        words = "<work unit>@<name>, a name of up to 40 small letters, digits, _ and -"
        raise ValueError(f"id: found {id!r}; expected {words}")
    known = {"work", "rule", "from", "locks", "active"}
    if extra := sorted(body.keys() - known):
        raise ValueError(f"found {', '.join(extra)}; expected {', '.join(sorted(known))}")
    for name in ("locks", "active"):
        if not isinstance(body.get(name, True), bool):
            raise ValueError(f"{name}: found {body[name]!r}; expected true or false")
    return {
        "work": checked_work(body.get("work")),
        "rule": _checked_rule(body.get("rule")),
        "from": rfc3339(_moment(body.get("from"))),
        "locks": body.get("locks", True),
        "active": body.get("active", True),
    }


def _moment(found: object) -> int:
    words = f"from: found {str(found)[:40]!r}; expected RFC 3339 with an offset, of 1970 to 2199"
    try:
        at = datetime.fromisoformat(found) if isinstance(found, str) else None
        us = microseconds(at) if at is not None and at.tzinfo is not None else -1
    except (ValueError, OverflowError) as error:
        raise ValueError(words) from error
    if not 0 <= us < LAST_US:
        raise ValueError(words)
    return us


def _checked_rule(found: object) -> dict[str, Any]:
    members = {
        "days": {"by", "every"},
        "pieces": {"by", "every"},
        "condition": {"by", "tag", "above", "below", "hold_s"},
    }
    by = found.get("by") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or by not in members or found.keys() - members[by]:
        raise ValueError(
            'rule: expected {"by": "days", "every": 30}, {"by": "pieces", "every": 10000} or '
            '{"by": "condition", "tag": "…", "above": 80, "hold_s": 60}'
        )
    if by != "condition":
        most, every = DAYS_MAX if by == "days" else PIECES_MAX, found.get("every")
        if not isinstance(every, int) or isinstance(every, bool) or not 0 < every <= most:
            raise ValueError(f"rule.every: found {every!r}; expected a whole number up to {most}")
        return {"by": by, "every": every}
    tag, limits = found.get("tag"), [name for name in ("above", "below") if name in found]
    if not isinstance(tag, str) or not 0 < len(tag) <= 128:
        raise ValueError("rule.tag: expected the name of a tag of the unit")
    if len(limits) != 1 or _number(found[limits[0]]) is None:
        raise ValueError("rule: expected above or below, one of them, with a number")
    hold_s = _number(found.get("hold_s", 0))
    if hold_s is None or not 0 <= hold_s <= HOLD_MAX_S:
        raise ValueError(f"rule.hold_s: expected seconds, 0 to {HOLD_MAX_S:g}")
    return {"by": by, "tag": tag, limits[0]: float(found[limits[0]]), "hold_s": hold_s}


def plan_of(record: Record) -> Plan:
    """The plan that a record tells of."""
    body = record.body or {}
    said = body["rule"]
    if said["by"] == "condition":
        above = "above" in said
        limit = said["above" if above else "below"]
        rule: Rule = Condition(said["tag"], limit, above, said["hold_s"])
    else:
        rule = Every(said["by"], said["every"])
    return Plan(
        id=record.id,
        unit=record.id.partition("@")[0],
        work=body["work"],
        rule=rule,
        from_us=microseconds(datetime.fromisoformat(body["from"])),
        locks=body["locks"],
        active=body["active"],
        version=record.version,
    )


def since_us(plan: Plan, newest: Order | None) -> int | None:
    """From when on the plan counts: the end of its newest order, done or let be; None while that is
    not finished.
    """
    if newest is None:
        return plan.from_us
    if newest.state in UNFINISHED:
        return None
    calm = isinstance(plan.rule, Condition) and newest.state == "cancelled"
    return max(plan.from_us, (newest.ended_us or 0) + (CALM_US if calm else 0))


def progress(
    plan: Plan, since: int, *, now_us: int, pieces: int = 0, held_since_us: int | None = None
) -> Progress:
    """How far the plan is at a moment. since: of `since_us`; pieces: counted since then, for a rule by
    pieces; held_since_us: since when its condition holds without a break, None: it does not.
    """
    rule, passed = plan.rule, now_us - since
    if isinstance(rule, Condition):
        if held_since_us is None:
            return Progress(0.0, None)
        begun, hold_us = max(held_since_us, since), round(rule.hold_s * 1e6)
        if now_us < begun:
            return Progress(0.0, None)
        share = 1.0 if now_us - begun >= hold_us else (now_us - begun) / hold_us
        return Progress(share, begun + hold_us)
    if rule.by == "days":
        return Progress(max(0.0, passed / (rule.every * DAY_US)), since + rule.every * DAY_US)
    due_us = None
    if 0 < pieces < rule.every and passed > 0:  # as fast as it has been
        due_us = now_us + passed * (rule.every - pieces) // pieces
    return Progress(pieces / rule.every, due_us, pieces)


def minute_after(us: int) -> int:
    """The first whole minute from a moment on: pieces are counted by the minute."""
    return -(-us // MINUTE_US) * MINUTE_US
