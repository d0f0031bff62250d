"""A page that is none answers 404. Its body is that of any page: it says itself that there is no such page."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANY = "{path:path}"  # Dash's route for every address that nobody else serves


class Missing:
    """ASGI middleware around a server whose other addresses are Dash's pages."""

    def __init__(self, app: ASGIApp, is_page: Callable[[str], bool]) -> None:
        self.app, self._is_page = app, is_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start" and self._is_none(scope, message["status"]):
                message["status"] = 404
            await send(message)

        await self.app(scope, receive, say if scope["type"] == "http" else send)

    def _is_none(self, scope: Scope, status: int) -> bool:
        ours = status == 200 and getattr(scope.get("route"), "path", "") == ANY
        return ours and not self._is_page(scope["path"])
