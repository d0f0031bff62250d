"""/work-order/<id>: one work order, to begin it, to say what was done, or to cancel it."""

import math
import time

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import work_order
from layouts.work_order import Shown, Step
from mes.maintenance import (
    DO,
    KIND,
    PARTS_MAX,
    CancelMaintenance,
    FinishMaintenance,
    Part,
    StartMaintenance,
    order_of,
    unit_of,
)
from mes.reason_trees import tree_of
from mes.reasons import Reason
from mes.records import Conflict, Forbidden, Invalid, Missing, Refused
from store.config import Config
from store.log.reading import Records

CHANGED = "Nothing was changed: somebody was first. This is how the order stands now."
SAID = {
    "start": "It is begun. Nothing may be started on the machine until it is finished.",
    "finish": "It is done.",
    "cancel": "It is cancelled.",
}
NONE = "There is no such work order, or you do not see it."
Form = dict[str, str]
Command = StartMaintenance | FinishMaintenance | CancelMaintenance


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/work-order/{id}", include_in_schema=False)
    async def show(id: str, said: str = "") -> Response:
        return screen.may(who(), id) or await screen.show(who(), id, said=SAID.get(said, ""))

    @server.post("/work-order/{id}", include_in_schema=False)
    async def change(id: str, request: Request) -> Response:
        return screen.may(who(), id) or await screen.change(who(), id, await fields(request))


class _Screen(Screen):
    def may(self, asks: Who, id: str) -> Response | None:
        """Why not, as a page; None for whoever may."""
        if not (asks.signed_in and asks.person.has("records")):
            return self.refused("You may not see maintenance.", 403)
        if unit_of(id) not in self._plant.within(asks.person.scope).work_units:
            return self.refused(NONE, 404)
        return None

    async def show(
        self,
        asks: Who,
        id: str,
        status: int = 200,
        *,
        said: str = "",
        look: str = "run",
        typed: Form | None = None,
    ) -> Response:
        def look_up(connection: Connection) -> Shown | None:
            return self._found(connection, asks, id, typed or {})

        try:
            shown = await self._doorway.desk.read(look_up)
        except RecordsAway:
            return self.away()
        if shown is None:
            return self.refused(NONE, 404)
        viewer = viewer_of(self._doorway, asks, on="/maintenance")
        text = work_order.page(shown, viewer, said=said, look=look, theme=self._theme)
        return HTMLResponse(text, status_code=status)

    def _found(self, connection: Connection, asks: Who, id: str, typed: Form) -> Shown | None:
        found = Records(connection)
        versions = found.versions(KIND, id)
        if not versions:
            return None
        order, tree = order_of(versions[-1]), tree_of(found, unit_of(id))
        steps = [
            Step((one.body or {})["state"], self._doorway.name_of(one.by), one.at_us)
            for one in versions
        ]
        failure = tree.get(order.failure) or Reason(order.failure, order.failure)
        return Shown(
            plant=self._plant.within(asks.person.scope),
            order=order,
            steps=steps,
            failures=[one for one in tree.reasons if one.fails and tree.chosen(one.id)],
            failure=failure.name,
            may=asks.person.may(DO, self._plant.path_of(order.unit)),
            now_us=time.time_ns() // 1000,
            typed=typed,
        )

    async def change(self, asks: Who, id: str, form: Form) -> Response:
        what = form.get("what", "")
        try:
            command = _command(id, what, form)
            await self._doorway.desk.perform(
                command, asks.person, form.get("key", ""), device=asks.where
            )
        except Conflict:
            return await self.show(asks, id, 409, said=CHANGED, look="stop", typed=form)
        except Forbidden as error:
            return self.refused(f"{error}. Nothing was changed.", 403)
        except Missing:
            return self.refused(NONE, 404)
        except Refused as error:
            return await self.show(asks, id, 422, said=f"{error}.", look="stop", typed=form)
        except UNAVAILABLE as error:
            if what != "finish":
                return self.refused(not_now(error), 503)
            text = work_order.away(
                self._plant.within(asks.person.scope),
                id,
                viewer_of(self._doorway, asks, on="/maintenance"),
                form,
                words=not_now(error),
                again=form.get("key", ""),
                now_us=time.time_ns() // 1000,
                theme=self._theme,
            )
            return HTMLResponse(text, status_code=503)
        return RedirectResponse(f"/work-order/{id}?said={what}", status_code=303)


def _command(id: str, what: str, form: Form) -> Command:
    """What the form asks for. Raises Invalid."""
    typed = form.get("version", "")
    version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1
    if what == "start":
        return StartMaintenance(order=id, version=version)
    if what == "cancel":
        return CancelMaintenance(order=id, version=version, reason=form.get("reason", ""))
    if what == "finish":
        return FinishMaintenance(
            order=id,
            version=version,
            parts=_parts(form),
            notes=form.get("notes", "").replace("\r\n", "\n"),
            failure=form.get("failure", ""),
        )
    raise Invalid(f"found {what[:20]!r}; expected something that can be done with this order")


def _parts(form: Form) -> tuple[Part, ...]:
    """The rows in which a part stands; a quantity that is left out is one. Raises Invalid."""
    out = []
    for n in range(PARTS_MAX):
        part, typed = form.get(f"part-{n}", "").strip(), form.get(f"quantity-{n}", "").strip()
        if not part and not typed:
            continue
        try:
            quantity = float(typed.replace(",", ".") or "1")
        except ValueError:
            quantity = math.nan
        if not math.isfinite(quantity):
            raise Invalid(f"parts: found the quantity {typed[:20]!r}; expected a number")
        out.append(Part(part, quantity))
    return tuple(out)
