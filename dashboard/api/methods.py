"""What is at no address, or does not know the method: 404 and 405. HEAD works where GET does."""

from fastapi import FastAPI, Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.answers import refuse
from dashboard.api.errors import Failed
from dashboard.api.seen import Seen

METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE")
DATA = ("/api/", "/healthz", "/readyz", "/metrics")


class Heads:
    """ASGI middleware: to HEAD the head of what GET answers; 404 for control characters in a path.

    A route's `.` matches no line feed: such a path would pass by what answers everything below /api/.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith("/api/") and min(path) < " ":
            await refuse(scope, receive, send, status=404, message="there is nothing of that name")
            return
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        scope.setdefault("state", {})["head"] = True
        await self.app({**scope, "method": "GET"}, receive, head)


def is_head(request: Request) -> bool:
    """Whether nobody will read the body: what takes long to make need not be made."""
    return bool(getattr(request.state, "head", False))


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
    server.add_middleware(Seen)
    server.add_middleware(Heads)  # around it: to HEAD as to GET


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
