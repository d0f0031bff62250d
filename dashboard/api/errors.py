"""What fails, and how it is told: {"error": {"code", "message", "detail"}}, whatever it is."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from dashboard.answers import code_of
from dashboard.doorway import Turned, Waiting
from dashboard.records import RecordsAway
from mes.records import Conflict, Forbidden, Missing, Refused, Unsigned

AGAIN_S = 2  # after this it may be tried again


class ErrorBody(BaseModel):
    code: str
    message: str
    detail: Any = None


class ErrorOut(BaseModel):
    error: ErrorBody


class Failed(HTTPException):
    """An answer that is an error. code: None for what HTTP calls `status`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        told: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers) if headers else None)
        self.code, self.told = code, told


class Json(Response):
    """JSON that can always be sent: what is no text in it is replaced."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def answer(
    status: int,
    message: str,
    *,
    code: str | None = None,
    detail: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Json:
    error = {"code": code or code_of(status), "message": message, "detail": detail}
    return Json({"error": error}, status_code=status, headers=dict(headers) if headers else None)


def register(server: FastAPI) -> None:
    server.add_exception_handler(HTTPException, _failed)
    server.add_exception_handler(RequestValidationError, _invalid)
    server.add_exception_handler(Refused, _refused)
    server.add_exception_handler(Waiting, _waiting)
    server.add_exception_handler(RecordsAway, _away)
    server.add_exception_handler(Exception, _broken)


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (204, 304):
        return Response(status_code=error.status_code, headers=error.headers)
    code, told = getattr(error, "code", None), getattr(error, "told", None)
    return answer(
        error.status_code, str(error.detail), code=code, detail=told, headers=error.headers
    )


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"where": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
    return answer(422, "the request is not valid", detail=faults)


async def _refused(_request: Request, error: Exception) -> Response:
    """What the one door refuses, or who signs wrongly."""
    assert isinstance(error, Refused)
    if isinstance(error, Missing):
        status = 404
    elif isinstance(error, Forbidden | Unsigned | Turned):
        status = 403
    else:
        status = 409 if isinstance(error, Conflict) else 422
    told = {"meanings": list(error.meanings)} if isinstance(error, Unsigned) else None
    return answer(status, str(error), code=error.code, detail=told)


async def _waiting(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Waiting)
    return answer(429, error.words, headers=error.headers)


async def _away(_request: Request, error: Exception) -> Response:
    return answer(503, str(error), headers={"Retry-After": str(AGAIN_S)})


async def _broken(_request: Request, _error: Exception) -> Response:
    """The server logs it with its traceback: it is raised again behind the answer."""
    return answer(500, "a fault in Takt; its log says more", code="fault")
