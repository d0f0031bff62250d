"""Who is signed in, at the right end of the page's head, with what he may do about it."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

MENU = (  # title, address, right
    ("My account", "/account", "account"),
    ("Targets", "/targets", "records"),
    ("Reasons of stops", "/reasons", "records"),
    ("Audit trail", "/audit", "audit"),
    ("People", "/people", "people"),
    ("Walls, tablets, tokens", "/devices", "devices"),
)


PAGES = (  # in the navigation, of people with the right
    ("Reports", "/shift-reports", "records"),
    ("Calendar", "/calendar", "records"),
    ("Maintenance", "/maintenance", "records"),
)


def viewer(
    name: str, rights: Sequence[str], *, device: str = "", tablet: bool = False, on: str = ""
) -> Component:
    """name: of the person who is signed in, "" for nobody; device: of the wall or tablet; on: the
    address of the page that is open.

    With it come the pages of the navigation that only people see; style puts them beside the others.
    """
    who = html.Span(_who(name, rights, device, tablet), className="viewer-is")
    pages = [
        html.A(title, href=href, className=f"nav-item{' on' if href == on else ''}")
        for title, href, right in PAGES
        if name and right in rights
    ]
    return html.Span([html.Nav(pages, className="nav-bar nav-more"), who], className="viewer")


def _who(name: str, rights: Sequence[str], device: str, tablet: bool) -> Component:
    if not name:
        if device:
            text = [html.Span(device, className="who-device")]
            return html.Span(text + ([html.A("Sign in", href="/switch")] if tablet else []))
        return html.A("Sign in", href="/login", className="sign-in")
    links = [html.A(title, href=href) for title, href, right in MENU if right in rights]
    if tablet:
        links.insert(0, html.A("Somebody else", href="/switch"))
    out = html.Form(
        html.Button("Sign out", type="submit"), action="/logout", method="post", className="out"
    )
    return html.Details(
        [html.Summary(name, className="nav-item"), html.Div([*links, out])], className="menu right"
    )
