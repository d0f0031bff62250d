"""The report of a shift, to be read, printed, signed and handed over; and the list of all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import _oee_panels
from layouts._audit_words import full_time
from layouts._desk import desk, table
from layouts._document import field, hidden, note, post
from layouts._html import Tag
from layouts._losses import minutes
from layouts._oee_energy import energy_rows
from layouts._oee_energy import panel as energy_panel
from layouts._oee_rows import percent, rows_of, standings, target_of
from layouts._signature import fields as signature_fields
from layouts._signature import printed
from layouts._slots import filled
from layouts._words import plural, site_time, span
from layouts.oee import unit_row
from mes.equipment import Plant, WorkUnit
from mes.observation import rfc3339
from mes.records import Body, Record
from mes.shift_report import left_of, peak_of
from mes.snapshot import Snapshot
from mes.standing import Standing
from mes.states import PROFILES


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A report as it is drawn. now: the plant as who looks sees it; found: the units' figures in it;
    changed: other figures stand on record by now; may_sign: whether who looks may.
    """

    now: Snapshot
    record: Record
    found: Mapping[str, Standing]
    changed: bool
    may_sign: bool
    person: str = ""
    notes: str = ""

    @property
    def body(self) -> Body:
        return self.record.body or {}

    @property
    def here(self) -> str:
        return f"/shift-report/{self.record.id}"


def page(shown: Shown, viewer: Component, *, said: str, look: str, theme: str) -> str:
    body, plant = shown.body, shown.now.plant
    title = f"Shift report, {plant.name_of(body['area'])}"
    units = units_in(body, plant)
    now = replace(shown.now, standings=shown.found)
    rows = rows_of(now, standings(now, units))
    rows |= {f"of:{unit.id}": unit_row(now, unit) for unit in units}
    rows["coded"] |= {"api": "", "api@href": ""}
    rows |= energy_rows(now, units, standings(now, units), peak_of(body))
    window = f"{rfc3339(body['start_us'])}..{rfc3339(body['end_us'])}"
    parts = [
        _head(shown, title),
        note(said, look=look),
        _state(shown),
        html.Div([_oee_panels.gauge(), _oee_panels.waterfall()], className="oee-top"),
        _oee_panels.units(units, window),
        html.Div([_oee_panels.losses(), _left(shown)], className="oee-low"),
        energy_panel(plant, units, window),
        _hand_over(shown),
    ]
    filled(html.Div(parts), rows, now_us=now.now_us)
    return desk(plant, title, viewer, *parts, now_us=now.now_us, theme=theme, scripts=("print.js",))


def units_in(body: Body, plant: Plant) -> list[WorkUnit]:
    """The work units that were frozen; one that is configured no more goes by its id."""
    return [plant.work_units.get(id) or _gone(id) for id in body["units"]]


def _gone(id: str) -> WorkUnit:
    return WorkUnit(id=id, name=id, short_name=id, work_center="", ideal_cycle_s=1.0,
                    expected_period_s=1.0, profile=PROFILES["packml"])  # fmt: skip


def _head(shown: Shown, title: str) -> Component:
    body, zone = shown.body, shown.now.plant.time_zone
    start, end = (site_time(body[at], now_us=body["start_us"], zone=zone) for at in
                  ("start_us", "end_us"))  # fmt: skip
    return html.Div(
        [
            html.Div(
                [
                    html.H1(title),
                    html.Div(f"{body['name']}, {body['date']}, {start} to {end} · "
                             f"revision {body['revision']}", className="note"),
                ]
            ),
            html.Span(className="grow"),
            html.Button("Print or PDF", type="button", className="act", **{"data-action": "print"}),
            html.A("CSV", href=f"{shown.here}.csv", className="act"),
            html.A("All reports", href="/shift-reports", className="act"),
        ],
        className="head",
    )  # fmt: skip


def _state(shown: Shown) -> Component:
    """Who signed, or that nobody has; whether other figures stand on record by now."""
    record, zone = shown.record, shown.now.plant.time_zone
    at = " ".join(full_time(record.at_us, zone))
    lines: list[Any] = []
    if shown.body["signed"]:
        lines.append(printed(record.signatures, zone))
    else:
        lines.append(note("Not signed yet.", look="help"))
    lines.append(html.P(f"Version {record.version}, {at}.", className="note"))
    if shown.changed:
        words = (
            "Since it was frozen, what is on record of this shift has changed. This report says "
        )
        lines.append(note(words + "what it said then; another revision says what is known now.",
                          look="help"))  # fmt: skip
        if shown.may_sign:
            lines.append(
                post(
                    shown.here,
                    hidden("what", "revise"),
                    hidden("version", str(record.version)),
                    field("Why", "reason", required=True, maxlength="300", autocomplete="off"),
                    Tag("button", "Make a revision", type="submit",
                        **{"class": "act", "data-action": "revise"}),
                    className="in-line",
                )
            )  # fmt: skip
    return html.Section(lines, className="panel report-state")


def _left(shown: Shown) -> Component:
    """What is handed over: stops without a reason."""
    found = left_of(shown.body)
    zone, names = (
        shown.now.plant.time_zone,
        {u.id: u.name for u in shown.now.plant.work_units.values()},
    )
    rows = [
        [
            names.get(one.unit, one.unit),
            site_time(one.start_us, now_us=one.start_us, zone=zone),
            span(one.end_us - one.start_us),
            html.A("why?", href=f"/stop/{one.unit}/{one.start_us}?at={shown.body['area']}"),
        ]
        for one in found
    ]
    title = f"{plural(len(found), 'stop', 'stops')} without a reason" if found else "Stops"
    inside = table(["Work unit", "From", "Long", ""], rows, empty="Every stop had its reason.")
    return html.Section([html.H2(title), inside], className="panel")


def _hand_over(shown: Shown) -> Component:
    body = shown.body
    notes = [html.H2("Handed over")]
    if body["signed"] or not shown.may_sign:
        text = body["notes"] or "Nothing was written down."
        notes.append(html.P(text, className="report-notes"))
        return html.Section(notes, className="panel")
    notes.append(
        post(
            shown.here,
            hidden("what", "sign"),
            hidden("version", str(shown.record.version)),
            html.Label(
                [
                    html.Span("What the next shift has to know", className="label"),
                    Tag("textarea", shown.notes or body["notes"], name="notes", rows="5",
                        maxlength="4000"),
                ],
                className="field",
            ),
            signature_fields("reviewed", id=shown.person),
            Tag("button", "Sign and hand over", type="submit",
                **{"class": "act main", "data-action": "sign"}),
        )
    )  # fmt: skip
    return html.Section(notes, className="panel")


def listed(
    now: Snapshot, found: Sequence[tuple[Record, Mapping[str, Standing]]], viewer: Component, *,
    theme: str,
) -> str:  # fmt: skip
    """The newest reports, and of each the last revision."""
    rows = []
    for record, standing in found:
        body = record.body or {}
        whole = standings(replace(now, standings=standing), units_in(body, now.plant))
        target = target_of(whole)
        signer = ", ".join(s.name for s in record.signatures) if body["signed"] else ""
        rows.append(
            [
                html.A(f"{body['date']} {body['name']}", href=f"/shift-report/{record.id}"),
                now.plant.name_of(body["area"]),
                f"{percent(whole.oee.oee_index)} %",
                "–" if target is None else f"{percent(target)} %",
                f"{whole.whole.counted[0]:,}",
                minutes(whole.whole.pbt_us - whole.whole.good_us),
                str(len(body["left"])) if body["left"] else "",
                str(body["revision"]),
                signer or html.Span("not signed", className="open-word"),
            ]
        )
    heads = ["Shift", "Area", "OEE", "Target", "Good", "Lost, min:s", "Without reason", "Revision",
             "Signed"]  # fmt: skip
    empty = "No shift is over yet: the first report is made two minutes after a shift's end."
    head = html.Div([html.H1("Shift reports")], className="head")
    body = html.Section(table(heads, rows, empty=empty), className="panel")
    return desk(now.plant, "Shift reports", viewer, head, body, now_us=now.now_us, theme=theme)
