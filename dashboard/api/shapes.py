"""The shapes of records in the API, as its description shows them.

They describe; what a body must really be is decided by its kind's check (mes.kinds).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from dashboard.api.maintenance_shapes import (
    FinishChange,
    MaintenancePlanBody,
    MaintenanceWorkOrderBody,
    RequestChange,
)
from mes.downtime import COMMENT_MAX
from mes.kinds import KINDS, camel
from mes.master_data import FACTORS, MICRO_STOP_MAX_S, MICRO_STOP_S
from mes.observation import rfc3339
from mes.people import NAME_MAX, ROLES
from mes.reasons import FAULTS_MAX
from mes.records import Record, Signature
from mes.shifts import WEEK

Role = Literal[ROLES]  # type: ignore[valid-type]
Day = Literal[WEEK]  # type: ignore[valid-type]
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["06:00"])]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-12-24"])]
Paths = Annotated[list[str], Field(max_length=50, examples=[["north/press-shop"]])]


def time_out(us: int | None) -> str | None:
    """As mes.observation.rfc3339; null for what never was."""
    return None if us is None else rfc3339(us)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PersonBody(_Body):
    """A person. `subject`: the id at the identity provider."""

    name: Name
    roles: list[Role] = []
    scope: Paths = []
    active: bool = True
    subject: Annotated[str, Field(max_length=200)] = ""


class DeviceBody(_Body):
    """A wall or a shared tablet. Its secret is made at /devices, and never stands here."""

    name: Name
    kind: Literal["wall", "tablet"] = "wall"
    scope: Paths = []
    active: bool = True


class TokenBody(_Body):
    """A token of the API. Its secret is made at /devices, and never stands here."""

    name: Name
    rights: Annotated[list[str], Field(min_length=1, examples=[["records"]])]
    scope: Paths = []
    active: bool = True
    expires_us: Annotated[int | None, Field(gt=0)] = None  # microseconds since the epoch


class MasterDataVersion(_Body):
    """From `valid_from` on (RFC 3339); null in the first one: from ever."""

    valid_from: str | None
    ideal_cycle_s: Annotated[float, Field(gt=0)]
    oee_target: Annotated[float | None, Field(gt=0, le=1)] = None
    micro_stop_s: Annotated[float, Field(ge=0, le=MICRO_STOP_MAX_S)] = MICRO_STOP_S
    micro_stop_factor: Literal[FACTORS] = FACTORS[0]  # type: ignore[valid-type]
    cost_per_h: Annotated[float | None, Field(ge=0)] = None


class MasterDataBody(_Body):
    """What is planned of a work unit. A change of what held in the past has to be signed."""

    versions: Annotated[list[MasterDataVersion], Field(min_length=1, max_length=500)]


class ReasonBody(_Body):
    """A reason of a stop; parent: of the first level; fails: the machine failed (MTBF, MTTR)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    parent: str = ""
    fails: bool = False


class ReasonTreeBody(_Body):
    """Why machines of a place stand. Id: of the work centre, area or site. faults: "217" or
    "press-1:217" → the id of a reason; strict: a shift with stops without a reason is not signed."""

    reasons: Annotated[list[ReasonBody], Field(min_length=1, max_length=90)]
    faults: Annotated[dict[str, str], Field(max_length=FAULTS_MAX)] = {}
    strict: bool = False


class StopCodeBody(_Body):
    """Why a machine stood between two moments; until null: for as long as the stop lasts. Id:
    unit@from, in microseconds. Written by POST /api/v1/work-units/{id}/stop-codes only."""

    from_: Annotated[str, Field(alias="from")]
    until: str | None
    reason: str
    comment: str


class ShiftReportUnit(BaseModel):
    """What was frozen of a unit. account: its sums, as Takt keeps them; the page and its CSV say them
    in words."""

    account: list[Any]
    target: float | None
    cycle_s: float | None
    cost_per_h: float | None


class ShiftReportBody(BaseModel):
    """A shift as it was frozen; times in microseconds since the epoch. Id: area@date:shift. left:
    [unit, from, until] of stops without a reason. Frozen by Takt; signed and revised on its page."""

    area: str
    shift: str
    name: str
    date: Date
    start_us: int
    end_us: int
    busy_us: int
    strict: bool
    units: dict[str, ShiftReportUnit]
    left: list[list[Any]]
    revision: int
    signed: bool
    notes: str


class BreakBody(_Body):
    name: Name
    start: Time
    minutes: Annotated[int, Field(ge=1, le=1440)]


class WeeklyShiftBody(_Body):
    id: str
    name: Name
    days: Annotated[list[Day], Field(min_length=1)]
    start: Time
    end: Time
    breaks: list[BreakBody] = []


class ShiftPatternBody(_Body):
    """The shifts of a week at an area or the site, from a local date on. Id: place@valid_from."""

    place: str
    valid_from: Date
    shifts: list[WeeklyShiftBody]


class HolidayBody(_Body):
    """A local date on which no shift starts. Id: place@date."""

    place: str
    date: Date
    name: Name


class ShiftExceptionBody(_Body):
    """One shift of one local date is otherwise. Id: place@date:shift. "cancelled" has no times."""

    place: str
    date: Date
    shift: str
    kind: Literal["cancelled", "changed", "extra"]
    start: Time | None = None
    end: Time | None = None
    breaks: list[BreakBody] | None = None
    note: Annotated[str, Field(max_length=500)] = ""


class EquipmentBody(_Body):
    """What the configuration says; it alone changes it."""

    level: Literal["site", "area", "work_center", "work_unit"]
    name: str
    parent: str
    ideal_cycle_s: float | None


BODIES: dict[str, type[BaseModel]] = {
    "person": PersonBody,
    "device": DeviceBody,
    "token": TokenBody,
    "master_data": MasterDataBody,
    "reason_tree": ReasonTreeBody,
    "stop_code": StopCodeBody,
    "maintenance_plan": MaintenancePlanBody,
    "maintenance_work_order": MaintenanceWorkOrderBody,
    "shift_report": ShiftReportBody,
    "shift_pattern": ShiftPatternBody,
    "holiday": HolidayBody,
    "shift_exception": ShiftExceptionBody,
    "equipment": EquipmentBody,
}


class SignatureIn(_Body):
    """Who signs, with his password, and in which meaning."""

    person: Annotated[str, Field(max_length=128)]
    password: Annotated[str, Field(max_length=1024, json_schema_extra={"format": "password"})]
    meaning: Literal["approved", "reviewed", "performed", "responsible"]


class RemovalIn(_Body):
    """Why, and who signs for it."""

    reason: Annotated[str, Field(max_length=1000)] = ""
    signatures: Annotated[list[SignatureIn], Field(max_length=5)] = []


class SignatureOut(BaseModel):
    """Who signed in which meaning; `name`: as it was printed then."""

    person: str
    name: str
    meaning: str
    time: str


class RecordOut(BaseModel):
    """One version of a record. `body` is null where it was removed; `position`: of the log;
    `signatures`: of the change that made this version."""

    id: str
    version: int
    body: Any
    by: str
    at: str
    position: int
    signatures: list[SignatureOut]


def signature_out(signature: Signature) -> dict[str, Any]:
    return {
        "person": signature.person,
        "name": signature.name,
        "meaning": signature.meaning,
        "time": time_out(signature.at_us),
    }


def record_out(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "version": record.version,
        "body": None if record.body is None else dict(record.body),
        "by": record.by,
        "at": time_out(record.at_us),
        "position": record.position,
        "signatures": [signature_out(signature) for signature in record.signatures],
    }


def _model(name: str, base: type[BaseModel], **fields: Any) -> Any:
    return create_model(name, __base__=base, __doc__=base.__doc__, **fields)


class _Page(BaseModel):
    """One page; `next` is `after` of the next one. `position`: how far the log was read for it."""

    next: str | None
    position: int


class _Versions(BaseModel):
    """The versions, oldest first; `next` is `after` of the next page."""

    next: int | None


RECORD: dict[str, Any] = {
    key: _model(f"{camel(key)}Record", RecordOut, body=(BODIES[key] | None, ...)) for key in KINDS
}


def _lists(words: str, base: type[BaseModel]) -> dict[str, Any]:
    def items(record: Any) -> Any:
        return list[record]

    return {
        key: _model(f"{camel(key)}{words}", base, items=(items(RECORD[key]), ...)) for key in KINDS
    }


LIST, VERSIONS = _lists("List", _Page), _lists("Versions", _Versions)
CHANGE = {key: _model(f"{camel(key)}Change", RemovalIn, body=(BODIES[key], ...)) for key in KINDS}


class SeenIn(_Body):
    """What was said of a stop from a moment on, as it was seen."""

    from_: Annotated[str, Field(alias="from")]
    version: int


class StopCodeIn(_Body):
    """A stretch of time and why the unit stood then. until null: for as long as the stop lasts;
    reason: "" cuts the stop here and says nothing yet, null takes back what was said; seen: what
    `pieces` of the stretch said, so that nobody overwrites what he has not seen."""

    from_: Annotated[str, Field(alias="from")]
    until: str | None = None
    reason: str | None
    comment: Annotated[str, Field(max_length=COMMENT_MAX)] = ""
    seen: list[SeenIn]


class StopCodeChange(_Body):
    """Why a machine stood, and why that is changed."""

    body: StopCodeIn
    reason: Annotated[str, Field(max_length=1000)] = ""


CHANGES = (*CHANGE.values(), RemovalIn, StopCodeChange, RequestChange, FinishChange)


class ConflictDetail(BaseModel):
    """Who was first, when, and the record as it stands now; its body is null where it is gone."""

    by: str
    at: str
    record: RecordOut
