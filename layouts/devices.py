"""Walls and tablets that are admitted, and tokens for programs; what is new is shown once."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import checks, desk, moment_of, places, scope_words, table
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
    token = "rights" in typed
    parts = [
        _part("Walls and tablets", _devices(plant, devices, seen_us, now_us), "Admit a device",
              _device_form(plant, {} if token else typed),
              is_open=not devices or bool(typed and not token)),
    ]  # fmt: skip
    if tokens is not None:
        parts.append(
            _part("Tokens for programs", _tokens(plant, tokens, seen_us, now_us), "Make a token",
                  _token_form(plant, typed if token else {}, rights), is_open=token)
        )  # fmt: skip
    return desk(
        plant,
        "Walls, tablets, tokens",
        viewer,
        html.Div([html.H1("Walls, tablets, tokens")], className="head"),
        note(said, look=look),
        _once(once),
        *parts,
        now_us=now_us,
        theme=theme,
    )


def _part(title: str, found: Component, new: str, form: Component, *, is_open: bool) -> Component:
    """A list, and the form for one more, folded away unless it is asked for."""
    more = html.Details(
        [html.Summary(new, className="act small"), form], className="new", open=is_open
    )
    return html.Section([html.H2(title), more, found], className="panel part")


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
            scope_words(plant, (r.body or {})["scope"]),
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
            scope_words(plant, (r.body or {})["scope"]),
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
        Tag("fieldset", Tag("legend", "It is"), *boxes, **{"class": "fields"}),
        places(plant, list(typed.get("scope", []))),
        button("Admit, and show its address"),
        className="in-columns",
    )  # fmt: skip


def _token_form(plant: Plant, typed: Mapping[str, Any], rights: Sequence[str]) -> Component:
    options = [(key, RIGHTS[key].words) for key in rights]
    mine = [
        field("Name", "name", value=typed.get("name", ""), required=True, maxlength="80",
              autocomplete="off", hint="which program it is for"),
        field("Good for days", "days", type="number", min="1", max="3650", value=typed.get("days", ""),
              hint="empty: until it is revoked"),
    ]  # fmt: skip
    return post(
        "/devices",
        hidden("what", "token"),
        html.Div(mine, className="stack"),
        checks(
            "May", "rights", options, list(typed.get("rights", ["live"])), look="fields in-line"
        ),
        places(plant, list(typed.get("scope", []))),
        button("Make, and show it"),
        className="in-columns",
    )
