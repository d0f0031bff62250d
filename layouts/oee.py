"""OEE and losses of a unit, or of all units below a place, in the shift: one number and where it is from."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import _oee_energy, _oee_panels, _parts, not_found
from layouts._desk import desk
from layouts._facts import attributes, facts
from layouts._oee_flow import flow_rows, panel, serial
from layouts._oee_hours import HOURS, hour_rows, line_rows
from layouts._oee_rows import Standings, meter, percent, rows_of, standings, target_of
from layouts._slots import Row, Rows, filled, in_state, keyed, slot
from layouts._words import ms
from mes.energy import Peak
from mes.equipment import Plant, WorkUnit
from mes.observation import rfc3339
from mes.snapshot import Snapshot

TITLE = "OEE"
ORDER = 4
PATH = "/oee/<id>"
WINDOWS = (("", "Shift"), ("day", "Today"), ("week", "7 days"), ("month", "31 days"))


def known(plant: Plant, id: str | None) -> bool:
    """Whether there is something to show of `id`: the site, an area, a work centre or a work unit,
    whole. A sum over a part of it would be another number under the same name.
    """
    return bool(id) and plant.has(str(id)) and id not in plant.partial


def layout(now: Snapshot, id: str | None = None) -> Component:
    if not known(now.plant, id):
        return not_found.no_place(now, f"oee:{id}", id)
    assert id is not None
    tree = _parts.page(now, f"oee:{id}", *sections(now.plant, id), active="oee")
    return filled(tree, rows(now, id), now_us=now.now_us)


def sections(
    plant: Plant, id: str, slots: int = HOURS, *, chosen: str = "", states: bool = True
) -> list[Component]:
    """What stands on the page; slots: rows for hours; chosen: the window, "" for the live shift;
    states: whether single states are known, which a long window has too many of.
    """
    units = plant.units_of(id)
    single, in_line = id in plant.work_units, serial(plant, id) and states
    below = _oee_panels.states() if single else _oee_panels.units(units, chosen)
    if single and not states:
        below = None
    return [
        _head(plant, id, single=single and not chosen, chosen=chosen),
        html.Div([_oee_panels.gauge(), _oee_panels.waterfall()], className="oee-top"),
        below,
        *([panel(units)] if in_line else []),
        html.Div([_oee_panels.losses(), _oee_panels.hours(slots, serial=in_line)],
                 className="oee-low"),
        _oee_energy.panel(plant, units, chosen),
    ]  # fmt: skip


def history(
    now: Snapshot, id: str, viewer: Component, *, chosen: str, states: bool, theme: str,
    peak: Peak | None,
) -> str:  # fmt: skip
    """The page of a window that has passed, as plain HTML; `now` holds how units stood in it."""
    shown = standings(now, now.plant.units_of(id))
    slots = max((len(one.hours) for one in shown.found), default=0)
    parts = sections(now.plant, id, slots, chosen=chosen, states=states)
    filled(html.Div(parts), rows(now, id, slots, peak), now_us=now.now_us)
    title = f"OEE, {now.plant.name_of(id)}"
    return desk(now.plant, title, viewer, *parts, now_us=now.now_us, theme=theme, active="oee",
                scripts=("brush.js",))  # fmt: skip


def rows(
    now: Snapshot, id: str | None = None, slots: int = HOURS, peak: Peak | None = None
) -> Rows:
    if not known(now.plant, id):
        return {}
    units = now.plant.units_of(str(id))
    shown, in_line = standings(now, units), serial(now.plant, id)
    out = rows_of(now, shown) | hour_rows(now, shown, slots, serial=in_line)
    out |= _oee_energy.energy_rows(now, units, shown, peak)
    out["coded"] |= {"api": "as JSON", "api@href": _api(str(id), shown)}
    if in_line:
        out |= flow_rows(units, shown)
    if id in now.plant.work_units:
        out |= line_rows(now, shown)
        found = facts(now, units[0])
        out["unit"] = attributes(found) | {
            "word": found.state.word + (f" · {found.fault}" if found.fault else ""),
            "clock@data-since": ms(found.view.state_since_us),
        }
    else:
        out |= {f"of:{unit.id}": unit_row(now, unit) for unit in units}
    return out


def _api(id: str, shown: Standings) -> str:
    """The address of the call that gives the same digits."""
    if not shown.found:
        return f"/api/v1/oee/{id}"
    start = min(one.start_us for one in shown.found)
    until = max(one.until_us for one in shown.found)
    return f"/api/v1/oee/{id}?from={rfc3339(start)}&until={rfc3339(until)}&by=hour"


def unit_row(now: Snapshot, unit: WorkUnit) -> Row:
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


def _head(plant: Plant, id: str, *, single: bool, chosen: str) -> Component:
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
            html.Nav([_window(id, *one, chosen) for one in WINDOWS], className="windows"),
            html.Span(className="grow"),
            keyed("window", slot("shift", html.B), " ", slot("from"), " ", slot("until"),
                  tag=html.Span, className="oee-window"),
            html.A("Stops", href=f"/downtime/{id}", className="act small"),
            html.A("Unit", href=f"/unit/{id}", className="act small") if single else None,
        ],
        className="head oee-head",
    )  # fmt: skip


def _window(id: str, key: str, words: str, chosen: str) -> Component:
    on = key == chosen
    said = {"aria-current": "page"} if on else {}
    return html.A(words, href=f"/oee/{id}/{key}".rstrip("/"), className="on" if on else "", **said)


def crumbs(plant: Plant, id: str, screen: str) -> Component:
    """Where a place is, each place above it a link to the same screen of it."""
    above: list[Any] = []
    for part in plant.path_of(id).split("/")[:-1]:
        above += [html.A(plant.name_of(part), href=f"/{screen}/{part}"), " / "]
    return html.Div([*above, plant.name_of(id)], className="crumb")
