"""Who holds a line up: how its units waited for each other, and what a point of each is worth."""

from collections.abc import Iterable, Sequence

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._losses import minutes
from layouts._oee_rows import Standings, meter
from layouts._slots import Rows, keyed, slot
from layouts._words import number
from mes.calendar import cut
from mes.equipment import Plant, WorkUnit
from mes.flow import OUTSIDE, Station, Waited, constraint, waited


def serial(plant: Plant, id: str | None) -> bool:
    """Whether `id` is a work centre whose units work on what the one before hands on."""
    return id in plant.work_centers and plant.work_centers[str(id)].flow == "serial"


def panel(units: Sequence[WorkUnit]) -> Component:
    heads = ("Work unit", "Starved", "Blocked", "Others waited for it", "", "One point of OEE")
    body = [
        keyed(
            f"flow:{unit.id}",
            html.Td(html.A([_parts.icon(), unit.name], href=f"/oee/{unit.id}")),
            html.Td(slot("starved")),
            html.Td(slot("blocked")),
            html.Td(slot("charged", html.B)),
            html.Td(html.Span([html.I(), html.U()], className="meter", **{"data-f": "bar"})),
            html.Td(slot("point")),
            tag=html.Tr,
        )
        for unit in units
    ]
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in heads])), html.Tbody(body)],
        className="list oee-units oee-flow",
    )
    head = keyed("flow", html.H2("Who holds the line up, micro-stops included"), slot("said"), html.Span(className="grow"),
                 slot("other", className="note"), className="panel-head")  # fmt: skip
    return html.Section([head, table], className="panel")


def flow(
    shown: Standings, start_us: int | None = None, end_us: int | None = None
) -> tuple[Waited, ...]:
    """How the units waited for each other, in the whole window or between two moments of it."""
    if not shown.found:
        return ()
    first = shown.found[0]
    spans = first.planned
    if start_us is not None and end_us is not None:
        spans = tuple(cut(start_us, end_us, spans))
    pairs = zip(shown.units, shown.found, strict=True)
    return waited([Station(unit.id, one.line, one.cycle_s) for unit, one in pairs], spans)


def holds_up(shown: Standings, start_us: int, end_us: int) -> str:
    """The name of the unit that held the line up between two moments, "" for none."""
    found = constraint(flow(shown, start_us, end_us))
    return "" if found is None else _names(shown)[found.unit]


def _names(shown: Standings) -> dict[str, str]:
    return {unit.id: unit.name for unit in shown.units}


def flow_rows(units: Sequence[WorkUnit], shown: Standings) -> Rows:
    found = {one.unit: one for one in flow(shown)}
    worst = constraint(tuple(found.values()))
    most = max((one.charged_us for one in found.values()), default=0)
    out: Rows = {
        "flow": {"said": _said(shown, found.values(), worst), "other": _other(found.values())}
    }
    for unit in units:
        one = found.get(unit.id) or Waited(unit.id, 0)
        point = one.point_parts
        out[f"flow:{unit.id}"] = {
            "@data-look": "stop" if worst is not None and worst.unit == unit.id else "idle",
            "starved": minutes(one.starved_us),
            "blocked": minutes(one.blocked_us),
            "charged": minutes(one.charged_us),
            "bar@style": meter(one.charged_us / most if most else 0, None),
            "point": "–" if point is None else f"{number(point, 1)} good pieces",
        }
    return out


def _said(shown: Standings, found: Iterable[Waited], worst: Waited | None) -> str:
    if worst is None:
        waits = any(one.waited_us for one in found)
        return "who waited, nobody knows for whom" if waits else "no unit has waited for another"
    name = _names(shown)[worst.unit]
    cycle = f", at {worst.cycle_s:g} s a piece" if worst.cycle_s else ""
    return (
        f"{name}: it waits least, {worst.share * 100:.0f} % of its time{cycle}; "
        f"others waited {minutes(worst.charged_us)} for it"
    )


def _other(found: Iterable[Waited]) -> str:
    outside = sum(one.by.get(OUTSIDE, 0) for one in found)
    return f"waited for what is outside of the line: {minutes(outside)}" if outside else ""
