"""/shift-reports and /shift-report/<id>: what a shift did, signed and handed over."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection
from starlette.types import Scope

from dashboard.doorway import UNAVAILABLE, Doorway, Turned, Waiting
from dashboard.forms.parts import conflict_words, fields, not_now, viewer_of
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from dashboard.signing import Signing, sign
from layouts import report, report_csv
from layouts.report import Shown
from mes.kinds import KINDS
from mes.records import Conflict, Forbidden, Invalid, Record, Refused
from mes.shift_report import (
    KIND,
    RIGHT,
    ReviseShift,
    SignShift,
    accounts_of,
    differs,
    standings,
)
from mes.sight import places_seen
from mes.snapshot import Snapshot
from mes.standing import Standing
from store.config import Config
from store.log.accounts import basis
from store.log.reading import Records, is_text
from store.log.reports import figures_of, shift_of

LISTED = 200
SAID = {"sign": "It is signed and handed over.", "revise": "This is the new revision."}
Form = dict[str, str]


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/shift-reports", include_in_schema=False)
    async def listed() -> Response:
        return await screen.listed(who())

    @server.get("/shift-report/{id}", include_in_schema=False)
    async def show(id: str, said: str = "") -> Response:
        if id.endswith(".csv"):
            return await screen.csv(who(), id.removesuffix(".csv"))
        return await screen.show(who(), id, SAID.get(said, ""))

    @server.post("/shift-report/{id}", include_in_schema=False)
    async def change(id: str, request: Request) -> Response:
        return await screen.change(who(), id, await fields(request), request.scope)


class _Screen(Screen):
    def _none(self) -> Response:
        return self.refused("There is no such report, or you do not see it.", 404)

    def _snapshot(self, asks: Who) -> Snapshot:
        return Snapshot(plant=self._plant.within(asks.person.scope), now_us=time.time_ns() // 1000)

    async def listed(self, asks: Who) -> Response:
        if not asks.person.has("records"):
            return self.refused("You may not see reports.", 403)
        seen = places_seen(asks.person, self._plant, KINDS[KIND])
        areas = [area for area in self._plant.areas if seen is None or area in seen]

        def look(connection: Connection) -> Sequence[tuple[Record, Mapping[str, Standing]]]:
            why = basis(connection, self._plant).reasons
            kept, each = Records(connection), LISTED // max(1, len(areas))
            found = [r for area in areas for r in kept.newest(KIND, area, each)]
            newest = sorted(found, key=lambda r: -(r.body or {})["end_us"])
            return [(record, standings(record.body or {}, why)) for record in newest]

        try:
            found = await self._doorway.desk.read(look)
        except RecordsAway:
            return self.away()
        viewer = viewer_of(self._doorway, asks, on="/shift-reports")
        return HTMLResponse(report.listed(self._snapshot(asks), found, viewer, theme=self._theme))

    async def _found(self, asks: Who, id: str) -> Shown | None:
        """The report, with whether it says what is on record by now; None where he sees none."""
        now, area = self._snapshot(asks), id.partition("@")[0]
        whole = now.plant.has(area) and area not in now.plant.partial
        if not asks.person.has("records") or not whole or not is_text(id):
            return None

        def look(connection: Connection) -> Shown | None:
            record = Records(connection).record(KIND, id)
            if record is None or record.body is None:
                return None
            by = basis(connection, self._plant)
            figures = self._figures(connection, record)
            return Shown(
                now=now,
                record=record,
                found=standings(record.body, by.reasons),
                changed=figures is not None and differs(record.body, figures),
                may_sign=asks.signed_in and asks.person.may(RIGHT, self._plant.path_of(area)),
                person=asks.person.id,
            )

        return await self._doorway.desk.read(look)

    def _figures(self, connection: Connection, record: Record) -> dict[str, Any] | None:
        """What the report would say now; None where its shift is planned no more."""
        body, by = record.body or {}, basis(connection, self._plant)
        shift = shift_of(by.calendars[body["area"]], record.id, body["start_us"])
        if shift is None:
            return None
        return figures_of(connection, self._plant, body["area"], shift, by)

    async def show(self, asks: Who, id: str, said: str) -> Response:
        try:
            shown = await self._found(asks, id)
        except RecordsAway:
            return self.away()
        return self._drawn(asks, shown, said=said) if shown else self._none()

    def _drawn(
        self, asks: Who, shown: Shown, status: int = 200, *, said: str = "", look: str = "run"
    ) -> Response:
        viewer = viewer_of(self._doorway, asks, on="/shift-reports")
        text = report.page(shown, viewer, said=said, look=look, theme=self._theme)
        return HTMLResponse(text, status_code=status)

    async def csv(self, asks: Who, id: str) -> Response:
        try:
            shown = await self._found(asks, id)
        except RecordsAway:
            return self.away()
        if shown is None:
            return self._none()
        name = f"shift-report-{id.replace('@', '-').replace(':', '-')}.csv"
        return Response(
            report_csv.text(shown.record, accounts_of(shown.body)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def change(self, asks: Who, id: str, form: Form, scope: Scope) -> Response:
        what = form.get("what", "")
        try:
            shown = await self._found(asks, id)
            if shown is None:
                return self._none()
            shown = replace(shown, notes=form.get("notes", ""))
            try:
                await self._act(asks, shown, what, form, scope)
            except Waiting as waiting:
                return self._drawn(asks, shown, 429, said=waiting.words, look="stop")
            except Conflict as conflict:
                words = conflict_words(conflict, self._plant)
                return self._drawn(asks, shown, 409, said=words, look="stop")
            except (Turned, Forbidden, Refused) as error:
                return self._drawn(asks, shown, 422, said=str(error), look="stop")
        except UNAVAILABLE as error:
            return self.refused(not_now(error), 503)
        return RedirectResponse(f"{shown.here}?said={what}", status_code=303)

    async def _act(self, asks: Who, shown: Shown, what: str, form: Form, scope: Scope) -> None:
        if what not in SAID:
            raise Invalid(f"found {what[:20]!r}; expected {' or '.join(SAID)}")
        version, id = form.get("version", ""), shown.record.id
        seen = int(version) if version.isdigit() and len(version) < 10 else -1
        desk, key = self._doorway.desk, form.get("key", "")
        if what == "revise":
            figures = await desk.read(lambda c: self._figures(c, shown.record))
            command = ReviseShift(
                id=id, version=seen, figures=figures or {}, reason=form.get("reason", "")
            )
            await desk.perform(command, asks.person, key, device=asks.where)
            return
        signing = Signing(id=form.get("sign_id", ""), password=form.get("sign_password", ""),
                          meaning="reviewed")  # fmt: skip
        path = self._plant.path_of(shown.body["area"])
        signature = await sign(self._doorway, signing, scope, paths=[path])
        signed = SignShift(id=id, version=seen, notes=form.get("notes", ""))
        await desk.perform(signed, asks.person, key, device=asks.where, signatures=[signature])
