"""/api/v1/log: head and entries of the log, so that an auditor can check the chain outside of Takt."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from dashboard.api.asking import POSITION_MAX, needs, only_known
from dashboard.api.errors import Failed, Json
from dashboard.api.records import READ
from dashboard.api.shapes import time_out
from dashboard.identity import who
from dashboard.records import Desk
from mes.equipment import Plant
from store.log import chain
from store.log import tables as t

After = Annotated[int, Query(ge=0, le=POSITION_MAX)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class HeadOut(BaseModel):
    """The newest entry: its position, and its hash as hexadecimal digits."""

    position: int
    hash: str


class EntryOut(BaseModel):
    """One entry, as it stands in the log. `body` is a text, as it was hashed."""

    position: int
    recorded_at: str
    recorded_at_us: int
    kind: str
    subject: str
    body: str
    hash: str


class EntryList(BaseModel):
    """Entries in order. `before`: the hash before the first one, null where that was archived."""

    items: list[EntryOut]
    next: int | None
    before: str | None


def register(server: FastAPI, plant: Plant, desk: Desk) -> None:
    def may() -> None:
        """The log is of the whole site."""
        needs(who().person, "audit")
        if not who().person.may("audit", plant.id):
            raise Failed(404, "the log is for those who may see all of the site")

    known = {"tags": ["log"], "responses": READ, "dependencies": [Depends(only_known)]}

    @server.get("/api/v1/log", response_model=HeadOut, **known)  # type: ignore[arg-type]
    async def head() -> Response:
        """Position and hash of the newest entry: an anchor, where it is kept elsewhere."""
        may()
        position, hash = await desk.read(chain.newest)
        return Json({"position": position, "hash": hash.hex()})

    @server.get("/api/v1/log/entries", response_model=EntryList, **known)  # type: ignore[arg-type]
    async def entries(after: After = 0, limit: Limit = 100) -> Response:
        """Entries behind the position `after`.

        hash = SHA-256(the hash before, then the JSON [position, recorded_at_us, kind, subject, body]
        without blanks, as UTF-8); before entry 1 stand 32 bytes of zero.
        """
        may()
        found, before = await desk.read(lambda c: _entries(c, after, limit))
        page = found[:limit]
        more = page[-1]["position"] if len(found) > limit else None
        return Json({"items": page, "next": more, "before": before})


def _entries(
    connection: Connection, after: int, limit: int
) -> tuple[list[dict[str, object]], str | None]:
    """One more than `limit`, where there are so many; and the hash of the entry `after`."""
    query = sa.select(t.log).where(t.log.c.position > after).order_by(t.log.c.position)
    rows = connection.execute(query.limit(limit + 1)).all()
    items: list[dict[str, object]] = [
        {
            "position": row.position,
            "recorded_at": time_out(row.recorded_at_us),
            "recorded_at_us": row.recorded_at_us,
            "kind": row.kind,
            "subject": row.subject,
            "body": row.body,
            "hash": bytes(row.hash).hex(),
        }
        for row in rows
    ]
    first = rows[0].position if rows else after + 1
    return items, _hash_at(connection, first - 1)


def _hash_at(connection: Connection, position: int) -> str | None:
    if position == 0:
        return chain.FIRST.hex()
    hash = connection.execute(sa.select(t.log.c.hash).where(t.log.c.position == position)).scalar()
    if hash is None:
        c = t.archives.c
        hash = connection.execute(
            sa.select(c.last_hash).where(c.last_position == position)
        ).scalar()
    return None if hash is None else bytes(hash).hex()
