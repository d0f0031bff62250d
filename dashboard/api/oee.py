"""/api/v1/oee/{id}: time elements, KPIs and losses of a window, of a unit or of all below a place."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from dashboard.api.asking import MINUTE_US, From, Until, needs, only_known, window_us
from dashboard.api.errors import Failed, Json
from dashboard.api.records import READ
from dashboard.api.shapes import time_out
from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.records import Desk
from layouts._losses import Words, texts
from mes.energy import UJ_PER_KWH, Peak
from mes.equipment import WorkUnit
from mes.losses import Account, Loss, total
from store.log import chain
from store.log.accounts import accounts, basis, known_us, settled_us
from store.log.energy import peak_of

DAYS_MAX = 31
HOUR_US = 60 * MINUTE_US
KPIS = (
    "availability", "effectiveness", "quality_ratio", "oee_index", "nee_index", "teep",
    "technical_efficiency", "setup_rate", "utilization_efficiency", "allocation_efficiency",
    "throughput_pieces_per_s", "scrap_ratio", "first_pass_yield",
)  # fmt: skip


class ElementsOut(BaseModel):
    """Time elements of ISO 22400 [s]; unknown_s is planned busy time of which nothing is known."""

    pbt_s: float
    apt_s: float
    aust_s: float
    adet_s: float
    aubt_s: float
    calendar_s: float
    unknown_s: float
    micro_stops_s: float  # inside of apt_s


class PiecesOut(BaseModel):
    """Pieces; those outside of planned busy time are in none of the others."""

    produced: int
    good: int
    reject: int
    outside_good: int
    outside_reject: int


class KpisOut(BaseModel):
    """Ratios from 0 to 1, throughput [pieces/s], times [s]; null where there is no denominator."""

    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    oee_index: float | None
    nee_index: float | None
    teep: float | None
    technical_efficiency: float | None
    setup_rate: float | None
    utilization_efficiency: float | None
    allocation_efficiency: float | None
    throughput_pieces_per_s: float | None
    scrap_ratio: float | None
    first_pass_yield: float | None
    mtbf_s: float | None
    mttr_s: float | None


class LossOut(BaseModel):
    """Planned busy time that made no good piece [s]; fault: the machine's code; reason: of a stop."""

    factor: Literal["availability", "effectiveness", "quality"]
    cause: str
    fault: str | None
    fault_text: str | None
    reason: str | None
    reason_name: str | None
    s: float


class EnergyOut(BaseModel):
    """Electric energy of the whole window [kWh]; per_good_kwh: of metered_good, the good pieces of
    the minutes that were metered; idle_kwh: while machines did not run; metered_s: of how much time
    of units it is known.
    """

    energy_kwh: float
    idle_kwh: float
    per_good_kwh: float | None
    metered_good: int
    metered_s: float


class PeakOut(BaseModel):
    """The minute in which the units together used most: its start, and its mean power [kW]."""

    at: str
    kw: float


class AccountOut(BaseModel):
    """One window. Losses and good_s add up to pbt_s; coded: the part of stops that has a reason, 0..1;
    energy: null where none was metered; suspect: what cannot be, in words."""

    start: str
    end: str
    elements: ElementsOut
    pieces: PiecesOut
    kpis: KpisOut
    losses: list[LossOut]
    good_s: float
    coded: float | None
    energy: EnergyOut | None
    suspect: list[str]


class UnitOut(BaseModel):
    """One of the work units that were added up."""

    id: str
    elements: ElementsOut
    kpis: KpisOut
    energy: EnergyOut | None


class OeeOut(AccountOut):
    """The sum over `units`, each ratio formed once from the sums. peak: null where no energy was
    metered, and where the days of all units are more than 400; settled: until when all units that are
    not silent are on record."""

    id: str
    hours: list[AccountOut]
    units: list[UnitOut]
    peak: PeakOut | None
    settled: str | None
    position: int


def register(server: FastAPI, hub: Hub, desk: Desk) -> None:
    @server.get(
        "/api/v1/oee/{id}",
        response_model=OeeOut,
        tags=["OEE"],
        responses=READ,
        dependencies=[Depends(only_known)],
    )
    async def oee(
        id: str,
        from_: From,
        until: Until,
        by: Annotated[Literal["hour"] | None, Query(description="also hour by hour")] = None,
    ) -> Response:
        """OEE of a work unit, or of the site, an area or a work centre, in a window of 31 days at most.

        `from` is a whole minute, for pieces are counted by the minute.
        """
        needs(who().person, "records")
        units = units_seen(hub, id)
        start, end = window_us(from_, until, DAYS_MAX)
        if start % MINUTE_US:
            raise Failed(422, "from: expected a whole minute, for pieces are counted by the minute")
        edges = [start, *(range(start + HOUR_US, end, HOUR_US) if by else ()), end]
        return Json(await desk.read(lambda c: _told(c, hub, id, units, edges, by is not None)))


def units_seen(hub: Hub, id: str) -> Sequence[WorkUnit]:
    """All units at and below `id`. Who sees a part of them sees no sum: it would be another number
    under the same name.
    """
    plant = hub.plant_within(who().person.scope)
    units = plant.units_of(id) if plant.has(id) and id not in plant.partial else ()
    if not units:
        raise Failed(404, f"no work unit, work centre or area {id!r}, or you see it in part only")
    return units


def _told(
    connection: Connection,
    hub: Hub,
    id: str,
    units: Sequence[WorkUnit],
    edges: Sequence[int],
    hours: bool,
) -> dict[str, Any]:
    position, _ = chain.newest(connection)
    plant, views = hub.plant, hub.views
    by = basis(connection, plant)
    found = accounts(connection, plant, units, edges, by, views)
    wholes = {unit.id: total(found[unit.id]) for unit in units}
    windows = list(pairwise(edges))
    by_hour = [total(found[unit.id][n] for unit in units) for n in range(len(windows))]
    words = Words(texts(unit.fault_texts for unit in units), by.reasons[units[0].id])
    return {
        "id": id,
        **account_out(total(by_hour), edges[0], edges[-1], words),
        "hours": [
            account_out(one, *window, words)
            for one, window in zip(by_hour, windows, strict=True)
            if hours
        ],
        "units": [
            {
                "id": unit,
                "elements": elements_out(one),
                "kpis": kpis_out(one),
                "energy": energy_out(one),
            }
            for unit, one in wholes.items()
        ],
        "peak": _peak(peak_of(connection, units, edges[0], edges[-1])),
        "settled": time_out(settled_us(known_us(connection, units, views).values())),
        "position": position,
    }


def account_out(one: Account, start_us: int, end_us: int, words: Words) -> dict[str, Any]:
    """As AccountOut."""
    return {
        "start": time_out(start_us),
        "end": time_out(end_us),
        "elements": elements_out(one),
        "pieces": {
            "produced": one.good + one.reject,
            "good": one.good,
            "reject": one.reject,
            "outside_good": one.outside_good,
            "outside_reject": one.outside_reject,
        },
        "kpis": kpis_out(one),
        "losses": [_loss(loss, words) for loss in one.losses],
        "good_s": one.good_us / 1e6,
        "coded": one.coded,
        "energy": energy_out(one),
        "suspect": list(one.oee.suspect),
    }


def elements_out(one: Account) -> dict[str, float]:
    time = one.oee.time
    named = {name: getattr(time, name) for name in ElementsOut.model_fields if hasattr(time, name)}
    return {**named, "unknown_s": one.unknown_us / 1e6, "micro_stops_s": one.micro_us / 1e6}


def energy_out(one: Account) -> dict[str, float | None] | None:
    if not one.metered_us:
        return None
    return {
        "energy_kwh": one.energy_uj / UJ_PER_KWH,
        "idle_kwh": one.idle_uj / UJ_PER_KWH,
        "per_good_kwh": one.energy_per_good_kwh,
        "metered_good": one.metered_good,
        "metered_s": one.metered_us / 1e6,
    }


def _peak(found: Peak | None) -> dict[str, Any] | None:
    return None if found is None else {"at": time_out(found.minute_us), "kw": found.power_w / 1e3}


def kpis_out(one: Account) -> dict[str, float | None]:
    oee, reliability = one.oee, one.reliability
    found = {name: getattr(oee, name) for name in KPIS}
    return {**found, "mtbf_s": reliability.mtbf_s, "mttr_s": reliability.mttr_s}


def _loss(loss: Loss, words: Words) -> dict[str, Any]:
    return {
        "factor": loss.factor,
        "cause": loss.cause,
        "fault": loss.fault or None,
        "fault_text": words.texts.get(loss.fault) if loss.fault else None,
        "reason": loss.reason or None,
        "reason_name": words.reasons.get(loss.reason).name if loss.reason else None,
        "s": loss.us / 1e6,
    }
