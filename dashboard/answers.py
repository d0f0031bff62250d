"""What a request is told that goes no further: the one error shape, from below the API."""

from http import HTTPStatus

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

# Others are what HTTP calls them; the name of 413 has changed.
CODES = {413: "content_too_large", 422: "invalid"}


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    status: int,
    message: str,
    headers: dict[str, str] | None = None,
) -> None:
    """Answer with `status` and {"error": {"code", "message", "detail"}}; a handshake with 403."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4003, "reason": message})
        return
    body = {"error": {"code": code_of(status), "message": message, "detail": None}}
    await JSONResponse(body, status_code=status, headers=headers)(scope, receive, send)


def code_of(status: int) -> str:
    return CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_").replace(
        "-", "_"
    )


def only(headers: Headers, name: str) -> str | None:
    """The value of a header that stands there once; None where it is missing or repeated."""
    found = headers.getlist(name)
    return found[0] if len(found) == 1 else None
