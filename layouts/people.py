"""People: who is admitted, with which roles and where; one person to edit."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import checks, desk, places, scope_words, table
from layouts._document import button, field, hidden, note, post
from layouts._signature import printed
from mes.equipment import Plant
from mes.people import ROLES
from mes.records import Record

WORDS = {"password": "password", "pin": "PIN", "badge": "badge", "token": "token", "link": "link"}


def page(
    plant: Plant,
    viewer: Component,
    people: Sequence[Record],
    *,
    has: Mapping[str, Sequence[str]],
    now_us: int,
    said: str = "",
    look: str = "stop",
    typed: Mapping[str, Any] | None = None,
    theme: str = "light",
) -> str:
    """has: id → kinds of credentials; typed: what stood in the form that was refused."""
    return desk(
        plant,
        "People",
        viewer,
        html.Div([html.H1("People"), html.Span(_count(people), className="note")], className="head"),
        note(said, look=look),
        html.Div(
            [
                html.Section([_list(plant, people, has)], className="panel"),
                html.Section([html.H2("Admit somebody"), _form(plant, typed or {}, version=0)],
                             className="panel"),
            ],
            className="list-and-form",
        ),
        now_us=now_us,
        theme=theme,
        scripts=("drafts.js",),
    )  # fmt: skip


def _count(people: Sequence[Record]) -> str:
    active = sum(bool(p.body and p.body["active"]) for p in people)
    off = len(people) - active
    return f"{active} may sign in" + (f", {off} no longer" if off else "")


def _list(plant: Plant, people: Sequence[Record], has: Mapping[str, Sequence[str]]) -> Component:
    rows = []
    for record in sorted(people, key=_order):
        body = record.body or {}
        off = None if body["active"] else html.Span("not active", className="off")
        rows.append(
            [
                [html.A(html.B(body["name"]), href=f"/people/{record.id}"), html.Small(record.id),
                 printed(record.signatures, plant.time_zone)],
                ", ".join(body["roles"]) or "none",
                scope_words(plant, body["scope"]),
                off or ", ".join(WORDS[kind] for kind in has.get(record.id, ())) or "nothing yet",
            ]
        )  # fmt: skip
    return table(["Name, signs in as", "Roles", "May see", "Has"], rows, empty="Nobody yet.")


def _order(person: Record) -> tuple[bool, str]:
    """By name; who may no longer sign in stands last."""
    body = person.body or {}
    return not body["active"], body["name"].casefold()


def _form(plant: Plant, body: Mapping[str, Any], *, version: int, id: str = "") -> Component:
    new = not id
    return post(
        "/people" if new else f"/people/{id}",
        hidden("what", "record"),
        hidden("version", str(version)),
        field("Signs in as", "id", value=body.get("id", ""), required=True, maxlength="64",
              pattern="[a-z0-9][a-z0-9._-]{0,63}", autocapitalize="none", autocomplete="off",
              hint="small letters, digits; never given to another") if new else None,
        field("Name", "name", value=body.get("name", ""), required=True, maxlength="80",
              autocomplete="off", hint="as it is printed in records"),
        checks("Roles", "roles", [(role, role) for role in ROLES], list(body.get("roles", []))),
        places(plant, list(body.get("scope", []))),
        _subject(str(body.get("subject", ""))),
        None if new else checks("", "active", [("yes", "may sign in")],
                                ["yes"] if body.get("active", True) else []),
        button("Admit" if new else "Save"),
        **{"data-draft": "people:new" if new else f"people:{id}"},
    )  # fmt: skip


def _subject(value: str) -> Component:
    return html.Details(
        [
            html.Summary("Id at the identity provider"),
            field("", "subject", value=value, maxlength="200", autocomplete="off",
                  hint="only where people sign in that way",
                  **{"aria-label": "id at the identity provider"}),
        ],
        className="add",
        open=bool(value),
    )  # fmt: skip


def one(
    plant: Plant,
    viewer: Component,
    record: Record,
    *,
    has: Sequence[str],
    now_us: int,
    typed: Mapping[str, Any] | None = None,
    said: str = "",
    look: str = "stop",
    link: str = "",
    theme: str = "light",
) -> str:
    """One person. link: a one-time link that was just made, shown this once."""
    body = record.body or {}
    return desk(
        plant,
        body["name"],
        viewer,
        html.P([html.A("People", href="/people"), " ›"], className="crumb"),
        html.Div([html.H1(body["name"]), html.Span(f"signs in as {record.id}", className="note")],
                 className="head"),
        printed(record.signatures, plant.time_zone),
        note(said, look=look),
        _once(link),
        html.Div(
            [
                html.Section([html.H2("Who it is"),
                              _form(plant, typed or body, version=record.version, id=record.id)],
                             className="panel"),
                html.Div(_ways_in(record.id, has) if body["active"] else [_no_way_in()],
                         className="stack"),
            ],
            className="halves",
        ),
        now_us=now_us,
        theme=theme,
        scripts=("drafts.js",),
    )  # fmt: skip


def _once(link: str) -> Component | None:
    if not link:
        return None
    words = "Give this address to the person. It is shown once, good for a day, and for one use:"
    return html.Section([html.P(words), html.Code(link)], className="panel once")


def _ways_in(id: str, has: Sequence[str]) -> list[Component]:
    return [_way_in(id, has), _secret(id, "pin", "PIN", "pin" in has),
            _secret(id, "badge", "Badge", "badge" in has)]  # fmt: skip


def _no_way_in() -> Component:
    words = "This person may not sign in. Links, PIN and badge can be given to who may."
    return html.Section([html.H2("Not active"), html.P(words, className="note")], className="panel")


def _way_in(id: str, has: Sequence[str]) -> Component:
    have = "A password is set." if "password" in has else "No password is set yet."
    wait = " A one-time link is open." if "link" in has else ""
    return html.Section(
        [
            html.H2("Password"),
            html.P(have + wait, className="note"),
            post(f"/people/{id}", hidden("what", "link"), button("Make a one-time link")),
            html.P("With it the person sets the password; nobody else ever knows it.",
                   className="note"),
            post(f"/people/{id}", hidden("what", "out"), button("Sign out everywhere", kind="small")),
        ],
        className="panel stack",
    )  # fmt: skip


def _secret(id: str, kind: str, word: str, there: bool) -> Component:
    hint = "4 to 8 digits" if kind == "pin" else "hold the badge to the reader"
    return html.Section(
        [
            html.H2(word),
            html.P("It is set." if there else "None is set.", className="note"),
            post(
                f"/people/{id}",
                hidden("what", kind),
                field(f"New {word}" if word == "PIN" else f"New {word.lower()}", "new", type="password",
                      maxlength="128", autocomplete="off", hint=f"{hint}; leave empty to take it away"),
                button("Set", kind="small"),
            ),
        ],
        className="panel",
    )  # fmt: skip
