"""What is planned of a place's machines: ideal cycle, OEE target, cost and micro-stops, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import desk, moment_of, table
from layouts._document import button, date_field, field, hidden, note, post
from layouts._entry import Entry, rivalry
from layouts._html import Tag
from layouts._signature import fields as signature_fields
from layouts._words import NOTHING, number
from mes.equipment import Plant, WorkUnit
from mes.master_data import EVER_US, FACTORS, MICRO_STOP_S, MasterData, at

LISTED = 12  # versions of a unit that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The machine that is being planned. signed_by: the meaning in which somebody else has to sign
    what is asked for, "" for nobody; take_us: the version that is to be taken back, None for none.
    """

    unit: WorkUnit
    entry: Entry
    signed_by: str = ""
    take_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The page. versions: work unit → its versions, none where nobody planned it."""

    plant: Plant
    place: str
    units: Sequence[WorkUnit]
    versions: Mapping[str, Sequence[MasterData]]
    may: frozenset[str]
    now_us: int
    chosen: Chosen | None = None

    @property
    def address(self) -> str:
        return f"/targets/{self.place}"

    def since(self, version: MasterData) -> str:
        if version.valid_from_us == EVER_US:
            return "always"
        return moment_of(version.valid_from_us, self.plant.time_zone, self.now_us)


def page(
    shown: Shown, viewer: Component, *, said: str = "", look: str = "run", theme: str = "light"
) -> str:
    name = shown.plant.name_of(shown.place)
    side = html.Aside(_side(shown, shown.chosen), className="stack") if shown.chosen else None
    return desk(
        shown.plant,
        f"Targets, {name}",
        viewer,
        _head(shown),
        note(said, look=look),
        html.Div([_units(shown), side], className="list-and-form" if side else None),
        now_us=shown.now_us,
        theme=theme,
    )


def away(
    plant: Plant, place: str, viewer: Component, chosen: Chosen, *, now_us: int, theme: str
) -> str:
    """The page while the database is away: the form that was sent, as it was."""
    head = html.Div([html.H1(f"Targets, {chosen.unit.name}")], className="head")
    shown = Shown(plant=plant, place=place, units=(), versions={}, may=frozenset(), now_us=now_us)
    panel = html.Section([note(chosen.entry.fault("")), _form(shown, chosen)], className="panel")
    narrow = html.Div(panel, className="alone-form")
    return desk(plant, "Targets", viewer, head, narrow, now_us=now_us, theme=theme)


def values_of(version: MasterData | None) -> dict[str, str]:
    """The fields of the form, from what holds; empty but for what is usual where nothing does."""
    one = version or MasterData(valid_from_us=EVER_US, ideal_cycle_s=0.0)
    return {
        "ideal_cycle_s": f"{one.ideal_cycle_s:g}" if version else "",
        "oee_target": "" if one.oee_target is None else f"{one.oee_target * 100:g}",
        "cost_per_h": "" if one.cost_per_h is None else f"{one.cost_per_h:g}",
        "micro_stop_s": f"{one.micro_stop_s:g}",
        "micro_stop_factor": one.micro_stop_factor,
    }


def _head(shown: Shown) -> Component:
    plant = shown.plant
    ids = [id for id in (plant.id, *plant.areas) if id not in plant.partial]
    if shown.place not in ids:
        ids.append(shown.place)
    links = [
        html.A(plant.name_of(id), href=f"/targets/{id}",
               className="seg on" if id == shown.place else "seg")
        for id in ids
    ]  # fmt: skip
    return html.Div(
        [html.H1("Targets"), html.Nav(links, className="segs"), html.Span(className="grow")],
        className="head",
    )


def _units(shown: Shown) -> Component:
    money = shown.plant.currency or "money"
    heads = ["Machine", "Ideal cycle", "Pieces", "OEE target", f"Cost, {money}", "Micro-stops",
             "Holds since", ""]  # fmt: skip
    rows = [_row(shown, unit) for unit in shown.units]
    words = (
        "Ideal cycle: planned run time per piece. OEE, speed loss and expected pieces are against what "
        "held at the time, so a new cycle moves nothing of yesterday. The configuration gives a "
        "machine its first cycle."
    )
    found = table(heads, rows, empty="There is no machine here.")
    return html.Section(
        [html.Div(found, className="figures"), html.P(words, className="note")],
        className="panel",
    )


def _row(shown: Shown, unit: WorkUnit) -> list[Any]:
    versions = shown.versions.get(unit.id, ())
    link = html.A(unit.name, href=f"/unit/{unit.id}")
    change = None
    if unit.id in shown.may:
        on = shown.chosen is not None and shown.chosen.unit.id == unit.id
        change = html.A("Change", href=f"{shown.address}?unit={unit.id}#edit",
                        className=f"act small{' on' if on else ''}",
                        **{"data-action": f"plan-{unit.id}"})  # fmt: skip
    if not versions:
        return [link, html.Span("nobody said", className="note"), "", "", "", "", "", change]
    now = at(versions, shown.now_us)
    coming = [v for v in versions if v.valid_from_us > shown.now_us]
    since: list[Any] = [shown.since(now)]
    if coming:
        since.append(html.Small(f"changes {shown.since(coming[0])}"))
    return [link, *_cells(now), html.Span(since, className="two-lines"), change]


def _cells(one: MasterData) -> list[Any]:
    target = NOTHING if one.oee_target is None else f"{one.oee_target * 100:g} %"
    cost = NOTHING if one.cost_per_h is None else f"{number(one.cost_per_h, 2)} /h"
    micro = f"under {one.micro_stop_s:g} s" if one.micro_stop_s else "none"
    return [
        _number(f"{one.ideal_cycle_s:g} s"),
        _number(f"{number(3600 / one.ideal_cycle_s, 0)} /h"),
        _number(target),
        _number(cost),
        html.Span([micro, html.Small(f"off {one.micro_stop_factor}")],
                  className="two-lines"),
    ]  # fmt: skip


def _number(text: str) -> Component:
    return html.Span(text, className="num")


def _side(shown: Shown, chosen: Chosen) -> list[Component]:
    entry, unit = chosen.entry, chosen.unit
    take = chosen.take_us is not None
    title = f"{unit.name}: take back what was planned" if take else f"Plan {unit.name}"
    head = [html.H2(title), html.A("×", href=shown.address, className="close", title="close")]
    form = _take_back(shown, chosen) if take else _form(shown, chosen)
    keep = f"{shown.address}?unit={unit.id}"
    return [
        html.Section(
            [
                html.Div(head, className="panel-head"),
                entry.signed,
                rivalry(entry, keep),
                note(entry.fault(""), look="help" if chosen.signed_by else "stop"),
                form,
            ],
            className="panel",
            id="edit",
        ),
        _history(shown, unit),
    ]


def _form(shown: Shown, chosen: Chosen) -> Component:
    entry, unit = chosen.entry, chosen.unit
    money = shown.plant.currency or "money"

    def cell(label: str, name: str, hint: str = "", **props: Any) -> Component:
        return field(label, name, value=entry.value(name), fault=entry.fault(name), hint=hint,
                     inputmode="decimal", autocomplete="off", maxlength="20", **props)  # fmt: skip

    first = unit.id in shown.versions and not shown.versions[unit.id]
    since = date_field("From", "valid_from", time=True, value=entry.value("valid_from"),
                       fault=entry.fault("valid_from"), hint="site time; empty: from now on")  # fmt: skip
    return post(
        shown.address,
        hidden("what", "plan"),
        hidden("unit", unit.id),
        hidden("version", str(entry.version)),
        cell("Ideal cycle [s per piece]", "ideal_cycle_s", required=True),
        html.Div(
            [
                cell("OEE target [%]", "oee_target", "empty: none"),
                cell(f"Cost [{money} per hour]", "cost_per_h", "empty: not known"),
            ],
            className="pair",
        ),
        html.Div(
            [
                cell("Micro-stops: under [s]", "micro_stop_s", f"usual: {MICRO_STOP_S:g}"),
                _factor(entry),
            ],
            className="pair",
        ),
        html.P("The first plan of a machine holds from ever.", className="note")
        if first
        else since,
        field("Why", "reason", value=entry.value("reason"), maxlength="1000", autocomplete="off"),
        _signature(chosen),
        button("Save mine instead" if entry.rival else "Save", **{"data-action": "plan"}),
        again=entry.key,
    )


def _factor(entry: Entry) -> Component:
    on = entry.value("micro_stop_factor")
    options = [Tag("option", key, value=key, selected=key == on) for key in FACTORS]
    select = Tag("select", *options, name="micro_stop_factor")
    return html.Label([html.Span("They are taken off", className="label"), select],
                      className="field")  # fmt: skip


def _signature(chosen: Chosen) -> Tag | None:
    if not chosen.signed_by:
        return None
    return signature_fields(chosen.signed_by, id=chosen.entry.value("sign_id"), other=True)


def _take_back(shown: Shown, chosen: Chosen) -> Component:
    version = next(
        (v for v in shown.versions[chosen.unit.id] if v.valid_from_us == chosen.take_us), None
    )
    if version is None:
        return html.P("It is no longer there.", className="note")
    words = f"What holds from {shown.since(version)} on: {_words(shown, version)}."
    return post(
        shown.address,
        hidden("what", "take back"),
        hidden("unit", chosen.unit.id),
        hidden("version", str(chosen.entry.version)),
        hidden("from_us", str(chosen.take_us)),
        html.P([words, html.Br(), "What held before goes on."]),
        field("Why", "reason", value=chosen.entry.value("reason"), maxlength="1000",
              autocomplete="off"),
        _signature(chosen),
        button("Take it back", kind="danger", **{"data-action": "take-back"}),
        again=chosen.entry.key,
    )  # fmt: skip


def _words(shown: Shown, one: MasterData) -> str:
    said = [f"{one.ideal_cycle_s:g} s"]
    if one.oee_target is not None:
        said.append(f"OEE {one.oee_target * 100:g} %")
    if one.cost_per_h is not None:
        said.append(f"{number(one.cost_per_h, 2)} {shown.plant.currency or 'money'}/h")
    said.append(f"micro-stops under {one.micro_stop_s:g} s off {one.micro_stop_factor}")
    return ", ".join(said)


def _history(shown: Shown, unit: WorkUnit) -> Component | None:
    versions = shown.versions.get(unit.id, ())
    if not versions:
        return None
    newest = sorted(versions, key=lambda v: -v.valid_from_us)
    now = at(versions, shown.now_us)
    items = [_version(shown, unit, one, now=one is now) for one in newest[:LISTED]]
    more = len(newest) - LISTED
    return html.Section(
        [
            html.H2("Since when what holds"),
            html.Ul(items, className="plain"),
            html.P(f"and {more} before", className="note") if more > 0 else None,
        ],
        className="panel",
    )


def _version(shown: Shown, unit: WorkUnit, one: MasterData, *, now: bool) -> Component:
    back = None
    if one.valid_from_us != EVER_US:
        to = f"{shown.address}?unit={unit.id}&take={one.valid_from_us}#edit"
        back = html.A("Take back …", href=to)
    mark = html.Span("holds now", className="mark") if now else None
    words = html.Span([html.B(shown.since(one)), mark])
    return html.Li([html.Div([words, html.Small(_words(shown, one)), back], className="plan-item")])
