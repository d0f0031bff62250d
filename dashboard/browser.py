"""Which browser it is, and the token that its pages show with every callback.

`takt_browser` is a random id of one browser, which no script can read. `_csrf_token` is made of it
with a key of the server; Dash's renderer reads it and sends it as X-CSRFToken. Whoever can make a
browser send a request, but cannot read its cookies, has no token.
"""

import base64
import hashlib
import hmac
import logging
import re
import secrets
from contextvars import ContextVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.answers import refuse
from dashboard.headers import KEPT
from dashboard.origin import READING

log = logging.getLogger("takt.dashboard")

COOKIE, TOKEN_COOKIE, TOKEN_HEADER = "takt_browser", "_csrf_token", "X-CSRFToken"
KEY_BYTES = 32
NO_COOKIE = (*KEPT, "/api/", "/healthz", "/readyz", "/metrics", "/sw.js")
OUTDATED = "this page's token is not right: reload the page"

# Of the request or the websocket that is served now; None where it comes from no page.
BROWSER: ContextVar[str | None] = ContextVar("takt_browser", default=None)


def token(key: bytes, browser: str) -> str:
    """What pages of the browser `browser` have to show."""
    made = hmac.digest(key, b"takt callback " + browser.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


class Browser:
    """ASGI middleware: names the browser, and asks its pages' callbacks for the token.

    scope["state"]["browser"] and BROWSER hold the id, also during a websocket. A page that shows a
    wrong token gets the right one with the refusal: its next callback passes.
    """

    def __init__(self, app: ASGIApp, key: bytes) -> None:
        self.app, self._key = app, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        cookies = cookie_parser(headers.get("cookie", ""))
        browser = cookies.get(COOKIE)
        if browser is not None and not re.fullmatch(r"[\w-]{32}", browser, re.ASCII):
            browser = None
        if scope["type"] == "http" and not scope["path"].startswith(NO_COOKIE):
            browser, send = self._introduced(scope, cookies, browser, send)
        scope.setdefault("state", {})["browser"] = browser
        before = BROWSER.set(browser)
        try:
            if self._wrong(scope, headers, browser):
                await refuse(scope, receive, send, status=403, message=OUTDATED)
            else:
                await self.app(scope, receive, send)
        finally:
            BROWSER.reset(before)

    def _wrong(self, scope: Scope, headers: Headers, browser: str | None) -> bool:
        if scope["type"] != "http" or scope["method"] in READING:
            return False
        if not scope["path"].startswith("/_dash-"):
            return False
        shown = headers.get(TOKEN_HEADER, "")
        return not hmac.compare_digest(shown.encode(), token(self._key, browser or "").encode())

    def _introduced(
        self, scope: Scope, cookies: dict[str, str], browser: str | None, send: Send
    ) -> tuple[str, Send]:
        """The browser's id, and a `send` that sets the cookies that it lacks."""
        known = browser or secrets.token_urlsafe(24)
        shown, secure = token(self._key, known), "; Secure" if scope["scheme"] == "https" else ""
        lacks = []
        if browser is None:
            lacks.append(f"{COOKIE}={known}; Path=/; HttpOnly; SameSite=Lax{secure}")
        if cookies.get(TOKEN_COOKIE) != shown:
            lacks.append(f"{TOKEN_COOKIE}={shown}; Path=/; SameSite=Lax{secure}")

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                for cookie in lacks:
                    MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        return known, say if lacks else send
