"""A whole page of HTML for what works without scripts: forms, and words of what went wrong."""

import secrets
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._html import Tag, to_html

STYLES = (
    "bootstrap.min.css",
    "theme.css",
    "takt.css",
    "access.css",
    "calendar.css",
    "downtime.css",
    "maintenance.css",
    "oee.css",
)


def document(
    title: str,
    *children: Any,
    theme: str = "light",
    scripts: tuple[str, ...] = (),
    again: bool = False,
) -> str:
    """The page. `scripts` are files of assets/; again: it is asked for anew every 5 s."""
    styles = "".join(f'<link rel="stylesheet" href="/assets/{name}">' for name in STYLES)
    tags = "".join(
        f'<script defer src="/assets/{name}"></script>' for name in ("forms.js", *scripts)
    )
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


def field(
    label: str, name: str, *, hint: str = "", fault: str = "", pick: str = "", **props: Any
) -> Component:
    """A labelled input. fault: why what was typed there was refused; pick: the type of an input
    beside it, out of which the browser's own calendar opens.
    """
    box: Any = Tag("input", name=name, **props)
    if pick:
        beside = {"class": "pick", "tabindex": "-1", "aria-hidden": "true"}
        box = html.Span([box, Tag("input", type=pick, **beside)], className="with-pick")
    inside: list[Any] = [html.Span(label, className="label"), box]
    if hint:
        inside.append(html.Small(hint))
    if fault:
        inside.append(refusal(fault))
    return html.Label(inside, className="field")


def date_field(
    label: str, name: str, *, time: bool = False, aria: str = "", **props: Any
) -> Component:
    """A date as YYYY-MM-DD whatever the browser's language is; with `time` one may give that, too.
    aria: what it is, where no label says so.

    Browsers show their own date inputs in their own language, and an attribute `lang` changes nothing.
    """
    if time:
        shape = {"placeholder": "YYYY-MM-DD hh:mm", "pick": "datetime-local", "maxlength": "40"}
    else:
        shape = {
            "placeholder": "YYYY-MM-DD", "pick": "date", "maxlength": "10",
            "pattern": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "title": "a date as 2026-01-31",
        }  # fmt: skip
    said = {"aria-label": aria or None}
    return field(label, name, autocomplete="off", inputmode="text", **(shape | said | props))


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
