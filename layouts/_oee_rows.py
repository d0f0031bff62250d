"""What the OEE page shows of units in their shift, as rows: gauge, waterfall, losses, hours, states."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from layouts._losses import COLUMNS_MAX, Column, Lost, Named, Words, columns, minutes, named, texts
from layouts._slots import Row, Rows
from layouts._words import NOTHING, ms, number, site_time
from mes.equipment import WorkUnit
from mes.losses import Account, total
from mes.reasons import Reasons
from mes.snapshot import Snapshot
from mes.standing import Standing
from mes.states import STATES
from mes.usual_reasons import USUAL

FALLS, LOSSES, HOURS, TICKS = COLUMNS_MAX + 3, 8, 13, 13
LATE_US = 15_000_000  # what is on record is so far behind at most while a shift runs
NEVER = "9999999999999"
_HUES = {look: f"var(--{look})" for look in ("run", "help", "stop", "material", "idle")}


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
    return out | _hours(now, shown)


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
        "suspect": "; ".join(oee.suspect),
        "outside": f"{whole.outside:,} pieces outside of planned busy time"
        if whole.outside
        else "",
    }
    for name in ("availability", "effectiveness", "quality_ratio"):
        ratio = getattr(oee, name)
        row |= {name: percent(ratio), f"{name}_bar@style": meter(ratio, None)}
    return row | _elements(whole)


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
    names = dict.fromkeys(one.shift for one in shown.found)
    return {
        "shift": ", ".join(names) + (", ended" if over else ""),
        "from": site_time(start, now_us=until, zone=zone),
        "until": "to " + site_time(until, now_us=until, zone=zone, seconds=not over),
        "age@data-since": "" if over else ms(until),
        "@data-stale-at": shown.stale_at,
    }


def _fall(column: Column | None) -> Row:
    if column is None:
        return {"@data-on": "no", "@data-look": "idle", "bar@style": "", "word": "", "us": ""}
    return {
        "@data-on": "yes",
        "@data-look": column.loss.look,
        "bar@style": f"--low:{column.low:.4f};--high:{column.high:.4f}",
        "word": column.loss.word,
        "us": minutes(-column.loss.us),
    }


def _loss(one: Named | None, most: int, together: float) -> Row:
    if one is None:
        empty = dict.fromkeys(("word", "us", "together", "bar@style"), "")
        return {"@data-on": "no", "@data-look": "idle", **empty}
    return {
        "@data-on": "yes",
        "@data-look": one.look,
        "word": one.word,
        "us": f"{one.us / 6e7:,.1f}",
        "together": f"{together * 100:.0f} %",
        "bar@style": f"--v:{_part(one.us, most):.4f}",
    }


def _hours(now: Snapshot, shown: Standings) -> Rows:
    zone = now.plant.time_zone
    found = list(shown.hours().items())[-HOURS:]
    most = max([1.0, *(max(want or 0, a.counted[0]) for _, (a, want) in found)])
    out: Rows = {}
    for n in range(HOURS):
        if n >= len(found):
            empty = dict.fromkeys(("at", "want", "good", "gap", "reject", "worst", "bar@style"), "")
            out[f"hour:{n}"] = {
                "@data-on": "no", "@data-behind": "no", "@data-look": "idle", **empty,
            }  # fmt: skip
            continue
        (start, end), (account, want) = found[n]
        worst = named([Lost(account.losses)], shown.words)[:1]
        good, reject = account.counted
        gap = None if want is None else good - want
        out[f"hour:{n}"] = {
            "@data-on": "yes",
            "at": f"{site_time(start, now_us=start, zone=zone)}–{site_time(end, now_us=end, zone=zone)}",
            "want": number(want),
            "good": number(good),
            "gap": NOTHING if gap is None else signed(gap, 1, 0),
            "@data-behind": "yes" if gap is not None and gap <= -0.5 else "no",
            "reject": number(reject),
            "worst": worst[0].word if worst else "",
            "@data-look": worst[0].look if worst else "run",
            "bar@style": meter(good / most, None if want is None else want / most),
        }
    return out | {"hours": _sum(shown)}


def _sum(shown: Standings) -> Row:
    (good, reject), want = shown.whole.counted, shown.expected
    gap = None if want is None else good - want
    return {
        "want": number(want),
        "good": number(good),
        "gap": NOTHING if gap is None else signed(gap, 1, 0),
        "reject": number(reject),
    }


def line_rows(now: Snapshot, shown: Standings) -> Rows:
    """The states of a single unit as stripes, and where the full hours are."""
    ticks: Rows = {f"tick:{n}": {"@data-on": "no", "@style": "", "at": ""} for n in range(TICKS)}
    if len(shown.found) != 1:
        return {"line": {"stripes@style": ""}, **ticks}
    (one,) = shown.found
    long = one.end_us - one.start_us
    stripes = []
    for part in one.line:
        hue = _HUES.get((STATES.get(part.state) or STATES["unknown"]).look, "var(--idle)")
        hue = "var(--hatch-b)" if part.state == "unknown" else hue
        edges = [(us - one.start_us) / long * 100 for us in (part.start_us, part.end_us or 0)]
        stripes.append(f"{hue} {edges[0]:.3f}% {edges[1]:.3f}%")
    end = (one.until_us - one.start_us) / long * 100
    stripes.append(f"transparent {end:.3f}%")
    for n, us in enumerate(one.edges[1:-1][:TICKS]):
        at = site_time(us, now_us=us, zone=now.plant.time_zone)
        style = f"--at:{(us - one.start_us) / long:.4f}"
        ticks[f"tick:{n}"] = {"@data-on": "yes", "@style": style, "at": at}
    return {
        "line": {"stripes@style": f"--states:linear-gradient(90deg, {', '.join(stripes)})"},
        **ticks,
    }
