"""What the forms share: their fields, and where they lead."""

from dash.development.base_component import Component
from fastapi import Request
from starlette.datastructures import UploadFile

from dashboard.doorway import Doorway
from dashboard.identity import Who
from layouts._viewer import viewer
from mes.people import RIGHTS

FIELDS_MAX = 200


async def fields(request: Request) -> dict[str, str]:
    """The fields of a form that was sent, the last of each name; files are passed over."""
    form = await request.form(max_files=1, max_fields=FIELDS_MAX)
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


def viewer_of(doorway: Doorway, who: Who) -> Component:
    """Who is signed in, for the page's head."""
    body = doorway.gate.register.known.active("device", who.device) or {}
    return viewer(
        who.person.name if who.signed_in else "",
        [right for right in RIGHTS if who.person.has(right)],
        device=str(body.get("name", "")),
        tablet=body.get("kind") == "tablet",
    )
