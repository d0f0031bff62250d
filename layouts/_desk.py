"""Pages for desks that are plain HTML: the same head as on the screens, forms and tables below."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._document import document
from layouts._html import Tag
from mes.equipment import Plant


def desk(
    plant: Plant, title: str, viewer: Component, *children: Any, now_us: int,
    theme: str = "light", scripts: tuple[str, ...] = (), active: str = "",
) -> str:  # fmt: skip
    """The page with `title`; viewer: who is signed in; active: its place in the navigation."""
    clock = _parts.clock(now_us, plant.time_zone)
    body = html.Div(
        [_parts.top(plant, active, clock, viewer), html.Main(list(children), className="page")],
        className="screen",
    )
    return document(title, body, theme=theme, scripts=("clock.js", "dates.js", *scripts))


def moment_of(us: int | None, zone: str, now_us: int) -> str:
    """A time as people at the site read it: "14:05" today, else with its date; "–" for never."""
    if not us:
        return "–"
    at, now = (
        datetime.fromtimestamp(t / 1e6, UTC).astimezone(ZoneInfo(zone)) for t in (us, now_us)
    )
    return at.strftime("%H:%M" if at.date() == now.date() else "%Y-%m-%d %H:%M")


def checks(
    legend: str, name: str, options: list[tuple[str, str]], on: list[str], look: str = "fields"
) -> Tag:
    """Boxes to tick: (value, words), those of `on` ticked."""
    boxes = [
        html.Label(
            [Tag("input", type="checkbox", name=name, value=value, checked=value in on), words],
            className="check",
        )
        for value, words in options
    ]
    inside = html.Div(boxes, className="checks")
    return Tag("fieldset", Tag("legend", legend), inside, className=look)


def scope_words(plant: Plant, scope: Sequence[str]) -> str:
    """Paths of equipment by what people call it: "Press shop, Assembly line 1"."""
    names = {plant.path_of(one.id): one.name for one in plant.areas.values()}
    names |= {plant.path_of(one.id): one.name for one in plant.work_centers.values()}
    names |= {plant.path_of(one.id): one.name for one in plant.work_units.values()}
    names[plant.id] = "everything"
    return ", ".join(names.get(path, path) for path in scope) or "nothing"


def places(plant: Plant, on: list[str], name: str = "scope") -> Tag:
    """Boxes for the equipment that somebody may see: the site and everything below it."""
    options = [(plant.id, f"{plant.name} (everything)")]
    for area in plant.areas.values():
        options.append((plant.path_of(area.id), area.name))
        options += [
            (plant.path_of(center.id), f"\u2007\u2007{center.name}")
            for center in plant.work_centers.values()
            if center.area == area.id
        ]
    known = {value for value, _ in options}
    options += [(path, path) for path in on if path not in known]
    return checks("May see", name, options, on, look="fields in-line places")


def table(heads: list[str], rows: list[list[Any]], *, empty: str) -> Component:
    """A table, or in words that there is nothing."""
    if not rows:
        return html.P(empty, className="note")
    head = html.Thead(html.Tr([html.Th(text) for text in heads]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Table([head, body], className="list")
