"""What every answer tells the browser: what a page may load and run, and what may be kept of it."""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from html.parser import HTMLParser

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.hosts import is_loopback
from store.config_tables import host_of

KEPT = ("/assets/", "/_dash-component-suites/", "/api/docs-assets/")  # scripts, styles, fonts
HSTS_S = 365 * 86_400

# 'self' in connect-src is the websocket of the same host, too. Styles may stand in the page: Dash's
# components and plotly write them there. Scripts may not, but for those whose hash is named.
PAGE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "media-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
DATA = "default-src 'none'; frame-ancestors 'none'"

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: a form would then say that it comes from nowhere.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "midi=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _Inline(HTMLParser):
    """The scripts that stand in a page. Data for scripts, as type="application/json", run nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._inside = tag == "script" and "src" not in told and "json" not in str(told.get("type"))
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def hashes(html: str) -> list[str]:
    """CSP sources of the scripts that stand in a page, each once, in order."""
    page = _Inline()
    page.feed(html)
    page.close()
    digests = (hashlib.sha256(text.encode()).digest() for text in page.found)
    return list(dict.fromkeys(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests))


def policy(html: str) -> str:
    """The content-security policy under which the page `html`, as the server made it, runs."""
    told = PAGE | {"script-src": " ".join([PAGE["script-src"], *hashes(html)])}
    return "; ".join(f"{name} {sources}" for name, sources in told.items())


class Told:
    """ASGI middleware: the security headers, and `Cache-Control: no-store` outside of KEPT.

    A kept page would show old values as if they were live, and in the back/forward cache it would
    hold still the worker that all pages of the browser share.
    """

    def __init__(self, app: ASGIApp, pages: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        """`pages` gives the pages' HTML by path once the server has started, "" for all others."""
        self.app, self._pages = app, pages
        self._policies: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not self._policies:
            pages = await self._pages()
            self._policies = {path: policy(html) for path, html in pages.items()}
        told = self._headers(scope)

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in told.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, say)

    def _headers(self, scope: Scope) -> dict[str, str]:
        path, told = scope["path"], dict(ALWAYS)
        other = DATA if path.startswith("/api/") else self._policies[""]
        told["Content-Security-Policy"] = self._policies.get(path, other)
        if not path.startswith(KEPT):
            told["Cache-Control"] = "no-store"
        here = is_loopback(host_of(f"//{Headers(scope=scope).get('host', '')}"))
        secure = scope["scheme"] == "https"
        if secure and not here:  # it counts for all ports of a host, and here there may be others
            told["Strict-Transport-Security"] = f"max-age={HSTS_S}"
        if secure or here:  # elsewhere browsers complain about it
            told["Cross-Origin-Opener-Policy"] = "same-origin"
        return told
