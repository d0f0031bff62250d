"""/maintenance: what is due and who is at it, what is planned, how often machines failed; asking for it."""

import datetime as dt
import math
import re
import time
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.forms.screen import Screen
from dashboard.hub import Hub
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import maintenance
from layouts._losses import Words, texts
from layouts._maintenance_forms import Asking, Planning
from layouts._parts import widest
from layouts.maintenance import Planned, Shown
from mes.equipment import Plant
from mes.kinds import Remove, Set
from mes.maintenance import ASK, DO, PLAN, RequestMaintenance
from mes.records import Conflict, Forbidden, Invalid, Refused
from store.config import Config
from store.log.accounts import basis
from store.log.maintenance import DAYS, orders, plans_now, spent

SAID = {
    "planned": "It is planned: its work order is made when it is due.",
    "taken": "The plan is taken away. Work orders that it made stay.",
}
_US, _ORDER = re.compile(r"[0-9]{1,16}"), re.compile(r"[A-Za-z0-9._:+-]{1,100}@[0-9]{1,9}")
Form = dict[str, str]


def register(server: FastAPI, config: Config, hub: Hub, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway, hub)

    @server.get("/maintenance", include_in_schema=False)
    async def first() -> Response:
        place = widest(screen.plant(who()))
        return screen.may(who(), place) or RedirectResponse(f"/maintenance/{place}", 303)

    @server.get("/maintenance/{place}", include_in_schema=False)
    async def show(place: str, stop: str = "", said: str = "") -> Response:
        asking = Asking(unit=place, stop_us=_us(stop)) if stop else None
        words = SAID.get(said, f"Asked for: work order {said}." if _ORDER.fullmatch(said) else "")
        return screen.may(who(), place) or await screen.show(who(), place, asking, said=words)

    @server.post("/maintenance/{place}", include_in_schema=False)
    async def change(place: str, request: Request) -> Response:
        form = await fields(request)
        return screen.may(who(), place) or await screen.change(who(), place, form)


def _us(text: str) -> int | None:
    return int(text) if _US.fullmatch(text) else None


class _Screen(Screen):
    def __init__(self, config: Config, doorway: Doorway, hub: Hub) -> None:
        super().__init__(config, doorway)
        self._hub = hub

    def plant(self, asks: Who) -> Plant:
        """The part of the plant that he sees."""
        return self._hub.plant_within(asks.person.scope)

    def may(self, asks: Who, place: str) -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has("records")):
            return self.refused("You may not see maintenance.", 403)
        plant = self.plant(asks)
        if not plant.has(place) or place in plant.partial:
            return self.refused("There is no such place, or you do not see all of it.", 404)
        return None

    async def show(
        self,
        asks: Who,
        place: str,
        opened: Asking | Planning | None = None,
        status: int = 200,
        *,
        said: str = "",
        look: str = "run",
    ) -> Response:
        try:
            shown = await self._doorway.desk.read(lambda c: self._found(c, asks, place, opened))
        except RecordsAway:
            return self.away()
        viewer = viewer_of(self._doorway, asks, on="/maintenance")
        text = maintenance.page(shown, viewer, said=said, look=look, theme=self._theme)
        return HTMLResponse(text, status_code=status)

    def _found(
        self, connection: Connection, asks: Who, place: str, opened: Asking | Planning | None
    ) -> Shown:
        plant, now_us, views = self.plant(asks), time.time_ns() // 1000, self._hub.views
        units = plant.units_of(place)
        ids = {unit.id for unit in units}
        by = basis(connection, self._hub.plant)
        paths = {unit.id: plant.path_of(unit.id) for unit in units}
        may_ask = any(asks.person.may(ASK, path) for path in paths.values())
        return Shown(
            plant=plant,
            place=place,
            units=units,
            orders=orders(connection, ids),
            plans=[
                Planned(plan=one.plan, newest=one.newest, progress=one.progress)
                for one in plans_now(connection, ids, now_us=now_us)
            ],
            accounts=spent(connection, self._hub.plant, units, by, views, now_us=now_us),
            words=Words(texts(unit.fault_texts for unit in units), by.reasons[units[0].id]),
            views=views,
            names=self._doorway.name_of,
            may_ask=may_ask,
            may_do=lambda unit: asks.person.may(DO, paths[unit]),
            now_us=now_us,
            days=DAYS,
            asking=opened if isinstance(opened, Asking) and may_ask else None,
            planning=opened if isinstance(opened, Planning) else None,
        )

    async def change(self, asks: Who, place: str, form: Form) -> Response:
        what, key = form.get("what", ""), form.get("key", "")
        try:
            command = _command(what, form, self._hub.plant.time_zone)
            done = await self._doorway.desk.perform(command, asks.person, key, device=asks.where)
        except Forbidden as error:
            return self.refused(f"{error}. Nothing was changed.", 403)
        except Refused as error:
            status = 409 if isinstance(error, Conflict) else 422
            if what == "take away":
                return await self.show(asks, place, None, status, said=f"{error}.", look="stop")
            return await self.show(asks, place, _opened(form, f"{error}."), status)
        except UNAVAILABLE as error:
            if what == "take away":
                return self.refused(not_now(error), 503)
            text = maintenance.away(
                self.plant(asks),
                place,
                viewer_of(self._doorway, asks, on="/maintenance"),
                _opened(form, not_now(error), key),
                now_us=time.time_ns() // 1000,
                theme=self._theme,
            )
            return HTMLResponse(text, status_code=503)
        said = {"plan": "planned", "take away": "taken"}.get(what, done.records[0].id)
        return RedirectResponse(f"/maintenance/{place}?said={said}", status_code=303)


def _opened(form: Form, words: str, again: str = "") -> Asking | Planning:
    """The form that was sent, with what was typed into it."""
    if form.get("what") == "plan":
        return Planning(typed=form, words=words, again=again)
    stop_us = _us(form.get("stop", ""))
    return Asking(stop_us=stop_us, typed=form, words=words, again=again)


def _command(what: str, form: Form, zone: str) -> RequestMaintenance | Set | Remove:
    """What a form asks for. Raises Invalid."""
    if what == "ask":
        return RequestMaintenance(
            unit=form.get("unit", ""),
            work=form.get("work", ""),
            severity=form.get("severity", ""),
            stop_us=_us(form.get("stop", "")),
        )
    if what == "plan":
        id = f"{form.get('unit', '')}@{form.get('name', '').strip()}"
        return Set(kind=PLAN, id=id, body=_plan(form, zone), version=0)
    if what == "take away":
        typed = form.get("version", "")
        version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1
        return Remove(kind=PLAN, id=form.get("plan", ""), version=version)
    raise Invalid(f"found {what[:20]!r}; expected something that can be done here")


def _plan(form: Form, zone: str) -> dict[str, Any]:
    """The body of the plan that a form tells of; a date is its midnight at the site. Raises Invalid."""
    by, rule = form.get("by", ""), dict[str, Any]()
    if by == "condition":
        side = "below" if form.get("side") == "below" else "above"
        rule = {"tag": form.get("tag", "").strip(), side: _number(form, "limit")}
        rule["hold_s"] = _number(form, "hold_s")
    elif by in ("days", "pieces"):
        every = _number(form, by)
        rule = {"every": int(every) if every == int(every) else every}
    try:
        date = dt.date.fromisoformat(form.get("from", "").strip())
        since = dt.datetime.combine(date, dt.time(), ZoneInfo(zone)).isoformat()
    except ValueError:
        raise Invalid("It was done last on: expected a date as 2026-01-31") from None
    return {
        "work": form.get("work", ""),
        "rule": {"by": by, **rule},
        "from": since,
        "locks": "locks" in form,
    }


def _number(form: Form, name: str) -> float:
    typed = form.get(name, "").strip().replace(",", ".")
    try:
        found = float(typed)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Invalid(f"{name}: found {typed[:20]!r}; expected a number")
    return found
