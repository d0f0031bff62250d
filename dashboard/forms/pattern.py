"""/calendar/<place>/pattern: the shifts of a place, from a date on."""

import datetime as dt
from dataclasses import replace

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import UploadFile

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import not_now, viewer_of
from dashboard.forms.plan import Readers, now_us, version_in
from dashboard.forms.plan_fields import pattern_body, pattern_faults
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from layouts import pattern
from layouts._entry import Entry
from layouts._plan import holding
from layouts._signature import printed
from mes.kinds import Remove, Set
from mes.records import Command, Conflict, Forbidden, Missing, Refused
from mes.usual_shifts import PATTERNS
from store.config import Config

FIELDS_MAX = 1000  # twelve shifts with twenty breaks each
Form = dict[str, str]


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/calendar/{place}/pattern", include_in_schema=False)
    async def show(place: str, of: str = "", begin: str = "") -> Response:
        return screen.may(who(), place) or await screen.show(who(), place, of, begin)

    @server.post("/calendar/{place}/pattern", include_in_schema=False)
    async def change(place: str, request: Request) -> Response:
        return screen.may(who(), place) or await screen.change(who(), place, await _typed(request))


async def _typed(request: Request) -> Form:
    """The fields; of those that stand there several times, as days do, all values in one text."""
    form = await request.form(max_files=1, max_fields=FIELDS_MAX)
    out: Form = {}
    for name, value in form.multi_items():
        if not isinstance(value, UploadFile):
            joined = name in out and name.endswith("-days")
            out[name] = f"{out[name]} {value}" if joined else value
    return out


class _Screen(Screen):
    def __init__(self, config: Config, doorway: Doorway) -> None:
        super().__init__(config, doorway)
        self._readers = Readers(config.plant, doorway)

    def may(self, asks: Who, place: str) -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has("calendar")):
            words = "Engineers, managers and administrators change shift patterns."
        elif place not in self._readers.sees(asks):
            return self.refused("There is no such place, or you do not see it.", 404)
        elif not self._readers.may(asks, "calendar", place):
            words = "You may not change the shifts of this place."
        else:
            return None
        return self.refused(words, 403)

    async def show(self, asks: Who, place: str, of: str, begin: str) -> Response:
        today = self._readers.today()
        try:
            plan = await self._readers.plan(place)
        except UNAVAILABLE:
            return self.away()
        if of:
            record = next((r for r in plan.patterns if r.id == f"{place}@{of}"), None)
            if record is None or record.body is None:
                return self.refused(f"No pattern begins on {of} here, or no longer.", 404)
            values = pattern.values_of(record.body) | {"of": record.id}
            signed = printed(record.signatures, self._config.plant.time_zone)
            entry = Entry(values=values, version=record.version, signed=signed)
            return self._drawn(asks, place, entry, fixed=True)
        since = today + dt.timedelta(days=7 - today.weekday())
        if begin in PATTERNS:
            body = PATTERNS[begin].at(place, today).to_plain()
        else:
            holds = holding(plan.patterns, place, since.isoformat())
            shifts = (holds.body or {})["shifts"] if holds else []
            body = {"place": place, "valid_from": since.isoformat(), "shifts": shifts}
        return self._drawn(asks, place, Entry(values=pattern.values_of(body)), fixed=False)

    def _drawn(
        self,
        asks: Who,
        place: str,
        entry: Entry,
        status: int = 200,
        *,
        fixed: bool,
        spare: int = pattern.SPARE,
    ) -> Response:
        text = pattern.page(
            self._config.plant.within(asks.person.scope),
            place,
            viewer_of(self._doorway, asks, on="/calendar"),
            entry,
            fixed=fixed,
            now_us=now_us(),
            past=entry.value("valid_from") <= self._readers.today().isoformat(),
            spare=spare,
            theme=self._theme,
        )
        return HTMLResponse(text, status_code=status)

    async def change(self, asks: Who, place: str, form: Form) -> Response:
        fixed, what = form.get("fixed") == "yes", form.get("what", "save")
        body, rows = pattern_body(form, place)
        id = f"{place}@{body['valid_from']}"
        entry = Entry(
            values=form | {"of": id}, version=version_in(form, id), body=body if rows else None
        )
        if what == "more":
            return self._drawn(asks, place, entry, fixed=fixed)
        command: Command
        reason = form.get("reason", "").strip()
        if what == "remove":
            command = Remove(
                kind="shift_pattern", id=id, version=entry.version or -1, reason=reason
            )
        else:
            command = Set(
                kind="shift_pattern", id=id, body=body, version=entry.version, reason=reason
            )
        try:
            await self._doorway.desk.perform(
                command, asks.person, form.get("key", ""), device=asks.where
            )
        except Conflict as conflict:
            return await self._second(asks, place, entry, conflict, fixed=fixed)
        except (Forbidden, Missing) as error:
            return self.refused(f"{error}. Nothing was changed.", 403)
        except Refused as error:
            entry = replace(entry, faults=pattern_faults(str(error), form, rows))
            return self._drawn(asks, place, entry, 422, fixed=fixed, spare=0)
        except UNAVAILABLE as error:
            entry = replace(entry, faults={"": not_now(error)}, key=form.get("key", ""))
            return self._drawn(asks, place, entry, 503, fixed=fixed, spare=0)
        said = "taken" if what == "remove" else "saved"
        week = "" if what == "remove" else body["valid_from"]
        return RedirectResponse(f"/calendar/{place}?week={week}&said={said}", status_code=303)

    async def _second(
        self, asks: Who, place: str, entry: Entry, conflict: Conflict, *, fixed: bool
    ) -> Response:
        """Somebody else was first."""
        id = entry.value("of")
        try:
            rival = await self._readers.rival(conflict, "shift_pattern", id)
        except UNAVAILABLE:
            rival = None
        version = conflict.record.version if conflict.record else 0
        if not entry.rows("shift"):  # it was to be taken away: begin anew from what is there
            found = conflict.record.body if conflict.record else None
            values = pattern.values_of(found) | {"of": id} if found else entry.values
            entry = replace(entry, values=values)
        faults = {} if rival else {"": f"Nothing was saved: {conflict}."}
        entry = replace(entry, rival=rival, version=version, faults=faults)
        return self._drawn(asks, place, entry, 409, fixed=fixed, spare=0)
