"""The sign-in page, and that for a one-time link: plain forms, which work without scripts."""

from urllib.parse import quote

from dash import html

from layouts._document import button, card, document, field, hidden, note, post


def page(
    *,
    site: str,
    id: str = "",
    to: str = "/",
    said: str = "",
    look: str = "stop",
    oidc: str = "",
    demo: bool = False,
    theme: str = "light",
) -> str:
    """id: as it was typed; said: what went wrong; oidc: what the identity provider is called."""
    form = post(
        "/login",
        hidden("next", to),
        field("Name", "id", value=id, autocomplete="username", autofocus=not id, required=True,
              maxlength="128", autocapitalize="none", spellcheck="false"),
        field("Password", "password", type="password", autocomplete="current-password",
              autofocus=bool(id), required=True, maxlength="1024"),
        button("Sign in"),
    )  # fmt: skip
    other = None
    if oidc:
        other = html.P(
            html.A(f"Sign in with {oidc}", href=f"/login/oidc?next={quote(to)}", className="act")
        )
    advice = "Whoever has forgotten the password asks an administrator for a one-time link."
    if demo:
        advice = (
            "This is the demo: its people and their passwords were printed where Takt was started."
        )
    return document(
        "Sign in",
        card(html.P(site, className="crumb"), html.H1("Sign in"), note(said, look=look), form, other,
             html.P(advice, className="note")),
        theme=theme,
    )  # fmt: skip


def welcome(
    *,
    link: str,
    id: str,
    name: str,
    first: bool,
    at_least: int,
    said: str = "",
    theme: str = "light",
) -> str:
    """The page behind a one-time link: name and password."""
    head = "Welcome to Takt" if first else f"Welcome, {name}"
    words = "This is the first sign-in. You are the administrator: you admit everybody else."
    form = post(
        "/welcome",
        hidden("link", link),
        field("Your name", "name", value=name, required=True, maxlength="80", autocomplete="name",
              hint=f"as it is printed in records; you sign in as “{id}”"),
        field("New password", "password", type="password", required=True, maxlength="1024",
              autocomplete="new-password", autofocus=True, hint=f"at least {at_least} characters"),
        field("Again", "again", type="password", required=True, maxlength="1024",
              autocomplete="new-password"),
        button("Set password and sign in"),
    )  # fmt: skip
    return document(
        "Welcome",
        card(html.H1(head), html.P(words, className="intro") if first else None,
             note(said), form),
        theme=theme,
    )  # fmt: skip


def link_is_gone(*, theme: str = "light") -> str:
    words = "It was used already, or is older than a day. An administrator can make another one."
    return document(
        "Link", card(html.H1("This link is no longer good"), html.P(words, className="intro"),
                     html.P(html.A("Sign in", href="/login"))),
        theme=theme,
    )  # fmt: skip
