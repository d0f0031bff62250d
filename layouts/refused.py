"""The page for whoever may not see what he asked for: why, and what to do."""

from urllib.parse import quote

from dash import html

from layouts._document import card, document


def page(words: str, *, theme: str = "light", again: bool = False, back: str = "") -> str:
    """again: the page tries again by itself; back: where who signs in is led."""
    login, sign_in = "/login", "Sign in as somebody else"
    if back:
        login, sign_in = f"/login?next={quote(back, safe='/')}", "Sign in"
    links = html.P(
        [html.A("Overview", href="/"), " · ", html.A(sign_in, href=login)], className="note"
    )
    return document(
        "Not shown", card(html.H1("Not shown"), html.P(words), None if again else links),
        theme=theme, again=again,
    )  # fmt: skip
