"""Maintenance: people ask for work on a machine, do it, and say what was done.

A work order is a record that its commands alone write. Its life goes from open over started to done,
and it may be cancelled until it is done. What was asked for (ISA-95: a maintenance request) is the
first version of the order that answers it. While an order locks its machine, nothing may be started
on it: `refuse_locked` is the rule that whoever starts something asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from mes.observation import microseconds, rfc3339
from mes.reason_trees import tree_of
from mes.records import Body, Change, Found, Invalid, Missing, Record, Refused, current

KIND, PLAN = "maintenance_work_order", "maintenance_plan"
ASK, DO = "maintenance_request", "maintenance"  # rights
WORK_MAX, NOTES_MAX, PART_MAX, PARTS_MAX = 200, 2000, 80, 50
OPEN_MAX = 50  # orders of a work unit that are not finished
UNFINISHED = ("open", "started")
FROM: Mapping[str, tuple[str, ...]] = {  # state → those that it may follow
    "started": ("open",),
    "done": ("started",),
    "cancelled": UNFINISHED,
}
SEVERITIES: Mapping[str, str] = {  # worst first
    "unsafe": "it must not run",
    "soon": "it runs badly",
    "later": "it can wait",
}
LOCKS = ("request", "start", "never")  # from when on the machine is locked, until the order ends


@dataclass(frozen=True, slots=True)
class Part:
    """A spare part that was put in."""

    part: str
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A work order. plan: the id of the plan that it is of, "" where somebody asked; stop_us: when
    the stop began that it is for; failure: the id of the reason that was found to be behind it; by:
    who did the last step.
    """

    id: str
    unit: str
    work: str
    severity: str
    plan: str
    stop_us: int | None
    locks: str
    state: str
    made_us: int
    started_us: int | None
    ended_us: int | None
    parts: tuple[Part, ...]
    notes: str
    failure: str
    version: int
    by: str

    @property
    def is_locking(self) -> bool:
        if self.state == "open":
            return self.locks == "request"
        return self.state == "started" and self.locks != "never"

    def rank(self) -> tuple[bool, int, bool, int]:
        """The order in which they are acted on: what is not finished, the worst, what is begun, the
        oldest; what is finished newest first.
        """
        ended = self.state not in UNFINISHED
        worst = 0 if ended else list(SEVERITIES).index(self.severity)
        return ended, worst, self.state == "open", -(self.ended_us or 0) if ended else self.made_us


def order_of(record: Record) -> Order:
    """The order that a record tells of."""
    body = record.body or {}
    return Order(
        id=record.id,
        version=record.version,
        by=record.by,
        made_us=_us(body["made"]) or 0,
        started_us=_us(body["started"]),
        ended_us=_us(body["ended"]),
        stop_us=_us(body["stop"]),
        parts=tuple(Part(**one) for one in body["parts"]),
        **{name: body[name] for name in _SAME},
    )


_SAME = ("unit", "work", "severity", "plan", "locks", "state", "notes", "failure")


def _us(text: str | None) -> int | None:
    return None if text is None else microseconds(datetime.fromisoformat(text))


def _new(found: Found, unit: str, now_us: int, **said: Any) -> tuple[Change, ...]:
    """An order that is open. Orders of a unit are numbered; that of a plan begins with its id."""
    number = found.made(KIND, unit) + 1
    id = f"{said['plan']}.{number}" if said["plan"] else f"{unit}@{number}"
    life = {"state": "open", "made": rfc3339(now_us), "started": None, "ended": None}
    result = {"parts": [], "notes": "", "failure": ""}
    return (Change(KIND, id, None, {"unit": unit, **said, **life, **result}),)


class _Command:
    """What all commands of maintenance have in common."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return type(self).__name__

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMaintenance(_Command):
    """Ask for work on a machine. severity: of SEVERITIES, and what must not run is locked from now on;
    stop_us: when the stop began that it is for.
    """

    unit: str
    work: str
    severity: str = "soon"
    stop_us: int | None = None
    reason: str = ""

    @property
    def right(self) -> str:
        return ASK

    def places(self, found: Found) -> tuple[str, ...]:
        return (self.unit,)

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        _is_unit(found, self.unit)
        work = checked_work(self.work)
        if self.severity not in SEVERITIES:
            known = ", ".join(SEVERITIES)
            raise Invalid(f"severity: found {self.severity[:40]!r}; expected one of {known}")
        if self.stop_us is not None and not 0 < self.stop_us <= now_us:
            raise Invalid("stop: expected a moment that has passed")
        there = [order_of(record) for record in found.unfinished(self.unit)]
        for one in there:
            if self.stop_us is not None and one.stop_us == self.stop_us:
                raise Refused(f"this stop has a work order already: {one.id}, {one.work}")
        if len(there) >= OPEN_MAX:
            raise Refused(f"{len(there)} work orders of {self.unit} are open: finish some first")
        return _new(
            found,
            self.unit,
            now_us,
            work=work,
            severity=self.severity,
            plan="",
            stop=None if self.stop_us is None else rfc3339(self.stop_us),
            locks="request" if self.severity == "unsafe" else "start",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMaintenance(_Command):
    """Make the work order of a plan that is due. after: the newest order of the plan, "" for none."""

    plan: str
    after: str
    reason: str = ""

    @property
    def right(self) -> str:
        return DO

    def places(self, found: Found) -> tuple[str, ...]:
        return (unit_of(self.plan),)

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        plan, unit = found.record(PLAN, self.plan), unit_of(self.plan)
        if plan is None or plan.body is None:
            raise Missing(f"no {PLAN} {self.plan!r}")
        _is_unit(found, unit)
        for one in found.unfinished(unit):
            if (one.body or {})["plan"] == self.plan:
                raise Refused(f"the plan has a work order already: {one.id}")
        body = plan.body
        return _new(
            found, unit, now_us, work=body["work"], severity="soon", plan=self.plan, stop=None,
            locks="start" if body["locks"] else "never",
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step(_Command):
    """A step in the life of an order. version: as the person saw it; None: whatever it is."""

    order: str
    version: int | None = None
    reason: str = ""

    @property
    def right(self) -> str:
        return DO

    def places(self, found: Found) -> tuple[str, ...]:
        return (unit_of(self.order),)

    def _to(self, state: str, found: Found, said: Mapping[str, Any]) -> tuple[Change, ...]:
        """The order in its next state. Raises Missing, Conflict, Refused."""
        record = current(found, KIND, self.order, self.version)
        if record is None or record.body is None:
            raise Missing(f"no work order {self.order!r}")
        if (stands := record.body["state"]) not in FROM[state]:
            needed = " or ".join(FROM[state])
            words = f"only one that is {needed} can be {state}"
            raise Refused(f"work order {self.order} is {stands}: {words}")
        return (Change(KIND, self.order, record.body, {**record.body, "state": state, **said}),)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMaintenance(_Step):
    """Begin the work."""

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        return self._to("started", found, {"started": rfc3339(now_us)})


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishMaintenance(_Step):
    """Say what was done. failure: the id of the reason that was behind it, "" for none."""

    parts: tuple[Part, ...] = ()
    notes: str = ""
    failure: str = ""

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        _are_parts(self.parts)
        if len(self.notes) > NOTES_MAX or not all(
            line.isprintable() for line in self.notes.splitlines()
        ):
            raise Invalid(f"notes: expected lines of text, of {NOTES_MAX} characters at most")
        tree = tree_of(found, unit_of(self.order))
        known = [one.id for one in tree.reasons if one.fails and tree.chosen(one.id)]
        if self.failure and self.failure not in known:
            words = f"expected a reason that is a failure: {', '.join(known) or 'there is none'}"
            raise Invalid(f"failure: found {self.failure[:40]!r}; {words}")
        result = {
            "parts": [asdict(one) for one in self.parts],
            "notes": self.notes.strip(),
            "failure": self.failure,
            "ended": rfc3339(now_us),
        }
        return self._to("done", found, result)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMaintenance(_Step):
    """Let it be; the reason says why, and stands with the order."""

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        if not self.reason.strip():
            raise Invalid("reason: expected why it is cancelled")
        said = {"ended": rfc3339(now_us), "notes": self.reason.strip()}
        return self._to("cancelled", found, said)


def unit_of(id: str) -> str:
    """The work unit of an order or of a plan, by its id."""
    return id.partition("@")[0]


def _is_unit(found: Found, unit: str) -> None:
    record = found.record("equipment", unit)
    if record is None or record.body is None or record.body["level"] != "work_unit":
        raise Missing(f"no work unit {unit!r}")


def checked_work(found: object) -> str:
    """What is to be done, in a line. Raises Invalid."""
    if not isinstance(found, str) or not 0 < len(found.strip()) <= WORK_MAX:
        raise Invalid(f"work: expected what is to be done, in 1 to {WORK_MAX} characters")
    if not found.strip().isprintable():
        raise Invalid("work: expected a text of one line")
    return found.strip()


def _are_parts(parts: Sequence[Part]) -> None:
    if len(parts) > PARTS_MAX:
        raise Invalid(f"parts: found {len(parts)}; expected at most {PARTS_MAX}")
    for n, one in enumerate(parts):
        if not 0 < len(one.part.strip()) <= PART_MAX or not one.part.isprintable():
            raise Invalid(f"parts[{n}].part: expected 1 to {PART_MAX} characters")
        if not 0 < one.quantity <= 1_000_000:
            raise Invalid(f"parts[{n}].quantity: found {one.quantity:g}; expected more than 0")


def locked_by(orders: Iterable[Order]) -> Order | None:
    """The order that locks a machine, of its own that are not finished; None where it may run."""
    return min((one for one in orders if one.is_locking), key=Order.rank, default=None)


def lock_words(order: Order) -> str:
    """Why nothing can be started on a machine, for people."""
    done = "is worked on" if order.state == "started" else "must not run"
    return f"{order.unit} {done}: work order {order.id}, {order.work}"


def refuse_locked(found: Found, unit: str) -> None:
    """Raises Refused, naming the work order, where a machine is under maintenance."""
    order = locked_by(order_of(record) for record in found.unfinished(unit))
    if order is not None:
        raise Refused(lock_words(order))


def body_by_command(_id: str, _body: Body) -> Mapping[str, Any]:
    """A work order is written by its commands. Raises ValueError."""
    raise ValueError(
        "work orders are made by POST /api/v1/work-units/{id}/maintenance-requests, and go on by "
        "POST /api/v1/maintenance-work-orders/{id}/start, finish or cancel"
    )
