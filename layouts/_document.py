"""A whole page of HTML for what works without scripts: forms, and words of what went wrong."""

import secrets
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._html import Tag, to_html

STYLES = ("bootstrap.min.css", "theme.css", "takt.css", "access.css", "calendar.css")


def document(
    title: str,
    *children: Any,
    theme: str = "light",
    scripts: tuple[str, ...] = (),
    again: bool = False,
) -> str:
    """The page. `scripts` are files of assets/; again: it is asked for anew every 5 s."""
    styles = "".join(f'<link rel="stylesheet" href="/assets/{name}">' for name in STYLES)
    tags = "".join(f'<script defer src="/assets/{name}"></script>' for name in scripts)
    renew = '<meta http-equiv="refresh" content="5">' if again else ""
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="{escape(theme)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · Takt</title><link rel="icon" href="/assets/favicon.svg">{renew}'
        f"{styles}{tags}</head><body>{to_html(list(children))}</body></html>"
    )


def card(*children: Any, wide: bool = False) -> Component:
    """One thing in the middle of an otherwise empty page, under Takt's mark."""
    mark = html.A(
        [html.Span(className="logo", **{"aria-hidden": "true"}), "Takt"],
        href="/",
        className="brand",
    )
    return html.Main(
        [mark, html.Section(list(children), className="panel card-in")],
        className="card-page wide" if wide else "card-page",
    )


def note(text: str, *, look: str = "stop") -> Component | None:
    """A line that says how it went; None for no words."""
    if not text:
        return None
    role = "alert" if look == "stop" else "status"
    return html.P(
        [html.I(className="ic", **{"aria-hidden": "true"}), html.Span(text)],
        className="say-so",
        role=role,
        **{"data-look": look},
    )


def field(label: str, name: str, *, hint: str = "", fault: str = "", **props: Any) -> Component:
    """A labelled input. fault: why what was typed there was refused."""
    inside: list[Any] = [html.Span(label, className="label"), Tag("input", name=name, **props)]
    if hint:
        inside.append(html.Small(hint))
    if fault:
        inside.append(refusal(fault))
    return html.Label(inside, className="field")


def refusal(words: str) -> Component | None:
    """Why something typed was refused, beside it; None for no words."""
    return html.Span(words, className="refusal", role="alert") if words else None


def hidden(name: str, value: str) -> Tag:
    return Tag("input", type="hidden", name=name, value=value)


def button(text: str, *, kind: str = "main", **props: Any) -> Component:
    return html.Button(text, type="submit", className=f"act {kind}", **props)


def post(action: str, *children: Any, again: str = "", **props: Any) -> Component:
    """A form that is sent as a POST; its key makes it count once, however often it is sent.

    again: the key of a form that was sent, of which nobody knows whether it was done.
    """
    key = hidden("key", again or secrets.token_urlsafe(16))
    return html.Form([key, *children], action=action, method="post", **props)
