"""Walls and tablets that are admitted, and tokens for programs; what is new is shown once."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import checks, desk, moment_of, places, table, where
from layouts._document import button, field, hidden, note, post
from layouts._html import Tag
from layouts._signature import printed
from mes.equipment import Plant
from mes.people import RIGHTS
from mes.records import Record

KINDS = {
    "wall": "a wall: shows, and nothing else",
    "tablet": "a tablet: people take turns by PIN or badge",
}


def page(
    plant: Plant,
    viewer: Component,
    devices: Sequence[Record],
    tokens: Sequence[Record] | None,
    *,
    seen_us: Mapping[str, int] | None,
    rights: Sequence[str],
    now_us: int,
    once: tuple[str, str] | None = None,
    typed: Mapping[str, Any] | None = None,
    said: str = "",
    look: str = "stop",
    theme: str = "light",
) -> str:
    """tokens: None for who may not see them; seen_us: "device:ID" → its last request, None while
    nobody can tell; once: (words, secret) that is shown this one time;
    rights: those that a new token may have."""
    typed = typed or {}
    parts: list[Any] = [
        html.Div(
            [
                html.Section([html.H2("Walls and tablets"), _devices(plant, devices, seen_us, now_us)],
                             className="panel"),
                html.Section([html.H2("Admit a device"), _device_form(plant, typed)], className="panel"),
            ],
            className="list-and-form",
        )
    ]  # fmt: skip
    if tokens is not None:
        parts.append(
            html.Div(
                [
                    html.Section([html.H2("Tokens for programs"),
                                  _tokens(plant, tokens, seen_us, now_us)], className="panel"),
                    html.Section([html.H2("Make a token"), _token_form(plant, typed, rights)],
                                 className="panel"),
                ],
                className="list-and-form",
            )
        )  # fmt: skip
    return desk(
        plant,
        "Walls, tablets, tokens",
        viewer,
        html.Div([html.H1("Walls, tablets, tokens")], className="head"),
        note(said, look=look),
        _once(once),
        *parts,
        theme=theme,
    )


def _once(once: tuple[str, str] | None) -> Component | None:
    if once is None:
        return None
    words, secret = once
    return html.Section([html.P(words), html.Code(secret)], className="panel once")


def _devices(
    plant: Plant, devices: Sequence[Record], seen_us: Mapping[str, int] | None, now_us: int
) -> Component:
    rows = [
        [
            _name(plant, r),
            (r.body or {})["kind"],
            where(plant, (r.body or {})["scope"]),
            _seen(plant, seen_us, f"device:{r.id}", now_us),
            _end("device", r),
        ]
        for r in _sorted(devices)
    ]
    return table(["Name", "Kind", "Shows", "Last page", ""], rows, empty="None is admitted yet.")


def _tokens(
    plant: Plant, tokens: Sequence[Record], seen_us: Mapping[str, int] | None, now_us: int
) -> Component:
    rows = [
        [
            _name(plant, r),
            ", ".join((r.body or {})["rights"]),
            where(plant, (r.body or {})["scope"]),
            r.by,
            moment_of((r.body or {})["expires_us"], plant.time_zone, now_us),
            _seen(plant, seen_us, f"token:{r.id}", now_us),
            _end("token", r),
        ]
        for r in _sorted(tokens)
    ]
    heads = ["Name", "Rights", "Where", "Made by", "Ends", "Last used", ""]
    return table(heads, rows, empty="There is none yet.")


def _seen(plant: Plant, seen_us: Mapping[str, int] | None, owner: str, now_us: int) -> str:
    if seen_us is None:
        return "not known now"
    return moment_of(seen_us.get(owner), plant.time_zone, now_us)


def _name(plant: Plant, record: Record) -> list[Component | None]:
    name, signed = (record.body or {})["name"], printed(record.signatures, plant.time_zone)
    return [html.B(name), html.Small(record.id), signed]


def _sorted(found: Sequence[Record]) -> list[Record]:
    return sorted(found, key=lambda r: (not (r.body or {})["active"], (r.body or {})["name"]))


def _end(kind: str, record: Record) -> Any:
    if not (record.body or {})["active"]:
        return html.Span("revoked", className="off")
    return post(
        "/devices",
        hidden("what", "revoke"),
        hidden("kind", kind),
        hidden("id", record.id),
        hidden("version", str(record.version)),
        button("Revoke", kind="small danger"),
    )


def _device_form(plant: Plant, typed: Mapping[str, Any]) -> Component:
    boxes = [
        html.Label(
            [Tag("input", type="radio", name="kind", value=kind,
                 checked=kind == typed.get("kind", "wall")), words],
            className="check",
        )
        for kind, words in KINDS.items()
    ]  # fmt: skip
    return post(
        "/devices",
        hidden("what", "device"),
        field("Name", "name", value=typed.get("name", ""), required=True, maxlength="80",
              autocomplete="off", hint="where it hangs, as “Press shop, south”"),
        html.Div(boxes, className="checks"),
        places(plant, list(typed.get("scope", [plant.id]))),
        button("Admit, and show its address"),
    )  # fmt: skip


def _token_form(plant: Plant, typed: Mapping[str, Any], rights: Sequence[str]) -> Component:
    options = [(key, RIGHTS[key].words) for key in rights]
    return post(
        "/devices",
        hidden("what", "token"),
        field("Name", "name", value=typed.get("name", ""), required=True, maxlength="80",
              autocomplete="off", hint="which program it is for"),
        checks("May", "rights", options, list(typed.get("rights", ["live"]))),
        places(plant, list(typed.get("scope", [plant.id]))),
        field("Good for days", "days", type="number", min="1", max="3650", value=typed.get("days", ""),
              hint="empty: until it is revoked"),
        button("Make, and show it"),
    )  # fmt: skip
