"""/api/v1/flow/{id}: who makes whom wait in a serial work centre, and which unit holds it up."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from fastapi import Depends, FastAPI, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from dashboard.api.asking import MINUTE_US, From, Until, needs, only_known, window_us
from dashboard.api.errors import Failed, Json
from dashboard.api.oee import HOUR_US, units_seen
from dashboard.api.records import READ
from dashboard.api.shapes import time_out
from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.records import Desk
from layouts._oee_flow import flow, serial
from layouts._oee_rows import Standings
from mes.equipment import WorkUnit
from mes.flow import NOBODY, Waited, constraint
from store.log import chain
from store.log.accounts import basis
from store.log.standings import of_window

DAYS_MAX = 2


class WaitedOut(BaseModel):
    """How a unit waited [s]. by: unit, "outside" of the line, or "unknown" → how long it waited for it;
    charged_s: others waited for this one; point_parts: good pieces that 0.01 of its OEE is worth."""

    work_unit: str
    starved_s: float
    blocked_s: float
    share: float
    by: dict[str, float]
    charged_s: float
    point_parts: float | None


class HourOut(BaseModel):
    start: str
    end: str
    held_up_by: str | None


class FlowOut(BaseModel):
    """held_up_by: the unit that waits least, of such the one that others wait for most; null where no unit
    waited for another."""

    items: list[WaitedOut]
    held_up_by: str | None
    hours: list[HourOut]
    position: int


def register(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(
        "/api/v1/flow/{id}", response_model=FlowOut, tags=["OEE"], responses=READ,
        dependencies=[Depends(only_known)],
    )  # fmt: skip
    async def flow_of(id: str, from_: From, until: Until) -> Response:
        """Who waited for whom in a work centre whose flow is serial, in a window of 2 days at most."""
        needs(who().person, "records")
        units, (start, end) = units_seen(hub, id), window_us(from_, until, DAYS_MAX)
        if not serial(hub.plant, id):
            raise Failed(422, f"{id}: expected a work centre whose flow is serial")
        if start % MINUTE_US:
            raise Failed(422, "from: expected a whole minute")
        edges = [start, *range(start + HOUR_US, end, HOUR_US), end]
        return Json(await desk.read(lambda c: _told(c, hub, units, edges)))


def _told(
    connection: Connection, hub: Hub, units: Sequence[WorkUnit], edges: Sequence[int]
) -> dict[str, Any]:
    by = basis(connection, hub.plant)
    found = of_window(connection, hub.plant, units, edges, by, name="", lines=True)
    shown = Standings(units, [found[unit.id] for unit in units])
    whole = flow(shown)
    return {
        "items": [_out(one) for one in whole],
        "held_up_by": _held_up(whole),
        "hours": [
            {"start": time_out(a), "end": time_out(b), "held_up_by": _held_up(flow(shown, a, b))}
            for a, b in pairwise(edges)
        ],
        "position": chain.newest(connection)[0],
    }


def _held_up(found: Sequence[Waited]) -> str | None:
    worst = constraint(found)
    return None if worst is None else worst.unit


def _out(one: Waited) -> dict[str, Any]:
    return {
        "work_unit": one.unit,
        "starved_s": one.starved_us / 1e6,
        "blocked_s": one.blocked_us / 1e6,
        "share": one.share,
        "by": {unit if unit != NOBODY else "unknown": us / 1e6 for unit, us in one.by.items()},
        "charged_s": one.charged_us / 1e6,
        "point_parts": one.point_parts,
    }
