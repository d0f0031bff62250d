"""What the OEE page shows of units in their shift, as rows: gauge, waterfall, losses, hours, states."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from layouts._losses import (
    COLUMNS_MAX,
    FACTORS,
    Column,
    Lost,
    Named,
    Words,
    columns,
    minutes,
    named,
    texts,
)
from layouts._slots import Row, Rows
from layouts._words import NOTHING, ms, number, site_time
from mes.equipment import WorkUnit
from mes.losses import Account, total
from mes.reasons import Reasons
from mes.snapshot import Snapshot
from mes.standing import Standing
from mes.usual_reasons import USUAL

FALLS, LOSSES = COLUMNS_MAX + 3, 8
DAYS = 7  # that are drawn beside the gauge
LATE_US = 15_000_000  # what is on record is so far behind at most while a shift runs
_RING = {"good": "run", "availability": "stop", "effectiveness": "idle", "quality": "material"}
NEVER = "9999999999999"
HUES = {look: f"var(--{look})" for look in ("run", "help", "stop", "material", "idle")} | {
    "stale": "var(--hatch-b)"
}


class Standings:
    """Units that are added up, with how they stand; those of which nothing is on record are left out."""

    def __init__(self, units: Sequence[WorkUnit], found: Sequence[Standing]) -> None:
        self.units, self.found = units, found
        alone = len(found) == 1  # whose sums stand there already
        self.whole = found[0].account if alone else total(one.account for one in found)
        self.oee = found[0].oee if alone else self.whole.oee
        reasons = found[0].why.reasons if found else Reasons(USUAL)
        self.words = Words(texts(unit.fault_texts for unit in units), reasons)

    @staticmethod
    def lost(one: Standing) -> Lost:
        """A unit's losses, with what makes parts and money of them."""
        return Lost(one.account.losses, one.cycle_s, one.cost_per_h)

    @property
    def plan(self) -> float | None:
        """Good pieces that are planned for the whole shift; None where one has no plan."""
        return _sum_of(one.plan for one in self.found)

    @property
    def expected(self) -> float | None:
        """Good pieces that were to be made by now."""
        return _sum_of(one.expected(one.account) for one in self.found)

    @property
    def over(self) -> bool:
        """Whether the shift of all of them has ended."""
        return all(one.until_us >= one.end_us for one in self.found)

    @property
    def stale_at(self) -> str:
        """When it is no longer what is so now, for the painter; a shift that ended stays so."""
        return NEVER if self.over else ms(max(one.until_us for one in self.found) + LATE_US)

    def hours(self) -> dict[tuple[int, int], tuple[Account, float | None]]:
        """(start, end) → the account of the units in it, and the good pieces that were expected."""
        by_hour: dict[tuple[int, int], list[tuple[Account, float | None]]] = {}
        for one in self.found:
            for window, account in zip(pairwise(one.edges), one.hours, strict=True):
                by_hour.setdefault(window, []).append((account, one.expected(account)))
        out = {
            window: (total(account for account, _ in found), _sum_of(want for _, want in found))
            for window, found in sorted(by_hour.items())
        }
        return {at: one for at, one in out.items() if one[0] != _nothing(one[0])}


def _sum_of(found: Iterable[float | None]) -> float | None:
    """None where there is nothing, or one is not known."""
    known = list(found)
    return None if not known or None in known else sum(one for one in known if one is not None)


def _nothing(one: Account) -> Account:
    """The account of an hour of as much calendar time in which nothing was planned or made."""
    return Account(calendar_us=one.calendar_us)


def standings(now: Snapshot, units: Iterable[WorkUnit]) -> Standings:
    mine = [unit for unit in units if unit.id in now.standings]
    return Standings(mine, [now.standings[unit.id] for unit in mine])


def rows_of(now: Snapshot, shown: Standings) -> Rows:
    """All rows but those of single units."""
    whole = shown.whole
    losses = named(map(shown.lost, shown.found), shown.words)
    out: Rows = {"oee": _gauge(whole, shown), "window": window_row(now, shown)}
    falls = columns(whole, losses) if whole.pbt_us else []
    out["fall"] = {
        "pbt": minutes(whole.pbt_us),
        "good": minutes(whole.good_us),
        "good_bar@style": f"--low:0;--high:{_part(whole.good_us, whole.pbt_us):.4f}",
        "closes": f"{minutes(whole.good_us)} good + {minutes(whole.pbt_us - whole.good_us)} lost"
        f" = {minutes(whole.pbt_us)}",
    }
    for n in range(FALLS):
        out[f"fall:{n}"] = _fall(falls[n] if n < len(falls) else None)
    most = max((one.us for one in losses), default=0)
    lost = sum(one.us for one in losses)
    so_far = 0
    for n in range(LOSSES):
        one = losses[n] if n < len(losses) else None
        so_far += one.us if one else 0
        out[f"loss:{n}"] = _loss(one, most, _part(so_far, lost))
    money = "yes" if any(one.cost is not None for one in losses) else "no"
    out |= {"burst": _burst(whole, losses), "money": {"@data-on": money}}
    return out | {"coded": _coded(now, shown)}


def _coded(now: Snapshot, shown: Standings) -> Row:
    """How much of the stops has a reason, and how often money can be made of losses."""
    coded, currency = shown.whole.coded, now.plant.currency
    return {
        "part": "nothing stood" if coded is None else f"coded {coded * 100:.0f} %",
        "currency": currency or "money",
    }


def _burst(whole: Account, losses: Sequence[Named]) -> Row:
    """Two rings: factors inside, what they were lost to outside, in the same order."""
    order = ("good", *FACTORS)
    parts = [("good", "run", whole.good_us)]
    parts += [(one.factor, one.look, one.us) for one in losses if one.us > 0]
    parts.sort(key=lambda part: (order.index(part[0]), -part[2]))
    inside = [(f, _RING[f], sum(us for g, _, us in parts if g == f)) for f in order]
    return {"inner@style": _ring(inside), "outer@style": _ring(parts)}


def _ring(parts: Sequence[tuple[str, str, int]]) -> str:
    whole, at, stripes = sum(us for *_, us in parts), 0, []
    for _, look, us in parts:
        edges = (at / whole * 360, (at + us) / whole * 360) if whole else (0.0, 0.0)
        stripes.append(f"{HUES[look]} {edges[0]:.2f}deg {edges[1]:.2f}deg")
        at += us
    return f"--ring:conic-gradient({', '.join(stripes)})" if whole else "--ring:var(--sunken)"


def _part(part: float, whole: float) -> float:
    return max(0.0, min(1.0, part / whole)) if whole else 0.0


def signed(value: float, times: float = 100, decimals: int = 1) -> str:
    """With its sign, a true minus; 0 has none."""
    text = f"{value * times:+,.{decimals}f}"
    return text[1:] if not text.strip("+-0.,") else text.replace("-", "−")


def meter(ratio: float | None, mark: float | None) -> str:
    """The style of a bar and its mark, both of 0 to 1."""
    drawn = f"--v:{_part(ratio or 0, 1):.4f}"
    return drawn if mark is None else f"{drawn};--t:{_part(mark, 1):.4f}"


def percent(ratio: float | None) -> str:
    return NOTHING if ratio is None else f"{ratio * 100:.1f}"


def target_of(shown: Standings) -> float | None:
    """The target of what is shown: weighted by planned busy time, None where a unit has none."""
    pairs = [(one.target, one.account.pbt_us) for one in shown.found]
    busy = sum(us for _, us in pairs)
    if not busy or any(target is None for target, _ in pairs):
        return None
    return sum((target or 0) * us for target, us in pairs) / busy


def _gauge(whole: Account, shown: Standings) -> Row:
    oee, target = shown.oee, target_of(shown)
    found = oee.oee_index
    met = found is not None and (target is None or found >= target)
    row = {
        "@data-stale-at": shown.stale_at,
        "index": percent(found),
        "u": "%" if found is not None else "",
        "dial@style": meter(found, target),
        "dial@data-target": "no" if target is None else "yes",
        "dial@data-look": "idle" if found is None else "run" if met else "stop",
        "target": "no target set" if target is None else f"target {percent(target)} %",
        "gap": "" if target is None or found is None else f"{signed(found - target)} to target",
        **_trend(found, shown),
        "suspect": "; ".join(oee.suspect),
        "outside": f"{whole.outside:,} pieces outside of planned busy time"
        if whole.outside
        else "",
    }
    for name in ("availability", "effectiveness", "quality_ratio"):
        ratio = getattr(oee, name)
        row |= {name: percent(ratio), f"{name}_bar@style": meter(ratio, None)}
    return row | _elements(whole)


def _trend(now: float | None, shown: Standings) -> Row:
    """The shift against the days before it, and each of these as a bar."""
    by_day = zip(*(one.days for one in shown.found), strict=True)
    days = [total(accounts) for accounts in by_day]
    ratios = [day.oee.oee_index for day in days]
    before = total(days).oee.oee_index if days else None
    row = {f"day{n}@style": "" for n in range(DAYS)}
    row |= {
        f"day{n}@style": f"--v:{_part(ratio, 1):.4f}"
        for n, ratio in enumerate(ratios)
        if ratio is not None
    }
    if now is None or before is None:
        return row | {"trend": "", "spark@data-on": "no"}
    arrow = "▲" if now - before > 0.005 else "▼" if now - before < -0.005 else "●"
    words = f"{arrow} {signed(now - before)} to 7 days, {percent(before)} %"
    return row | {"trend": words, "spark@data-on": "yes"}


def _elements(whole: Account) -> Row:
    """What each ratio is formed of, for whoever asks where it comes from."""
    run, good = whole.run_ns, whole.good_us
    run_text = NOTHING if run is None else minutes(run // 1000)
    return {
        "pbt": minutes(whole.pbt_us),
        "apt": minutes(whole.apt_us),
        "run": run_text,
        "run_good": NOTHING if whole.run_good_ns is None else minutes(good),
        "pq": number(whole.good + whole.reject),
        "gq": number(whole.good),
        "mtbf": _length(whole.reliability.mtbf_s),
        "mttr": _length(whole.reliability.mttr_s),
        "failures": number(whole.failures),
    }


def _length(s: float | None) -> str:
    return NOTHING if s is None else minutes(round(s * 1e6))


def window_row(now: Snapshot, shown: Standings) -> Row:
    zone = now.plant.time_zone
    if not shown.found:
        words = "no calendar, or nothing on record yet"
        return {"shift": "No shift", "from": "", "until": words, "@data-stale-at": NEVER,
                "age@data-since": ""}  # fmt: skip
    start, until = (f(x) for f, x in ((min, [s.start_us for s in shown.found]),
                                      (max, [s.until_us for s in shown.found])))  # fmt: skip
    over = shown.over
    names, shift = dict.fromkeys(one.shift for one in shown.found), shown.found[0].is_shift
    return {
        "shift": ", ".join(names) + (", ended" if over and shift else ""),
        "from": site_time(start, now_us=until if shift else 0, zone=zone),
        "until": "to "
        + site_time(until, now_us=until if shift else 0, zone=zone, seconds=not (over and shift)),
        "age@data-since": "" if over else ms(until),
        "@data-stale-at": shown.stale_at,
    }


def _fall(column: Column | None) -> Row:
    if column is None:
        return {"@data-on": "no", "@data-look": "idle", "@data-coded": "yes", "bar@style": "",
                "word": "", "us": ""}  # fmt: skip
    return {
        "@data-on": "yes",
        "@data-look": column.loss.look,
        "@data-coded": "no" if column.loss.uncoded else "yes",
        "bar@style": f"--low:{column.low:.4f};--high:{column.high:.4f}",
        "word": column.loss.word,
        "us": minutes(-column.loss.us),
    }


def _loss(one: Named | None, most: int, together: float) -> Row:
    if one is None:
        empty = dict.fromkeys(("word", "us", "parts", "cost", "together", "bar@style"), "")
        return {"@data-on": "no", "@data-look": "idle", "@data-coded": "yes", **empty}
    return {
        "@data-on": "yes",
        "@data-look": one.look,
        "word": one.word,
        "us": f"{one.us / 6e7:,.1f}",
        "parts": number(one.parts),
        "cost": number(one.cost),
        "@data-coded": "no" if one.uncoded else "yes",
        "together": f"{together * 100:.0f} %",
        "bar@style": f"--v:{_part(one.us, most):.4f}",
    }
