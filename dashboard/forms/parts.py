"""What the forms share: their fields, and where they lead."""

import time

from dash.development.base_component import Component
from fastapi import Request
from starlette.datastructures import UploadFile

from dashboard.doorway import Doorway
from dashboard.identity import Who
from dashboard.records import RecordsAway
from layouts._desk import moment_of
from layouts._viewer import viewer
from mes.equipment import Plant
from mes.kinds import SITE_RIGHTS
from mes.people import RIGHTS
from mes.records import Conflict
from store.config import Config

FIELDS_MAX = 200
NOT_NOW = "Takt cannot reach its data. Nothing was changed; please try again."
UNSURE = "Takt cannot reach its data. Whether this was done is not known: please look before you try again."


def not_now(error: Exception) -> str:
    """What to say of a form that does one thing, and met `error` of dashboard.doorway.UNAVAILABLE."""
    return NOT_NOW if isinstance(error, RecordsAway) and not error.unsure else UNSURE


async def fields(request: Request, most: int = FIELDS_MAX) -> dict[str, str]:
    """The fields of a form that was sent, the last of each name; files are passed over."""
    form = await request.form(max_files=1, max_fields=most)
    return {name: value for name, value in form.items() if not isinstance(value, UploadFile)}


async def all_fields(request: Request, name: str) -> list[str]:
    """All values of a field that may stand there several times."""
    form = await request.form(max_files=1, max_fields=FIELDS_MAX)
    return [value for value in form.getlist(name) if not isinstance(value, UploadFile)]


def back_to(path: str) -> str:
    """`path` where it is a page of ours, else the overview: nobody is led elsewhere."""
    ours = path.startswith("/") and path[1:2] not in ("/", "\\") and len(path) < 2000
    if not ours or not path.isprintable() or path.startswith(("/login", "/logout", "/welcome")):
        return "/"
    return path


def viewer_of(doorway: Doorway, who: Who, *, on: str = "") -> Component:
    """Who is signed in, for the page's head. on: the page's address in the navigation."""
    body = doorway.gate.register.known.active("device", who.device) or {}
    return viewer(
        who.person.name if who.signed_in else "",
        [
            right
            for right in RIGHTS
            if who.person.has(right)
            and (right not in SITE_RIGHTS or who.person.may(right, doorway.gate.site))
        ],
        device=str(body.get("name", "")),
        tablet=body.get("kind") == "tablet",
        on=on,
    )


def lacks(asks: Who, right: str, site: str) -> str:
    """What who asks lacks of an administrator's right for the whole site, in words; "" for nothing."""
    if asks.signed_in and asks.person.may(right, site):
        return ""
    needed = f"Only administrators of the whole site {RIGHTS[right].words}."
    if RIGHTS[right].roles.isdisjoint(asks.person.roles):
        return f"{needed} Your roles: {', '.join(asks.person.roles)}."
    if asks.via in ("pin", "badge"):
        return f"{needed} That takes your password; you have signed in by {asks.via}."
    return f"{needed} You are one of {', '.join(asks.person.scope) or 'nothing'} only."


def conflict_words(conflict: Conflict, plant: Plant) -> str:
    """Who was first, and when."""
    record = conflict.record
    if record is None:
        return f"Nothing was saved: {conflict}."
    at = moment_of(record.at_us, plant.time_zone, time.time_ns() // 1000)
    return (
        f"Nothing was saved: {record.by} has changed this at {at}, after you opened it. "
        "What you typed still stands here; open the page anew to see what is there now."
    )


class FirstAddress:
    """Addresses to hand to somebody else: as the configuration says, else as this page was asked for."""

    def __init__(self, config: Config, request: Request) -> None:
        self._begin = config.dashboard.public_url or f"{request.url.scheme}://{request.url.netloc}"

    def of(self, path: str) -> str:
        return self._begin + path
