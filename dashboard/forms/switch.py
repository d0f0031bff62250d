"""/switch: who takes over a shared tablet, by PIN or badge. What he had begun to type comes back."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from dashboard.doorway import UNAVAILABLE, Doorway, Turned, Waiting
from dashboard.forms.login import AWAY, signed_in
from dashboard.forms.parts import back_to, fields
from dashboard.identity import Who, who
from layouts import switch
from mes.people import covers
from mes.records import Record
from store.config import Config

PEOPLE_MAX = 200  # tiles


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes. The access middleware lets only tablets in."""

    def drawn(
        asks: Who, status: int = 200, to: str = "/", said: str = "", chosen: str = ""
    ) -> Response:
        body = doorway.gate.register.known.active("device", asks.device) or {"name": ""}
        text = switch.page(
            _people(doorway, asks)[:PEOPLE_MAX],
            tablet=body["name"],
            now=asks.person.name if asks.signed_in else "",
            chosen=chosen,
            to=to,
            said=said,
            theme=config.dashboard.theme,
        )
        return HTMLResponse(text, status_code=status)

    @server.get("/switch", include_in_schema=False)
    async def show(request: Request) -> Response:
        return drawn(who(), to=back_to(request.query_params.get("next", "/")))

    @server.post("/switch", include_in_schema=False)
    async def change(request: Request) -> Response:
        asks, form = who(), await fields(request)
        to, id = back_to(form.get("next", "/")), form.get("id", "")
        try:
            if badge := form.get("badge", ""):
                person = await doorway.by_key("badge", badge, request.scope)
            else:
                person = await doorway.by_secret(id, "pin", form.get("pin", ""), request.scope)
            if person.id not in {record.id for record in _people(doorway, asks)}:
                raise Turned(f"{person.name} does not work where this tablet is.")
            via = "badge" if badge else "pin"
            return await signed_in(doorway, request, person, via, to)
        except Waiting as waiting:
            answer = drawn(asks, 429, to, waiting.words, id)
            answer.headers.update(waiting.headers)
            return answer
        except Turned as turned:
            return drawn(asks, 401, to, str(turned), id)
        except UNAVAILABLE:
            return drawn(asks, 503, to, AWAY, id)


def _people(doorway: Doorway, asks: Who) -> list[Record]:
    """Who has a PIN or badge, and works somewhere that the tablet shows."""
    known = doorway.gate.register.known
    shows = (known.active("device", asks.device) or {"scope": []})["scope"]

    def works_here(record: Record) -> bool:
        own = record.body["scope"] if record.body else []
        return any(covers(own, path) for path in shows) or any(covers(shows, path) for path in own)

    found = [
        record
        for record in known.of("person")
        if record.body
        and record.body["active"]
        and record.body["roles"]
        and (known.has(f"person:{record.id}", "pin") or known.has(f"person:{record.id}", "badge"))
        and works_here(record)
    ]
    return sorted(found, key=lambda r: str((r.body or {})["name"]))
