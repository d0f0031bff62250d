"""The shapes of maintenance in the API, as its description shows them; mes decides what they must be."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mes.maintenance import LOCKS, NOTES_MAX, PART_MAX, PARTS_MAX, SEVERITIES, WORK_MAX
from mes.maintenance_plans import HOLD_MAX_S

WORST = tuple(SEVERITIES)
Severity = Literal[WORST]  # type: ignore[valid-type]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EveryRule(_Body):
    """So many days, or pieces (cycles: good and rejected ones), after it was done last."""

    by: Literal["days", "pieces"]
    every: Annotated[int, Field(gt=0)]


class ConditionRule(_Body):
    """The value of a tag is above or below a limit, one of them, for so long."""

    by: Literal["condition"]
    tag: str
    above: float | None = None
    below: float | None = None
    hold_s: Annotated[float, Field(ge=0, le=HOLD_MAX_S)] = 0


class MaintenancePlanBody(_Body):
    """Work that is due again and again; it counts from `from` on, then from the end of the last order.
    locks: nothing is started on the machine meanwhile. Id: work unit@name."""

    work: Annotated[str, Field(min_length=1, max_length=WORK_MAX)]
    rule: EveryRule | ConditionRule
    from_: Annotated[str, Field(alias="from")]
    locks: bool = True
    active: bool = True


class PartBody(_Body):
    """A spare part that was put in."""

    part: Annotated[str, Field(min_length=1, max_length=PART_MAX)]
    quantity: Annotated[float, Field(gt=0)]


Parts = Annotated[list[PartBody], Field(max_length=PARTS_MAX)]
Notes = Annotated[str, Field(max_length=NOTES_MAX)]


class MaintenanceWorkOrderBody(_Body):
    """Work on a machine, from asking for it to what was done. plan: that it is of, "" where somebody
    asked; stop: when the stop began that it is for; failure: the reason that was behind it. Id: work
    unit@number, or plan.number. Written by POST …/maintenance-requests, …/start, …/finish, …/cancel."""

    unit: str
    work: str
    severity: Severity
    plan: str
    stop: str | None
    locks: Literal[LOCKS]  # type: ignore[valid-type]
    state: Literal["open", "started", "done", "cancelled"]
    made: str
    started: str | None
    ended: str | None
    parts: Parts
    notes: Notes
    failure: str


class RequestIn(_Body):
    """What is asked for. What is unsafe locks the machine from now on. stop: when the stop began that it
    is for, as /downtime tells it."""

    work: Annotated[str, Field(min_length=1, max_length=WORK_MAX)]
    severity: Severity = "soon"
    stop: str | None = None


class RequestChange(_Body):
    """Work that is asked for."""

    body: RequestIn
    reason: Annotated[str, Field(max_length=1000)] = ""


class FinishIn(_Body):
    """What was done. failure: the id of a reason that is a failure, "" for none."""

    parts: Parts = []
    notes: Notes = ""
    failure: str = ""


class FinishChange(_Body):
    """What was done of a work order."""

    body: FinishIn
    reason: Annotated[str, Field(max_length=1000)] = ""
