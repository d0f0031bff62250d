"""Maintenance: /api/v1/maintenance/{id}, asking for it, and the steps of a work order."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from dashboard.api.asking import (
    expected_version,
    key_of,
    moment_us,
    needs,
    only_known,
    said_in,
)
from dashboard.api.errors import Failed, Json
from dashboard.api.oee import units_seen
from dashboard.api.records import READ, WRITE, Key
from dashboard.api.shapes import (
    RECORD,
    FinishChange,
    RemovalIn,
    RequestChange,
    record_out,
    time_out,
)
from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.records import Desk
from layouts._losses import texts
from mes.equipment import WorkUnit
from mes.failures import by_code
from mes.losses import total
from mes.maintenance import (
    ASK,
    DO,
    KIND,
    CancelMaintenance,
    FinishMaintenance,
    Order,
    Part,
    RequestMaintenance,
    StartMaintenance,
    unit_of,
)
from mes.people import Person
from mes.records import Command
from mes.reliability import Reliability
from store.log import chain
from store.log.accounts import basis
from store.log.maintenance import PlanNow, orders, plans_now, spent, window

OrderOut: Any = RECORD[KIND]
IfMatch = Annotated[str | None, Header(alias="If-Match", description='the version, as "3"')]
TAG: Any = ["maintenance"]


class WorkOrderOut(BaseModel):
    """A work order; `by` did its last step. The whole of it: GET /maintenance-work-orders/{id}."""

    id: str
    version: int
    work_unit: str
    work: str
    severity: str
    state: str
    plan: str | None
    stop: str | None
    locking: bool
    made: str
    started: str | None
    ended: str | None
    by: str


class PlanOut(BaseModel):
    """A plan as it stands. order: its order that is not finished; share: how far it is, 1 is due, null
    while it has an order; due: when it is, as far as can be said."""

    id: str
    work_unit: str
    work: str
    order: str | None
    share: float | None
    due: str | None
    pieces: int | None


class ReliabilityOut(BaseModel):
    """Failures and what follows from them [s]; null where nothing failed. operating_s: production time;
    repair_s: planned busy time in stops by a failure, micro-stops left out."""

    failures: int
    operating_s: float
    repair_s: float
    mtbf_s: float | None
    mttr_s: float | None


class UnitReliabilityOut(ReliabilityOut):
    work_unit: str


class CodeReliabilityOut(ReliabilityOut):
    """Of one failure code: the machine's fault, the reason it means or that people gave."""

    fault: str | None
    fault_text: str | None
    reason: str | None
    reason_name: str | None


class MaintenanceOut(BaseModel):
    """Orders that are not finished, worst first, and the newest that are; plans, the nearest first;
    failures between `start` and `end`."""

    id: str
    orders: list[WorkOrderOut]
    plans: list[PlanOut]
    start: str
    end: str
    units: list[UnitReliabilityOut]
    failures: list[CodeReliabilityOut]
    position: int


def register(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(
        "/api/v1/maintenance/{id}", response_model=MaintenanceOut, tags=TAG, responses=READ,
        dependencies=[Depends(only_known)],
    )  # fmt: skip
    async def maintenance(id: str) -> Response:
        """Maintenance of a work unit, or of all below a place; failures of the last 30 days."""
        needs(who().person, "records")
        units = units_seen(hub, id)
        return Json(await desk.read(lambda c: _told(c, hub, id, units)))

    @server.post("/api/v1/work-units/{id}/maintenance-requests", tags=TAG, **_said(RequestChange))
    async def ask(id: str, request: Request, _idempotency_key: Key) -> Response:
        """Ask for work on a unit: makes a work order, open."""
        _seen(hub, who().person, ASK, id, f"no work unit {id!r}")
        body, reason = await _body(request, {"work", "severity", "stop"})
        stop = body.get("stop")
        if stop is not None and not isinstance(stop, str):
            raise Failed(422, "stop: expected RFC 3339 with an offset")
        command = RequestMaintenance(
            unit=id,
            work=_text(body, "work"),
            severity=_text(body, "severity", "soon"),
            stop_us=None if stop is None else moment_us(stop, "stop"),
            reason=reason,
        )
        return await _do(desk, request, command)

    _steps(server, hub, desk)


def _steps(server: FastAPI, hub: Hub, desk: Desk) -> None:
    """The steps in the life of an order."""

    @server.post(
        "/api/v1/maintenance-work-orders/{id}/start", tags=TAG, **_said(RemovalIn, required=False)
    )
    async def start(
        id: str, request: Request, _idempotency_key: Key, _if_match: IfMatch = None
    ) -> Response:
        """Begin the work: an open order is started, and locks its machine."""
        _seen(hub, who().person, DO, unit_of(id), f"no {KIND} {id!r}")
        version = _version(request)
        said = await said_in(request, body=False)
        command = StartMaintenance(order=id, version=version, reason=said.reason)
        return await _do(desk, request, command)

    @server.post("/api/v1/maintenance-work-orders/{id}/finish", tags=TAG, **_said(FinishChange))
    async def finish(
        id: str, request: Request, _idempotency_key: Key, _if_match: IfMatch = None
    ) -> Response:
        """Say what was done: a started order is done, and locks nothing more."""
        _seen(hub, who().person, DO, unit_of(id), f"no {KIND} {id!r}")
        version = _version(request)
        body, reason = await _body(request, {"parts", "notes", "failure"})
        command = FinishMaintenance(
            order=id,
            version=version,
            parts=_parts(body.get("parts", [])),
            notes=_text(body, "notes", ""),
            failure=_text(body, "failure", ""),
            reason=reason,
        )
        return await _do(desk, request, command)

    @server.post("/api/v1/maintenance-work-orders/{id}/cancel", tags=TAG, **_said(RemovalIn))
    async def cancel(
        id: str, request: Request, _idempotency_key: Key, _if_match: IfMatch = None
    ) -> Response:
        """Let it be; `reason` says why."""
        _seen(hub, who().person, DO, unit_of(id), f"no {KIND} {id!r}")
        version = _version(request)
        said = await said_in(request, body=False)
        command = CancelMaintenance(order=id, version=version, reason=said.reason)
        return await _do(desk, request, command)


def _said(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """What the description says of a change."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
    body = {"requestBody": {"required": required, "content": content}}
    return {
        "response_model": OrderOut,
        "responses": WRITE,
        "dependencies": [Depends(only_known)],
        "openapi_extra": body,
    }


def _seen(hub: Hub, person: Person, right: str, unit: str, missing: str) -> None:
    needs(person, right)
    if unit not in hub.plant_within(person.scope).work_units:
        raise Failed(404, missing)


def _version(request: Request) -> int:
    if version := expected_version(request.headers):
        return version
    raise Failed(422, "say which version of the order you have seen: If-Match")


async def _body(request: Request, known: set[str]) -> tuple[dict[str, Any], str]:
    said = await said_in(request, body=True)
    if extra := sorted(said.body.keys() - known):
        raise Failed(422, f"body: found {extra[0][:40]!r}; expected {', '.join(sorted(known))}")
    return said.body, said.reason


def _text(body: dict[str, Any], name: str, otherwise: str | None = None) -> str:
    found = body.get(name, otherwise)
    if not isinstance(found, str):
        raise Failed(422, f"{name}: expected a text")
    return found


def _parts(found: object) -> tuple[Part, ...]:
    if not isinstance(found, list) or not all(
        isinstance(one, dict)
        and one.keys() == {"part", "quantity"}
        and isinstance(one["part"], str)
        and isinstance(one["quantity"], int | float)
        and not isinstance(one["quantity"], bool)
        for one in found
    ):
        raise Failed(422, "parts: expected a list of part, a text, and quantity, a number")
    return tuple(Part(**one) for one in found)


async def _do(desk: Desk, request: Request, command: Command) -> Response:
    asks = who()
    key = key_of(request.headers, asks.person)
    done = await desk.perform(command, asks.person, key, device=asks.where)
    (record,) = done.records
    return Json(record_out(record), headers={"ETag": f'"{record.version}"'})


def _told(connection: Connection, hub: Hub, id: str, units: Sequence[WorkUnit]) -> dict[str, Any]:
    now_us, ids = time.time_ns() // 1000, {unit.id for unit in units}
    by = basis(connection, hub.plant)
    found = spent(connection, hub.plant, units, by, hub.views, now_us=now_us)
    start_us, end_us = window(now_us, hub.plant.time_zone)
    words, reasons = texts(unit.fault_texts for unit in units), by.reasons[units[0].id]
    return {
        "id": id,
        "orders": [order_out(one) for one in orders(connection, ids)],
        "plans": [plan_out(one) for one in plans_now(connection, ids, now_us=now_us)],
        "start": time_out(start_us),
        "end": time_out(end_us),
        "units": [
            {"work_unit": unit, **reliability_out(one.reliability)} for unit, one in found.items()
        ],
        "failures": [
            {
                "fault": code.fault or None,
                "fault_text": words.get(code.fault),
                "reason": code.reason or None,
                "reason_name": reasons.get(code.reason).name if code.reason else None,
                **reliability_out(one),
            }
            for code, one in by_code(total(found.values())).items()
        ],
        "position": chain.newest(connection)[0],
    }


def order_out(one: Order) -> dict[str, Any]:
    """As WorkOrderOut."""
    same = {
        name: getattr(one, name) for name in ("id", "version", "work", "severity", "state", "by")
    }
    return {
        **same,
        "work_unit": one.unit,
        "plan": one.plan or None,
        "stop": time_out(one.stop_us),
        "locking": one.is_locking,
        "made": time_out(one.made_us),
        "started": time_out(one.started_us),
        "ended": time_out(one.ended_us),
    }


def plan_out(one: PlanNow) -> dict[str, Any]:
    """As PlanOut."""
    found = one.progress
    return {
        "id": one.plan.id,
        "work_unit": one.plan.unit,
        "work": one.plan.work,
        "order": one.newest.id if one.newest and found is None else None,
        "share": found.share if found else None,
        "due": time_out(found.due_us) if found else None,
        "pieces": found.pieces if found else None,
    }


def reliability_out(one: Reliability) -> dict[str, Any]:
    return {
        "failures": one.failures,
        "operating_s": one.operating_s,
        "repair_s": one.repair_s,
        "mtbf_s": one.mtbf_s,
        "mttr_s": one.mttr_s,
    }
