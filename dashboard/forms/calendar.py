"""/calendar: a week of the site or of an area, its exceptions and its holidays."""

import datetime as dt
from dataclasses import replace

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.forms.plan import Plan, Readers, now_us, version_in
from dashboard.forms.plan_fields import (
    HOLIDAY_ROWS,
    exception_body,
    exception_faults,
    parted,
)
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import calendar
from layouts._entry import Entry, break_values
from layouts._signature import printed
from mes.kinds import Remove, Set
from mes.records import Conflict, Forbidden, Refused
from store.config import Config

SAID = {
    "saved": "Saved. Counts and screens follow within seconds.",
    "planned": "It is as in the pattern again.",
    "holidays": "The holidays are saved.",
    "removed": "The holiday is taken away.",
    "taken": "The pattern is taken away.",
}
Form = dict[str, str]


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/calendar", include_in_schema=False)
    async def first() -> Response:
        sees = screen.readers.sees(who())
        return screen.may(who(), *sees[:1]) or RedirectResponse(f"/calendar/{sees[0]}", 303)

    @server.get("/calendar/{place}", include_in_schema=False)
    async def show(
        place: str, week: str = "", date: str = "", shift: str = "", new: str = "", said: str = ""
    ) -> Response:
        chosen = (date, shift) if shift else ("", "") if new else None
        return screen.may(who(), place) or await screen.show(
            who(), place, week, chosen, SAID.get(said, "")
        )

    @server.post("/calendar/{place}", include_in_schema=False)
    async def change(place: str, request: Request) -> Response:
        return screen.may(who(), place) or await screen.change(who(), place, await fields(request))


class _Screen(Screen):
    def __init__(self, config: Config, doorway: Doorway) -> None:
        super().__init__(config, doorway)
        self.readers = Readers(config.plant, doorway)

    def may(self, asks: Who, place: str = "") -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has("records")):
            return self.refused("You may not see the calendar.", 403)
        if place not in self.readers.sees(asks):
            return self.refused("There is no such place, or you do not see it.", 404)
        return None

    async def show(
        self, asks: Who, place: str, week: str, chosen: tuple[str, str] | None, said: str
    ) -> Response:
        try:
            plan = await self.readers.plan(place)
        except RecordsAway:
            return self.away()
        entry = None
        if chosen is not None and self.readers.may(asks, "exceptions", place):
            entry = _begun(plan, *chosen) if chosen[1] else self._new(week)
        return self._drawn(asks, plan, week, said=said, entry=entry)

    def _new(self, week: str) -> Entry:
        """The empty form of an extra shift, today or on the first day of the week that is shown."""
        first, today = self.readers.monday(week), self.readers.today()
        date = today if 0 <= (today - first).days < 7 else first
        return Entry(values={"kind": "extra", "date": date.isoformat()})

    def _drawn(
        self,
        asks: Who,
        plan: Plan,
        week: str,
        status: int = 200,
        *,
        said: str = "",
        look: str = "run",
        entry: Entry | None = None,
        days_off: Entry | None = None,
    ) -> Response:
        shown = self.readers.shown(asks, plan, self.readers.monday(week))
        text = calendar.page(
            shown,
            viewer_of(self._doorway, asks, on="/calendar"),
            said=said,
            look=look,
            entry=entry,
            title=_title(plan, entry) if entry else "",
            days_off=days_off,
            theme=self._theme,
        )
        return HTMLResponse(text, status_code=status)

    def _away(
        self, asks: Who, place: str, entry: Entry | None = None, days_off: Entry | None = None
    ) -> Response:
        """The database is away: the form alone, with what was typed."""
        text = calendar.away(
            self._config.plant.within(asks.person.scope),
            place,
            viewer_of(self._doorway, asks, on="/calendar"),
            now_us=now_us(),
            entry=entry,
            days_off=days_off,
            theme=self._theme,
        )
        return HTMLResponse(text, status_code=503)

    async def change(self, asks: Who, place: str, form: Form) -> Response:
        what = form.get("what", "")
        try:
            if what == "exception":
                return await self._except(asks, place, form)
            if what == "holidays":
                return await self._days_off(asks, place, form)
            return await self._remove(asks, place, form)
        except Forbidden as error:
            return self.refused(f"{error}. Nothing was changed.", 403)

    async def _except(self, asks: Who, place: str, form: Form) -> Response:
        entry = Entry(values=form)
        try:
            plan = await self.readers.plan(place)
            names = {id: s["name"] for id, s in plan.shifts(form.get("date", "")).items()}
            body = exception_body(form, place, names)
            id = f"{place}@{body['date']}:{body['shift']}"
            entry = Entry(values=form | {"of": id}, version=version_in(form, id), body=body)
            note = str(body["note"])
            command = Set(
                kind="shift_exception", id=id, body=body, version=entry.version, reason=note
            )
            try:
                await self._doorway.desk.perform(
                    command, asks.person, form.get("key", ""), device=asks.where
                )
            except Conflict as conflict:
                rival = await self.readers.rival(conflict, "shift_exception", id)
                version = conflict.record.version if conflict.record else 0
                faults = {} if rival else {"": str(conflict)}
                entry = replace(entry, rival=rival, version=version, faults=faults)
                plan = await self.readers.plan(place)
                return self._drawn(asks, plan, form.get("date", ""), 409, entry=entry)
            except Forbidden:
                raise
            except Refused as error:
                entry = replace(entry, faults=exception_faults(str(error), form))
                return self._drawn(asks, plan, form.get("date", ""), 422, entry=entry)
        except UNAVAILABLE as error:
            entry = replace(entry, key=form.get("key", ""), faults={"": not_now(error)})
            return self._away(asks, place, entry=entry)
        return _to(place, str(body["date"]), "saved")

    async def _remove(self, asks: Who, place: str, form: Form) -> Response:
        date, version = form.get("date", ""), form.get("version", "")
        id, kind, said = f"{place}@{date}", "holiday", "removed"
        if form.get("what") == "as planned":
            id, kind, said = f"{id}:{form.get('shift', '')}", "shift_exception", "planned"
        command = Remove(kind=kind, id=id, version=int(version) if version.isdigit() else -1)
        try:
            try:
                await self._doorway.desk.perform(
                    command, asks.person, form.get("key", ""), device=asks.where
                )
            except Conflict as conflict:
                rival = await self.readers.rival(conflict, kind, id)
                words = f"Nothing was taken away: {conflict}."
                if rival:
                    words = f"Nothing was taken away: {rival.name} changed it at {rival.at}."
                plan = await self.readers.plan(place)
                return self._drawn(asks, plan, date, 409, said=words, look="stop")
            except Forbidden:
                raise
            except Refused as error:
                plan = await self.readers.plan(place)
                return self._drawn(asks, plan, date, 422, said=str(error), look="stop")
        except UNAVAILABLE as error:
            return self.refused(not_now(error), 503)
        return _to(place, date, said)

    async def _days_off(self, asks: Who, place: str, form: Form) -> Response:
        """Each holiday by itself: what cannot be saved stays in the form, all else is."""
        left: list[tuple[Form, dict[str, str]]] = []
        saved, away = "", ""
        for n in range(HOLIDAY_ROWS):
            names = ("date", "name", "version")
            row = {name: form.get(f"holiday-{n}-{name}", "").strip() for name in names}
            if not row["date"] and not row["name"]:
                continue
            try:
                if away:
                    raise RecordsAway
                faults = await self._day_off(asks, place, row, f"{form.get('key', '')[:100]}-{n}")
            except UNAVAILABLE as error:
                away, faults = away or not_now(error), {}
            if faults or away:
                left.append((row, faults))
            else:
                saved = saved or row["date"]
        if not left:
            return _to(place, saved or form.get("week", ""), "holidays")
        entry = _holiday_entry(left, away)
        try:
            plan = await self.readers.plan(place)
        except UNAVAILABLE:
            return self._away(asks, place, days_off=entry)
        return self._drawn(asks, plan, saved, 503 if away else 422, days_off=entry)

    async def _day_off(self, asks: Who, place: str, row: Form, key: str) -> dict[str, str]:
        """Why it was not saved, by field; none where it was. Raises Forbidden, RecordsAway."""
        body = {"place": place, "date": row["date"], "name": row["name"]}
        id = f"{place}@{row['date']}"
        version = int(row["version"]) if row["version"].isdigit() else 0
        command = Set(kind="holiday", id=id, body=body, version=version)
        try:
            await self._doorway.desk.perform(command, asks.person, key, device=asks.where)
        except Conflict as conflict:
            found = conflict.record
            if found is not None and found.body == body:
                return {}
            rival = await self.readers.rival(conflict, "holiday", id)
            row["version"] = str(found.version) if found else "0"
            if rival is None:
                return {"date": str(conflict)}
            left = f"left “{rival.body['name']}” here" if rival.body else "has taken it away"
            return {
                "date": f"{rival.name} {left} at {rival.at}. Add it again to have yours instead."
            }
        except Forbidden:
            raise
        except Refused as error:
            at, words = parted(str(error))
            return {at if at in ("date", "name") else "date": words}
        return {}


def _holiday_entry(left: list[tuple[Form, dict[str, str]]], words: str) -> Entry:
    values: Form = {}
    faults = {"": words} if words else {}
    for n, (row, found) in enumerate(left):
        values |= {f"holiday-{n}-{name}": value for name, value in row.items()}
        faults |= {f"holiday-{n}-{name}": fault for name, fault in found.items()}
    return Entry(values=values, faults=faults)


def _to(place: str, date: str, said: str) -> Response:
    return RedirectResponse(f"/calendar/{place}?week={date}&said={said}", status_code=303)


def _begun(plan: Plan, date: str, shift: str) -> Entry:
    """The form for a shift of a date, as it is planned now."""
    own = plan.exception(date, shift)
    values = {"date": date, "shift": shift, "kind": "changed"}
    times = plan.shifts(date).get(shift, {})
    site = replace(plan, place=plan.plant.id).exception(date, shift)
    for record in (site, own):
        if record is not None and record.body and "start" in record.body:
            times = record.body
    if times:
        values |= {"start": times["start"], "end": times["end"], **break_values(times["breaks"])}
    if own is None or own.body is None:
        return Entry(values=values)
    body = own.body
    values |= {"kind": body["kind"], "was": body["kind"], "note": body["note"], "of": own.id}
    signed = printed(own.signatures, plan.plant.time_zone)
    return Entry(values=values, version=own.version, signed=signed)


def _title(plan: Plan, entry: Entry) -> str:
    if entry.value("kind") == "extra" and not entry.value("was"):
        return "Add a shift"
    date, shift = entry.value("date"), entry.value("shift")
    name = plan.shifts(date).get(shift, {"name": shift})["name"]
    try:
        at = dt.date.fromisoformat(date)
    except ValueError:
        return str(name)
    return f"{name}, {at:%a} {at.day} {at:%b}"
