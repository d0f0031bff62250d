"""Reads the inputs of OEE and reliability cases, in the words of their sources, into our values.

A time's name ends in its unit (`run_min`); one without a unit is in seconds, or in any unit
when all of a case's times are.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from mes.oee import Oee, Output, TimeElements
from mes.reliability import Reliability
from tests.golden.formulas import ELEMENTS

Number = int | float | Decimal
UNIT_S = {"s": 1, "min": 60, "h": 3600}
DAY_S = 86_400

SYMBOLS = frozenset({"POT", "PDOT", "PSQ"}) | ELEMENTS.keys()
FACTORS = frozenset({"availability", "performance", "quality"})
PLAIN = frozenset({"good", "ideal_units"})
_TIMES = (
    "calendar",
    "shift",
    "planned",
    "scheduled",
    "total",
    "breaks",
    "planned_breaks",
    "run",
    "stop",
    "unplanned",
    "downtime",
    "ideal_cycle",
)
_COUNTS = {"total", "units_made", "good", "reject", "target_units_per_min", "typical_per_h"}
OEE = SYMBOLS | FACTORS | PLAIN | _COUNTS | {f"{t}_{unit}" for t in _TIMES for unit in UNIT_S}
RELIABILITY = frozenset({"failures"}) | {
    name + unit
    for name in ("operating", "total_repair", "mtbf", "mttr")
    for unit in ("", *(f"_{u}" for u in UNIT_S))
}


def oee_of(inputs: Mapping[str, Number]) -> Oee:
    """Our value for the inputs of an OEE case."""
    values = {name: float(value) for name, value in inputs.items()}
    if values.keys() <= SYMBOLS:
        return _from_symbols(values)
    if values.keys() == FACTORS:
        run = values["availability"]
        made = run * values["performance"]
        output = Output.of(pri_s=1, produced=made, good=made * values["quality"])
        return Oee(TimeElements(pbt_s=1, apt_s=run), output)
    if values.keys() == PLAIN:
        time = TimeElements(pbt_s=values["ideal_units"])
        return Oee(time, Output.of(pri_s=1, produced=values["good"], good=values["good"]))
    return _from_shop_words(values)


def reliability_of(inputs: Mapping[str, Number]) -> Reliability:
    """Our value for the inputs of a reliability case; means alone stand for one failure."""
    times, failures = _times(inputs), int(inputs.get("failures", 1))
    operating_s = times.get("operating", times.get("mtbf", 0) * failures)
    repair_s = times.get("total_repair", times.get("mttr", 0) * failures)
    return Reliability(operating_s=operating_s, repair_s=repair_s, failures=failures)


def oee_figures(inputs: Mapping[str, Number]) -> dict[str, Callable[[], float | None]]:
    """What we compute, by the name that a source may give it. Times are in seconds."""
    one = oee_of(inputs)
    time, output, run_s = one.time, one.output, one.output.planned_run_s
    symbols = inputs.keys() <= SYMBOLS
    broken = Reliability(
        operating_s=float(inputs.get("TBF_i", 0)),
        repair_s=float(inputs.get("TTR_i", 0)),
        failures=int(inputs.get("FE", 0)),
        iso_divisor=True,
    )
    per_piece = (run_s or 0) / output.produced if output.produced else 0

    def pieces(seconds: float | None) -> float | None:
        return seconds / per_piece if per_piece and seconds is not None else None

    figures: dict[str, Callable[[], float | None]] = {
        "availability": lambda: one.availability,
        "effectiveness": lambda: one.effectiveness,
        "performance": lambda: one.effectiveness,
        "quality": lambda: one.quality_ratio,
        "quality_ratio": lambda: one.quality_ratio,
        "oee": lambda: one.oee_index,
        "OEE": lambda: one.oee_index,
        "NEE": lambda: one.nee_index,
        "utilization_efficiency": lambda: one.utilization_efficiency,
        "allocation_efficiency": lambda: one.allocation_efficiency,
        "technical_efficiency": lambda: one.technical_efficiency,
        "setup_ratio": lambda: one.setup_rate,
        "scrap_ratio": lambda: one.scrap_ratio,
        "rework_ratio": lambda: one.rework_ratio,
        "first_pass_yield": lambda: one.first_pass_yield,
        "throughput_rate": lambda: one.throughput_pieces_per_s,
        "good": lambda: output.good,
        "planned_production": lambda: time.pbt_s,
        "run": lambda: time.apt_s,
        "fully_productive": lambda: output.planned_run_good_s,
        "lost_downtime": lambda: pieces(one.losses_s[0]),
        "lost_slow": lambda: pieces(one.losses_s[1]),
        "lost_units_total": lambda: pieces(time.pbt_s - (output.planned_run_good_s or 0)),
        "all_time_24h_teep": lambda: one.teep,
        "oee_partial": lambda: Oee(time, replace(output, planned_run_good_s=run_s)).oee_index,
    }
    if symbols:
        figures |= {"MTBF": lambda: broken.mtbf_s, "MTTR": lambda: broken.mttr_s}
    return figures


def reliability_figures(inputs: Mapping[str, Number]) -> dict[str, Callable[[], float | None]]:
    """What we compute of a reliability case, by name. Times are in seconds."""
    one = reliability_of(inputs)
    return {
        "mtbf": lambda: one.mtbf_s,
        "mttr": lambda: one.mttr_s,
        "availability": lambda: one.inherent_availability,
    }


def _from_symbols(v: Mapping[str, float]) -> Oee:
    time = TimeElements(
        pbt_s=v["PBT"] if "PBT" in v else v["POT"] - v["PDOT"],
        apt_s=v.get("APT", 0),
        aust_s=v.get("AUST", 0),
        adet_s=v.get("ADET", 0),
        aubt_s=v.get("AUBT", 0),
        aoet_s=v.get("AOET", 0),
        calendar_s=v.get("POT", 0),
    )
    if time.aupt_s != v.get("AUPT", time.aupt_s):
        raise ValueError(f"AUPT is {v['AUPT']}; APT + AUST is {time.aupt_s}")
    output = Output.of(
        pri_s=v.get("PRI"),
        produced=v.get("PQ", 0),
        good=v.get("GQ", 0),
        rework=v.get("RQ", 0),
        scrap=v.get("SQ", 0),
        planned_scrap=v.get("PSQ", 0),
        inspected=v.get("IP", 0),
        good_first_pass=v.get("GP", 0),
    )
    return Oee(time, output)


def _from_shop_words(v: Mapping[str, float]) -> Oee:
    t = _times(v)
    whole = next(t[n] for n in ("planned", "scheduled", "total", "shift", "calendar") if n in t)
    busy_s = whole - t.get("breaks", 0) - t.get("planned_breaks", 0)
    stopped_s = sum(t.get(n, 0) for n in ("stop", "unplanned", "downtime"))
    if "ideal_cycle" in t:
        pri_s = t["ideal_cycle"]
    else:
        pri_s = 60 / v["target_units_per_min"] if "target_units_per_min" in v else 0
        pri_s = pri_s or 3600 / v["typical_per_h"]
    produced = v.get("total", v.get("units_made", 0))
    good = v.get("good", produced - v.get("reject", 0))
    return Oee(
        TimeElements(pbt_s=busy_s, apt_s=t.get("run", busy_s - stopped_s), calendar_s=DAY_S),
        Output.of(pri_s=pri_s, produced=produced, good=good),
    )


def _times(inputs: Mapping[str, Number]) -> dict[str, float]:
    """The times of a case in seconds, by their names without unit."""
    times = {}
    for name, value in inputs.items():
        word, _, unit = name.rpartition("_")
        if unit in UNIT_S and word and not word.endswith("_per"):
            times[word] = float(value) * UNIT_S[unit]
        elif name not in _COUNTS:
            times[name] = float(value)
    return times
