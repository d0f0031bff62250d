"""/login/oidc: to the identity provider and back."""

import logging

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.access import OIDC, OIDC_BACK, set_cookie
from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.login import AWAY, signed_in
from dashboard.forms.parts import FirstAddress, back_to
from dashboard.oidc import ATTEMPT_S, Provider, ProviderAway, ProviderRefused
from layouts import login
from mes.people import Person, person_of
from store.config import Config
from store.keys import plant_key

log = logging.getLogger("takt.access")

COOKIE = "takt_oidc"
REFUSED = "It was not said who you are. Please try again."


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes, where a provider is configured."""
    table = config.access
    if table.oidc_issuer is None:
        return
    provider = Provider(table, plant_key(config.data_dir))

    def drawn(status: int, said: str) -> Response:
        text = login.page(
            site=config.plant.name,
            said=said,
            oidc=table.oidc_name,
            demo=table.demo,
            theme=config.dashboard.theme,
        )
        answer = HTMLResponse(text, status_code=status)
        answer.delete_cookie(COOKIE, path="/login")
        return answer

    @server.get(OIDC, include_in_schema=False)
    async def begin(request: Request, to: str = Query("/", alias="next")) -> Response:
        try:
            back = FirstAddress(config, request).of(OIDC_BACK)
            address, sealed = await provider.begin(back, back_to(to))
        except (ProviderAway, ProviderRefused) as error:
            log.warning("the identity provider is away: %s", error)
            return drawn(503, f"{table.oidc_name} does not answer at the moment.")
        answer = RedirectResponse(address, status_code=303)
        set_cookie(answer, request.scope, COOKIE, sealed, max_age_s=ATTEMPT_S, path="/login")
        return answer

    @server.get(OIDC_BACK, include_in_schema=False)
    async def end(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
        if error or not code:
            return drawn(401, f"{table.oidc_name} has not let you in.")
        try:
            subject, to = await provider.subject(
                request.cookies.get(COOKIE, ""),
                state=state,
                code=code,
                back=FirstAddress(config, request).of(OIDC_BACK),
            )
            person = _person(doorway, subject)
            if person is None:
                log.warning("the identity provider let in somebody who is not on record")
                return drawn(
                    403, "You are known there, but not admitted here. Ask an administrator."
                )
            answer = await signed_in(doorway, request, person, "oidc", back_to(to))
        except ProviderAway as away:
            log.warning("the identity provider is away: %s", away)
            return drawn(503, f"{table.oidc_name} does not answer at the moment.")
        except ProviderRefused as refused:
            log.warning("nobody was let in by the identity provider: %s", refused)
            return drawn(401, REFUSED)
        except UNAVAILABLE as unavailable:
            log.warning("nobody can sign in: %s", unavailable)
            return drawn(503, AWAY)
        answer.delete_cookie(COOKIE, path="/login")
        return answer


def _person(doorway: Doorway, subject: str) -> Person | None:
    """The one active person with a role whose subject this is."""
    found = [
        person_of(record.id, record.body)
        for record in doorway.gate.register.known.of("person")
        if record.body and record.body["active"] and record.body["subject"] == subject
    ]
    return found[0] if len(found) == 1 and found[0].roles else None
