"""The panels of the OEE page: gauge, waterfall, states, units, losses, hours, and who holds a line up."""

from collections.abc import Iterable
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._oee_hours import HOURS, TICKS
from layouts._oee_rows import DAYS, FALLS, LOSSES
from layouts._slots import age, keyed, slot
from mes.equipment import WorkUnit

LOOKS = (("run", "running"), ("help", "set-up"), ("stop", "stopped"), ("material", "material"),
         ("idle", "idle"), ("stale", "no data"))  # fmt: skip


def gauge() -> Component:
    factors = (("availability", "Availability"), ("effectiveness", "Effectiveness"),
               ("quality_ratio", "Quality"))  # fmt: skip
    bars = [
        html.Div(
            [
                html.Span(word),
                meter(f"{name}_bar"),
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
                html.Div(
                    [html.Span([html.I(**{"data-f": f"day{n}"}) for n in range(DAYS)],
                               className="spark", **{"data-f": "spark"}),
                     slot("trend", className="note")],
                    className="trend",
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


def meter(name: str) -> Component:
    """A bar of the length --v, with a mark at --t."""
    return html.Span([html.I(), html.U()], className="meter", **{"data-f": name})


def waterfall() -> Component:
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


def states() -> Component:
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


def units(found: Iterable[WorkUnit], window: str = "") -> Component:
    """window: that the figures are of, in the address; "" for the live shift."""
    heads = ("Work unit", "OEE %", "", "Availability %", "Effectiveness %", "Quality %", "Good")
    body = [
        keyed(
            f"of:{unit.id}",
            html.Td(
                html.A([_parts.icon(), unit.name], href=f"/oee/{unit.id}/{window}".rstrip("/"))
            ),
            html.Td(slot("index", className="value")),
            html.Td(meter("bar")),
            *[html.Td(slot(name)) for name in ("availability", "effectiveness", "quality_ratio")],
            html.Td(slot("good")),
            tag=html.Tr,
        )
        for unit in found
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in heads])), html.Tbody(body)],
        className="list oee-units",
    )
    return html.Section([html.H2("Work units"), table], className="panel")


def burst() -> Component:
    rings = [html.Div(className=f"ring {name}", **{"data-f": name}) for name in ("outer", "inner")]
    return keyed("burst", *rings, className="burst", **{"aria-hidden": "true"})


def losses() -> Component:
    items = [
        keyed(
            f"loss:{n}",
            html.Span([_parts.icon(), slot("word")], className="what"),
            meter("bar"),
            slot("us", html.B),
            slot("parts"),
            slot("cost", className="cost"),
            slot("together"),
            className="loss",
        )
        for n in range(LOSSES)
    ]
    head = keyed("coded", html.Span(""), html.Span(""), html.Span("minutes"), html.Span("parts"),
                 slot("currency", className="cost"), html.Span("together"), className="loss th")  # fmt: skip
    json = html.A("as JSON", className="note", **{"data-f": "api", "data-action": "api"})
    coded = keyed("coded", slot("part", className="note"), json, tag=html.Span)
    title = html.Div(
        [html.H2("Losses, the largest first"), html.Span(className="grow"), coded],
        className="panel-head",
    )
    return html.Section(
        [title, keyed("money", burst(), html.Div([head, *items]), className="loss-page")],
        className="panel",
    )


def hours(slots: int = HOURS, *, serial: bool = False) -> Component:
    """serial: with who held the line up."""
    heads: tuple[str, ...] = ("Hour", "Expected", "Good", "", "Gap", "Rejects", "Worst loss")
    heads = (*heads, "Held up by") if serial else heads
    body = [
        keyed(
            f"hour:{n}",
            *[html.Td(slot(name)) for name in ("at", "want", "good")],
            html.Td(meter("bar")),
            html.Td(slot("gap", className="gap")),
            html.Td(slot("reject")),
            html.Td([html.Span([_parts.icon(), slot("worst")], className="what")]),
            html.Td(slot("holds")) if serial else None,
            tag=html.Tr,
        )
        for n in range(slots)
    ]
    whole = keyed(
        "hours",
        html.Td("Together"),
        html.Td(slot("want")),
        html.Td(slot("good")),
        html.Td(""),
        html.Td(slot("gap")),
        html.Td(slot("reject")),
        html.Td(""),
        html.Td("") if serial else None,
        tag=html.Tr,
        className="total",
    )
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in heads])), html.Tbody([*body, whole])],
        className="list oee-hours",
    )
    note = html.Span("bar: good · mark: expected at the target", className="note")
    head = html.Div(
        [keyed("by", slot("title"), tag=html.H2), html.Span(className="grow"), note],
        className="panel-head",
    )
    return html.Section([head, table], className="panel")
