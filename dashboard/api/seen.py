"""Whether who asks has the answer already: an ETag for all that GET below /api/v1 answers as JSON.

Where the endpoint names none (of a record it is the version, for If-Match), it is a digest of the
body, so that another body never passes for the same one, whatever changed: records, the plant's
state, or what the asker may see.
"""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BELOW = "/api/v1/"


class Seen:
    """ASGI middleware: adds the ETag, and answers 304 without a body where If-None-Match names it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        if not scope["path"].startswith(BELOW):
            await self.app(scope, receive, send)
            return
        asked, start, body = Headers(scope=scope), None, bytearray()

        async def say(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_whole(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    for told in _told(start, bytes(body), asked):
                        await send(told)

        await self.app(scope, receive, say)


def _is_whole(start: Message) -> bool:
    """Whether an answer is one that can be held back until its end is there: files are not."""
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return bool(start["status"] == 200 and kind.startswith("application/json"))


def _told(start: Message, body: bytes, asked: Headers) -> tuple[Message, Message]:
    headers = MutableHeaders(scope=start)
    etag = headers.setdefault("ETag", f'"sha256-{hashlib.sha256(body).hexdigest()}"')
    if _names(asked, etag):
        del headers["Content-Length"], headers["Content-Type"]
        start, body = {**start, "status": 304}, b""
    return start, {"type": "http.response.body", "body": body}


def _names(asked: Headers, etag: str) -> bool:
    """Whether If-None-Match names it."""
    said = [one.strip() for line in asked.getlist("if-none-match") for one in line.split(",")]
    return any(one.removeprefix("W/") in (etag, "*") for one in said)
