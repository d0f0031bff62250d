"""/audit: the audit trail as a page, drawn from its address, so that a link to it can be shared."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import dash
from dash import Dash, Input, Output, html
from dash.development.base_component import Component
from pydantic import ValidationError

from dashboard.api.audit import Search, wanted_of
from dashboard.doorway import Doorway
from dashboard.forms.parts import viewer_of
from dashboard.hub import Hub
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import _parts, audit
from mes.records import AuditLine
from store.log.trail import cursor_of, find

LINES = 50
FIELDS_MAX = 20


def register(app: Dash, hub: Hub, doorway: Doorway) -> None:
    """Add the page. Its lines come by a callback of their own: a page's layout cannot wait for them."""

    def frame(**_query: Any) -> Component:
        return html.Div(id="audit-page")

    dash.register_page(
        audit.__name__,
        path=audit.PATH,
        name=audit.TITLE,
        title=f"{audit.TITLE} · Takt",
        order=9,
        layout=frame,
    )

    @app.callback(Output("audit-page", "children"), Input("_pages_location", "search"))
    async def draw(search: str | None) -> Component:
        asks = who()
        return _parts.island(
            await _drawn(hub, doorway, asks, search or ""), viewer_of(doorway, asks)
        )


async def _drawn(hub: Hub, doorway: Doorway, asks: Who, search: str) -> Component:
    now = hub.snapshot(asks.person.scope)
    if not asks.person.has("audit"):
        return audit.refused(now)
    asked: dict[str, str] = {}
    try:
        asked = dict(parse_qsl(search.lstrip("?"), max_num_fields=FIELDS_MAX))
        wanted = wanted_of(Search.model_validate(asked), asks, hub.plant)
        before, after = (
            cursor_of(asked[name]) if asked.get(name) else None for name in ("before", "after")
        )
    except ValidationError:
        return audit.page(now, {}, (), said="The search is too long.")
    except ValueError as error:
        return audit.page(now, asked, (), said=f"This cannot be searched for: {error}.")
    try:
        page = partial(find, wanted=wanted, limit=LINES)
        found = await doorway.desk.read(partial(page, before=before, after=after))
        if after and not found.lines and found.newer is None:  # nothing newer: the newest page
            found, after = await doorway.desk.read(page), None
    except RecordsAway:
        return audit.away(now, search)
    return audit.page(
        now,
        asked,
        found.lines,
        people=_people(doorway, asks, now.plant.id, found.lines),
        newer=str(found.newer or ""),
        older=str(found.older or ""),
        looked_to_us=found.looked_to_us,
        forward=after is not None,
    )


def _people(
    doorway: Doorway, asks: Who, site: str, lines: Sequence[AuditLine]
) -> list[tuple[str, str]]:
    """(id, name) to choose from: of all for who may see all, else of those who are shown."""
    if not asks.person.may("people", site):
        return sorted({(line.person, line.name) for line in lines})
    known = doorway.gate.register.known.of("person")
    return sorted((record.id, str((record.body or {}).get("name", ""))) for record in known)
