"""One work order: what is asked for, who is at it, what was done, and the next step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import desk, moment_of, table
from layouts._document import button, hidden, note, post
from layouts._document import field as input_field
from layouts._html import Tag
from layouts._maintenance import quantity, severity, state
from mes.equipment import Plant
from mes.maintenance import LOCKS, NOTES_MAX, PART_MAX, UNFINISHED, Order
from mes.reasons import Reason

SPARE = 3  # empty rows for parts


@dataclass(frozen=True, slots=True)
class Step:
    """A step in the life of an order, and who did it."""

    state: str
    by: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An order as it is drawn. failures: the reasons that may have been behind it; failure: what the
    one that was found is called; again: as in `post`.
    """

    plant: Plant
    order: Order
    steps: Sequence[Step]
    failures: Sequence[Reason]
    failure: str
    may: bool
    now_us: int
    typed: Mapping[str, str] = field(default_factory=dict)
    again: str = ""

    def at(self, us: int | None) -> str:
        return moment_of(us, self.plant.time_zone, self.now_us)


def page(
    shown: Shown, viewer: Component, *, said: str = "", look: str = "run", theme: str = "light"
) -> str:
    order = shown.order
    return desk(
        shown.plant,
        f"Work order {order.id}",
        viewer,
        _head(shown),
        note(said, look=look),
        html.Div([_work(shown), _side(shown)], className="list-and-form work-order"),
        now_us=shown.now_us,
        theme=theme,
        scripts=("drafts.js",),
    )


def away(
    plant: Plant, id: str, viewer: Component, typed: Mapping[str, str], *, words: str, again: str,
    now_us: int, theme: str,
) -> str:  # fmt: skip
    """The page while the database is away: what was typed of what was done, to be sent again."""
    form = _finish(id, typed.get("version", ""), typed, (), again)
    panel = html.Section(
        [html.H2("What was done"), note(words), form], className="panel alone-form"
    )
    head = html.Div([html.H1(f"Work order {id}")], className="head")
    return desk(plant, f"Work order {id}", viewer, head, panel, now_us=now_us, theme=theme)


def _head(shown: Shown) -> Component:
    order = shown.order
    unit = shown.plant.name_of(order.unit)
    place = html.Div(
        [html.A("Maintenance", href=f"/maintenance/{order.unit}"), f" / {order.id}"],
        className="crumb",
    )
    return html.Div(
        [
            html.Div([place, html.H1(f"{unit}: {order.work}")]),
            severity(order),
            state(order),
            html.Span(className="grow"),
        ],
        className="head",
    )


def _work(shown: Shown) -> Component:
    """On the left: what was done, or the form that says so."""
    order = shown.order
    if order.state == "started" and shown.may:
        form = _finish(order.id, str(order.version), shown.typed, shown.failures, shown.again)
        return html.Section([html.H2("What was done"), form], className="panel")
    if order.state == "open":
        words = "Nobody has begun it yet." + _LOCKED[order.locks]
        start = _step(shown, "start", "Start", kind="main") if shown.may else None
        return html.Section([html.H2("To be done"), html.P(words), start], className="panel")
    if order.state == "started":
        words = "It is in work. Who finishes it is of maintenance, or a supervisor or engineer."
        return html.Section([html.H2("In work"), html.P(words)], className="panel")
    return _done(shown)


_LOCKED = {
    "request": " The machine is locked until it is finished.",
    "start": " Who starts it locks the machine until it is finished.",
    "never": " The machine may run meanwhile.",
}
assert _LOCKED.keys() == set(LOCKS)


def _done(shown: Shown) -> Component:
    order = shown.order
    rows = [[one.part, html.Span(quantity(one.quantity), className="num")] for one in order.parts]
    lines = [html.P(line) for line in order.notes.splitlines() if line.strip()]
    title = "What was done" if order.state == "done" else "Why it was cancelled"
    parts = table(["Part", "Quantity"], rows, empty="No parts were needed.")
    return html.Section(
        [
            html.H2(title),
            *(lines or [html.P("Nobody left a note.", className="note")]),
            html.P(["Failure: ", html.B(shown.failure)]) if shown.failure else None,
            parts if order.state == "done" else None,
        ],
        className="panel",
    )


def _side(shown: Shown) -> Component:
    order = shown.order
    words = {"open": "due" if order.plan else "asked for", "started": "begun"}
    told = [
        html.Li([html.B(words.get(one.state, one.state)), f" {shown.at(one.at_us)} by {one.by}"])
        for one in shown.steps
    ]
    links: list[Any] = [html.A("The machine", href=f"/unit/{order.unit}")]
    if order.stop_us is not None:
        href = f"/stop/{order.unit}/{order.stop_us}"
        links.append(html.A(f"The stop of {shown.at(order.stop_us)}", href=href))
    if order.plan:
        links.append(html.Span(f"Of the plan {order.plan}", className="note"))
    cancel = None
    if shown.may and order.state in UNFINISHED:
        cancel = _step(
            shown,
            "cancel",
            "Cancel it",
            input_field(
                "Why it is not needed", "reason", value=shown.typed.get("reason", ""),
                required=True, maxlength="1000", autocomplete="off",
            ),
            kind="danger",
            className="remove",
        )  # fmt: skip
    return html.Section(
        [
            html.H2("So far"),
            html.Ul(told, className="plain"),
            html.Ul([html.Li(link) for link in links], className="plain"),
            cancel,
        ],
        className="panel",
    )


def _step(
    shown: Shown, what: str, words: str, *children: Any, kind: str, **props: Any
) -> Component:
    return post(
        f"/work-order/{shown.order.id}",
        hidden("what", what),
        hidden("version", str(shown.order.version)),
        *children,
        button(words, kind=kind, **{"data-action": f"{what}-order"}),
        again=shown.again if shown.typed.get("what") == what else "",
        **props,
    )


def _finish(
    id: str, version: str, typed: Mapping[str, str], failures: Sequence[Reason], again: str
) -> Component:
    rows = max([1, *(n + 1 for n in range(50) if typed.get(f"part-{n}"))]) + SPARE - 1
    parts = [
        html.Div(
            [
                _cell(typed, f"quantity-{n}", f"quantity of part {n + 1}", "1", inputmode="decimal",
                      maxlength="9"),
                _cell(typed, f"part-{n}", f"part {n + 1}", "part or its number",
                      maxlength=str(PART_MAX)),
            ],
            className="part-row",
        )
        for n in range(rows)
    ]  # fmt: skip
    chosen = typed.get("failure", "")
    options = [Tag("option", "no failure, or not known", value="")]
    options += [
        Tag("option", one.name, value=one.id, selected=one.id == chosen) for one in failures
    ]
    if chosen and chosen not in [one.id for one in failures]:
        options.append(Tag("option", chosen, value=chosen, selected=True))
    return post(
        f"/work-order/{id}",
        hidden("what", "finish"),
        hidden("version", version),
        html.Label(
            [
                html.Span("Notes", className="label"),
                Tag("textarea", typed.get("notes", ""), name="notes", rows="4",
                    maxlength=str(NOTES_MAX)),
            ],
            className="field",
        ),
        Tag("fieldset", Tag("legend", "Parts that were put in"), *parts, **{"class": "fields"}),
        html.Label(
            [
                html.Span("The failure behind it", className="label"),
                Tag("select", *options, name="failure"),
            ],
            className="field",
        ),
        button("It is done", **{"data-action": "finish-order"}),
        again=again if typed.get("what") == "finish" else "",
        **{"data-draft": f"work-order:{id.replace('@', ':').lower()}"},
    )  # fmt: skip


def _cell(typed: Mapping[str, str], name: str, label: str, shown: str, **props: Any) -> Tag:
    said = {"aria-label": label, "autocomplete": "off", "placeholder": shown}
    return Tag("input", name=name, value=typed.get(name, ""), **said, **props)
