"""How much a request may bring, and how long it may take about it."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.answers import refuse

BODY_S = 15.0  # a body has to be there by then, and longer for what has come of it
BODY_BYTES_PER_S = 16_384  # so many bytes give a second more
TOGETHER_MIN = 64 << 20  # bytes of all bodies that are held at once, or four of the largest

CLOSE = {"Connection": "close"}  # what is still coming is not read


class Bodies:
    """ASGI middleware: a request goes on when its whole body is there: 413, 408 or 503 otherwise.

    Bytes are counted as they come, whatever Content-Length says or does not say. So nobody can have
    a callback wait for the rest, nor fill the memory by many requests at once.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self.app, self._bytes_max = app, bytes_max
        self._together_max = max(TOGETHER_MIN, 4 * bytes_max)
        self._held = 0  # bytes of all bodies now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if not {"content-length", "transfer-encoding"} & set(headers):
            await self.app(scope, receive, send)
            return
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._bytes_max:
            await self._too_large(scope, receive, send)
            return
        body = bytearray()
        try:
            if not await self._read(scope, receive, send, body):
                return
            whole: Message | None = {
                "type": "http.request",
                "body": bytes(body),
                "more_body": False,
            }

            async def replay() -> Message:
                nonlocal whole
                if whole is None:
                    return await receive()
                message, whole = whole, None
                return message

            await self.app(scope, replay, send)
        finally:
            self._held -= len(body)

    async def _read(self, scope: Scope, receive: Receive, send: Send, body: bytearray) -> bool:
        """Whether the whole body is in `body` now; what was wrong has been answered."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(BODY_S) as limit:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return False
                    part = message.get("body", b"")
                    body += part
                    self._held += len(part)
                    if len(body) > self._bytes_max or self._held > self._together_max:
                        break
                    if not message.get("more_body", False):
                        return True
                    limit.reschedule(started + BODY_S + len(body) / BODY_BYTES_PER_S)
        except TimeoutError:
            text = "the request's body did not come in time"
            await refuse(scope, receive, send, status=408, message=text, headers=CLOSE)
            return False
        if len(body) > self._bytes_max:
            await self._too_large(scope, receive, send)
        else:
            later = {**CLOSE, "Retry-After": "2"}
            text = "too much is being uploaded at once"
            await refuse(scope, receive, send, status=503, message=text, headers=later)
        return False

    async def _too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"the request's body has more than {self._bytes_max:,} bytes"
        await refuse(scope, receive, send, status=413, message=text, headers=CLOSE)
