"""/reasons/<place>: why machines stand there, as a tree that people edit, and what faults mean."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection
from starlette.types import Scope

from dashboard.doorway import UNAVAILABLE, Doorway, Turned, Waiting
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.forms.plan import Readers, now_us, version_in
from dashboard.forms.reason_asked import FORMS, Asked, approval_words, asked_by
from dashboard.forms.reason_fields import faults_here
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from dashboard.signing import Signing, sign
from layouts import reasons as layout
from layouts._entry import Entry
from layouts._reason_forms import values_of
from layouts._reasons import ANY, FAULT_ROWS, Shown, places_of
from layouts._words import sentence
from mes.equipment import Plant, WorkUnit
from mes.reason_trees import KIND as TREE
from mes.reason_trees import changed_meanings
from mes.reasons import BELOW_MAX, FIRST_MAX, from_plain, holder
from mes.records import Conflict, Forbidden, Missing, Refused, Unsigned
from mes.usual_reasons import USUAL
from store.config import Config
from store.log.reading import Records

NOT_HERE = "You may not change the reasons of this place. Nothing was changed."
RIGHT = "master_data"
FIELDS_MAX = max(3 * FIRST_MAX * (1 + BELOW_MAX), 2 * FAULT_ROWS) + 50
SAID = {
    "saved": "Saved. Stops are asked these reasons from now on.",
    "taken": "They are taken away.",
}
FAULTS_SAID = "Saved. What these faults mean holds for stops that have been, too."
Form = dict[str, str]


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/reasons", include_in_schema=False)
    async def first() -> Response:
        sees = screen.sees(who())
        return screen.may(who(), *sees[:1]) or RedirectResponse(f"/reasons/{sees[0]}", 303)

    @server.get("/reasons/{place}", include_in_schema=False)
    async def show(place: str, unit: str = "", begin: str = "", said: str = "") -> Response:
        return screen.may(who(), place) or await screen.show(
            who(), place, unit, begin=bool(begin), said=said
        )

    @server.post("/reasons/{place}", include_in_schema=False)
    async def change(place: str, request: Request) -> Response:
        form = await fields(request, FIELDS_MAX)
        return screen.may(who(), place) or await screen.change(who(), place, form, request.scope)


class _Screen(Screen):
    def __init__(self, config: Config, doorway: Doorway) -> None:
        super().__init__(config, doorway)
        self._readers = Readers(config.plant, doorway)

    def sees(self, asks: Who) -> list[str]:
        return places_of(self._plant.within(asks.person.scope))

    def may(self, asks: Who, place: str = "") -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has("records")):
            return self.refused("You may not see the reasons of stops.", 403)
        if place not in self.sees(asks):
            return self.refused("There is no such place, or you do not see all of it.", 404)
        return None

    def _bare(self, asks: Who, place: str, unit: str) -> Shown:
        """What is known of the page without the records."""
        plant = self._plant.within(asks.person.scope)
        return Shown(
            plant=plant,
            place=place,
            now_us=now_us(),
            unit=_unit(plant, place, unit),
            may=self._readers.may(asks, RIGHT, place),
        )

    async def _found(self, asks: Who, place: str, unit: str) -> Shown:
        """Raises RecordsAway."""
        bare = self._bare(asks, place, unit)
        return await self._doorway.desk.read(lambda c: self._look(c, bare))

    def _look(self, connection: Connection, bare: Shown) -> Shown:
        kept = Records(connection)
        trees = {record.id: record for record in kept.records(TREE)}
        path = self._plant.path_of(bare.place)
        whose = holder(trees, reversed(path.split("/")))
        tree = from_plain(trees[whose].body or {}) if whose else USUAL
        here = [unit.id for unit in self._plant.units_of(bare.place)]
        newest = kept.version(TREE, bare.place)
        own = trees.get(bare.place)
        return replace(
            bare,
            tree=replace(tree, faults=faults_here(tree.faults, self._plant, here)),
            holder=whose,
            own=own,
            below=[
                id
                for id in places_of(bare.plant)
                if id in trees and self._plant.path_of(id).startswith(f"{path}/")
            ],
            drawn=newest.version if newest else 0,
            by=self._doorway.name_of(own.by) if own else "",
        )

    async def show(
        self, asks: Who, place: str, unit: str, *, begin: bool = False, said: str = ""
    ) -> Response:
        try:
            shown = await self._found(asks, place, unit)
        except RecordsAway:
            return self.away()
        faults_said = FAULTS_SAID if said == "faults" else ""
        words = SAID.get(said, "")
        return self._drawn(asks, shown, begin=begin, said=words, faults_said=faults_said)

    def _drawn(
        self,
        asks: Who,
        shown: Shown,
        status: int = 200,
        *,
        begin: bool = False,
        said: str = "",
        faults_said: str = "",
        spare: int = layout.SPARE,
        sent: Mapping[str, Entry] | None = None,
    ) -> Response:
        """sent: the form that was sent, as it was."""
        forms: dict[str, Entry] = {}
        if shown.may and (shown.own or begin):
            forms["tree"] = Entry(values=values_of(shown.tree), version=shown.version)
        if shown.may and shown.own:
            forms |= {name: Entry(version=shown.version) for name in ("faults", "removal")}
        text = layout.page(
            shown,
            viewer_of(self._doorway, asks, on="/reasons"),
            forms | dict(sent or {}),
            spare=spare,
            said=said,
            faults_said=faults_said,
            theme=self._theme,
        )
        return HTMLResponse(text, status_code=status)

    async def change(self, asks: Who, place: str, form: Form, scope: Scope) -> Response:
        what = form.get("what", "")
        if not self._readers.may(asks, RIGHT, place):
            return self.refused(NOT_HERE, 403)
        signing = Signing(id=form.get("sign_id", ""), password=form.pop("sign_password", ""),
                          meaning=form.get("sign_meaning", ""))  # fmt: skip
        entry = Entry(values=form, version=version_in(form, place))
        try:
            shown = await self._found(asks, place, form.get("unit", ""))
            taken = await self._taken(place, form.get("drawn", ""))
        except UNAVAILABLE as error:
            return self._away(asks, place, entry, error)
        if what == "more":
            return self._drawn(asks, shown, sent={"tree": entry})
        asked = asked_by(shown, entry, what, taken)
        if asked.entry.faults:
            return await self._again(asks, shown, asked, 422)
        try:
            await self._perform(asks, asked, signing, scope)
        except Waiting as waiting:
            return await self._again(asks, shown, asked, 429, {"sign": waiting.words})
        except Turned as error:
            return await self._again(asks, shown, asked, 422, {"sign": sentence(str(error))})
        except Conflict as conflict:
            return await self._second(asks, shown, asked, conflict)
        except (Forbidden, Missing) as error:
            return self.refused(f"{error}. Nothing was changed.", 403)
        except Unsigned as error:
            asked = replace(asked, entry=replace(entry, values=form | {"sign_meaning": "approved"}))
            words = {"sign": sentence(str(error))} if signing.id else {}
            return await self._again(asks, shown, asked, 422, words)
        except Refused as error:
            return await self._again(asks, shown, asked, 422, asked.faults_of(str(error)))
        except UNAVAILABLE as error:
            asked = replace(asked, entry=replace(entry, key=form.get("key", "")))
            return await self._again(asks, shown, asked, 503, {"": not_now(error)})
        said = {"faults": f"faults&unit={shown.about}", "remove": "taken"}.get(what, "saved")
        return RedirectResponse(f"{shown.address}?said={said}", status_code=303)

    async def _taken(self, place: str, drawn: str) -> frozenset[str]:
        """Ids that a new reason must not have, for stops may bear them: those of the usual tree, and all
        that the place's own ever had. Not what came after the form was drawn: when it is sent twice, it
        has to ask for the same.
        """
        until = int(drawn) if drawn.isdigit() and len(drawn) < 9 else 0
        found = await self._doorway.desk.read(
            lambda c: Records(c).versions(TREE, place, limit=until)
        )
        rows = (row for one in found for row in (one.body or {}).get("reasons", ()))
        return frozenset({one.id for one in USUAL.reasons} | {row["id"] for row in rows})

    async def _perform(self, asks: Who, asked: Asked, signing: Signing, scope: Scope) -> None:
        signatures = []
        if signing.id:
            path = self._plant.path_of(asked.command.id)
            try:
                signatures.append(await sign(self._doorway, signing, scope, paths=[path]))
            except Forbidden as error:  # it is not who asks that may not
                raise Turned(str(error)) from error
        key = asked.entry.value("key")
        await self._doorway.desk.perform(
            asked.command, asks.person, key, device=asks.where, signatures=signatures
        )

    async def _again(
        self,
        asks: Who,
        shown: Shown,
        asked: Asked,
        status: int,
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        """The form once more, with what was typed into it."""
        entry = asked.entry
        told = {**entry.faults, **(faults or {})}
        if entry.value("sign_meaning"):
            told["approve"] = approval_words(await self._otherwise(asked))
        entry = replace(entry, faults=told)
        return self._drawn(asks, shown, status, spare=0, sent={asked.form: entry})

    async def _otherwise(self, asked: Asked) -> Sequence[str]:
        with suppress(ValueError, *UNAVAILABLE):  # what is no tree is refused anyway
            return await self._doorway.desk.read(
                lambda c: changed_meanings(Records(c), asked.command.id, asked.body)
            )
        return ()

    async def _second(self, asks: Who, shown: Shown, asked: Asked, conflict: Conflict) -> Response:
        """Somebody else was first."""
        try:
            rival = await self._readers.rival(conflict, TREE, shown.place)
            shown = await self._found(asks, shown.place, asked.entry.value("unit"))
        except UNAVAILABLE:
            rival = None
        if rival is None:
            words = {"": f"Nothing was saved: {conflict}."}
            return await self._again(asks, shown, asked, 409, words)
        if asked.form == "removal":
            did = "changed them" if rival.body is not None else "has taken them away"
            said = f"Nothing was taken away: {rival.name} {did} at {rival.at}."
            return self._drawn(asks, shown, 409, said=said)
        version = conflict.record.version if conflict.record else 0
        entry = replace(asked.beside(rival), version=version)
        return self._drawn(asks, shown, 409, spare=0, sent={asked.form: entry})

    def _away(self, asks: Who, place: str, entry: Entry, error: Exception) -> Response:
        """The database is away: the form alone, with what was typed."""
        form = FORMS.get(entry.value("what"), "tree")
        entry = replace(entry, key=entry.value("key"), faults={"": not_now(error)})
        text = layout.away(
            self._bare(asks, place, entry.value("unit")),
            viewer_of(self._doorway, asks, on="/reasons"),
            {form: entry},
            theme=self._theme,
        )
        return HTMLResponse(text, status_code=503)


def _unit(plant: Plant, place: str, id: str) -> WorkUnit | None:
    """The machine of that id, None for any; the first of the place where none was named."""
    if id == ANY:
        return None
    units = plant.units_of(place)
    return next((one for one in units if one.id == id), next(iter(units), None))
