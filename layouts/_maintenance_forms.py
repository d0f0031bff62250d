"""The forms of maintenance: to ask for it, and to plan it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import moment_of
from layouts._document import button, date_field, hidden, note, post
from layouts._document import field as input_field
from layouts._html import Tag
from layouts._maintenance import severities
from mes.equipment import Plant
from mes.maintenance import WORK_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The form that asks for maintenance. stop_us: the stop that it is for; again: as in `post`."""

    unit: str = ""
    stop_us: int | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    again: str = ""


def ask_form(plant: Plant, place: str, asking: Asking, now_us: int) -> Component:
    machine = _machine(plant, place, asking.typed.get("unit", asking.unit))
    stop = None
    if asking.stop_us is not None:
        at = moment_of(asking.stop_us, plant.time_zone, now_us)
        stop = [
            hidden("stop", str(asking.stop_us)),
            html.P(f"for the stop of {at}", className="note"),
        ]
    return post(
        f"/maintenance/{place}",
        hidden("what", "ask"),
        note(asking.words),
        html.Div([machine, stop], className="stack"),
        input_field(
            "What is to be done, or what is wrong", "work", value=asking.typed.get("work", ""),
            required=True, maxlength=str(WORK_MAX), autocomplete="off",
        ),
        severities(asking.typed.get("severity", "soon")),
        button("Ask for it", **{"data-action": "ask-maintenance"}),
        again=asking.again,
        className="in-columns ask",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """The form that makes a plan, with what was typed; again: as in `post`."""

    typed: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    again: str = ""


def plan_form(plant: Plant, place: str, planning: Planning, today: str) -> Component:
    """today: the date of the site, from which a plan counts unless somebody says otherwise."""
    typed = planning.typed
    name = input_field(
        "Short name", "name", value=typed.get("name", ""), required=True, maxlength="40",
        pattern="[a-z0-9][a-z0-9_\\-]*", autocomplete="off", hint="small letters, digits, _ and -",
        title="small letters, digits, _ and -",
    )  # fmt: skip
    work = input_field("What is to be done", "work", value=typed.get("work", ""), required=True,
                       maxlength=str(WORK_MAX), autocomplete="off")  # fmt: skip
    since = date_field("It was done last on", "from", value=typed.get("from", today), required=True)
    locks = html.Label(
        [Tag("input", type="checkbox", name="locks", value="yes",
             checked=not typed or "locks" in typed), "the machine is locked meanwhile"],
        className="check",
    )  # fmt: skip
    return post(
        f"/maintenance/{place}",
        hidden("what", "plan"),
        note(planning.words),
        html.Div([_machine(plant, place, typed.get("unit", "")), name], className="stack"),
        html.Div([work, _rules(typed)], className="stack"),
        html.Div([since, locks], className="stack"),
        button("Plan it", **{"data-action": "plan-maintenance"}),
        again=planning.again,
        className="in-columns ask",
    )


def _rules(typed: Mapping[str, str]) -> Tag:
    """When it is due: one of three, each with what it takes."""

    def cell(name: str, value: str, label: str, **props: Any) -> Tag:
        said = {"aria-label": label, "autocomplete": "off", "inputmode": "decimal"}
        return Tag("input", name=name, value=typed.get(name, value), **(said | props))

    side = Tag("select", Tag("option", "above", value="above"),
               Tag("option", "below", value="below", selected=typed.get("side") == "below"),
               name="side", **{"aria-label": "above or below"})  # fmt: skip
    ways: dict[str, list[Any]] = {
        "days": ["every", cell("days", "30", "days"), "days"],
        "pieces": ["every", cell("pieces", "10000", "pieces"), "pieces"],
        "condition": [
            "when", cell("tag", "", "tag", placeholder="tag", inputmode="text", maxlength="128"),
            "is", side, cell("limit", "", "limit", placeholder="limit"),
            "for", cell("hold_s", "60", "seconds"), "s",
        ],
    }  # fmt: skip
    chosen = typed.get("by", "days")
    rows = [
        html.Div(
            [Tag("input", type="radio", name="by", value=by, checked=by == chosen,
                 **{"aria-label": by}), *cells],
            className=f"rule rule-{by}",
        )
        for by, cells in ways.items()
    ]  # fmt: skip
    return Tag("fieldset", Tag("legend", "It is due"), *rows, **{"class": "fields"})


def _machine(plant: Plant, place: str, chosen: str) -> Component:
    options = [
        Tag("option", one.name, value=one.id, selected=one.id == chosen)
        for one in plant.units_of(place)
    ]
    select = Tag("select", *options, name="unit")
    return html.Label([html.Span("Machine", className="label"), select], className="field")
