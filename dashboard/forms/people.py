"""/people: admit people, give them roles and places, let them in anew, and let them go."""

import time
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import (
    UNSURE,
    FirstAddress,
    all_fields,
    conflict_words,
    fields,
    lacks,
    viewer_of,
)
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from layouts import people
from mes import access
from mes.kinds import Set
from mes.records import Conflict, Record, Refused
from store.config import Config
from store.credentials import new_token

SAID = {
    "record": "Saved.",
    "pin": "The PIN is set.",
    "badge": "The badge is set.",
    "gone": "It is taken away.",
    "out": "Signed out everywhere.",
    "admitted": "Admitted. A one-time link lets the person in for the first time.",
}


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/people", include_in_schema=False)
    async def show() -> Response:
        return screen.may(who()) or screen.all(who())

    @server.post("/people", include_in_schema=False)
    async def admit(request: Request) -> Response:
        return screen.may(who()) or await screen.admit(who(), request)

    @server.get("/people/{id}", include_in_schema=False)
    async def show_one(id: str, said: str = "") -> Response:
        return screen.may(who()) or screen.one(who(), id, said=SAID.get(said, ""), look="run")

    @server.post("/people/{id}", include_in_schema=False)
    async def change(id: str, request: Request) -> Response:
        return screen.may(who()) or await screen.change(who(), id, request)


class _Screen(Screen):
    def may(self, asks: Who) -> Response | None:
        """Why not, as a page; None for whoever may."""
        words = lacks(asks, "people", self._config.plant.id)
        return self.refused(words, 403) if words else None

    def all(
        self, asks: Who, status: int = 200, said: str = "", typed: dict[str, Any] | None = None
    ) -> Response:
        known = self._doorway.gate.register.known
        found = known.of("person")
        text = people.page(
            self._config.plant,
            viewer_of(self._doorway, asks),
            found,
            has={record.id: self._has(record.id) for record in found},
            now_us=time.time_ns() // 1000,
            said=said,
            typed=typed,
            theme=self._theme,
        )
        return HTMLResponse(text, status_code=status)

    def _has(self, id: str) -> list[str]:
        known = self._doorway.gate.register.known
        return [kind for kind in access.CREDENTIALS if known.has(f"person:{id}", kind)]

    def one(self, asks: Who, id: str, status: int = 200, **said: Any) -> Response:
        record = self._record(id)
        if record is None:
            return self.refused(f"Nobody signs in as “{id}”.", 404)
        text = people.one(
            self._config.plant,
            viewer_of(self._doorway, asks),
            record,
            has=self._has(id),
            now_us=time.time_ns() // 1000,
            theme=self._theme,
            **said,
        )
        return HTMLResponse(text, status_code=status)

    def _record(self, id: str) -> Record | None:
        return self._doorway.gate.register.known.records.get(("person", id))

    async def _typed(self, request: Request) -> dict[str, Any]:
        form = await fields(request)
        return {
            "id": form.get("id", "").strip(),
            "name": form.get("name", ""),
            "roles": await all_fields(request, "roles"),
            "scope": await all_fields(request, "scope"),
            "subject": form.get("subject", "").strip(),
        }

    async def admit(self, asks: Who, request: Request) -> Response:
        typed, form = await self._typed(request), await fields(request)
        body = {name: value for name, value in typed.items() if name != "id"}
        try:
            await self._set(asks, typed["id"], body, 0, form.get("key", ""))
        except Conflict as conflict:
            return self.all(asks, 409, conflict_words(conflict, self._config.plant), typed)
        except Refused as error:
            return self.all(asks, 422, str(error), typed)
        except UNAVAILABLE:
            return self.all(asks, 503, UNSURE, typed)
        return RedirectResponse(f"/people/{typed['id']}?said=admitted", status_code=303)

    async def _set(self, asks: Who, id: str, body: dict[str, Any], version: int, key: str) -> None:
        command = Set(kind="person", id=id, body=body, version=version)
        await self._doorway.desk.perform(command, asks.person, key, device=asks.where)
        await self._doorway.gate.register.renew()

    async def change(self, asks: Who, id: str, request: Request) -> Response:
        form, typed = await fields(request), await self._typed(request)
        what, record = form.get("what", ""), self._record(id)
        if record is None or record.body is None:
            return self.one(asks, id)
        try:
            if what == "record":
                body = {name: value for name, value in typed.items() if name != "id"}
                body["active"] = form.get("active") == "yes"
                version = int(form["version"]) if form.get("version", "").isdigit() else -1
                await self._set(asks, id, body, version, form.get("key", ""))
                if not body["active"]:
                    await self._doorway.gate.sessions.end_all(id)
            elif what == "link":
                token = new_token()
                await self._doorway.set_secret(asks, f"person:{id}", "link", token)
                address = FirstAddress(self._config, request).of(f"/welcome?link={token}")
                return self.one(asks, id, link=address)
            elif what == "out":
                await self._doorway.gate.sessions.end_all(id)
            elif what in ("pin", "badge"):
                new = form.get("new", "")
                await self._doorway.set_checked(asks, f"person:{id}", what, new)
                what = what if new else "gone"
        except Conflict as conflict:
            words = conflict_words(conflict, self._config.plant)
            return self.one(asks, id, 409, said=words, typed=typed)
        except Refused as error:
            kept = typed if what == "record" else None
            return self.one(asks, id, 422, said=str(error), typed=kept)
        except UNAVAILABLE:
            return self.one(asks, id, 503, said=UNSURE)
        return RedirectResponse(f"/people/{id}?said={what}", status_code=303)
