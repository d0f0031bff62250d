"""The calendar of the site or of an area: a week at a glance, and what people plan beside it."""

import datetime as dt
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from layouts import _week
from layouts._desk import desk
from layouts._document import date_field, note
from layouts._entry import Entry
from layouts._html import Tag
from layouts._plan import Shown, name_of
from layouts._plan_forms import exception_form, holiday_form
from layouts._plan_lists import exceptions, holidays, patterns
from layouts._words import hours, zone_word
from mes.equipment import Plant
from mes.usual_shifts import PATTERNS


def page(
    shown: Shown,
    viewer: Component,
    *,
    said: str = "",
    look: str = "run",
    entry: Entry | None = None,
    title: str = "",
    days_off: Entry | None = None,
    theme: str = "light",
) -> str:
    """entry: the form of an exception, under `title`; days_off: that of holidays."""
    return desk(
        shown.plant,
        f"Calendar, {shown.name}",
        viewer,
        _head(shown),
        note(said, look=look),
        html.Div([_main(shown), _side(shown, entry, title, days_off)], className="plan"),
        _shift_names(shown),
        now_us=shown.now_us,
        theme=theme,
    )


def away(
    plant: Plant,
    place: str,
    viewer: Component,
    *,
    now_us: int,
    entry: Entry | None = None,
    days_off: Entry | None = None,
    theme: str = "light",
) -> str:
    """The page while the database is away: a form that was sent, as it was."""
    here = f"/calendar/{place}"
    form = None
    if entry is not None:
        title = f"{entry.value('shift') or 'A shift'}, {entry.value('date')}"
        form = exception_form(entry, here, back=here, title=title)
    if days_off is not None:
        form = html.Section(
            [html.H2("Holidays"), note(days_off.fault("")), holiday_form(days_off, here)],
            className="panel",
        )
    head = html.Div([html.H1(f"Calendar, {name_of(plant, place)}")], className="head")
    narrow = html.Div(form, className="alone-form")
    return desk(plant, "Calendar", viewer, head, narrow, now_us=now_us, theme=theme)


def places(plant: Plant, place: str, *, whole_site: bool, rest: str = "") -> Component:
    """The site and its areas, to choose from."""
    ids = [plant.id] if whole_site else []
    return html.Nav(
        [
            html.A(
                name_of(plant, id),
                href=f"/calendar/{id}{rest}",
                className="seg on" if id == place else "seg",
            )
            for id in (*ids, *plant.areas)
        ],
        className="segs",
    )


def _head(shown: Shown) -> Component:
    first, last = shown.monday, shown.days[-1].date
    week = dt.timedelta(days=7)
    span = f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
    jump = html.Form(
        [
            date_field("", "week", value=first.isoformat(),
                       aria="a day of the week to show"),
            html.Button("Show", type="submit", className="act small"),
        ],
        action=shown.address,
        method="get",
        className="jump",
    )  # fmt: skip
    return html.Div(
        [
            html.H1("Calendar"),
            places(shown.plant, shown.place, whole_site=shown.whole_site, rest=f"?week={first}"),
            html.Span(className="grow"),
            html.A("‹", href=f"{shown.address}?week={first - week}", className="seg alone",
                   title="the week before"),
            html.B(f"Week {first.isocalendar().week}, {span}", className="wk-span"),
            html.A("›", href=f"{shown.address}?week={first + week}", className="seg alone",
                   title="the week after"),
            html.A("This week", href=shown.address, className="seg alone"),
            jump,
        ],
        className="head plan-top",
    )  # fmt: skip


def _main(shown: Shown) -> Component:
    if not shown.defined:
        return _empty(shown)
    zone = shown.plant.time_zone
    busy = sum(day.busy_us for day in shown.days)
    words = dict.fromkeys(zone_word(day.end_us - 1, zone) for day in shown.days)
    known = any(day.known for day in shown.days)
    link = shown.here if shown.may_except else ""
    return html.Div(
        [
            html.Section(
                [
                    html.Div(
                        [
                            html.Span(
                                [
                                    "Planned busy time of the week ",
                                    html.B(hours(busy) if known else "not known"),
                                ]
                            ),
                            html.Span(className="grow"),
                            html.Span(
                                f"site time, {zone} ({', then '.join(words)})",
                                className="note",
                            ),
                        ],
                        className="panel-head",
                        **{"data-busy-us": str(busy)},
                    ),
                    _week.grid(shown.days, ZoneInfo(zone), shown.now_us, link=link),
                    _week.key(),
                ],
                className="panel",
            ),
            patterns(shown),
        ],
        className="stack",
    )


def _empty(shown: Shown) -> Component:
    """No pattern at all: what that means, and how to begin."""
    who = "An engineer, a manager or an administrator can begin one."
    begin: list[Component] = [html.P(who)]
    if shown.may_plan:
        begin = [
            html.P("Begin with a common pattern and change it as you like:"),
            html.Div(
                [
                    html.A(
                        [html.B(common.name), html.Span(common.words)],
                        href=f"{shown.address}/pattern?begin={common.key}",
                        className="begin",
                        **{"data-action": f"begin-{common.key}"},
                    )
                    for common in PATTERNS.values()
                ],
                className="begins",
            ),
        ]
    return html.Section(
        [
            html.H2(f"No shifts are planned for {shown.name} yet"),
            html.P(
                "Until then counts run since the start of the run, nobody can say what time was "
                "planned, and no time is planned busy time."
            ),
            *begin,
        ],
        className="panel dead-end",
    )


def _side(shown: Shown, entry: Entry | None, title: str, days_off: Entry | None) -> Component:
    form = None
    if entry is not None:
        form = exception_form(entry, shown.address, back=shown.here, title=title)
    return html.Aside([form, exceptions(shown), holidays(shown, days_off)], className="stack")


def _shift_names(shown: Shown) -> Tag:
    """What is offered where the name of a shift is typed."""
    names = {s["id"] for r in shown.patterns if r.body for s in r.body["shifts"]}
    return Tag("datalist", *[Tag("option", value=name) for name in sorted(names)], id="shifts")
