"""The page for whoever may not see what he asked for: why, and what to do."""

from dash import html

from layouts._document import card, document


def page(words: str, *, theme: str = "light", again: bool = False) -> str:
    """again: the page tries again by itself."""
    links = html.P(
        [html.A("Overview", href="/"), " · ", html.A("Sign in as somebody else", href="/login")],
        className="note",
    )
    return document(
        "Not shown", card(html.H1("Not shown"), html.P(words), None if again else links),
        theme=theme, again=again,
    )  # fmt: skip
