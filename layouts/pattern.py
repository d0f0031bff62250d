"""The shifts of a place from a date on: the page on which they are edited."""

from dash import html
from dash.development.base_component import Component

from layouts._desk import checks, desk
from layouts._document import button, date_field, field, hidden, note, post, refusal
from layouts._entry import DAY_NAMES, Entry, break_values, breaks, rivalry, time_field
from layouts._html import Tag
from layouts._plan import name_of
from mes.equipment import Plant
from mes.records import Body
from mes.shifts import SHIFTS_MAX

SPARE = 1  # empty shifts that are offered beside those that there are


def values_of(body: Body) -> dict[str, str]:
    """The fields of the form, from the body of a pattern."""
    out = {"valid_from": str(body["valid_from"])}
    for n, shift in enumerate(body["shifts"]):
        at = f"shift-{n}-"
        out |= {f"{at}{name}": str(shift[name]) for name in ("id", "name", "start", "end")}
        out[f"{at}days"] = " ".join(shift["days"])
        out |= break_values(shift["breaks"], at)
    return out


def page(
    plant: Plant,
    place: str,
    viewer: Component,
    entry: Entry,
    *,
    fixed: bool,
    now_us: int,
    past: bool = False,
    spare: int = SPARE,
    theme: str = "light",
) -> str:
    """fixed: a pattern that is on record is corrected, from the date from which it holds; past: that
    date has been.
    """
    name, address = name_of(plant, place), f"/calendar/{place}"
    title = "Correct the shifts" if fixed else "Shifts from a date on"
    warn = ""
    if fixed and past:
        warn = "This holds already: what is changed here changes what was planned in the past."
    return desk(
        plant,
        f"{title}, {name}",
        viewer,
        html.P([html.A(f"Calendar, {name}", href=address), " ›"], className="crumb"),
        html.Div([html.H1(title), html.Span(name, className="note")], className="head"),
        entry.signed,
        note(warn, look="help"),
        rivalry(entry, address),
        note(entry.fault("")),
        html.Section(
            [
                _form(entry, address, fixed=fixed, spare=spare),
                _remove(entry, address) if fixed and entry.version and not entry.rival else None,
            ],
            className="panel",
        ),
        now_us=now_us,
        theme=theme,
    )


def _form(entry: Entry, address: str, *, fixed: bool, spare: int) -> Component:
    rows = min(entry.rows("shift") + spare, SHIFTS_MAX)
    return post(
        f"{address}/pattern",
        hidden("version", str(entry.version)),
        hidden("of", entry.value("of")),
        hidden("fixed", "yes" if fixed else ""),
        _since(entry, fixed=fixed),
        refusal(entry.fault("shifts")),
        *(_shift(entry, n) for n in range(rows)),
        field("Why", "reason", value=entry.value("reason"), maxlength="1000",
              autocomplete="off", hint="for the audit trail; may be left empty"),
        html.Div(
            [
                button("Save mine instead" if entry.rival else "Save", name="what",
                       value="save"),
                button("One more shift", kind="small", name="what", value="more",
                       formNoValidate=True)
                if rows < SHIFTS_MAX else None,
                html.A("Cancel", href=address),
            ],
            className="acts",
        ),
        again=entry.key,
        className="pattern",
    )  # fmt: skip


def _since(entry: Entry, *, fixed: bool) -> Component:
    since = entry.value("valid_from")
    if fixed:
        return html.P(
            [hidden("valid_from", since), "Holds from ", html.B(since), " until the next one."]
        )
    return date_field("Holds from", "valid_from", value=since, required=True,
                 fault=entry.fault("valid_from"), hint="until the next one; what was before stays")  # fmt: skip


def _shift(entry: Entry, n: int) -> Tag:
    at = f"shift-{n}-"
    days = entry.value(f"{at}days").split()
    return Tag(
        "fieldset",
        Tag("legend", entry.value(f"{at}name") or "Another shift"),
        hidden(f"{at}id", entry.value(f"{at}id")),
        html.Div(
            [
                field("Name", f"{at}name", value=entry.value(f"{at}name"), maxlength="63",
                      autocomplete="off", fault=entry.fault(f"{at}name") or entry.fault(f"{at}id"),
                      hint="empty: no such shift"),
                time_field(entry, "From", f"{at}start"),
                time_field(entry, "To", f"{at}end"),
            ],
            className="shift-row",
        ),
        html.Div(
            [
                checks("Starts on", f"{at}days", list(DAY_NAMES.items()), days, look="fields week-days"),
                refusal(entry.fault(f"{at}days")),
            ]
        ),
        breaks(entry, at),
        refusal(entry.fault(f"shift-{n}")),
        **{"class": "shift"},
    )  # fmt: skip


def _remove(entry: Entry, address: str) -> Component:
    return post(
        f"{address}/pattern",
        hidden("what", "remove"),
        hidden("version", str(entry.version)),
        hidden("valid_from", entry.value("valid_from")),
        hidden("fixed", "yes"),
        field("Why", "reason", maxlength="1000", autocomplete="off"),
        button("Take this pattern away", kind="small danger"),
        className="remove",
    )
