"""A shared tablet: who takes over? One touch on the name and the PIN, or the badge alone."""

from collections.abc import Sequence

from dash import html

from layouts._document import document, hidden, note, post
from layouts._html import Tag
from mes.records import Record

KEYS = "123456789"


def page(
    people: Sequence[Record],
    *,
    tablet: str,
    now: str = "",
    chosen: str = "",
    to: str = "/",
    said: str = "",
    look: str = "stop",
    theme: str = "light",
) -> str:
    """people: who has a PIN or badge, and works where the tablet is; now: who is signed in now."""
    tiles = [
        html.Label(
            [
                Tag(
                    "input",
                    type="radio",
                    name="id",
                    value=p.id,
                    required=True,
                    checked=p.id == chosen,
                ),
                (p.body or {})["name"],
                html.Small(", ".join((p.body or {})["roles"])),
            ],
            className="person",
        )
        for p in people
    ]
    words = "Nobody here has a PIN or a badge yet." if not tiles else ""
    form = post(
        "/switch",
        hidden("next", to),
        html.Div([html.Div(tiles, className="persons"), html.P(words, className="note")]),
        _pad(said, look),
        id="switch",
        className="turns",
        autoComplete="off",
    )
    badge = post("/switch", hidden("next", to), hidden("badge", ""), id="badge", hidden=True)
    head = html.Div(
        [
            html.H1("Who takes over?"),
            html.Span(
                f"{tablet} · {now} is signed in until somebody takes over" if now else tablet,
                className="note",
            ),
            html.Span(className="grow"),
            html.A("Back to the screens", href="/", className="act"),
        ],
        className="turns-head",
    )
    return document(
        "Who takes over?", html.Div([head, form, badge], className="screen"), theme=theme,
        scripts=("switch.js",),
    )  # fmt: skip


def _pad(said: str, look: str) -> html.Div:
    keys = [html.Button(n, type="button", className="key-cap", **{"data-key-cap": n}) for n in KEYS]
    keys += [
        html.Button("Clear", type="button", className="key-cap word", **{"data-key-cap": "clear"}),
        html.Button("0", type="button", className="key-cap", **{"data-key-cap": "0"}),
        html.Button("Go", type="submit", className="key-cap main"),
    ]
    pin = Tag("input", type="password", name="pin", inputmode="none", maxlength="8", className="shown",
              autocomplete="off", placeholder="PIN", **{"aria-label": "PIN"})  # fmt: skip
    advice = note(said, look=look) or html.P("Touch your name, then your PIN. Or show your badge.",
                                             className="note")  # fmt: skip
    return html.Div([advice, pin, html.Div(keys, className="keys")], className="panel pad")
