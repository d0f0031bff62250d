"""One's own account: who one is for Takt, password, PIN, badge, where one is signed in."""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import desk, moment_of, scope_words
from layouts._document import button, field, hidden, note, post
from mes.equipment import Plant
from mes.people import RIGHTS, Person


def page(
    plant: Plant,
    viewer: Component,
    person: Person,
    *,
    has: Sequence[str],
    sessions: Sequence[tuple[str, str, int, bool]],
    at_least: int,
    now_us: int,
    said: str = "",
    look: str = "stop",
    theme: str = "light",
) -> str:
    """has: kinds of credentials that are set; sessions: (via, device, seen_us, this one)."""
    return desk(
        plant,
        "My account",
        viewer,
        html.Div([html.H1(person.name), html.Span(f"signs in as {person.id}", className="note")],
                 className="head"),
        note(said, look=look),
        html.Div(
            [
                _password(at_least),
                html.Div([_pin("pin" in has), _badge("badge" in has)], className="stack"),
                html.Div([_rights(plant, person), _sessions(plant, sessions, now_us)],
                         className="stack"),
            ],
            className="thirds",
        ),
        now_us=now_us,
        theme=theme,
    )  # fmt: skip


def _now() -> Any:
    return field("Your password now", "old", type="password", required=True, maxlength="1024",
                 autocomplete="current-password")  # fmt: skip


def _password(at_least: int) -> Component:
    return html.Section(
        [
            html.H2("Password"),
            post(
                "/account",
                hidden("what", "password"),
                _now(),
                field("New password", "new", type="password", required=True, maxlength="1024",
                      autocomplete="new-password", hint=f"at least {at_least} characters; a sentence is fine"),
                field("Again", "again", type="password", required=True, maxlength="1024",
                      autocomplete="new-password"),
                button("Change password"),
            ),
            html.P("All other places where you are signed in are signed out then.", className="note"),
        ],
        className="panel",
    )  # fmt: skip


def _secret(what: str, title: str, stands: str, asked: Component) -> Component:
    """The form of a PIN or badge, to be proved with the password. stands: whether there is one."""
    return html.Section(
        [
            html.H2(title),
            html.P(stands, className="note"),
            post("/account", hidden("what", what), _now(), asked,
                 button(f"Set {'PIN' if what == 'pin' else what}")),
        ],
        className="panel",
    )  # fmt: skip


def _pin(there: bool) -> Component:
    asked = field("New PIN", "new", type="password", inputmode="numeric", maxlength="8",
                  autocomplete="off", hint="4 to 8 digits; leave empty to have none")  # fmt: skip
    stands = "It is set." if there else "None is set."
    return _secret("pin", "PIN for shared tablets", stands, asked)


def _badge(there: bool) -> Component:
    asked = field("Badge", "new", type="password", maxlength="128", autocomplete="off",
                  hint="click here, then hold the badge to the reader; leave empty to have none")  # fmt: skip
    stands = "One is registered." if there else "None is registered."
    return _secret("badge", "Badge", stands, asked)


def _rights(plant: Plant, person: Person) -> Component:
    mine = [right.words for right in RIGHTS.values() if person.has(right.key)]
    return html.Section(
        [
            html.H2("What you may do"),
            html.P(
                f"{', '.join(person.roles)}; sees {scope_words(plant, person.scope)}",
                className="note",
            ),
            html.Ul([html.Li(words) for words in mine], className="plain"),
        ],
        className="panel",
    )


def _sessions(
    plant: Plant, sessions: Sequence[tuple[str, str, int, bool]], now_us: int
) -> Component:
    rows = [
        html.Li([html.B("this one" if here else f"by {via}"), f" {device}".rstrip(), " · ",
                 moment_of(seen_us, plant.time_zone, now_us)])
        for via, device, seen_us, here in sessions
    ]  # fmt: skip
    out = post(
        "/account", hidden("what", "sessions"), button("Sign out everywhere else", kind="small")
    )
    return html.Section(
        [html.H2("Where you are signed in"), html.Ul(rows, className="plain"),
         out if len(rows) > 1 else None],
        className="panel",
    )  # fmt: skip
