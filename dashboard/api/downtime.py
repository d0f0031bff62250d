"""Stops and their reasons: /api/v1/downtime/{id}, and why one was, by POST …/stop-codes."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from dashboard.api.asking import (
    From,
    Limit,
    Until,
    key_of,
    moment_us,
    needs,
    only_known,
    said_in,
    window_us,
)
from dashboard.api.errors import Failed, Json
from dashboard.api.oee import units_seen
from dashboard.api.records import READ, WRITE, Key
from dashboard.api.shapes import RECORD, StopCodeChange, record_out, time_out
from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.records import Desk
from mes.downtime import RIGHT, CodeStop
from mes.equipment import WorkUnit
from mes.losses import total
from mes.people import Person
from mes.stops import Piece, Stop
from store.log import chain
from store.log.accounts import accounts, basis
from store.log.downtime import stops_of

DAYS_MAX = 7
CodeOut: Any = RECORD["stop_code"]
_AFTER = re.compile(r"(\d{1,16})\.(.{1,100})")


class PieceOut(BaseModel):
    """A piece of a stop with one reason. by: "machine", or who said so; said_from,
    version: of what was said, as `seen` names it."""

    start: str
    end: str | None
    state: str
    fault: str | None
    fault_text: str | None
    reason: str | None
    reason_name: str | None
    by: str | None
    comment: str
    said_from: str | None
    version: int


class StopOut(BaseModel):
    """A time in which a machine stood by itself; end is null while it goes on."""

    work_unit: str
    start: str
    end: str | None
    pieces: list[PieceOut]


class DowntimeOut(BaseModel):
    """Stops by their start. coded: the part of planned busy time in stops, micro-stops left out, that
    has a reason, 0..1; null where nothing stood."""

    items: list[StopOut]
    next: str | None
    stopped_s: float
    coded_s: float
    coded: float | None
    position: int


class StopCodesOut(BaseModel):
    """The records that were written."""

    items: list[CodeOut]
    position: int


def register(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(
        "/api/v1/downtime/{id}", response_model=DowntimeOut, tags=["OEE"], responses=READ,
        dependencies=[Depends(only_known)],
    )  # fmt: skip
    async def downtime(
        id: str,
        from_: From,
        until: Until,
        limit: Limit = 1000,
        after: Annotated[str | None, Query(max_length=120, description="`next` of a page")] = None,
    ) -> Response:
        """Stops of a work unit, or of all below a place, that touch a window of 7 days at most."""
        needs(who().person, "records")
        units, window = units_seen(hub, id), window_us(from_, until, DAYS_MAX)
        at = _after(after)
        return Json(await desk.read(lambda c: _told(c, hub, units, window, at, limit)))

    @server.post(
        "/api/v1/work-units/{id}/stop-codes", response_model=StopCodesOut, tags=["OEE"],
        responses=WRITE, dependencies=[Depends(only_known)],
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {
            "schema": {"$ref": f"#/components/schemas/{StopCodeChange.__name__}"}}}}},
    )  # fmt: skip
    async def code(id: str, request: Request, _idempotency_key: Key) -> Response:
        """Say why a unit stood; splits, joins and corrects what was said before."""
        asks = who()
        needs(asks.person, RIGHT)
        _unit(hub, asks.person, id)
        said = await said_in(request, body=True)
        if said.signings:
            raise Failed(422, "signatures: expected none")
        command = command_of(id, said.body, said.reason)
        key = key_of(request.headers, asks.person)
        done = await desk.perform(command, asks.person, key, device=asks.where)
        items = [record_out(record) for record in done.records]
        return Json({"items": items, "position": done.position})


def _unit(hub: Hub, person: Person, id: str) -> WorkUnit:
    unit = hub.plant_within(person.scope).work_units.get(id)
    if unit is None:
        raise Failed(404, f"no work unit {id!r}")
    return unit


def _after(text: str | None) -> tuple[int, str]:
    if text is None:
        return (-1, "")
    found = _AFTER.fullmatch(text)
    if not found:
        raise Failed(422, "after: expected `next` of the page before")
    return int(found[1]), found[2]


def command_of(unit: str, body: dict[str, Any], reason: str) -> CodeStop:
    """The command that a StopCodeIn asks for. Raises Failed."""
    known = {"from", "until", "reason", "comment", "seen"}
    if extra := sorted(body.keys() - known):
        raise Failed(422, f"body: found {extra[0][:40]!r}; expected {', '.join(sorted(known))}")
    why, comment, until = body.get("reason", 0), body.get("comment", ""), body.get("until")
    if not (why is None or isinstance(why, str)) or not isinstance(comment, str):
        raise Failed(422, "reason: expected a text or null, and for comment a text")
    if not isinstance(seen := body.get("seen"), list):
        raise Failed(428, "seen: expected what you have seen there, [] for nothing")
    return CodeStop(
        unit=unit,
        from_us=_moment(body.get("from"), "from"),
        until_us=None if until is None else _moment(until, "until"),
        why=why,
        comment=comment,
        seen=_seen(seen),
        reason=reason,
    )


def _moment(found: object, name: str) -> int:
    if not isinstance(found, str):
        raise Failed(422, f"{name}: expected RFC 3339 with an offset")
    return moment_us(found, name)


def _seen(found: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("version"), int) for one in found
    ):
        raise Failed(422, "seen: expected a list of from and version")
    return tuple((_moment(one.get("from"), "seen.from"), one["version"]) for one in found)


def _told(
    connection: Connection,
    hub: Hub,
    units: Sequence[WorkUnit],
    window: tuple[int, int],
    after: tuple[int, str],
    limit: int,
) -> dict[str, Any]:
    plant, views = hub.plant, hub.views
    by = basis(connection, plant)
    found = stops_of(connection, units, *window, by, views)
    whole = accounts(connection, plant, units, window, by, views)
    account = total(one for each in whole.values() for one in each)
    mine = sorted(((stop.start_us, id), stop) for id, all_ in found.items() for stop in all_)
    rest = [(at, stop) for at, stop in mine if at > after]
    page, by_id = rest[:limit], {unit.id: unit for unit in units}
    more = "{}.{}".format(*page[-1][0]) if len(rest) > limit else None
    return {
        "items": [stop_out(by_id[id], stop, by.reasons[id].get) for (_, id), stop in page],
        "next": more,
        "stopped_s": account.stopped_us / 1e6,
        "coded_s": account.coded_us / 1e6,
        "coded": account.coded,
        "position": chain.newest(connection)[0],
    }


def stop_out(unit: WorkUnit, stop: Stop, reason: Any) -> dict[str, Any]:
    """As StopOut. reason: gives a mes.reasons.Reason by its id."""

    def piece(one: Piece) -> dict[str, Any]:
        return {
            "start": time_out(one.start_us),
            "end": time_out(one.end_us),
            "state": one.state,
            "fault": one.fault or None,
            "fault_text": unit.fault_texts.get(one.fault) if one.fault else None,
            "reason": one.reason or None,
            "reason_name": reason(one.reason).name if one.reason else None,
            "by": one.by or None,
            "comment": one.code.comment if one.code else "",
            "said_from": time_out(one.code.start_us) if one.code else None,
            "version": one.code.version if one.code else 0,
        }

    return {
        "work_unit": unit.id,
        "start": time_out(stop.start_us),
        "end": time_out(stop.end_us),
        "pieces": [piece(one) for one in stop.pieces],
    }
