"""/stop/<unit>/<moment>: one stop, to say why it was; splits, joins and moves its pieces."""

import datetime as dt
import re
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection

from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms.parts import fields, not_now, viewer_of
from dashboard.forms.screen import Screen
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import stop
from layouts.stop import FAVOURITES, Shown
from mes.downtime import RIGHT, CodeStop
from mes.maintenance import ASK
from mes.observation import moment
from mes.records import Conflict, Forbidden, Invalid, Refused
from mes.site_time import LAST_US
from mes.stops import Piece
from store.actions import was_done
from store.config import Config
from store.log.accounts import basis
from store.log.downtime import favourites, stops_of
from store.log.maintenance import order_of_stop

CHANGED = "Somebody said otherwise meanwhile. This is how it stands now; say it again if you still mean it."
SAID = {"split": "It is split.", "join": "They are one.", "move": "It is moved.",
        "comment": "The comment is kept.", "back": "It is taken back."}  # fmt: skip
_TIME = re.compile(r"(?:(\d{4}-\d\d-\d\d)[ T])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
DAY, DAYS_MAX = dt.timedelta(days=1), 31  # of a stop, in which a time of day is looked for
Form = dict[str, str]


def register(server: FastAPI, config: Config, doorway: Doorway) -> None:
    """Add the routes."""
    screen = _Screen(config, doorway)

    @server.get("/stop/{unit}/{at_us}", include_in_schema=False)
    async def show(unit: str, at_us: str, at: str = "", said: str = "") -> Response:
        return await screen.show(who(), unit, at_us, at, SAID.get(said, ""))

    @server.post("/stop/{unit}/{at_us}", include_in_schema=False)
    async def change(unit: str, at_us: str, request: Request) -> Response:
        return await screen.change(who(), unit, at_us, await fields(request))


class _Screen(Screen):
    async def show(self, asks: Who, unit: str, at_us: str, at: str, said: str) -> Response:
        try:
            shown = await self._found(asks, unit, at_us, at)
        except RecordsAway:
            return self.away()
        if shown is None:
            return self.refused("There is no such stop, or you do not see it.", 404)
        return self._drawn(asks, shown, said=said)

    def _drawn(
        self, asks: Who, shown: Shown, status: int = 200, *, said: str = "", look: str = "run"
    ) -> Response:
        text = stop.page(
            shown, viewer_of(self._doorway, asks), said=said, look=look, theme=self._theme
        )
        return HTMLResponse(text, status_code=status)

    async def _found(self, asks: Who, unit: str, at_us: str, at: str) -> Shown | None:
        """The stop that goes on at a moment, with its piece; None where none is, or he sees it not."""
        plant = self._plant.within(asks.person.scope)
        one = plant.work_units.get(unit)
        us = int(at_us) if at_us.isascii() and at_us.isdigit() and len(at_us) < 17 else -1
        if one is None or not 0 <= us < LAST_US or not asks.person.has("records"):
            return None

        def look(connection: Connection) -> Shown | None:
            by = basis(connection, self._plant)
            found = stops_of(connection, [one], us, us + 1, by, {}, micro=True)[one.id]
            mine = [s for s in found if s.start_us <= us and (s.end_us is None or us < s.end_us)]
            if not mine:
                return None
            here = [n for n, piece in enumerate(mine[0].pieces) if piece.start_us <= us]
            chosen = here[-1] if here else 0
            fault = mine[0].pieces[chosen].fault
            return Shown(
                plant=plant,
                unit=one,
                stop=mine[0],
                chosen=chosen,
                reasons=by.reasons[one.id],
                favourites=favourites(connection, one.id, fault, FAVOURITES),
                now_us=time.time_ns() // 1000,
                at=at if plant.has(at) else one.id,
                may=asks.person.may(RIGHT, plant.path_of(one.id)),
                may_ask=asks.person.may(ASK, plant.path_of(one.id)),
                order=order_of_stop(connection, one.id, mine[0].start_us),
                by={p.by: self._doorway.name_of(p.by) for p in mine[0].pieces},
            )

        return await self._doorway.desk.read(look)

    async def change(self, asks: Who, unit: str, at_us: str, form: Form) -> Response:
        what = form.get("what", "")
        try:
            shown = await self._found(asks, unit, at_us, form.get("at", ""))
            if shown is None:
                return self.refused("There is no such stop any more.", 404)
            shown = replace(shown, typed=form)
            if form.get("seen", "") != shown.seen:
                key = form.get("key", "")
                if await self._doorway.desk.read(lambda c: was_done(c, key)):
                    return RedirectResponse(f"/downtime/{shown.at}", status_code=303)
                return self._drawn(asks, replace(shown, typed={}), 409, said=CHANGED, look="stop")
            try:
                command = _command(shown, what, form)
                await self._doorway.desk.perform(
                    command, asks.person, form.get("key", ""), device=asks.where
                )
            except Conflict:
                found = await self._found(asks, unit, at_us, shown.at) or shown
                return self._drawn(asks, found, 409, said=CHANGED, look="stop")
            except Forbidden as error:
                return self.refused(f"{error}. Nothing was changed.", 403)
            except Refused as error:
                return self._drawn(asks, shown, 422, said=str(error), look="stop")
        except UNAVAILABLE as error:
            return self.refused(not_now(error), 503)
        if what == "code":
            return RedirectResponse(f"/downtime/{shown.at}", status_code=303)
        to = f"/stop/{unit}/{command.from_us}?at={shown.at}&said={what}"
        return RedirectResponse(to, status_code=303)


def _command(shown: Shown, what: str, form: Form) -> CodeStop:
    """What the form asks for, as one stretch of time with one reason. Raises Invalid."""
    n, pieces, piece = shown.chosen, shown.stop.pieces, shown.piece
    whole = (piece.start_us, piece.end_us)
    if what == "code" and not form.get("why"):
        raise Invalid("expected a reason")
    if what == "code":
        return _code(shown, whole, form.get("why", ""), _comment(piece))
    if what == "comment":
        return _code(shown, whole, _why(piece) or "", form.get("comment", ""))
    if what == "back":
        return _code(shown, whole, None)
    if what == "split":
        at_us = _time_in(shown, form.get("split", ""), piece.start_us, piece.end_us)
        return _code(shown, (at_us, piece.end_us), _why(piece) or "", _comment(piece))
    ways = {"join": form.get("way", ""), "move": "before"}
    other = n + (1 if ways.get(what) == "after" else -1)
    if what not in ways or not 0 <= other < len(pieces):
        raise Invalid(f"found {what[:20]!r}; expected something that can be done with this stop")
    beside = pieces[other]
    if what == "join":
        first, last = (piece, beside) if other > n else (beside, piece)
        why = _why(beside) if beside.code else beside.reason or None
        return _code(shown, (first.start_us, last.end_us), why, _comment(beside))
    at_us = _time_in(shown, form.get("move", ""), beside.start_us, piece.end_us)
    if at_us < piece.start_us:
        return _code(shown, (at_us, piece.end_us), _why(piece), _comment(piece))
    return _code(shown, (beside.start_us, at_us), _why(beside), _comment(beside))


def _why(piece: Piece) -> str | None:
    return piece.code.reason if piece.code else None


def _comment(piece: Piece) -> str:
    return piece.code.comment if piece.code else ""


def _code(
    shown: Shown, between: tuple[int, int | None], why: str | None, comment: str = ""
) -> CodeStop:
    """A command that names what of the stretch was seen."""
    from_us, until_us = between
    seen = {
        (piece.code.start_us, piece.code.version)
        for piece in shown.stop.pieces
        if piece.code and _touch(piece.code.start_us, piece.code.end_us, from_us, until_us)
    }
    return CodeStop(
        unit=shown.unit.id,
        from_us=from_us,
        until_us=until_us,
        why=why,
        comment=comment if why is not None else "",
        seen=tuple(sorted(seen)),
    )


def _touch(start_us: int, end_us: int | None, from_us: int, until_us: int | None) -> bool:
    return (until_us is None or start_us < until_us) and (end_us is None or end_us > from_us)


def _time_in(shown: Shown, text: str, low_us: int, high_us: int | None) -> int:
    """The first moment between two others that has this time of day at the site, on that date where one
    is said. Raises Invalid.
    """
    found, end_us = _TIME.fullmatch(text.strip()), high_us or shown.now_us
    if found:
        date, *clock = found.groups()
        hour, minute, second = (int(part or 0) for part in clock)
        zone = ZoneInfo(shown.plant.time_zone)
        day = moment(low_us).astimezone(zone).replace(
            hour=hour, minute=minute, second=second, microsecond=0
        )  # fmt: skip
        for days in range(DAYS_MAX):
            for fold in (0, 1):
                at = (day + days * DAY).replace(fold=fold)
                us = round(at.timestamp() * 1_000_000)
                if low_us < us < end_us and date in (None, at.date().isoformat()):
                    return us
    low, high = shown.time(low_us), shown.time(high_us)
    raise Invalid(f"found the time {text[:20]!r}; expected one between {low} and {high}")
