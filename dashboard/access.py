"""Finds out who asks, and refuses what he may not see: ASGI middleware around everything Takt serves.

What is open to everybody stands in OPEN. All else takes the right "live" where it is live data, and
otherwise somebody who is signed in, or a program with a token; which right a page or an action takes
beyond that is decided where it is served. A path that is added somewhere and named nowhere here is
not open.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlencode

from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.answers import refuse
from dashboard.browser import COOKIE as BROWSER_COOKIE
from dashboard.identity import STRANGER, WHO, Who
from dashboard.register import Register, device_person
from dashboard.sockets import Sockets
from layouts import refused
from mes.people import RIGHTS, Person, device, session_s
from store import live
from store.last_seen import LastSeen
from store.sessions import Session, Sessions

log = logging.getLogger("takt.access")

SESSION_COOKIE, DEVICE_COOKIE = "takt_session", "takt_device"
DEVICE_COOKIE_S = 400 * 86_400  # the longest that browsers keep one; renewed with each page
UNTOUCHED = ("/assets/", "/_dash-component-suites/", "/api/docs-assets/")
UNASKED = ("/sw.js", "/healthz", "/favicon.ico")  # not even who it is
OPEN = ("/login", "/logout", "/welcome", "/readyz")
OIDC, OIDC_BACK = "/login/oidc", "/login/oidc/back"  # open where a provider is configured
LIVE = ("/metrics", "/api/v1/work-units", "/api/docs", "/api/openapi.json", "/_reload-hash")
RECORDED = re.compile(r"(?s)/api/v1/work-units/[^/]*/.*")  # beside what is live of a unit
NOT_BY_PIN = frozenset({"people", "devices", "tokens"})
READING = ("GET", "HEAD", "OPTIONS")
NO_TABLET = (
    "People take turns by PIN or badge on shared tablets. This browser is none: an administrator "
    "admits it as one."
)
UNSURE = "Takt cannot check at the moment who you are. It tries again by itself."
SIGNED_OUT = (
    "You are signed out, so nothing was changed. What you typed still stands where you go back to in "
    "your browser; sign in before you send it again."
)
NOT_HIS = "You may not do this. Nothing was changed."
UNSENT = (
    "Takt cannot check at the moment who you are, so nothing was done. Go back: what you typed stands "
    "there yet. Then send it again."
)


def _below(path: str, paths: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in paths)


class Gate:
    """What the middleware knows: sessions, devices, people, and which pages take a person.

    protected: says whether a path is that of a page for people who are signed in; online: whether
    Redis is there, as far as is known.
    """

    def __init__(
        self,
        register: Register,
        sessions: Sessions,
        sockets: Sockets,
        seen: LastSeen,
        *,
        site: str,
        demo: bool,
        oidc: bool,
        theme: str,
        protected: Callable[[str], bool],
        online: Callable[[], bool] = lambda: True,
    ) -> None:
        self.register, self.sessions, self.sockets = register, sessions, sockets
        self.seen = seen
        self.protected, self.demo, self.theme = protected, demo, theme
        self.site = site
        self._open = (*OPEN, OIDC, OIDC_BACK) if oidc else OPEN
        self.online = online
        self._visitor = Who(person=device("visitor", "Visitor of the demo", [site]), via="demo")

    async def identify(self, scope: Scope) -> str | None:
        """Who it is, as far as that was checked; None for strangers. For counting requests."""
        who = await self.who(scope)
        return None if who.via in ("stranger", "demo") else f"{who.person.id}@{who.device}"

    async def who(self, scope: Scope) -> Who:
        """Who asks; kept in scope["state"]["who"]. "unsure" there: a session cannot be checked."""
        state = scope.setdefault("state", {})
        if "who" not in state:
            state["who"] = await self._find(scope, state)
        found: Who = state["who"]
        return found

    async def _find(self, scope: Scope, state: dict[str, object]) -> Who:
        headers = Headers(scope=scope)
        cookies = cookie_parser(headers.get("cookie", ""))
        browser = cookies.get(BROWSER_COOKIE, "")[:64]
        if scope["path"] == "/metrics" or scope["path"].startswith("/api/"):
            bearer = re.fullmatch(r"(?i)bearer\s+(\S{1,200})", headers.get("authorization", ""))
            if bearer:
                return self._program(bearer[1])
        found = self.register.device_of(cookies.get(DEVICE_COOKIE, ""))
        at = found[0] if found else ""
        if found:
            self.seen.mark(f"device:{at}")
        token = cookies.get(SESSION_COOKIE, "")
        if token and not self.online():
            state["unsure"] = True
        elif token:
            try:
                if who := await self._person(token, at, seen=_does(scope)):
                    return who
            except live.UNAVAILABLE:
                state["unsure"] = True
        if found:
            person = device_person(*found)
            return Who(person=person, device=at, via="device", browser=browser)
        base = self._visitor if self.demo else STRANGER
        return Who(person=base.person, via=base.via, browser=browser)

    def _program(self, token: str) -> Who:
        person = self.register.token_of(token)
        if person is None:
            return STRANGER
        self.seen.mark(person.id)
        return Who(person=person, via="token", device=person.id)

    async def last_seen(self) -> dict[str, int]:
        """Owner ("device:wall-1") → when it was last there [µs]. Raises live.UNAVAILABLE.

        What came before its token was made was another of the same id, which was removed.
        """
        made = {
            o: one.changed_at_us for (o, k), one in self.register.known.kept.items() if k == "token"
        }
        found = await self.seen.all()
        return {owner: us for owner, us in found.items() if owner in made and us >= made[owner]}

    async def _person(self, token: str, at: str, *, seen: bool) -> Who | None:
        session = await self.sessions.find(token)
        if session is None or not self._still_there(session, at):
            return None
        person = self.register.known.person(session.person)
        if person is None or not person.roles:
            return None
        if not await self.sessions.renewed(session, session_s(person.roles), seen=seen):
            return None
        return who_of(person, session, at)

    def _still_there(self, session: Session, at: str) -> bool:
        """A session that was begun by PIN or badge holds only at its tablet."""
        return session.via not in ("pin", "badge") or session.device == at

    def verdict(self, path: str, who: Who) -> str:
        """ "yes", "sign in", or "no": signed in, but without the right."""
        if path in self._open:
            return "yes"
        if path == "/switch":
            body = self.register.known.active("device", who.device) if who.device else None
            if body and body["kind"] == "tablet":
                return "yes"
            return "no" if who.signed_in else "sign in"
        known = who.signed_in or who.via == "token"
        live = _below(path, LIVE) and not RECORDED.fullmatch(path)
        api = path.startswith("/api/") and not live
        if api or self.protected(path):
            return "yes" if known else "sign in"
        if who.person.has("live"):
            return "yes"
        return "no" if known else "sign in"


def _does(scope: Scope) -> bool:
    """Whether a person does something; what an open page asks by itself keeps no session alive."""
    return scope["type"] == "http" and scope["method"] != "HEAD"


def who_of(person: Person, session: Session, at: str) -> Who:
    """A person in a session of his, at the device `at`. By a few digits or a badge nobody admits
    people or devices; and a session makes no tablet of a browser that is none itself.
    """
    rights = frozenset(RIGHTS) - NOT_BY_PIN if session.via in ("pin", "badge") else person.rights
    return Who(
        person=replace(person, rights=rights),
        device=at,
        session=session.id,
        via=session.via,
        browser=session.browser,
    )


class Access:
    """ASGI middleware: scope["state"]["who"] and WHO say who asks; what he may not see is refused."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(UNTOUCHED) or path in UNASKED:
            scope.setdefault("state", {}).setdefault("who", STRANGER)
            await self.app(scope, receive, send)
            return
        if answer := _without_slash(scope) or self._admitted(scope):
            await answer(scope, receive, send)
            return
        who = await self._gate.who(scope)
        verdict = self._gate.verdict(path, who)
        if verdict != "yes":
            await self._refuse(scope, receive, send, verdict)
            return
        before = WHO.set(who)
        try:
            if scope["type"] == "websocket":
                await self._gate.sockets.serve(self.app, scope, receive, send)
            else:
                await self.app(scope, receive, self._keeping(scope, who, send))
        finally:
            WHO.reset(before)

    def _admitted(self, scope: Scope) -> RedirectResponse | HTMLResponse | None:
        """The answer to a page that is opened with ?device=TOKEN: a cookie, and the page without."""
        if scope["type"] != "http" or b"device=" not in scope.get("query_string", b""):
            return None
        said = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = next((value for name, value in said if name == "device"), None)
        if scope["method"] not in READING or token is None or scope["path"].startswith("/api/"):
            return None
        if self._gate.register.device_of(token) is None:
            words = "This device is not admitted, or no longer. An administrator can admit it anew."
            return HTMLResponse(refused.page(words, theme=self._gate.theme), status_code=401)
        rest = urlencode([(name, value) for name, value in said if name != "device"])
        path = quote(scope["path"])
        to = "/" + path.lstrip("/") + (f"?{rest}" if rest else "")
        answer = RedirectResponse(to, status_code=303)
        set_cookie(answer, scope, DEVICE_COOKIE, token, max_age_s=DEVICE_COOKIE_S)
        return answer

    def _keeping(self, scope: Scope, who: Who, send: Send) -> Send:
        """A `send` that renews a device's cookie with each of its pages, so that it never expires."""
        if not who.device or who.via == "token":
            return send
        headers = Headers(scope=scope)
        if headers.get("sec-fetch-mode") != "navigate":
            return send
        token = cookie_parser(headers.get("cookie", "")).get(DEVICE_COOKIE, "")
        if not token:
            return send
        answer = RedirectResponse("/")
        set_cookie(answer, scope, DEVICE_COOKIE, token, max_age_s=DEVICE_COOKIE_S)
        cookie = [pair for pair in answer.raw_headers if pair[0] == b"set-cookie"]

        async def say(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *cookie]  # type: ignore[misc]
            await send(message)

        return say  # type: ignore[return-value]

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, verdict: str) -> None:
        path, http = scope["path"], scope["type"] == "http"
        people = http and not path.startswith(("/api/", "/_", "/metrics"))
        page = people and scope["method"] in READING
        form = people and not page and "text/html" in Headers(scope=scope).get("accept", "")
        if scope["state"].get("unsure"):
            if form:  # sent by a browser
                text = refused.page(UNSENT, theme=self._gate.theme)
                await HTMLResponse(text, status_code=503)(scope, receive, send)
            elif page:
                text = refused.page(UNSURE, theme=self._gate.theme, again=True)
                answer = HTMLResponse(text, status_code=503, headers={"Retry-After": "5"})
                await answer(scope, receive, send)
            else:
                await refuse(scope, receive, send, status=503, message=UNSURE)
        elif verdict == "no" and page:
            words = NO_TABLET if path == "/switch" else "You may not see this page."
            text = refused.page(words, theme=self._gate.theme)
            await HTMLResponse(text, status_code=403)(scope, receive, send)
        elif page:
            query = scope.get("query_string", b"").decode("latin-1")
            back = quote(path + (f"?{query}" if query else ""), safe="/")
            tablet = self._gate.verdict("/switch", scope["state"]["who"]) == "yes"
            to = f"{'/switch' if tablet else '/login'}?next={back}"
            await RedirectResponse(to, status_code=303)(scope, receive, send)
        elif form:
            words, status = (NOT_HIS, 403) if verdict == "no" else (SIGNED_OUT, 401)
            text = refused.page(words, theme=self._gate.theme, back=path)
            await HTMLResponse(text, status_code=status)(scope, receive, send)
        elif verdict == "no":
            await refuse(scope, receive, send, status=403, message="you may not see this")
        else:
            await refuse(scope, receive, send, status=401, message="sign in first, or send a token")


def _without_slash(scope: Scope) -> RedirectResponse | None:
    """The answer to a page's address with a slash at its end: the same page without."""
    path = scope["path"]
    if (
        scope["type"] != "http"
        or scope["method"] not in READING
        or path.startswith(("/api/", "/_"))
    ):
        return None
    if path == "/" or not path.endswith("/"):
        return None
    query = scope.get("query_string", b"").decode("latin-1")
    return RedirectResponse(quote("/" + path.strip("/")) + (f"?{query}" if query else ""), 303)


def set_cookie(
    answer: RedirectResponse | HTMLResponse,
    scope: Scope,
    name: str,
    value: str,
    *,
    max_age_s: int | None = None,
    path: str = "/",
) -> None:
    """A cookie that no script reads and no other site sends; over TLS only where this came by it."""
    answer.set_cookie(
        name, value, max_age=max_age_s, path=path, httponly=True, samesite="lax",
        secure=scope["scheme"] in ("https", "wss"),
    )  # fmt: skip
