"""Electronic signatures: the fields in which one signs, and how a signature is printed."""

from collections.abc import Iterable

from dash import html
from dash.development.base_component import Component

from layouts._audit_words import full_time
from layouts._document import field, hidden
from layouts._html import Tag
from mes.records import Signature

WORDS = {
    "approved": "approved by",
    "reviewed": "reviewed by",
    "performed": "performed by",
    "responsible": "responsible",
}


def fields(meaning: str, *, id: str = "", other: bool = False) -> Tag:
    """Who signs, with his password; they are named sign_id, sign_password, sign_meaning.

    other: it has to be somebody else than who is signed in.
    """
    hint = "somebody else than who makes the change" if other else ""
    return Tag(
        "fieldset",
        Tag("legend", f"Signature: {WORDS.get(meaning, meaning)}"),
        hidden("sign_meaning", meaning),
        field("Name", "sign_id", value=id, required=True, maxlength="128", autocomplete="off",
              autocapitalize="none", hint=hint),
        field("Password", "sign_password", type="password", required=True, maxlength="1024",
              autocomplete="off"),
        className="fields signature-fields",
    )  # fmt: skip


def printed(signatures: Iterable[Signature], zone: str) -> Component | None:
    """Printed name, date and time, meaning of each; None where nobody has signed.

    Always with the date: what is printed is read on another day.
    """
    lines = [
        html.Li(
            [
                f"{WORDS.get(s.meaning, s.meaning)} ",
                html.B(s.name),
                f" ({s.person}), {' '.join(full_time(s.at_us, zone))}",
            ]
        )
        for s in signatures
    ]
    return html.Ul(lines, className="plain signatures") if lines else None
