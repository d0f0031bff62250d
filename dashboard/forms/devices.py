"""/devices: admit and revoke walls and tablets, make and revoke tokens for programs."""

import re
import time
import unicodedata
from contextlib import suppress
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.doorway import UNAVAILABLE, Doorway, Turned
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
from layouts import devices
from mes.kinds import Set
from mes.people import RIGHTS, covers
from mes.records import Conflict, Refused
from store import live
from store.actions import was_done
from store.config import Config
from store.credentials import new_token
from store.log.reading import is_text

DAY_US = 86_400_000_000
SAID = {"revoked": "Revoked. Its screens and requests end at once."}
IN_DEMO = " In this demo, every browser still sees the live screens, as a visitor."
SHOWN_ONCE = {
    "device": "Open this address once on the device; it remembers it. It is shown once:",
    "token": "The program sends this as “Authorization: Bearer …”. It is shown once:",
}


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/devices", include_in_schema=False)
    async def show(said: str = "") -> Response:
        words = SAID.get(said, "")
        if words and config.access.demo:
            words += IN_DEMO
        return screen.may(who()) or await screen.all(who(), said=words, look="run")

    @server.post("/devices", include_in_schema=False)
    async def change(request: Request) -> Response:
        return screen.may(who()) or await screen.change(who(), request)


class _Screen(Screen):
    def may(self, asks: Who) -> Response | None:
        """Why not, as a page; None for whoever may."""
        words = lacks(asks, "devices", self._config.plant.id)
        return self.refused(words, 403) if words else None

    async def all(self, asks: Who, status: int = 200, **said: Any) -> Response:
        known, seen_us = self._doorway.gate.register.known, None
        with suppress(*live.UNAVAILABLE):
            seen_us = await self._doorway.gate.last_seen()
        text = devices.page(
            self._config.plant,
            viewer_of(self._doorway, asks),
            known.of("device"),
            known.of("token") if asks.person.may("tokens", self._config.plant.id) else None,
            seen_us=seen_us,
            rights=[right for right in RIGHTS if asks.person.has(right)],
            now_us=time.time_ns() // 1000,
            theme=self._theme,
            **said,
        )
        return HTMLResponse(text, status_code=status)

    async def change(self, asks: Who, request: Request) -> Response:
        form = await fields(request)
        what = form.get("what", "")
        typed: dict[str, Any] = {
            "name": form.get("name", ""),
            "scope": await all_fields(request, "scope"),
        }
        try:
            if what == "revoke":
                await self._revoke(asks, form)
                return RedirectResponse("/devices?said=revoked", status_code=303)
            if what == "device":
                typed["kind"] = form.get("kind", "")
                secret = await self._make(asks, what, dict(typed), form.get("key", ""))
                secret = FirstAddress(self._config, request).of(_first_page(typed, secret))
            elif what == "token":
                typed["rights"] = await all_fields(request, "rights")
                body = {**typed, "expires_us": _expires_us(form.get("days", ""))}
                secret = await self._make(asks, what, body, form.get("key", ""))
            else:
                raise Turned("There is nothing of that kind to do.")
        except Conflict as conflict:
            return await self.all(
                asks, 409, said=conflict_words(conflict, self._config.plant), typed=typed
            )
        except Refused as error:
            return await self.all(asks, 422, said=str(error), typed=typed)
        except UNAVAILABLE:
            return await self.all(asks, 503, said=UNSURE, typed=typed)
        return await self.all(asks, once=(SHOWN_ONCE[what], secret))

    async def _make(self, asks: Who, kind: str, body: dict[str, Any], key: str) -> str:
        """Keep the record and its secret; returns the secret."""
        if outside := [path for path in body["scope"] if not covers(asks.person.scope, path)]:
            raise Turned(f"That is more than you may see yourself: {', '.join(outside)}")
        lacks = [right for right in body.get("rights", ()) if not asks.person.has(right)]
        if lacks:
            raise Turned(f"That is more than you may do yourself: {', '.join(lacks)}")
        id, desk = self._free_id(kind, body["name"]), self._doorway.desk
        secret = new_token()
        also = await self._doorway.hashed(f"{kind}:{id}", "token", secret)
        again = is_text(key) and await desk.read(lambda c: was_done(c, key))  # its id is taken now
        if not again:
            command = Set(kind=kind, id=id, body=body, version=0)
            done = await desk.perform(command, asks.person, key, device=asks.where, also=also)
            again = done.again
        if again:
            raise Turned(
                "It is there already; what is secret is shown once. Revoke it, and make another."
            )
        await self._doorway.gate.register.renew()
        return secret

    def _free_id(self, kind: str, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or kind
        taken = {record.id for record in self._doorway.gate.register.known.of(kind)}
        numbered = (f"{stem}-{n}" for n in range(2, len(taken) + 3))
        return next(id for id in (stem, *numbered) if id not in taken)

    async def _revoke(self, asks: Who, form: dict[str, str]) -> None:
        kind, id, version = form.get("kind", ""), form.get("id", ""), form.get("version", "")
        known = self._doorway.gate.register.known
        body = known.body(kind, id) if kind in ("device", "token") else None
        if body is None:
            raise Turned("There is nothing of that name.")
        command = Set(
            kind=kind,
            id=id,
            body={**body, "active": False},
            version=int(version) if version.isdigit() else -1,
        )
        await self._doorway.desk.perform(
            command, asks.person, form.get("key", ""), device=asks.where
        )
        await self._doorway.gate.register.renew()


def _expires_us(days: str) -> int | None:
    if not days:
        return None
    if not days.isdigit() or not 0 < int(days) <= 3650:
        raise Turned(f"days: found {days!r}; expected 1 to 3650, or nothing")
    return time.time_ns() // 1000 + int(days) * DAY_US


def _first_page(body: dict[str, Any], token: str) -> str:
    """What the device opens first: the wall of what it may see, or the tablet's page."""
    if body["kind"] == "tablet":
        return f"/switch?device={token}"
    place = body["scope"][0].split("/") if body["scope"] else []
    return f"/andon/{place[-1]}?device={token}" if 2 <= len(place) <= 3 else f"/?device={token}"
