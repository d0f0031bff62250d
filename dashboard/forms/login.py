"""/login, /logout, /welcome: coming in, going, and coming in for the first time."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.access import SESSION_COOKIE, set_cookie
from dashboard.doorway import UNAVAILABLE, Doorway, Turned, Waiting, secrets_key
from dashboard.forms.parts import back_to, fields
from dashboard.identity import STRANGER
from layouts import login
from mes import access
from mes.kinds import Set
from mes.records import Refused
from store.actions import SYSTEM
from store.config import Config

log = logging.getLogger("takt.access")

AWAY = "Nobody can sign in at the moment: Takt cannot reach its data. Please try again."
SAID = {"out": "You are signed out.", "new": "The password was changed. Please sign in."}

Draw = Callable[..., HTMLResponse]


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    table, theme = config.access, config.dashboard.theme

    def drawn(status: int = 200, **said: Any) -> HTMLResponse:
        oidc = table.oidc_name if table.oidc_issuer else ""
        text = login.page(site=config.plant.name, oidc=oidc, demo=table.demo, theme=theme, **said)
        return HTMLResponse(text, status_code=status)

    _coming_and_going(server, doorway, drawn)
    _first_time(server, config, doorway, drawn)


def _coming_and_going(server: FastAPI, doorway: Doorway, drawn: Draw) -> None:
    @server.get("/login", include_in_schema=False)
    async def show(
        request: Request, to: str = Query("/", alias="next"), said: str = ""
    ) -> Response:
        words = SAID.get(said, "")
        who = await doorway.gate.who(request.scope)
        if who.signed_in:
            words = f"{who.person.name} is signed in here until somebody else signs in."
        return drawn(to=back_to(to), said=words, look="run")

    @server.post("/login", include_in_schema=False)
    async def enter(request: Request) -> Response:
        form = await fields(request)
        id, to = form.get("id", "")[:128], back_to(form.get("next", "/"))
        try:
            person = await doorway.by_secret(
                id, "password", form.get("password", ""), request.scope
            )
            return await signed_in(doorway, request, person, "password", to)
        except Waiting as waiting:
            answer = drawn(429, id=id, to=to, said=waiting.words)
            answer.headers.update(waiting.headers)
            return answer
        except Turned as turned:
            return drawn(401, id=id, to=to, said=str(turned))
        except UNAVAILABLE as error:
            log.warning("nobody can sign in: %s", error)
            return drawn(503, id=id, to=to, said=AWAY)

    @server.get("/logout", include_in_schema=False)
    async def typed(request: Request) -> Response:
        """Nobody is signed out by an address that is only opened: he is led to where one does it."""
        who = await doorway.gate.who(request.scope)
        return RedirectResponse("/account" if who.signed_in else "/login", status_code=303)

    @server.post("/logout", include_in_schema=False)
    async def leave(request: Request) -> Response:
        who = await doorway.gate.who(request.scope)
        try:
            await doorway.out(who, request.scope)
        except UNAVAILABLE as error:
            log.warning("a session could not be ended: %s", error)
        at_tablet = doorway.gate.verdict("/switch", replace(STRANGER, device=who.device)) == "yes"
        answer = RedirectResponse("/switch" if at_tablet else "/login?said=out", status_code=303)
        answer.delete_cookie(SESSION_COOKIE, path="/")
        return answer


def _first_time(server: FastAPI, config: Config, doorway: Doorway, drawn: Draw) -> None:
    table, theme = config.access, config.dashboard.theme

    @server.get("/welcome", include_in_schema=False)
    async def welcome(link: str = "") -> Response:
        owner = await _owner(doorway, link)
        if owner is None:
            return HTMLResponse(login.link_is_gone(theme=theme), status_code=410)
        return HTMLResponse(_welcome(doorway, config, link, owner, ""))

    @server.post("/welcome", include_in_schema=False)
    async def begin(request: Request) -> Response:
        form = await fields(request)
        link, password = form.get("link", "")[:200], form.get("password", "")
        owner = await _owner(doorway, link)
        if owner is None:
            return HTMLResponse(login.link_is_gone(theme=theme), status_code=410)
        name = form.get("name", "").strip()
        try:
            access.check_password(password, id=owner, name=name, at_least=table.password_min)
            if password != form.get("again"):
                raise Turned("The two passwords differ.")
            await _rename(
                doorway, owner, name
            )  # what may be refused comes before the link is spent
            who = await doorway.gate.who(request.scope)
            await doorway.set_secret(
                who, f"person:{owner}", "password", password, by=SYSTEM, link=link
            )
            await doorway.gate.register.renew()
            person = doorway.gate.register.known.person(owner)
            if person is None:
                raise Turned("This person is not active.")
            return await signed_in(doorway, request, person, "link", "/")
        except Refused as refused:
            text = _welcome(doorway, config, link, owner, str(refused), name)
            return HTMLResponse(text, status_code=422)
        except UNAVAILABLE as error:
            log.warning("nobody can sign in: %s", error)
            return drawn(503, said=AWAY)


async def signed_in(
    doorway: Doorway, request: Request, person: Any, via: str, to: str
) -> RedirectResponse:
    """The session begins, and the browser goes on to where it wanted."""
    token, _ = await doorway.begin(person, via, request.scope)
    answer = RedirectResponse(to, status_code=303)
    set_cookie(answer, request.scope, SESSION_COOKIE, token)
    return answer


async def _owner(doorway: Doorway, link: str) -> str | None:
    """The id of the active person whose one-time link this is."""
    if not 20 <= len(link) <= 200:
        return None
    owner = await doorway.desk.read(lambda c: doorway.secrets.owner_of(c, "link", link))
    id = (owner or "").partition(":")[2]
    await doorway.gate.register.renew()
    return id if doorway.gate.register.known.active("person", id) else None


async def _rename(doorway: Doorway, id: str, name: str) -> None:
    record = doorway.gate.register.known.records["person", id]
    if record.body is None or record.body["name"] == name:
        return
    body = {**record.body, "name": name}
    command = Set(kind="person", id=id, body=body, version=record.version)
    await doorway.desk.perform(command, SYSTEM, secrets_key())


def _welcome(
    doorway: Doorway, config: Config, link: str, id: str, said: str, name: str | None = None
) -> str:
    known = doorway.gate.register.known
    body = known.body("person", id) or {"name": id}
    nobody_yet = not any(kind == "password" for _, kind in known.kept)
    return login.welcome(
        link=link,
        id=id,
        name=name if name is not None else body["name"],
        first=nobody_yet,
        at_least=config.access.password_min,
        said=said,
        theme=config.dashboard.theme,
    )
