"""/api/v1/devices/{id}/last-seen and that of tokens: no part of the record, for no version changes."""

from fastapi import Depends, FastAPI, Response
from pydantic import BaseModel

from dashboard.api.asking import needs, only_known
from dashboard.api.errors import Failed, Json
from dashboard.api.reading import newest_shown
from dashboard.api.records import READ
from dashboard.api.shapes import time_out
from dashboard.doorway import Doorway
from dashboard.identity import who
from mes.equipment import Plant
from mes.kinds import KINDS, Kind
from store import live


class LastSeenOut(BaseModel):
    """When its last request came, to any dashboard process, within seconds; null for none so far."""

    last_seen: str | None


def register(server: FastAPI, plant: Plant, doorway: Doorway) -> None:
    for key in ("device", "token"):
        _last_seen(server, plant, doorway, KINDS[key])


def _last_seen(server: FastAPI, plant: Plant, doorway: Doorway, kind: Kind) -> None:
    @server.get(
        f"/api/v1/{kind.plural}/{{id}}/last-seen",
        response_model=LastSeenOut,
        responses=READ,
        tags=[kind.plural],
        operation_id=f"last_seen_of_{kind.key}",
        dependencies=[Depends(only_known)],
    )
    async def last_seen(id: str) -> Response:
        """When it was last there, as the page of walls, tablets and tokens shows it."""
        person = who().person
        needs(person, kind.see)
        record = await doorway.desk.read(lambda c: newest_shown(c, plant, person, kind, id, None))
        if record is None or record.body is None:
            raise Failed(404, f"no {kind.key} {id!r}")
        try:
            found = await doorway.gate.last_seen()
        except live.UNAVAILABLE as error:
            raise Failed(503, "Redis cannot be reached") from error
        return Json({"last_seen": time_out(found.get(f"{kind.key}:{id}"))})
