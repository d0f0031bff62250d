"""The page for an address that nothing stands behind: it says so, and lists what there is."""

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._slots import Rows, filled
from mes.snapshot import Snapshot

TITLE = "Not found"


def layout(now: Snapshot, id: str | None = None) -> Component:
    return nothing(now, "There is no such page", "The address may be old, or mistyped.")


def rows(now: Snapshot, id: str | None = None) -> Rows:
    return {}


def no_place(now: Snapshot, topic: str, id: str | None, what: str = "place") -> Component:
    """Of a screen of a place that is none."""
    listed = "The places that exist are listed here."
    return nothing(now, f"There is no {what} “{id}”", listed, topic=topic)


def nothing(now: Snapshot, title: str, text: str, *, topic: str = "not_found") -> Component:
    """A friendly dead end: what is wrong, and every screen there is."""
    plant = now.plant
    walls = [(f"/andon/{i.id}", i.name) for i in plant.areas.values()]
    walls += [(f"/andon/{i.id}", i.name) for i in plant.work_centers.values()]
    units = [(f"/unit/{i.id}", i.name) for i in plant.work_units.values()]
    tree = _parts.page(
        now,
        topic,
        html.Section(
            [html.H1(title), html.P(text, className="intro")],
            className="panel dead-end",
        ),
        html.Div(
            [
                _list("Screens", [("/", "Overview"), ("/connections", "Connections")]),
                _list("Andon walls", walls),
                _list("Work units", units),
            ],
            className="lists",
        ),
    )
    return filled(tree, {}, now_us=now.now_us)


def _list(title: str, links: list[tuple[str, str]]) -> Component:
    items = [html.Li(html.A(name, href=href)) for href, name in links]
    body = html.Ul(items) if items else html.P("none are configured", className="note")
    return html.Section([html.H2(title), body], className="panel")
