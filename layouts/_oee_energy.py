"""What machines used and what came of it: kWh per good part, at rest, the peak, and what it cost."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts._oee_panels import meter
from layouts._oee_rows import Standings, standings
from layouts._oee_rows import meter as drawn
from layouts._slots import Row, Rows, keyed, slot
from layouts._words import NOTHING, site_time
from mes.energy import UJ_PER_KWH, Peak
from mes.equipment import Plant, WorkUnit
from mes.losses import Account
from mes.snapshot import Snapshot

COLUMNS = ("per_good", "kwh", "idle", "cost", "idle_cost")
METERED_ENOUGH = 0.995  # below, it is said of how much of the time the energy is known


def metered(units: Sequence[WorkUnit]) -> list[WorkUnit]:
    """Those that tell their power."""
    return [unit for unit in units if "power" in unit.by_role]


def panel(plant: Plant, units: Sequence[WorkUnit], window: str = "") -> Component | None:
    """None where no unit tells its power. window: as of `_oee_panels.units`."""
    found = metered(units)
    if not found:
        return None
    money = plant.currency or "money"
    heads = ("Work unit", "kWh per good part", "kWh", "of it at rest", "", f"Cost, {money}",
             f"at rest, {money}")  # fmt: skip
    body = [
        keyed(
            f"energy:{unit.id}",
            html.Td(html.A(unit.name, href=f"/oee/{unit.id}/{window}".rstrip("/"))),
            *_cells(),
            tag=html.Tr,
        )
        for unit in found
        if len(units) > 1
    ]
    whole = keyed("energy", html.Td("Together" if len(units) > 1 else found[0].name), *_cells(),
                  tag=html.Tr, className="total")  # fmt: skip
    table = html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in heads])), html.Tbody([*body, whole])],
        className="list oee-energy",
    )
    said = keyed("energy", slot("peak", html.B), slot("metered", className="note"), tag=html.Span,
                 className="energy-said")  # fmt: skip
    head = html.Div(
        [html.H2("Energy"), html.Span(className="grow"), said, _from_where()],
        className="panel-head",
    )
    on = "no" if plant.energy_price_per_kwh is None else "yes"
    return html.Section([head, table], className="panel", **{"data-money": on})


def _cells() -> list[Component]:
    per_good, kwh, idle, *costs = (html.Td(slot(name)) for name in COLUMNS)
    return [per_good, kwh, idle, html.Td(meter("bar")), *costs]


def _from_where() -> Component:
    words = (
        "Power as the machine tells it, held from one reading to the next, added up by the minute. "
        "Per good part: all of it / good pieces of the minutes that were metered. At rest: while the "
        "machine did not run. The peak is the mean of a minute, of all machines together."
    )
    return html.Details([html.Summary("where from?"), html.P(words)], className="where-from")


def energy_rows(
    now: Snapshot, units: Sequence[WorkUnit], shown: Standings, peak: Peak | None
) -> Rows:
    """peak: of a window that has passed; None for the live shift."""
    found = metered(units)
    if not found:
        return {}
    price = now.plant.energy_price_per_kwh
    out: Rows = {}
    if len(units) > 1:
        out = {f"energy:{u.id}": _figures(standings(now, (u,)).whole, price) for u in found}
    return out | {"energy": _figures(shown.whole, price) | _said(now, found, shown, peak)}


def _figures(one: Account, price: float | None) -> Row:
    if not one.metered_us:
        return dict.fromkeys(COLUMNS, NOTHING) | {"bar@style": drawn(0, None)}
    kwh, idle = one.energy_uj / UJ_PER_KWH, one.idle_uj / UJ_PER_KWH
    return {
        "per_good": figure(one.energy_per_good_kwh),
        "kwh": f"{kwh:,.1f}",
        "idle": f"{idle:,.1f}",
        "cost": NOTHING if price is None else f"{kwh * price:,.2f}",
        "idle_cost": NOTHING if price is None else f"{idle * price:,.2f}",
        "bar@style": drawn(idle / kwh if kwh > 0 else 0, None),
    }


def figure(kwh: float | None) -> str:
    """kWh with three digits that count, at most four behind the point."""
    if kwh is None:
        return NOTHING
    return f"{kwh:,.4f}" if abs(kwh) < 0.1 else f"{kwh:,.3f}" if abs(kwh) < 10 else f"{kwh:,.1f}"


def _said(now: Snapshot, found: Sequence[WorkUnit], shown: Standings, peak: Peak | None) -> Row:
    """When most was used at once, and of how much of the time the energy is known."""
    ids = {unit.id for unit in found}
    could = sum(
        one.account.calendar_us
        for unit, one in zip(shown.units, shown.found, strict=True)
        if unit.id in ids
    )
    share = min(1.0, shown.whole.metered_us / could) if could else 0.0
    partly = "" if share >= METERED_ENOUGH else f"known of {share * 100:.0f} % of the time"
    if peak is None:
        return {"peak": "", "metered": partly}
    zone = now.plant.time_zone
    at = site_time(peak.minute_us, now_us=peak.minute_us, zone=zone)
    return {"peak": f"peak {peak.power_w / 1e3:,.1f} kW at {at}", "metered": partly}
