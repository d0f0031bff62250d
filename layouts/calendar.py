"""The calendar of the site or of an area: a week at a glance, and what people plan beside it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from layouts import _week
from layouts._desk import desk, moment_of
from layouts._document import button, hidden, note, post
from layouts._entry import Entry, break_words, days_words
from layouts._html import Tag
from layouts._plan_forms import exception_form, holiday_form
from layouts._words import hours, zone_word
from mes.common_shifts import PATTERNS
from mes.equipment import Plant
from mes.records import Record
from mes.week import Day

LISTED = 12  # exceptions and holidays that are listed; more are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows.

    plant: as the person sees it; place: the site or an area; patterns, holidays, exceptions: of the
    place and, of an area, of its site; names: person's id → name; may_plan, may_except: what the
    person may change here.
    """

    plant: Plant
    place: str
    now_us: int
    days: tuple[Day, ...]
    defined: bool = False
    patterns: Sequence[Record] = ()
    holidays: Sequence[Record] = ()
    exceptions: Sequence[Record] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    whole_site: bool = False
    may_plan: bool = False
    may_except: bool = False

    @property
    def monday(self) -> dt.date:
        return self.days[0].date

    @property
    def name(self) -> str:
        return name_of(self.plant, self.place)

    @property
    def address(self) -> str:
        return f"/calendar/{self.place}"

    @property
    def here(self) -> str:
        return f"{self.address}?week={self.monday}"

    def by(self, record: Record) -> str:
        """Who made it, and when."""
        at = moment_of(record.at_us, self.plant.time_zone, self.now_us)
        return f"{self.names.get(record.by, record.by)}, {at}"


def name_of(plant: Plant, place: str) -> str:
    return plant.name if place == plant.id else plant.areas[place].name


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
        theme=theme,
    )


def away(
    plant: Plant,
    place: str,
    viewer: Component,
    *,
    entry: Entry | None = None,
    days_off: Entry | None = None,
    theme: str = "light",
) -> str:
    """The page while the database is away: a form that was sent, as it was."""
    here = f"/calendar/{place}"
    title = "An extra shift" if entry and entry.value("kind") == "extra" else "An exception"
    form = exception_form(entry, here, back=here, title=title) if entry else None
    if days_off is not None:
        form = html.Section(
            [html.H2("Holidays"), note(days_off.fault("")), holiday_form(days_off, here)],
            className="panel",
        )
    head = html.Div([html.H1(f"Calendar, {name_of(plant, place)}")], className="head")
    narrow = html.Div(form, className="alone-form")
    return desk(plant, "Calendar", viewer, head, narrow, theme=theme)


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
            Tag("input", type="date", name="week", value=first.isoformat(),
                **{"aria-label": "a day of the week to show"}),
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
    link = shown.here if shown.may_except else ""
    return html.Div(
        [
            html.Section(
                [
                    html.Div(
                        [
                            html.Span(["Planned busy time of the week ", html.B(hours(busy))]),
                            html.Span(className="grow"),
                            html.Span(
                                f"site time, {zone} ({zone_word(shown.now_us, zone)})",
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
            _patterns(shown),
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
    return html.Aside([form, _exceptions(shown), _holidays(shown, days_off)], className="stack")


def _exceptions(shown: Shown) -> Component:
    first = shown.monday.isoformat()
    coming = sorted(
        (r for r in shown.exceptions if r.body and r.body["date"] >= first),
        key=lambda r: (r.body or {})["date"],
    )
    head = [html.H2("Exceptions"), html.Span(className="grow")]
    hint = None
    if shown.may_except and shown.defined:
        head.append(
            html.A("Add a shift", href=f"{shown.here}&new=extra#edit", className="act small")
        )
        hint = html.P("Choose a shift in the week to cancel or change it.", className="note")
    items = [_exception(shown, record) for record in coming[:LISTED]]
    return html.Section(
        [
            html.Div(head, className="panel-head"),
            hint,
            html.Ul(items, className="plain")
            if items
            else html.P("None from this week on.", className="note"),
            _more(coming),
        ],
        className="panel",
    )  # fmt: skip


def _more(found: Sequence[Record]) -> Component | None:
    more = len(found) - LISTED
    return html.P(f"and {more} more later", className="note") if more > 0 else None


def _exception(shown: Shown, record: Record) -> Component:
    body = record.body or {}
    date = dt.date.fromisoformat(body["date"])
    own = body["place"] == shown.place
    week = f"{shown.address}?week={date}"
    words = [
        html.B(f"{date:%a} {date.day} {date:%b}, {body['shift']}"),
        html.Span(
            _week.EXCEPTION_WORDS[body["kind"]], className="mark", **{"data-mark": body["kind"]}
        ),
        html.Span(f"{body['start']}–{body['end']}" if "start" in body else ""),
    ]
    link = _week.chosen(week, body["date"], body["shift"])
    may = shown.may_except and own
    return html.Li(
        [
            html.A(words, href=link) if may else html.Span(words),
            html.Span(body["note"], className="said-note"),
            html.Small(shown.by(record) + ("" if own else ", for the whole site")),
        ],
        className="plan-item",
        **{"data-record": record.id},
    )


def _holidays(shown: Shown, days_off: Entry | None) -> Component:
    first = shown.monday.isoformat()
    coming = sorted(
        (r for r in shown.holidays if r.body and r.body["date"] >= first),
        key=lambda r: (r.body or {})["date"],
    )
    items = [_holiday(shown, record) for record in coming[:LISTED]]
    form = None
    if shown.may_plan:
        form = html.Details(
            [
                html.Summary("Add holidays"),
                note(days_off.fault("")) if days_off else None,
                holiday_form(days_off or Entry(), shown.address),
            ],
            className="add",
            open=days_off is not None,
            id="holidays",
        )
    return html.Section(
        [
            html.H2("Holidays"),
            html.Ul(items, className="plain")
            if items
            else html.P("None from this week on.", className="note"),
            _more(coming),
            form,
        ],
        className="panel",
    )


def _holiday(shown: Shown, record: Record) -> Component:
    body = record.body or {}
    date = dt.date.fromisoformat(body["date"])
    own = body["place"] == shown.place
    remove = None
    if shown.may_plan and own:
        remove = post(
            shown.here,
            hidden("what", "no holiday"),
            hidden("date", body["date"]),
            hidden("version", str(record.version)),
            button("Remove", kind="small"),
        )
    return html.Li(
        [
            html.Span(
                [html.B(f"{date:%a} {date.day} {date:%b %Y}"), html.Span(body["name"]),
                 None if own else html.Small("for the whole site")],
                className="grow-in",
            ),
            remove,
        ],
        className="plan-item in-row",
        **{"data-record": record.id},
    )  # fmt: skip


def _patterns(shown: Shown) -> Component:
    """The pattern that holds in the week, and those before and after it."""
    own = [r for r in shown.patterns if r.body and r.body["place"] == shown.place]
    day = shown.days[-1].date.isoformat()
    holds = holding(shown.patterns, shown.place, day)
    act = None
    if shown.may_plan:
        words = "Change from a date on" if own else f"Give {shown.name} shifts of its own"
        act = html.A(words, href=f"{shown.address}/pattern", className="act small")
    inherits = holds is not None and (holds.body or {})["place"] != shown.place
    title = "Shift pattern" + (", that of the site" if inherits else "")
    return html.Section(
        [
            html.Div([html.H2(title), html.Span(className="grow"), act], className="panel-head"),
            _shifts(holds) if holds else html.P("None holds in this week.", className="note"),
            html.Ul([_version(shown, r, r is holds) for r in sorted(own, key=_from)],
                    className="plain"),
        ],
        className="panel",
    )  # fmt: skip


def _from(record: Record) -> str:
    return str((record.body or {})["valid_from"])


def holding(patterns: Sequence[Record], place: str, day: str) -> Record | None:
    """The pattern that holds on a date: the place's own, else the site's."""
    found = [r for r in patterns if r.body and r.body["valid_from"] <= day]
    mine = [r for r in found if (r.body or {})["place"] == place]
    return max(mine or found, key=_from, default=None)


def _shifts(record: Record) -> Component:
    rows = [
        html.Tr(
            [
                html.Td(html.B(shift["name"])),
                html.Td(days_words(shift["days"])),
                html.Td(f"{shift['start']}–{shift['end']}"),
                html.Td(break_words(shift["breaks"])),
            ]
        )
        for shift in (record.body or {})["shifts"]
    ]
    head = html.Tr([html.Th(text) for text in ("Shift", "Starts on", "From–to", "Breaks")])
    if not rows:
        return html.P("No shifts: nothing is planned.", className="note")
    return html.Table([html.Thead(head), html.Tbody(rows)], className="list left")


def _version(shown: Shown, record: Record, holds: bool) -> Component:
    since = _from(record)
    words = [html.B(f"from {since}"), html.Span("shown here") if holds else None]
    edit = f"{shown.address}/pattern?of={since}"
    return html.Li(
        [
            html.Span([*words, html.Small(shown.by(record))], className="grow-in"),
            html.A("Correct or remove", href=edit) if shown.may_plan else None,
        ],
        className="plan-item in-row",
        **{"data-record": record.id},
    )


def _shift_names(shown: Shown) -> Tag:
    """What is offered where the name of a shift is typed."""
    names = {s["id"] for r in shown.patterns if r.body for s in r.body["shifts"]}
    return Tag("datalist", *[Tag("option", value=name) for name in sorted(names)], id="shifts")
