"""What the screens share: the page around them, icons, the live element, state chips."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._html import to_html
from layouts._slots import components, slot
from layouts._words import ms, site_time, zone_word
from mes.equipment import Plant
from mes.snapshot import Snapshot

SHAPES = ("run", "help", "stop", "material", "idle", "stale", "unknown", "info", "off")
LOOK_WORDS = {
    "stop": "stopped",
    "help": "help, set-up",
    "material": "waiting",
    "run": "running",
    "idle": "idle",
    "off": "no shift",
    "stale": "no data",
}


def icon(shape: str = "") -> Component:
    """A shape; without a name that of the nearest element with a look, painted with it."""
    extra = {"data-shape": shape} if shape else {}
    return html.I(className="ic", **{"aria-hidden": "true"}, **extra)


def island(tree: Component, viewer: Component | None = None) -> Component:
    """`tree` for the browser: its live element as a component, all else as text.

    The painter puts the text into the page and owns what is in it. viewer: who looks at it, for the
    page's head; it is drawn with the page and never sent over the websocket.
    """
    for place in components(tree):
        if getattr(place, "id", None) == "viewer":
            place.children = viewer
    found = next(c for c in components(tree) if getattr(c, "id", None) == "live")
    return html.Div([found, html.Div(id="island", **{"data-html": to_html(tree, without=found)})])


def live(topic: str, now: Snapshot) -> Component:
    """The one element of a page that its live data arrive at.

    When it was drawn stands behind the topic: whoever draws the same screen again is sent all of it.
    """
    return html.Div(id="live", hidden=True, **{"data-topic": f"{topic}#{now.now_us}", "data-v": ""})


def offline() -> Component:
    """The banner that says, full width, that the page is not live."""
    return html.Div("", id="offline", role="alert", **{"data-on": "no"})


def clock(now_us: int, zone: str) -> Component:
    """Site time, which runs on in the browser; now_us: when the page was drawn."""
    shown = site_time(now_us, now_us=now_us, zone=zone)
    return html.Span(
        [html.B(shown, **{"data-clock": zone}), html.Small(zone_word(now_us, zone))],
        className="clock",
        **{"data-now": ms(now_us)},
    )


def page(now: Snapshot, topic: str, *children: Any, active: str = "", **props: Any) -> Component:
    """A screen for desks and tablets: navigation above, content below."""
    return html.Div(
        [
            live(topic, now),
            offline(),
            top(now.plant, active, clock(now.now_us, now.plant.time_zone)),
            html.Main(list(children), className="page"),
        ],
        className="screen",
        **props,
    )


def top(plant: Plant, active: str, clock: Component, viewer: Any = None) -> Component:
    """The head of a page for desks and tablets. The element "viewer" says who is signed in."""

    def link(name: str, title: str, href: str) -> Component:
        on = " on" if name == active else ""
        return html.A(title, href=href, className=f"nav-item{on}")

    return html.Header(
        [
            html.A(
                [html.Span(className="logo", **{"aria-hidden": "true"}), "Takt"],
                href="/",
                className="brand",
            ),
            html.Nav(
                [
                    link("overview", "Overview", "/"),
                    html.Details(
                        [html.Summary("Andon", className="nav-item"), html.Div(_walls(plant))],
                        className="menu",
                    ),
                    link("oee", "OEE", f"/oee/{widest(plant)}"),
                    link("downtime", "Stops", f"/downtime/{widest(plant)}"),
                    link("connections", "Connections", "/connections"),
                ],
                className="nav-bar",
            ),
            html.Span(className="grow"),
            html.Span(plant.name, className="who"),
            clock,
            html.Span(viewer, id="viewer"),
        ],
        className="top",
    )


def widest(plant: Plant) -> str:
    """The site, or else the first place that is there whole."""
    ids = (plant.id, *plant.areas, *plant.work_centers, *plant.work_units)
    return next((id for id in ids if id not in plant.partial), plant.id)


def _walls(plant: Plant) -> list[Component]:
    out: list[Component] = []
    for area in plant.areas.values():
        out.append(html.A(area.name, href=f"/andon/{area.id}"))
        out += [
            html.A(center.name, href=f"/andon/{center.id}", className="sub")
            for center in plant.work_centers.values()
            if center.area == area.id
        ]
    return out


def chip(name: str, **props: Any) -> Component:
    """A state as a pill: shape and word, of the look around it."""
    return html.Span([icon(), slot(name)], className="chip", **props)


def figure(label: Any, *value: Any, note: Any = "", **props: Any) -> Component:
    """A labelled number on a card."""
    return html.Div(
        [
            html.Span(label, className="t"),
            html.Span(list(value), className="v"),
            html.Span(note, className="d"),
        ],
        className="panel kpi",
        **props,
    )
