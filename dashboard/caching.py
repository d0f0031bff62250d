"""What browsers may keep: scripts, styles and fonts; never a page or its data."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT = ("/assets/", "/_dash-component-suites/", "/api/docs-assets/")


class NotStored:
    """ASGI middleware: answers outside of KEPT say `Cache-Control: no-store`.

    A kept page would show old values as if they were live, and in the back/forward cache it would
    hold still the worker that all pages of the browser share.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(KEPT):
            await self.app(scope, receive, send)
            return

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, say)
