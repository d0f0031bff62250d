"""Who may change something: Takt's own pages, and programs; never the page of a stranger.

A browser sends a person's cookies along with whatever another site's page asks for. What it does
not let that page forge is where the request comes from.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.answers import only, refuse

READING = ("GET", "HEAD", "OPTIONS")
STRANGER = "this request comes from another site's page"


class SameOrigin:
    """ASGI middleware: 403 for what would change something, or open a websocket, from elsewhere.

    Sec-Fetch-Site says it where the browser sends it (over TLS and on the same machine), else Origin
    has to be the host that was asked, or that of `public_url`. A request with neither comes from no
    browser of today: it passes unless it carries a cookie, which would be a browser's.
    Source: Go's net/http.CrossOriginProtection; the cookie rule is ours.
    """

    def __init__(self, app: ASGIApp, *, public_url: str | None) -> None:
        self.app, self._public = app, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] == "websocket" or (
            scope["type"] == "http" and scope["method"] not in READING
        )
        if asks and not self._ours(Headers(scope=scope)):
            await refuse(scope, receive, send, status=403, message=STRANGER)
            return
        await self.app(scope, receive, send)

    def _ours(self, headers: Headers) -> bool:
        if "sec-fetch-site" in headers:
            return only(headers, "sec-fetch-site") in ("same-origin", "none")
        if "origin" not in headers:
            return "cookie" not in headers
        origin = (only(headers, "origin") or "").lower()
        if origin and origin == self._public:
            return True
        try:
            netloc = urlsplit(origin).netloc
        except ValueError:
            return False
        return bool(netloc) and netloc == headers.get("host", "").lower()
