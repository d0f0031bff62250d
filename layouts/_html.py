"""A component tree as HTML text.

Every Dash component on a page is a subscriber of the page's store and is asked again at every message:
1,300 of them took 18 % of a wall's main thread. What no callback touches is therefore sent as text.
"""

from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

_NAMES = {"className": "class", "htmlFor": "for", "tabIndex": "tabindex", "colSpan": "colspan"}
_EMPTY = {"br", "hr", "img", "input", "col", "wbr"}
_OUR_OWN = {"key", "n_clicks", "n_clicks_timestamp", "disable_n_clicks", "loading_state"}


class Tag:
    """An element that dash.html does not have, as inputs: they are text only, never a component."""

    def __init__(self, name: str, /, *children: Any, **attributes: Any) -> None:
        self.name, self.children = name, list(children)
        self.attributes = attributes


def to_html(tree: Any, *, without: Component | None = None) -> str:
    """The HTML of `tree`: components of dash.html, text and numbers, lists of them, None for nothing.

    without: a component to leave out. Raises TypeError for a component that is more than its element: it needs its script.
    """
    if tree is None or tree is without:
        return ""
    if isinstance(tree, list | tuple):
        return "".join(to_html(part, without=without) for part in tree)
    if isinstance(tree, Tag):
        text = "".join(_attribute(name, value) for name, value in tree.attributes.items())
        return _element(tree.name, text, to_html(tree.children, without=without))
    if not isinstance(tree, Component):
        return escape(str(tree), quote=False)
    if tree._namespace != html.Div._namespace:
        raise TypeError(f"{type(tree).__name__} is more than an element and cannot be text")
    tag = type(tree).__name__.removesuffix("El").lower()
    props = tree.to_plotly_json()["props"]
    inside = to_html(props.pop("children", None), without=without)
    text = "".join(_attribute(name, value) for name, value in props.items())
    return _element(tag, text, inside)


def _element(tag: str, attributes: str, inside: str) -> str:
    return f"<{tag}{attributes}>" if tag in _EMPTY else f"<{tag}{attributes}>{inside}</{tag}>"


def _attribute(name: str, value: Any) -> str:
    if name in _OUR_OWN or value is None or value is False:
        return ""
    name = _NAMES.get(name, name)
    if value is True:
        return f" {name}"
    if isinstance(value, dict):
        value = ";".join(f"{_css(k)}:{v}" for k, v in value.items())
    return f' {name}="{escape(str(value))}"'


def _css(name: str) -> str:
    """`marginTop` as CSS writes it; names that are CSS already stay."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name)
