"""/api/v1/audit: the audit trail for programs, and /api/v1/audit.csv, the same for spreadsheets."""

import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from dashboard.api.asking import refuse_others
from dashboard.api.methods import is_head
from dashboard.api.records import READ
from dashboard.api.shapes import SignatureOut, signature_out
from dashboard.identity import Who, who
from dashboard.records import Desk, RecordsAway
from layouts import audit_csv
from mes.differences import ABSENT, differences
from mes.equipment import Plant
from mes.observation import rfc3339
from mes.records import AuditLine
from mes.site_time import typed_us, zone_named
from store.log import chain
from store.log.trail import Cursor, Page, Wanted, cursor_at, cursor_of, find, place_path

EXPORT_MAX = 100_000  # lines in a file
EXPORT_PARTS_MAX = 200  # pages read for one file
EXPORT_TOGETHER = 1_000  # lines read at once
TEXT_MAX = 200
AWAY = "the records cannot be reached; try again"


class DifferenceOut(BaseModel):
    """One field that was added, removed or changed; `field` from the outside in."""

    field: list[str]
    change: str
    old: Any = None
    new: Any = None


class AuditLineOut(BaseModel):
    """Who changed what. `old` and `new` are the whole record, null where there was, or is, none."""

    position: int
    line: int
    time: str
    person: str
    name: str
    device: str
    command: str
    kind: str
    id: str
    places: list[str]
    old: Any
    new: Any
    differences: list[DifferenceOut]
    reason: str
    signatures: list[SignatureOut]


class AuditList(BaseModel):
    """Newest first. `next` is `before` of the next page. `looked_back_to`: only so many lines are
    looked at for one page; it stopped at this time, and `next` goes on."""

    items: list[AuditLineOut]
    next: str | None
    looked_back_to: str | None


class Search(BaseModel):
    """What is looked for. Times are RFC 3339; without an offset they are site time."""

    person: str = Query("", max_length=TEXT_MAX)
    kind: str = Query("", max_length=TEXT_MAX)
    id: str = Query("", max_length=TEXT_MAX)
    command: str = Query("", max_length=TEXT_MAX)
    place: str = Query("", max_length=TEXT_MAX)
    from_: str = Query("", max_length=40, alias="from")
    until: str = Query("", max_length=40)
    q: str = Query("", max_length=TEXT_MAX)


async def _only_these(request: Request) -> None:
    """A filter that is misspelt would show everything as if it were filtered."""
    names = {field.alias or name for name, field in Search.model_fields.items()}
    refuse_others(request, {*names, "limit", "before"})


def wanted_of(search: Search, asks: Who, plant: Plant) -> Wanted:
    """The search, within the scope of who asks. Raises ValueError."""
    zone = zone_named(plant.time_zone)
    return Wanted(
        site=plant.id,
        scope=asks.person.scope,
        person=search.person.strip(),
        kind=search.kind.strip(),
        id=search.id.strip(),
        command=search.command.strip(),
        place=place_path(plant, search.place.strip()),
        from_us=typed_us("from", search.from_, zone),
        until_us=typed_us("until", search.until, zone),
        q=search.q.strip(),
    )


def register(server: FastAPI, desk: Desk, plant: Plant) -> None:
    @server.get(
        "/api/v1/audit", tags=["audit"], responses=READ, dependencies=[Depends(_only_these)]
    )
    async def audit(
        search: Annotated[Search, Query()],
        limit: int = Query(50, ge=1, le=1000),
        before: str = Query("", max_length=28),
    ) -> AuditList:
        """Who changed what, within one's scope, newest first. Takes the right `audit`."""
        wanted, at = _asked(search, before, plant)
        found = await desk.read(partial(find, wanted=wanted, limit=limit, before=at))
        return AuditList(
            items=[_out(line) for line in found.lines],
            next=None if found.older is None else str(found.older),
            looked_back_to=None if found.looked_to_us is None else rfc3339(found.looked_to_us),
        )

    @server.get(
        "/api/v1/audit.csv",
        tags=["audit"],
        response_class=StreamingResponse,
        responses=READ | {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        dependencies=[Depends(_only_these)],
    )
    async def audit_file(
        request: Request,
        search: Annotated[Search, Query()],
        before: str = Query("", max_length=28),
    ) -> Response:
        """The same as a file, at most 100,000 lines; its last line says where it was cut."""
        wanted, at = _asked(search, before, plant)
        name = f"audit-{plant.id}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.csv"
        told = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        if is_head(request):
            await desk.read(chain.newest)  # 503 where GET would say so
            return Response(headers=told)
        first = await desk.read(partial(find, wanted=wanted, limit=EXPORT_TOGETHER, before=at))
        return StreamingResponse(_file(desk, wanted, first, plant.time_zone), headers=told)


def _asked(search: Search, before: str, plant: Plant) -> tuple[Wanted, Cursor | None]:
    asks = who()
    if not asks.person.has("audit"):
        raise HTTPException(403, f"{asks.person.name} has not the right 'audit'")
    try:
        return wanted_of(search, asks, plant), cursor_of(before) if before else None
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


def _out(line: AuditLine) -> AuditLineOut:
    return AuditLineOut(
        position=line.position,
        line=line.line,
        time=rfc3339(line.at_us),
        person=line.person,
        name=line.name,
        device=line.device,
        command=line.command,
        kind=line.kind,
        id=line.id,
        places=list(line.places),
        old=line.old,
        new=line.new,
        differences=[
            DifferenceOut(
                field=list(one.where),
                change=one.kind,
                old=None if one.old is ABSENT else one.old,
                new=None if one.new is ABSENT else one.new,
            )
            for one in differences(line.old, line.new)
        ],
        reason=line.reason,
        signatures=[SignatureOut(**signature_out(signature)) for signature in line.signatures],
    )


async def _file(desk: Desk, wanted: Wanted, found: Page, zone: str) -> AsyncIterator[str]:
    """The lines of the file; it is never held as a whole."""
    yield audit_csv.head()
    lines, parts = 0, 1
    while True:
        take = found.lines[: EXPORT_MAX - lines]
        lines += len(take)
        yield "".join(audit_csv.line(line, zone) for line in take)
        if found.older is None and len(take) == len(found.lines):
            return
        if lines >= EXPORT_MAX or parts >= EXPORT_PARTS_MAX:
            at = cursor_at(take[-1]) if take and lines >= EXPORT_MAX else found.older
            yield audit_csv.end(f"CUT: {lines} lines are in this file, more exist: before={at}")
            return
        try:
            parts += 1
            found = await desk.read(
                partial(find, wanted=wanted, limit=EXPORT_TOGETHER, before=found.older)
            )
        except RecordsAway:
            yield audit_csv.end(f"CUT: {AWAY}: before={found.older}")
            return
