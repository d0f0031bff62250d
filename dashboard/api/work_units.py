"""/api/v1/work-units: what the screens show, in digits."""

from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Query
from pydantic import BaseModel

from dashboard.api.errors import ErrorOut
from dashboard.api.shapes import time_out
from dashboard.hub import Hub
from dashboard.identity import who
from mes.equipment import WorkUnit
from mes.observation import Value
from mes.snapshot import Snapshot


class TagOut(BaseModel):
    """The newest reading of one tag. `value` is null where its quality is bad."""

    name: str
    value: Value
    unit: str
    quality: str
    status: str
    source_time: str
    received_time: str


class WorkUnitOut(BaseModel):
    """A work unit as the screens show it. Times are RFC 3339 in UTC, null where nothing was told."""

    id: str
    name: str
    work_center: str
    area: str
    state: str
    state_since: str | None
    fault: str | None
    fault_text: str | None
    quality: str  # good, uncertain, bad, stale (not heard in time), offline (Redis is away)
    good: int | None
    reject: int | None
    counting_since: str | None
    cycle_time_s: float | None
    ideal_cycle_s: float
    source_time: str | None
    received_time: str | None
    locked_by: str | None  # the maintenance work order for which nothing may be started on it


class WorkUnitDetail(WorkUnitOut):
    tags: list[TagOut]


class WorkUnitList(BaseModel):
    items: list[WorkUnitOut]
    next: str | None  # `after` of the next page


def register(server: FastAPI, hub: Hub) -> None:
    router = APIRouter(prefix="/api/v1", tags=["work units"], responses={404: {"model": ErrorOut}})

    @router.get("/work-units")
    async def work_units(
        limit: int = Query(100, ge=1, le=1000), after: str | None = None
    ) -> WorkUnitList:
        """All work units, in the order of the configuration, `limit` at a time."""
        now = hub.snapshot(who().person.scope)
        ids = list(now.plant.work_units)
        if after is not None and after not in ids:
            raise HTTPException(422, f"after: no work unit {after!r}")
        start = ids.index(after) + 1 if after is not None else 0
        page = ids[start : start + limit]
        more = start + limit < len(ids)
        return WorkUnitList(
            items=[WorkUnitOut(**_unit(hub, now, now.plant.work_units[id])) for id in page],
            next=page[-1] if more else None,
        )

    @router.get("/work-units/{id}")
    async def work_unit(id: str) -> WorkUnitDetail:
        """One work unit with all its tags."""
        now = hub.snapshot(who().person.scope)
        unit = now.plant.work_units.get(id)
        if unit is None:
            known = ", ".join(now.plant.work_units)
            raise HTTPException(404, f"no work unit {id!r}; known: {known}")
        return WorkUnitDetail(**_unit(hub, now, unit), tags=_tags(now, unit))

    server.include_router(router)


def _unit(hub: Hub, now: Snapshot, unit: WorkUnit) -> dict[str, Any]:
    view = now.view(unit)
    counted = view.counting_since_us is not None
    return {
        "id": unit.id,
        "name": unit.name,
        "work_center": unit.work_center,
        "area": hub.plant.area_of(unit).id,
        "state": view.state,
        "state_since": time_out(view.state_since_us),
        "fault": view.fault or None,
        "fault_text": unit.fault_texts.get(view.fault) if view.fault else None,
        "quality": now.quality(unit) if hub.online else "offline",
        "good": view.shift_good if counted else None,
        "reject": view.shift_reject if counted else None,
        "counting_since": time_out(view.counted_since_us),
        "cycle_time_s": view.cycle_time_s,
        "ideal_cycle_s": unit.ideal_cycle_s,
        "source_time": time_out(view.source_time_us),
        "received_time": time_out(view.received_time_us),
        "locked_by": now.locks[unit.id].id if unit.id in now.locks else None,
    }


def _tags(now: Snapshot, unit: WorkUnit) -> list[TagOut]:
    found = now.view(unit).tags
    return [
        TagOut(
            name=name,
            value=found[name].value,
            unit=tag.unit,
            quality=found[name].quality,
            status=found[name].status,
            source_time=str(time_out(found[name].source_time_us)),
            received_time=str(time_out(found[name].received_time_us)),
        )
        for name, tag in unit.tags.items()
        if name in found
    ]
