"""/maintenance: what is due and who is at it, what is planned, how often machines failed; asking for it."""

import re
import time

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.hub import Hub
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import maintenance, refused
from layouts._losses import Words, texts
from layouts._parts import widest
from layouts.maintenance import Asking, Planned, Shown
from mes.equipment import Plant
from mes.maintenance import ASK, DO, RequestMaintenance
from mes.records import Forbidden, Refused
from store.config import Config
from store.log.accounts import basis
from store.log.maintenance import DAYS, orders, plans_now, spent

AWAY = "Takt cannot reach its data at the moment. It tries again by itself."
_US = re.compile(r"[0-9]{1,16}")
Form = dict[str, str]


def register(server: FastAPI, config: Config, doorway: Doorway, hub: Hub) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway, hub)

    @server.get("/maintenance", include_in_schema=False)
    async def first() -> Response:
        place = widest(screen.plant(who()))
        return screen.may(who(), place) or RedirectResponse(f"/maintenance/{place}", 303)

    @server.get("/maintenance/{place}", include_in_schema=False)
    async def show(place: str, stop: str = "", said: str = "") -> Response:
        asking = Asking(unit=place, stop_us=_us(stop)) if stop else None
        words = f"Asked for: work order {said}." if re.fullmatch(r"[\w.:+-]+@\d{1,9}", said) else ""
        return screen.may(who(), place) or await screen.show(who(), place, asking, said=words)

    @server.post("/maintenance/{place}", include_in_schema=False)
    async def ask(place: str, request: Request) -> Response:
        return screen.may(who(), place) or await screen.ask(who(), place, await fields(request))


def _us(text: str) -> int | None:
    return int(text) if _US.fullmatch(text) else None


class _Screen:
    def __init__(self, config: Config, doorway: Doorway, hub: Hub) -> None:
        self._doorway, self._hub = doorway, hub
        self._theme = config.dashboard.theme

    def plant(self, asks: Who) -> Plant:
        """The part of the plant that he sees."""
        return self._hub.plant_within(asks.person.scope)

    def may(self, asks: Who, place: str) -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has("records")):
            return self._refused("You may not see maintenance.", 403)
        plant = self.plant(asks)
        if not plant.has(place) or place in plant.partial:
            return self._refused("There is no such place, or you do not see all of it.", 404)
        return None

    def _refused(self, words: str, status: int, *, again: bool = False) -> Response:
        text = refused.page(words, theme=self._theme, again=again)
        return HTMLResponse(text, status_code=status)

    def _name(self, id: str) -> str:
        body = self._doorway.gate.register.known.body("person", id)
        return str(body["name"]) if body else {"takt": "Takt"}.get(id, id)

    async def show(
        self,
        asks: Who,
        place: str,
        asking: Asking | None = None,
        status: int = 200,
        *,
        said: str = "",
    ) -> Response:
        try:
            shown = await self._doorway.desk.read(lambda c: self._found(c, asks, place, asking))
        except RecordsAway:
            return self._refused(AWAY, 503, again=True)
        viewer = viewer_of(self._doorway, asks, on="/maintenance")
        text = maintenance.page(shown, viewer, said=said, theme=self._theme)
        return HTMLResponse(text, status_code=status)

    def _found(self, connection: Connection, asks: Who, place: str, asking: Asking | None) -> Shown:
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
            names=self._name,
            may_ask=may_ask,
            may_do=lambda unit: asks.person.may(DO, paths[unit]),
            now_us=now_us,
            days=DAYS,
            asking=asking if may_ask else None,
        )

    async def ask(self, asks: Who, place: str, form: Form) -> Response:
        asking = Asking(stop_us=_us(form.get("stop", "")), typed=form)
        command = RequestMaintenance(
            unit=form.get("unit", ""),
            work=form.get("work", ""),
            severity=form.get("severity", ""),
            stop_us=asking.stop_us,
        )
        try:
            done = await self._doorway.desk.perform(
                command, asks.person, form.get("key", ""), device=asks.where
            )
        except Forbidden as error:
            return self._refused(f"{error}. Nothing was changed.", 403)
        except Refused as error:
            again = Asking(stop_us=asking.stop_us, typed=form, words=f"{error}.")
            return await self.show(asks, place, again, 422)
        except UNAVAILABLE as error:
            words, key = not_now(error), form.get("key", "")
            again = Asking(stop_us=asking.stop_us, typed=form, words=words, again=key)
            viewer = viewer_of(self._doorway, asks, on="/maintenance")
            text = maintenance.away(self.plant(asks), place, viewer, again,
                                    now_us=time.time_ns() // 1000, theme=self._theme)  # fmt: skip
            return HTMLResponse(text, status_code=503)
        return RedirectResponse(f"/maintenance/{place}?said={done.records[0].id}", status_code=303)
