"""/account: one's own password, PIN, badge and sessions; each change takes the password."""

import time

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.access import SESSION_COOKIE
from dashboard.doorway import UNAVAILABLE, Doorway, Turned, Waiting
from dashboard.forms.parts import UNSURE, fields, viewer_of
from dashboard.identity import Who, who
from layouts import account
from mes import access
from mes.records import Refused
from store import live
from store.config import Config

SAID = {
    "password": "The password is changed.",
    "pin": "The PIN is set.",
    "badge": "The badge is set.",
    "gone": "It is taken away.",
    "sessions": "You are signed out everywhere else.",
}


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""

    async def drawn(asks: Who, status: int = 200, said: str = "", look: str = "stop") -> Response:
        known = doorway.gate.register.known
        owner = f"person:{asks.person.id}"
        try:
            sessions = await doorway.gate.sessions.of(asks.person.id)
        except live.UNAVAILABLE:
            sessions = []
        devices = {r.id: (r.body or {})["name"] for r in known.of("device")}
        text = account.page(
            config.plant,
            viewer_of(doorway, asks),
            asks.person,
            has=[kind for kind in access.CREDENTIALS if known.has(owner, kind)],
            sessions=[
                (s.via, devices.get(s.device, ""), s.seen_us, s.id == asks.session)
                for s in sorted(sessions, key=lambda s: -s.seen_us)
            ],
            at_least=config.access.password_min,
            now_us=time.time_ns() // 1000,
            said=said,
            look=look,
            theme=config.dashboard.theme,
        )
        return HTMLResponse(text, status_code=status)

    @server.get("/account", include_in_schema=False)
    async def show(said: str = "") -> Response:
        asks = who()
        if not asks.signed_in:
            return RedirectResponse("/login?next=/account", status_code=303)
        return await drawn(asks, said=SAID.get(said, ""), look="run")

    @server.post("/account", include_in_schema=False)
    async def change(request: Request) -> Response:
        asks, form = who(), await fields(request)
        if not asks.signed_in:
            return RedirectResponse("/login?next=/account", status_code=303)
        try:
            said = await _changed(doorway, config, asks, form, request)
        except Waiting as waiting:
            answer = await drawn(asks, 429, waiting.words)
            answer.headers.update(waiting.headers)
            return answer
        except Refused as refused:
            return await drawn(asks, 422, str(refused))
        except UNAVAILABLE:
            return await drawn(asks, 503, UNSURE)
        answer = RedirectResponse(f"/account?said={said}", status_code=303)
        if doorway.gate.register.known.person(asks.person.id) is None:
            answer.delete_cookie(SESSION_COOKIE, path="/")
        return answer


async def _changed(
    doorway: Doorway, config: Config, asks: Who, form: dict[str, str], request: Request
) -> str:
    """Do what the form says; returns the key of SAID."""
    what, new, owner = form.get("what", ""), form.get("new", ""), f"person:{asks.person.id}"
    if what == "sessions":
        await doorway.gate.sessions.end_all(asks.person.id, but=asks.session)
        return what
    if what not in ("password", "pin", "badge"):
        raise Turned("There is nothing of that kind to change.")
    try:
        await doorway.confirm(asks, form.get("old", ""), request.scope)
    except Turned:
        raise Turned("That is not your password as it is now. Nothing was changed.") from None
    if what == "password":
        access.check_password(
            new, id=asks.person.id, name=asks.person.name, at_least=config.access.password_min
        )
        if new != form.get("again"):
            raise Turned("The two new passwords differ. Nothing was changed.")
    await doorway.set_checked(asks, owner, what, new, own=True)
    return what if new else "gone"
