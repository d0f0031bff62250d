"""The lists beside and below a week: exceptions, holidays, the patterns and since when they hold."""

import datetime as dt
from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts import _week
from layouts._document import button, hidden, note, post
from layouts._entry import Entry, break_words, days_words
from layouts._plan import Shown, holding, since_of
from layouts._plan_forms import holiday_form
from mes.records import Record

LISTED = 12  # exceptions and holidays that are listed; more are counted


def exceptions(shown: Shown) -> Component:
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
            shown.signed(record),
        ],
        className="plan-item",
        **{"data-record": record.id},
    )


def holidays(shown: Shown, days_off: Entry | None) -> Component:
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
                 None if own else html.Small("for the whole site"), shown.signed(record)],
                className="grow-in",
            ),
            remove,
        ],
        className="plan-item in-row",
        **{"data-record": record.id},
    )  # fmt: skip


def patterns(shown: Shown) -> Component:
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
            shown.signed(holds) if holds and inherits else None,
            html.Ul([_version(shown, r, r is holds) for r in sorted(own, key=since_of)],
                    className="plain"),
        ],
        className="panel",
    )  # fmt: skip


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
    return html.Table([html.Thead(head), html.Tbody(rows)], className="list")


def _version(shown: Shown, record: Record, holds: bool) -> Component:
    since = since_of(record)
    words = [html.B(f"from {since}"), html.Span("shown here") if holds else None]
    edit = f"{shown.address}/pattern?of={since}"
    return html.Li(
        [
            html.Span([*words, html.Small(shown.by(record)), shown.signed(record)],
                      className="grow-in"),
            html.A("Correct or remove", href=edit) if shown.may_plan else None,
        ],
        className="plan-item in-row",
        **{"data-record": record.id},
    )  # fmt: skip
