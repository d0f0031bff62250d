"""What is at no address, or does not know the method: 404 and 405. HEAD works where GET does."""

from fastapi import FastAPI, Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.api.errors import Failed

METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE")
DATA = ("/api/", "/healthz", "/readyz", "/metrics")


class Heads:
    """ASGI middleware: to HEAD the head of what GET answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        if not scope["path"].startswith(DATA):
            await self.app(scope, receive, send)
            return

        async def head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, head)


def register(server: FastAPI) -> None:
    """Add what answers where nothing else below /api/ does: it has to be the last there."""

    async def nothing_here(request: Request) -> None:
        if known := _methods(server, request.scope):
            allowed = ", ".join(sorted({*known, "HEAD"} if "GET" in known else known))
            words = f"{request.method} does nothing here; known: {allowed}"
            raise Failed(405, words, headers={"Allow": allowed})
        raise Failed(404, f"there is nothing at {request.url.path}; see /api/docs")

    server.add_api_route(
        "/api/{path:path}", nothing_here, methods=list(METHODS), include_in_schema=False
    )
    server.add_middleware(Heads)


def _methods(server: FastAPI, scope: Scope) -> set[str]:
    """The methods that something else answers at this path."""
    found = set()
    for route in server.router.routes:
        if getattr(route, "path", "") == "/api/{path:path}":
            break
        for method in METHODS:
            match, _ = route.matches({**scope, "method": method})
            if match is Match.FULL:
                found.add(method)
    return found
