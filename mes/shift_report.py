"""The report of a shift: its figures as they stood when it was frozen, and who handed it over.

A record's id is area@date:shift. Figures are frozen by Takt when the shift is over, signed by a
supervisor with what the next shift has to know, and corrected by another revision only, which says
why and is signed anew; every revision stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mes.energy import Peak
from mes.losses import Account, from_plain, to_plain
from mes.planned_shifts import Shift
from mes.reason_trees import tree_of
from mes.reasons import Reasons
from mes.records import Body, Change, Found, Invalid, Missing, current
from mes.standing import Standing
from mes.stops import Why

KIND, RIGHT = "shift_report", "sign"
NOTES_MAX = 4000


def report_id(area: str, shift: Shift) -> str:
    return f"{area}@{shift.date.isoformat()}:{shift.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A stop that had no reason when the report was frozen."""

    unit: str
    start_us: int
    end_us: int


def figures(
    area: str, shift: Shift, found: Mapping[str, Standing], left: Sequence[Left], *, strict: bool,
    peak: Peak | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What is frozen of a shift. found: work unit → how it stood at the shift's end."""
    return {
        "area": area,
        "shift": shift.id,
        "name": shift.name,
        "date": shift.date.isoformat(),
        "start_us": shift.start_us,
        "end_us": shift.end_us,
        "busy_us": shift.busy_us,
        "strict": strict,
        "units": {
            id: {
                "account": to_plain(one.account),
                "target": one.target,
                "cycle_s": one.cycle_s,
                "cost_per_h": one.cost_per_h,
            }
            for id, one in found.items()
        },
        "left": [[one.unit, one.start_us, one.end_us] for one in left],
        "peak": peak and [peak.minute_us, peak.power_w],
    }


def standings(body: Body, reasons: Mapping[str, Reasons]) -> dict[str, Standing]:
    """Work unit → how it stood, of what is frozen. reasons: what stops are called today."""
    return {
        id: Standing(
            shift=body["name"],
            edges=(body["start_us"], body["end_us"]),
            end_us=body["end_us"],
            busy_us=body["busy_us"],
            hours=(from_plain(unit["account"]),),
            line=(),
            target=unit["target"],
            cycle_s=unit["cycle_s"],
            cost_per_h=unit["cost_per_h"],
            why=Why(id, (), reasons[id]) if id in reasons else Why(id),
        )
        for id, unit in body["units"].items()
    }


def left_of(body: Body) -> list[Left]:
    return [Left(unit=unit, start_us=start, end_us=end) for unit, start, end in body["left"]]


def peak_of(body: Body) -> Peak | None:
    """None also in a report of before there was energy."""
    found = body.get("peak")
    return Peak(*found) if found else None


def accounts_of(body: Body) -> dict[str, Account]:
    return {id: from_plain(unit["account"]) for id, unit in body["units"].items()}


def differs(body: Body, now: Mapping[str, Any]) -> bool:
    """Whether the figures of a report are others than those of `now`, which `figures` gave."""
    names = ("start_us", "end_us", "busy_us", "strict", "units", "left")
    return any(_as_now(body, name) != now.get(name) for name in names)


def _as_now(body: Body, name: str) -> Any:
    """A figure of a report in the shape of today: accounts had no energy before there was any."""
    if name != "units":
        return body[name]
    return {
        id: {**unit, "account": to_plain(from_plain(unit["account"]))}
        for id, unit in body["units"].items()
    }


def _complete(found: Mapping[str, Any], *, revision: int, signed: bool, notes: str) -> Body:
    return {**found, "revision": revision, "signed": signed, "notes": notes}


class _OfReport:
    """What the commands of one report have in common."""

    id: str
    reason: str

    @property
    def name(self) -> str:
        return type(self).__name__

    def places(self, found: Found) -> tuple[str, ...]:
        return (self.id.partition("@")[0],)

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, kw_only=True)
class FreezeShift(_OfReport):
    """Keep the figures of a shift that is over: the first revision of its report. Takt itself does."""

    id: str
    figures: Mapping[str, Any]
    reason: str = "the shift is over"

    @property
    def right(self) -> str:
        return "configuration"

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        current(found, KIND, self.id, 0)
        if now_us < self.figures["end_us"]:
            raise Invalid("the shift is not over")
        body = _complete(self.figures, revision=1, signed=False, notes="")
        return (Change(KIND, self.id, None, body),)


@dataclass(frozen=True, kw_only=True)
class SignShift(_OfReport):
    """A supervisor hands the shift over. notes: what the next one has to know."""

    id: str
    version: int
    notes: str
    reason: str = ""

    signed_by_performer = True

    @property
    def right(self) -> str:
        return RIGHT

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ("reviewed",)

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        old = _there(found, self.id, self.version)
        if old["signed"]:
            raise Invalid("it is signed already; what has changed since needs another revision")
        strict = old["strict"] or tree_of(found, old["area"]).strict
        if strict and old["left"]:
            words = "have no reason yet: give them one, and have the report revised"
            raise Invalid(f"{len(old['left'])} stops {words}")
        new = {**old, "signed": True, "notes": _notes(self.notes)}
        return (Change(KIND, self.id, old, new),)


@dataclass(frozen=True, kw_only=True)
class ReviseShift(_OfReport):
    """Freeze the figures of a shift again, as they stand now; it has to be signed anew."""

    id: str
    version: int
    figures: Mapping[str, Any]
    reason: str

    @property
    def right(self) -> str:
        return RIGHT

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        old = _there(found, self.id, self.version)
        if not self.reason.strip():
            raise Invalid("reason: expected why the figures are frozen again")
        if not self.figures:
            raise Invalid("its shift is planned no more: there is nothing to freeze")
        if not differs(old, self.figures):
            raise Invalid("nothing has changed since it was frozen")
        revision = old["revision"] + 1
        new = _complete(self.figures, revision=revision, signed=False, notes=old["notes"])
        return (Change(KIND, self.id, old, new),)


def _there(found: Found, id: str, version: int) -> Body:
    record = current(found, KIND, id, version)
    if record is None or record.body is None:
        raise Missing(f"there is no report {id!r}")
    return record.body


def _notes(text: str) -> str:
    if len(text) > NOTES_MAX:
        raise Invalid(f"notes: found {len(text)} characters; expected {NOTES_MAX} at most")
    return text.strip().replace("\r\n", "\n")
