"""Maintenance of a place: what is due and who is at it, what is planned, how often machines failed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import desk, moment_of, table
from layouts._document import button, hidden, note, post
from layouts._losses import Words, code_word
from layouts._maintenance import lasts, meter, rule_words, severity, state, value_words
from layouts._maintenance_forms import Asking, Planning, ask_form, plan_form
from layouts._words import number, plural
from mes.equipment import Plant, WorkUnit
from mes.failures import by_code
from mes.losses import Account, total
from mes.maintenance import UNFINISHED, Order
from mes.maintenance_plans import Condition, Plan, Progress
from mes.site_time import local_date, zone_named
from mes.unit_view import UnitView

LISTED, ENDED, CODES = 40, 8, 12  # orders that are listed, those that ended, failure codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with its newest order; progress: None while that is not finished."""

    plan: Plan
    newest: Order | None
    progress: Progress | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The maintenance of a place as it is drawn. names: who people are; may_do: whether who looks may
    do it at a unit; asking, planning: the forms that are open.
    """

    plant: Plant
    place: str
    units: Sequence[WorkUnit]
    orders: Sequence[Order]
    plans: Sequence[Planned]
    accounts: Mapping[str, Account]
    words: Words
    views: Mapping[str, UnitView]
    names: Callable[[str], str]
    may_ask: bool
    may_do: Callable[[str], bool]
    now_us: int
    days: int
    asking: Asking | None = None
    planning: Planning | None = None

    def at(self, us: int | None) -> str:
        return moment_of(us, self.plant.time_zone, self.now_us)

    def unit(self, id: str) -> str:
        return self.plant.name_of(id)


def page(
    shown: Shown, viewer: Component, *, said: str = "", look: str = "run", theme: str = "light"
) -> str:
    name = shown.plant.name_of(shown.place)
    return desk(
        shown.plant,
        f"Maintenance, {name}",
        viewer,
        _head(shown),
        note(said, look=look),
        _orders(shown),
        _plans(shown),
        html.Div([_by_unit(shown), _by_code(shown)], className="halves"),
        _ended(shown),
        now_us=shown.now_us,
        theme=theme,
    )


def away(
    plant: Plant,
    place: str,
    viewer: Component,
    opened: Asking | Planning,
    *,
    now_us: int,
    theme: str,
) -> str:
    """The page while the database is away: the form that was sent, as it was."""
    head = html.Div([html.H1(f"Maintenance, {plant.name_of(place)}")], className="head")
    if isinstance(opened, Asking):
        title, form = "Ask for maintenance", ask_form(plant, place, opened, now_us)
    else:
        title, form = "Plan maintenance", plan_form(plant, place, opened, "")
    panel = html.Section([html.H2(title), form], className="panel")
    return desk(plant, "Maintenance", viewer, head, panel, now_us=now_us, theme=theme)


def _head(shown: Shown) -> Component:
    plant = shown.plant
    ids = [id for id in (plant.id, *plant.areas) if id not in plant.partial]
    if shown.place not in ids:
        ids.append(shown.place)
    links = [
        html.A(plant.name_of(id), href=f"/maintenance/{id}",
               className="seg on" if id == shown.place else "seg")
        for id in ids
    ]  # fmt: skip
    return html.Div(
        [html.H1("Maintenance"), html.Nav(links, className="segs"), html.Span(className="grow")],
        className="head",
    )


def _orders(shown: Shown) -> Component:
    found = [one for one in shown.orders if one.state in UNFINISHED]
    heads = ["", "Machine", "Work", "Asked for", "", ""]
    rows = [_row(shown, one) for one in found[:LISTED]]
    more = len(found) - LISTED
    empty = "No work order is open, and nothing is due."
    asking = shown.asking
    title = f"Work orders, {len(found)} not finished" if found else "Work orders"
    ask = None
    if shown.may_ask:
        form = ask_form(shown.plant, shown.place, asking or Asking(), shown.now_us)
        summary = html.Summary("Ask for maintenance", className="act small")
        ask = html.Details([summary, form], className="new", open=asking is not None)
    return html.Section(
        [
            html.H2(title),
            ask,
            html.Div(table(heads, rows, empty=empty), className="orders"),
            html.P(f"and {more} more", className="note") if more > 0 else None,
        ],
        className="panel part",
    )


def _row(shown: Shown, one: Order) -> list[Any]:
    asked = f"due {shown.at(one.made_us)}" if one.plan else shown.at(one.made_us)
    by = "" if one.plan or one.state != "open" else f" by {shown.names(one.by)}"
    if one.state == "started":
        by = f", begun {shown.at(one.started_us)} by {shown.names(one.by)}"
    return [
        severity(one),
        html.A(shown.unit(one.unit), href=f"/unit/{one.unit}"),
        [html.A(html.B(one.work), href=f"/work-order/{one.id}"), html.Small(one.id)],
        html.Span(f"{asked}{by}", className="note"),
        state(one),
        _next(one) if shown.may_do(one.unit) else None,
    ]


def _next(one: Order) -> Component:
    """The next step in the life of an order, big enough for a glove."""
    if one.state == "started":
        return html.A("Finish …", href=f"/work-order/{one.id}", className="act",
                      **{"data-action": "finish-order"})  # fmt: skip
    return post(
        f"/work-order/{one.id}",
        hidden("what", "start"),
        hidden("version", str(one.version)),
        button("Start", kind="main", **{"data-action": "start-order"}),
    )


def _plans(shown: Shown) -> Component:
    rows = [
        [
            html.Span(shown.unit(one.plan.unit)),
            [html.B(one.plan.work), html.Small(one.plan.id)],
            html.Span(rule_words(one.plan), className="note"),
            *_progress(shown, one),
            _take_away(shown, one) if shown.may_do(one.plan.unit) else None,
        ]
        for one in shown.plans
    ]
    empty = (
        "Nothing is planned yet. A plan makes its work order by itself, every so many days or pieces, "
        "or when a value is beyond its limit."
    )
    heads = ["Machine", "Work", "Due", "So far", "", ""]
    found, new = html.Div(table(heads, rows, empty=empty), className="plans"), None
    if any(shown.may_do(unit.id) for unit in shown.units):
        today = local_date(shown.now_us, zone_named(shown.plant.time_zone)).isoformat()
        form = plan_form(shown.plant, shown.place, shown.planning or Planning(), today)
        summary = html.Summary("Plan maintenance", className="act small")
        new = html.Details([summary, form], className="new", open=shown.planning is not None)
    return html.Section([html.H2("Planned"), new, found], className="panel part")


def _take_away(shown: Shown, one: Planned) -> Component:
    return post(
        f"/maintenance/{shown.place}",
        hidden("what", "take away"),
        hidden("plan", one.plan.id),
        hidden("version", str(one.plan.version)),
        button("Take away", kind="small"),
    )


def _progress(shown: Shown, one: Planned) -> list[Any]:
    if one.progress is None:
        assert one.newest is not None
        link = html.A(f"due: {one.newest.id}", href=f"/work-order/{one.newest.id}")
        return [meter(1, "it is due"), link]
    found, rule = one.progress, one.plan.rule
    if isinstance(rule, Condition):
        unit = shown.plant.work_units[one.plan.unit]
        return [None, html.Span(value_words(rule, unit, shown.views.get(unit.id)))]
    words = "" if found.pieces is None else f"{found.pieces:,} pieces"
    when = "due now" if found.is_due else shown.at(found.due_us) if found.due_us else ""
    if words and when and not found.is_due:
        when = f"about {when}"  # as fast as it has been
    told = " · ".join(part for part in (words, when) if part)
    return [meter(found.share, told), html.Span(told)]


def _by_unit(shown: Shown) -> Component:
    rows = []
    for unit in shown.units:
        one = shown.accounts[unit.id].reliability
        rows.append([
            html.A(unit.name, href=f"/oee/{unit.id}"),
            _number(number(one.failures)),
            _number(lasts(one.mtbf_s)),
            _number(lasts(one.mttr_s)),
        ])  # fmt: skip
    heads = ["Machine", "Failures", "MTBF", "MTTR"]
    return html.Section(
        [
            html.H2(f"How often machines failed, last {shown.days} days"),
            html.Div(table(heads, rows, empty="There is no machine here."), className="figures"),
            html.P(
                "MTBF: production time between failures. MTTR: planned busy time that a failure took. "
                "Failures alone count: stops by a fault, or by a reason that is one.",
                className="note",
            ),
        ],
        className="panel",
    )


def _by_code(shown: Shown) -> Component:
    found = list(by_code(total(shown.accounts.values())).items())
    rows = [
        [
            html.B(code_word(*code, shown.words)),
            _number(number(one.failures)),
            _number(lasts(one.mtbf_s)),
            _number(lasts(one.mttr_s)),
            _number(lasts(one.repair_s)),
        ]
        for code, one in found[:CODES]
    ]
    heads = ["Failure", "Times", "MTBF", "MTTR", "In all"]
    more = len(found) - CODES
    return html.Section(
        [
            html.H2("By failure"),
            html.Div(table(heads, rows, empty="Nothing has failed."), className="figures"),
            html.P(f"and {plural(more, 'other')}", className="note") if more > 0 else None,
        ],
        className="panel",
    )


def _number(text: str) -> Component:
    return html.Span(text, className="num")


def _ended(shown: Shown) -> Component | None:
    found = [one for one in shown.orders if one.state not in UNFINISHED][:ENDED]
    if not found:
        return None
    rows = [
        [
            html.Span(shown.unit(one.unit)),
            [html.A(one.work, href=f"/work-order/{one.id}"), html.Small(one.id)],
            html.Span(f"{shown.at(one.ended_us)} by {shown.names(one.by)}", className="note"),
            state(one),
        ]
        for one in found
    ]
    heads = ["Machine", "Work", "Ended", ""]
    return html.Section([html.H2("Ended last"), table(heads, rows, empty="")], className="panel")
