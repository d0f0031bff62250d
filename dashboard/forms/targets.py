"""/targets: the ideal cycle, target, cost and micro-stops of a place's machines, from a moment on."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection
from starlette.types import Scope

from dashboard.doorway import UNAVAILABLE, Doorway, Turned, Waiting
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.forms.plan import Readers, version_in
from dashboard.forms.plan_fields import parted
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from dashboard.signing import Signing, sign
from layouts import targets
from layouts._entry import Entry
from layouts._parts import widest
from layouts._signature import printed
from layouts.targets import Chosen, Shown
from mes.equipment import Plant
from mes.kinds import KINDS
from mes.master_data import at
from mes.records import Conflict, Forbidden, Refused, Signature, Unsigned
from mes.site_time import typed_us, zone_named
from mes.targets import KIND, PlanWorkUnit, TakeBackPlan, had
from store.config import Config
from store.log.reading import Records

SAID = {
    "plan": "It is planned. Screens follow within seconds.",
    "back": "It is taken back: what held before goes on.",
}
NUMBERS = ("ideal_cycle_s", "oee_target", "cost_per_h", "micro_stop_s")
TO_SIGN = "This changes figures of the past that people have seen: somebody else approves it here."
Form = Mapping[str, str]
_US = re.compile(r"[0-9]{1,16}")


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/targets", include_in_schema=False)
    async def first() -> Response:
        place = widest(screen.plant(who()))
        return screen.may(who(), place) or RedirectResponse(f"/targets/{place}", 303)

    @server.get("/targets/{place}", include_in_schema=False)
    async def show(place: str, unit: str = "", take: str = "", said: str = "") -> Response:
        opened = {"unit": unit, "take": take}
        return screen.may(who(), place) or await screen.show(
            who(), place, opened, said=SAID.get(said, "")
        )

    @server.post("/targets/{place}", include_in_schema=False)
    async def change(place: str, request: Request) -> Response:
        form = await fields(request)
        return screen.may(who(), place) or await screen.change(who(), place, form, request.scope)


class _Screen(Screen):
    def __init__(self, config: Config, doorway: Doorway) -> None:
        super().__init__(config, doorway)
        self._readers = Readers(config.plant, doorway)

    def plant(self, asks: Who) -> Plant:
        """The part of the plant that he sees."""
        return self._plant.within(asks.person.scope)

    def may(self, asks: Who, place: str) -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has(KINDS[KIND].see)):
            return self.refused("You may not see targets.", 403)
        plant = self.plant(asks)
        if not plant.has(place) or place in plant.partial:
            return self.refused("There is no such place, or you do not see all of it.", 404)
        return None

    async def show(
        self, asks: Who, place: str, opened: Form, *, said: str = "", look: str = "run"
    ) -> Response:
        try:
            return await self._drawn(asks, place, opened, said=said, look=look)
        except RecordsAway:
            return self.away()

    async def _drawn(
        self,
        asks: Who,
        place: str,
        opened: Form,
        status: int = 200,
        *,
        entry: Entry | None = None,
        signed_by: str = "",
        **props: Any,
    ) -> Response:
        """opened: unit, and take where one of its versions is to be taken back."""
        shown = await self._doorway.desk.read(
            lambda c: self._found(c, asks, place, opened, entry, signed_by)
        )
        viewer = viewer_of(self._doorway, asks, on="/targets")
        text = targets.page(shown, viewer, theme=self._theme, **props)
        return HTMLResponse(text, status_code=status)

    def _found(
        self,
        connection: Connection,
        asks: Who,
        place: str,
        opened: Form,
        entry: Entry | None,
        signed_by: str,
    ) -> Shown:
        found, plant, now_us = Records(connection), self.plant(asks), time.time_ns() // 1000
        units = plant.units_of(place)
        right = KINDS[KIND].right
        may = {u.id for u in units if asks.person.may(right, plant.path_of(u.id))}
        versions = {unit.id: had(found, unit.id) for unit in units}
        chosen = None
        id, take = opened.get("unit", ""), opened.get("take", "")
        if id in may:
            record = found.record(KIND, id)
            holds = at(versions[id], now_us) if versions[id] else None
            begun = Entry(
                values=targets.values_of(holds),
                version=record.version if record else 0,
                signed=printed(record.signatures, plant.time_zone) if record else None,
            )
            take_us = int(take) if _US.fullmatch(take) else None
            if take_us is not None and take_us < now_us:
                signed_by = signed_by or "approved"
            unit = plant.work_units[id]
            chosen = Chosen(unit=unit, entry=entry or begun, signed_by=signed_by, take_us=take_us)
        return Shown(
            plant=plant,
            place=place,
            units=units,
            versions=versions,
            may=frozenset(may),
            now_us=now_us,
            chosen=chosen,
        )

    async def change(self, asks: Who, place: str, form: Form, scope: Scope) -> Response:
        opened = {"unit": form.get("unit", ""), "take": form.get("from_us", "")}
        values = {name: value for name, value in form.items() if name != "sign_password"}
        entry = Entry(values=values, version=version_in(form, opened["unit"]))
        unit = self.plant(asks).work_units.get(opened["unit"])
        if unit is None:
            return self.refused("There is no such machine, or you do not see it.", 404)
        try:
            try:
                await self._act(asks, entry, form, scope)
            except Unsigned as error:
                words = {"": TO_SIGN}
                return await self._again(asks, place, opened, entry, words, 422, error.meanings[0])
            except Conflict as conflict:
                return await self._second(asks, place, opened, entry, conflict)
            except Forbidden as error:
                if not form.get("sign_id"):
                    return self.refused(f"{error}. Nothing was changed.", 403)
                return await self._again(asks, place, opened, entry, {"": str(error)}, 422)
            except Waiting as waiting:
                return await self._again(asks, place, opened, entry, {"": waiting.words}, 429)
            except (Turned, Refused) as error:
                return await self._again(asks, place, opened, entry, faults_of(str(error)), 422)
        except UNAVAILABLE as error:
            return self._away(asks, place, entry, form, not_now(error))
        said = "back" if form.get("what") == "take back" else "plan"
        return RedirectResponse(f"/targets/{place}?unit={unit.id}&said={said}", status_code=303)

    async def _act(self, asks: Who, entry: Entry, form: Form, scope: Scope) -> None:
        command = _command(form, entry.version, self._plant.time_zone)
        path, signatures = self._plant.path_of(command.unit), list[Signature]()
        if form.get("sign_id"):
            signing = Signing(id=form["sign_id"], password=form.get("sign_password", ""),
                              meaning=form.get("sign_meaning", ""))  # fmt: skip
            signatures.append(await sign(self._doorway, signing, scope, paths=[path]))
        await self._doorway.desk.perform(
            command, asks.person, form.get("key", ""), device=asks.where, signatures=signatures
        )

    async def _again(
        self,
        asks: Who,
        place: str,
        opened: Form,
        entry: Entry,
        faults: Mapping[str, str],
        status: int,
        signed_by: str = "",
    ) -> Response:
        """The form as it was sent, with why it was refused."""
        meaning = signed_by or entry.value("sign_meaning")
        told = replace(entry, faults=faults)
        return await self._drawn(asks, place, opened, status, entry=told, signed_by=meaning)

    async def _second(
        self, asks: Who, place: str, opened: Form, entry: Entry, conflict: Conflict
    ) -> Response:
        """Somebody else was first."""
        rival = await self._readers.rival(conflict, KIND, opened["unit"])
        version = conflict.record.version if conflict.record else 0
        faults = {} if rival else {"": f"Nothing was saved: {conflict}."}
        body = None
        if not opened["take"]:
            mine = {"valid_from": entry.value("valid_from") or "now", **_said(entry.values)}
            body = {"versions": [mine]}
        told = replace(entry, version=version, faults=faults, rival=rival, body=body)
        return await self._drawn(
            asks, place, opened, 409, entry=told, signed_by=entry.value("sign_meaning")
        )

    def _away(self, asks: Who, place: str, entry: Entry, form: Form, words: str) -> Response:
        if form.get("what") == "take back":
            return self.refused(words, 503)
        plant = self.plant(asks)
        told = replace(entry, faults={"": words}, key=form.get("key", ""))
        unit = plant.work_units[form["unit"]]
        chosen = Chosen(unit=unit, entry=told, signed_by=form.get("sign_meaning", ""))
        text = targets.away(
            plant, place, viewer_of(self._doorway, asks, on="/targets"), chosen,
            now_us=time.time_ns() // 1000, theme=self._theme,
        )  # fmt: skip
        return HTMLResponse(text, status_code=503)


def _command(form: Form, version: int, zone: str) -> PlanWorkUnit | TakeBackPlan:
    """What the form asks for. Raises Refused."""
    unit, reason = form.get("unit", ""), form.get("reason", "").strip()
    if form.get("what") == "take back":
        typed = form.get("from_us", "")
        us = int(typed) if _US.fullmatch(typed) else 0
        return TakeBackPlan(unit=unit, version=version, from_us=us, reason=reason)
    try:
        from_us = typed_us("valid_from", form.get("valid_from", ""), zone_named(zone))
        return PlanWorkUnit(
            unit=unit, version=version, said=_said(form), from_us=from_us, reason=reason
        )
    except ValueError as error:
        raise Refused(str(error)) from error


def _said(form: Form) -> dict[str, Any]:
    """What was typed, as a version of master data says it. Raises ValueError."""
    out: dict[str, Any] = {name: _number(name, form.get(name, "")) for name in NUMBERS}
    if out["oee_target"] is not None:
        out["oee_target"] = round(out["oee_target"] / 100, 9)
    if out["micro_stop_s"] is None:
        del out["micro_stop_s"]
    return out | {"micro_stop_factor": form.get("micro_stop_factor", "")}


def _number(name: str, typed: str) -> float | None:
    """A decimal comma is a point."""
    text = typed.strip().removesuffix("%").strip()
    if not text:
        return None
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{name}: found {typed[:20]!r}; expected a number")
    return found


def faults_of(message: str) -> dict[str, str]:
    """A refusal at the field that it is of."""
    at, words = parted(message)
    name = at.removeprefix("said.")
    if name == "oee_target" and "null" in words:
        words = "Please give more than 0 and up to 100 %, or nothing."
    return (
        {name: words.replace(", or null", ", or nothing")}
        if name in (*NUMBERS, "micro_stop_factor", "valid_from")
        else {"": words}
    )
