"""OEE and losses of a unit, or of all units below a place, in the shift: one number and where it is from."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import _parts, not_found
from layouts._facts import attributes, facts
from layouts._oee_rows import (
    FALLS,
    HOURS,
    LOSSES,
    TICKS,
    line_rows,
    meter,
    percent,
    rows_of,
    standings,
    target_of,
)
from layouts._slots import Row, Rows, age, filled, in_state, keyed, slot
from layouts._words import ms
from mes.equipment import Plant, WorkUnit
from mes.snapshot import Snapshot

TITLE = "OEE"
ORDER = 4
PATH = "/oee/<id>"
LOOKS = (("run", "running"), ("help", "set-up"), ("stop", "stopped"), ("material", "material"),
         ("idle", "idle"), ("stale", "no data"))  # fmt: skip


def known(plant: Plant, id: str | None) -> bool:
    """Whether there is something to show of `id`: the site, an area, a work centre or a work unit,
    whole. A sum over a part of it would be another number under the same name.
    """
    return bool(id) and plant.has(str(id)) and id not in plant.partial


def layout(now: Snapshot, id: str | None = None) -> Component:
    if not known(now.plant, id):
        return not_found.no_place(now, f"oee:{id}", id)
    assert id is not None
    units = now.plant.units_of(id)
    single = id in now.plant.work_units
    below = _states() if single else _units(units)
    tree = _parts.page(
        now,
        f"oee:{id}",
        _head(now.plant, id, units, single=single),
        html.Div([_gauge(), _waterfall()], className="oee-top"),
        below,
        html.Div([_losses(), _hours()], className="oee-low"),
        active="oee",
    )
    return filled(tree, rows(now, id), now_us=now.now_us)


def rows(now: Snapshot, id: str | None = None) -> Rows:
    if not known(now.plant, id):
        return {}
    units = now.plant.units_of(str(id))
    shown = standings(now, units)
    out = rows_of(now, shown)
    if id in now.plant.work_units:
        out |= line_rows(now, shown)
        found = facts(now, units[0])
        out["unit"] = attributes(found) | {
            "word": found.state.word + (f" · {found.fault}" if found.fault else ""),
            "clock@data-since": ms(found.view.state_since_us),
        }
    else:
        out |= {f"of:{unit.id}": _unit_row(now, unit) for unit in units}
    return out


def _unit_row(now: Snapshot, unit: WorkUnit) -> Row:
    mine = standings(now, (unit,))
    oee, target = mine.oee, target_of(mine)
    index = oee.oee_index
    met = index is not None and (target is None or index >= target)
    return {
        "@data-look": "idle" if index is None else "run" if met else "stop",
        "index": percent(index),
        "availability": percent(oee.availability),
        "effectiveness": percent(oee.effectiveness),
        "quality_ratio": percent(oee.quality_ratio),
        "bar@style": meter(index, target),
        "good": f"{mine.whole.counted[0]:,}",
    }


def _head(plant: Plant, id: str, units: Any, *, single: bool) -> Component:
    chip = keyed(
        "unit", html.Span([_parts.icon(), slot("word"), " ", in_state("clock")], className="chip"),
        tag=html.Span, className="oee-state",
    ) if single else None  # fmt: skip
    return html.Div(
        [
            html.Div(
                [crumbs(plant, id, "oee"), html.H1(f"OEE and losses, {plant.name_of(id)}")]
            ),
            chip,
            html.Span(className="grow"),
            keyed("window", slot("shift", html.B), " ", slot("from"), " ", slot("until"),
                  tag=html.Span, className="oee-window"),
            html.A("Stops", href=f"/downtime/{id}", className="act small"),
            html.A("Unit", href=f"/unit/{id}", className="act small") if single else None,
        ],
        className="head oee-head",
    )  # fmt: skip


def crumbs(plant: Plant, id: str, screen: str) -> Component:
    """Where a place is, each place above it a link to the same screen of it."""
    above: list[Any] = []
    for part in plant.path_of(id).split("/")[:-1]:
        above += [html.A(plant.name_of(part), href=f"/{screen}/{part}"), " / "]
    return html.Div([*above, plant.name_of(id)], className="crumb")


def _gauge() -> Component:
    factors = (("availability", "Availability"), ("effectiveness", "Effectiveness"),
               ("quality_ratio", "Quality"))  # fmt: skip
    bars = [
        html.Div(
            [
                html.Span(word),
                _meter(f"{name}_bar"),
                html.Span([slot(name, html.B), html.Small("%")], className="value"),
            ],
            className="factor",
        )
        for name, word in factors
    ]
    return html.Section(
        [
            html.Div([html.H2("OEE"), html.Span("ISO 22400", className="note")], className="panel-head"),
            keyed(
                "oee",
                html.Div(
                    [
                        html.Div(html.I(), className="dial", **{"data-f": "dial"}),
                        html.Div([slot("index", className="value"), slot("u", html.Small)],
                                 className="index"),
                        html.Div([slot("gap", html.B), slot("target", className="note")],
                                 className="aim"),
                    ],
                    className="gauge",
                ),
                *bars,
                slot("suspect", html.P, className="oee-suspect"),
                slot("outside", html.P, className="note"),
                _from_where(),
            ),
            keyed("window", html.Span(["on record ", age("age"), " ago"], className="note"),
                  className="oee-age"),
        ],
        className="panel oee-gauge",
    )  # fmt: skip


def _from_where() -> Component:
    """Every number opens to its elements and formula."""

    def line(word: str, *formula: Any) -> Component:
        return html.Li([html.B(word), " ", *formula])

    return html.Details(
        [
            html.Summary("where from?"),
            html.Ul(
                [
                    line("Availability", "= APT ", slot("apt"), " / PBT ", slot("pbt")),
                    line("Effectiveness", "= Σ PRI·PQ ", slot("run"), " / APT ", slot("apt")),
                    line("Quality", "= Σ PRI·GQ ", slot("run_good"), " / Σ PRI·PQ ", slot("run"),
                         "; ", slot("gq"), " good of ", slot("pq")),
                    line("OEE", "= Σ PRI·GQ ", slot("run_good"), " / PBT ", slot("pbt")),
                    line("MTBF, MTTR", "= ", slot("mtbf"), ", ", slot("mttr"), " over ",
                         slot("failures"), " failures"),
                ],
                className="plain",
            ),
        ],
        className="where-from",
    )  # fmt: skip


def _meter(name: str) -> Component:
    """A bar of the length --v, with a mark at --t."""
    return html.Span([html.I(), html.U()], className="meter", **{"data-f": name})


def _waterfall() -> Component:
    ends = {"pbt": "Planned busy", "good": "Good time"}

    def bar(name: str) -> Component:
        return html.Span(html.I(**({"data-f": name} if name else {})), className="fall-bar")

    falls = [
        keyed(f"fall:{n}", slot("us", html.B), bar("bar"), slot("word"), className="fall")
        for n in range(FALLS)
    ]
    first, last = (
        keyed("fall", slot(name, html.B), bar("good_bar" if name == "good" else ""),
              html.Span(word), className=f"fall {name}",
              **{"data-look": "run" if name == "good" else "idle"})
        for name, word in ends.items()
    )  # fmt: skip
    return html.Section(
        [
            keyed(
                "fall",
                html.H2("Where planned busy time went"),
                html.Span("min:s", className="note"),
                html.Span(className="grow"),
                slot("closes", className="closes"),
                className="panel-head",
            ),
            html.Div([first, *falls, last], className="falls"),
        ],
        className="panel oee-fall",
    )


def _states() -> Component:
    ticks = [keyed(f"tick:{n}", slot("at"), tag=html.Span, className="tick") for n in range(TICKS)]
    key = [html.Span([html.I(className="sw"), word], **{"data-look": look}) for look, word in LOOKS]
    return html.Section(
        [
            html.Div(
                [html.H2("State, second by second"), html.Span(key, className="key")],
                className="panel-head",
            ),
            keyed("line", html.Div(className="stripes", **{"data-f": "stripes"}), className="line"),
            html.Div(ticks, className="ticks"),
        ],
        className="panel",
    )


def _units(units: Any) -> Component:
    heads = ("Work unit", "OEE %", "", "Availability %", "Effectiveness %", "Quality %", "Good")
    body = [
        keyed(
            f"of:{unit.id}",
            html.Td(html.A([_parts.icon(), unit.name], href=f"/oee/{unit.id}")),
            html.Td(slot("index", className="value")),
            html.Td(_meter("bar")),
            *[html.Td(slot(name)) for name in ("availability", "effectiveness", "quality_ratio")],
            html.Td(slot("good")),
            tag=html.Tr,
        )
        for unit in units
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in heads])), html.Tbody(body)],
        className="list oee-units",
    )
    return html.Section([html.H2("Work units"), table], className="panel")


def _losses() -> Component:
    items = [
        keyed(
            f"loss:{n}",
            html.Span([_parts.icon(), slot("word")], className="what"),
            _meter("bar"),
            slot("us", html.B),
            slot("together"),
            className="loss",
        )
        for n in range(LOSSES)
    ]
    head = html.Div(
        [html.Span(""), html.Span(""), html.Span("minutes"), html.Span("together")],
        className="loss th",
    )
    return html.Section([html.H2("Losses, the largest first"), head, *items], className="panel")


def _hours() -> Component:
    heads = ("Hour", "Expected", "Good", "", "Gap", "Rejects", "Worst loss")
    body = [
        keyed(
            f"hour:{n}",
            *[html.Td(slot(name)) for name in ("at", "want", "good")],
            html.Td(_meter("bar")),
            html.Td(slot("gap", className="gap")),
            html.Td(slot("reject")),
            html.Td([html.Span([_parts.icon(), slot("worst")], className="what")]),
            tag=html.Tr,
        )
        for n in range(HOURS)
    ]
    whole = keyed(
        "hours",
        html.Td("Shift so far"),
        html.Td(slot("want")),
        html.Td(slot("good")),
        html.Td(""),
        html.Td(slot("gap")),
        html.Td(slot("reject")),
        html.Td(""),
        tag=html.Tr,
        className="total",
    )
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in heads])), html.Tbody([*body, whole])],
        className="list oee-hours",
    )
    note = html.Span("bar: good · mark: expected at the target", className="note")
    head = html.Div(
        [html.H2("Hour by hour"), html.Span(className="grow"), note], className="panel-head"
    )
    return html.Section([head, table], className="panel")
