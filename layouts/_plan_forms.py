"""The forms beside a week: a shift of one date that is otherwise, and holidays."""

from dash import html
from dash.development.base_component import Component

from layouts._document import button, date_field, field, hidden, note, post, refusal
from layouts._entry import Entry, breaks, rivalry, time_field
from layouts._html import Tag

HOLIDAY_ROWS = 3


def exception_form(entry: Entry, action: str, *, back: str, title: str) -> Component:
    """Cancel or change the chosen shift, or add one; `entry` says which: its kind, date and shift."""
    extra = entry.value("kind") == "extra" and not entry.value("was")
    return html.Section(
        [
            html.Div(
                [html.H2(title), html.A("×", href=back, className="close", title="close")],
                className="panel-head",
            ),
            entry.signed,
            rivalry(entry, back),
            note(entry.fault("")),
            post(
                action,
                hidden("what", "exception"),
                hidden("version", str(entry.version)),
                hidden("of", entry.value("of")),
                *(_which(entry) if extra else _kinds(entry)),
                Tag(
                    "div",
                    html.Div(
                        [time_field(entry, "From", "start"), time_field(entry, "To", "end")],
                        className="pair",
                    ),
                    breaks(entry, spare=1),
                    **{"class": "times"},
                ),
                field("Note", "note", value=entry.value("note"), fault=entry.fault("note"),
                      maxlength="500", autocomplete="off", hint="everybody who sees the week reads it"),
                button("Save mine instead" if entry.rival else "Save"),
                again=entry.key,
                className="exception",
            ),
            _remove(entry, action) if entry.version and not entry.rival else None,
        ],
        className="panel",
        id="edit",
    )  # fmt: skip


def _which(entry: Entry) -> list[Component | Tag]:
    return [
        hidden("kind", "extra"),
        date_field("Date", "date", value=entry.value("date"), required=True,
              fault=entry.fault("date")),
        field("Shift", "shift", value=entry.value("shift"), required=True, maxlength="63",
              list="shifts", fault=entry.fault("shift"), autocomplete="off",
              hint="one of the pattern, or a new name such as overtime"),
    ]  # fmt: skip


def _kinds(entry: Entry) -> list[Component | Tag]:
    words = (
        ("changed", "other times"),
        ("cancelled", "it does not take place"),
        *((("extra", "an extra shift"),) if entry.value("was") == "extra" else ()),
    )
    options = [
        html.Label(
            [
                Tag("input", type="radio", name="kind", value=value,
                    checked=entry.value("kind") == value),
                text,
            ],
            className="check",
        )
        for value, text in words
    ]  # fmt: skip
    return [
        hidden("date", entry.value("date")),
        hidden("shift", entry.value("shift")),
        hidden("was", entry.value("was")),
        Tag("fieldset", Tag("legend", "What is otherwise"), *options,
            refusal(entry.fault("kind") or entry.fault("shift")), **{"class": "fields"}),
    ]  # fmt: skip


def _remove(entry: Entry, action: str) -> Component:
    return post(
        action,
        hidden("what", "as planned"),
        hidden("version", str(entry.version)),
        hidden("date", entry.value("date")),
        hidden("shift", entry.value("shift")),
        button("As in the pattern again", kind="small"),
    )


def holiday_form(entry: Entry, action: str) -> Component:
    """Rows for several at once; an empty one is none."""
    many = max(HOLIDAY_ROWS, entry.rows("holiday"))
    rows = []
    for n in range(many):
        at = f"holiday-{n}-"
        rows.append(
            html.Div(
                [
                    date_field("Date" if n == 0 else "", f"{at}date",
                          value=entry.value(f"{at}date"), fault=entry.fault(f"{at}date"),
                          aria="date"),
                    field("Name" if n == 0 else "", f"{at}name", maxlength="80",
                          value=entry.value(f"{at}name"), fault=entry.fault(f"{at}name"),
                          autocomplete="off", **{"aria-label": "name"}),
                    hidden(f"{at}version", entry.value(f"{at}version") or "0"),
                ],
                className="holiday-row",
            )
        )  # fmt: skip
    return post(
        action,
        hidden("what", "holidays"),
        *rows,
        button("Add", kind="small"),
        again=entry.key,
    )
