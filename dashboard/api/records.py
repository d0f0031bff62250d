"""/api/v1/<kinds>: every kind of record of mes.kinds, read and changed in the same way.

Changes go through the one door (store.actions): done once for each key, refused where somebody else
was first. Whoever asks learns nothing of what lies outside of his scope: it is not listed, and he is
told that it is not there, whether it is or not.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from sqlalchemy.engine import Connection

from dashboard.api.asking import AsOf, Limit, needs, only_known
from dashboard.api.changing import Changing
from dashboard.api.errors import ErrorOut, Failed, Json
from dashboard.api.reading import at_position, newest_shown, shown, shown_versions
from dashboard.api.shapes import CHANGE, LIST, RECORD, VERSIONS, ConflictDetail, record_out
from dashboard.doorway import Doorway
from dashboard.identity import who
from dashboard.records import Desk
from mes.equipment import Plant
from mes.kinds import KINDS, Kind
from mes.records import Record
from store.log.reading import is_text

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=128)]
IfMatch = Annotated[str | None, Header(alias="If-Match", description='the version, as "3"')]
IfNone = Annotated[str | None, Header(alias="If-None-Match", description="* : it shall be new")]

CONFLICT = {"model": ErrorOut, "description": f"`detail`: {ConflictDetail.__doc__}"}
READ: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut} for status in (401, 403, 404, 422, 429, 503)
}
WRITE = READ | {409: CONFLICT, 412: CONFLICT} | {s: {"model": ErrorOut} for s in (413, 415, 428)}


def register(server: FastAPI, plant: Plant, doorway: Doorway) -> None:
    for kind in KINDS.values():
        _list(server, plant, doorway.desk, kind)
        _one(server, plant, doorway.desk, kind)
        _versions(server, plant, doorway.desk, kind)
        _change(server, kind, Changing(plant, doorway, kind))


def _names(kind: Kind, what: str) -> dict[str, Any]:
    return {
        "tags": [kind.plural],
        "name": f"{what}_{kind.key}",
        "operation_id": f"{what}_{kind.key}",
        "dependencies": [Depends(only_known)],
    }


def _list(server: FastAPI, plant: Plant, desk: Desk, kind: Kind) -> None:
    @server.get(
        f"/api/v1/{kind.plural}",
        response_model=LIST[kind.key],
        responses=READ,
        **_names(kind, "list"),
    )
    async def list_(limit: Limit = 100, after: str = "", as_of: AsOf = None) -> Response:
        """All of the kind in the scope of who asks, by id.

        An id that others add or remove meanwhile moves no other one to another page; with
        `as_of` = `position` of the first page, all pages are of one moment.
        """
        person = who().person
        needs(person, kind.see)
        if not is_text(after):
            raise Failed(422, "after: expected `next` of the page before")

        def look(c: Connection) -> tuple[Sequence[Record], int]:
            found = shown(c, plant, person, kind, as_of, after=after, limit=limit + 1)
            return found, at_position(c, as_of)

        found, position = await desk.read(look)
        items = [record_out(record) for record in found[:limit]]
        more = items[-1]["id"] if len(found) > limit else None
        return Json({"items": items, "next": more, "position": position})


def _one(server: FastAPI, plant: Plant, desk: Desk, kind: Kind) -> None:
    @server.get(
        f"/api/v1/{kind.plural}/{{id}}",
        response_model=RECORD[kind.key],
        responses=READ,
        **_names(kind, "get"),
    )
    async def one(id: str, as_of: AsOf = None) -> Response:
        """One record; its version is the ETag."""
        person = who().person
        needs(person, kind.see)
        record = await desk.read(lambda c: newest_shown(c, plant, person, kind, id, as_of))
        if record is None or record.body is None:
            raise Failed(404, f"no {kind.key} {id!r}")
        return Json(record_out(record), headers={"ETag": f'"{record.version}"'})


def _versions(server: FastAPI, plant: Plant, desk: Desk, kind: Kind) -> None:
    @server.get(
        f"/api/v1/{kind.plural}/{{id}}/versions",
        response_model=VERSIONS[kind.key],
        responses=READ,
        **_names(kind, "versions_of"),
    )
    async def versions(
        id: str,
        limit: Limit = 100,
        after: Annotated[int, Query(ge=0, le=1 << 53)] = 0,
        as_of: AsOf = None,
    ) -> Response:
        """All that it was, oldest first; also of a record that was removed."""
        person = who().person
        needs(person, kind.see)

        def look(c: Connection) -> Sequence[Record] | None:
            return shown_versions(c, plant, person, kind, id, as_of, after=after, limit=limit + 1)

        found = await desk.read(look)
        if found is None:
            raise Failed(404, f"no {kind.key} {id!r}")
        items = [record_out(record) for record in found[:limit]]
        more = items[-1]["version"] if len(found) > limit else None
        return Json({"items": items, "next": more})


def _change(server: FastAPI, kind: Kind, changing: Changing) -> None:
    path, answers = f"/api/v1/{kind.plural}/{{id}}", WRITE | {201: {"model": RECORD[kind.key]}}

    @server.put(
        path,
        response_model=RECORD[kind.key],
        responses=answers,
        openapi_extra=_said(CHANGE[kind.key].__name__, required=True),
        **_names(kind, "put"),
    )
    async def put(
        request: Request,
        id: str,
        _idempotency_key: Key,
        _if_match: IfMatch = None,
        _if_none_match: IfNone = None,
    ) -> Response:
        """Change it (If-Match: its version) or make it (If-None-Match: *), once for each key."""
        return await changing.put(request, id)

    @server.delete(
        path,
        response_model=RECORD[kind.key],
        responses=WRITE,
        openapi_extra=_said("RemovalIn", required=False),
        **_names(kind, "delete"),
    )
    async def delete(
        request: Request, id: str, _idempotency_key: Key, _if_match: IfMatch = None
    ) -> Response:
        """Remove it; what it was stays in the log. Answers its last version, without a body."""
        return await changing.delete(request, id)


def _said(model: str, *, required: bool) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}
    }
