"""Slots in a component tree, and the rows that fill them: the painter's protocol, for the first drawing.

A row is {field: text}. "name" is the text of the slot of that name, "@x" an attribute of the keyed
element itself, "name@x" an attribute of the slot. Keyed elements that are nested have no field in
common, for the painter looks for slots in everything below the outer one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._words import NOTHING, site_time, span
from layouts._words import age as age_words

Row = dict[str, str]
Rows = dict[str, Row]


def slot(name: str, tag: Any = html.Span, **props: Any) -> Component:
    """An element whose text is the row's field `name`."""
    return tag("", **{"data-f": name}, **props)


def since(name: str, **props: Any) -> Component:
    """A slot whose text is the time since the row's "name@data-since"; the painter runs it."""
    return slot(name, **{"data-since": "", **props})


def in_state(name: str, **props: Any) -> Component:
    """As `since`, of something that is known only while it is live: else the painter stops it."""
    return since(name, **{"data-while": "live", **props})


def age(name: str, **props: Any) -> Component:
    """As `since`, written as an age: "0.3 s"."""
    return since(name, **{"data-as": "age", **props})


def keyed(key: str, *children: Any, tag: Any = html.Div, **props: Any) -> Component:
    """An element that is painted with the row of `key`."""
    return tag(list(children), **{"data-key": key}, **props)


def filled(tree: Component, rows: Mapping[str, Mapping[str, str]], *, now_us: int) -> Component:
    """`tree` with all its slots filled from `rows`, as the painter would do it at `now_us`."""
    _fill(tree, rows, {}, now_us)
    return tree


def components(tree: Any) -> Iterator[Component]:
    """`tree` and every component below it."""
    if isinstance(tree, Component):
        yield tree
        yield from components(getattr(tree, "children", None))
    elif isinstance(tree, list | tuple):
        for child in tree:
            yield from components(child)


def _fill(tree: Any, rows: Mapping[str, Mapping[str, str]], outer: Row, now_us: int) -> None:
    if isinstance(tree, list | tuple):
        for child in tree:
            _fill(child, rows, outer, now_us)
        return
    if not isinstance(tree, Component):
        return
    key = getattr(tree, "data-key", None)
    if key is not None:
        row = rows.get(key, {})
        outer = {**outer, **row}
        _attributes(tree, row, "@")
    name = getattr(tree, "data-f", None)
    if name is not None:
        if name in outer:
            tree.children = outer[name]
        _attributes(tree, outer, f"{name}@")
    _run_clocks(tree, now_us)
    _fill(getattr(tree, "children", None), rows, outer, now_us)


def _attributes(element: Component, row: Mapping[str, str], prefix: str) -> None:
    for field, value in row.items():
        if field.startswith(prefix):
            name = field[len(prefix) :]
            setattr(element, name, _style(value) if name == "style" else value)


def _style(css: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in css.split(";") if ":" in part)
    return {name.strip(): value.strip() for name, value in pairs}


def _run_clocks(element: Component, now_us: int) -> None:
    start = getattr(element, "data-since", None)
    if start is not None:
        words = age_words if getattr(element, "data-as", None) == "age" else span
        element.children = words(now_us - int(start) * 1000) if start else NOTHING
    zone = getattr(element, "data-clock", None)
    if zone is not None:
        element.children = site_time(now_us, now_us=now_us, zone=zone)
    stale_at = getattr(element, "data-stale-at", None)
    if stale_at is not None and now_us > int(stale_at or 0) * 1000:
        element.className = f"{getattr(element, 'className', '')} is-stale".strip()
