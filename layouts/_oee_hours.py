"""What the OEE page shows by time, as rows: the hours, and the states of a single unit as stripes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from layouts._losses import Lost, named
from layouts._oee_flow import holds_up
from layouts._oee_rows import HUES, Standings, meter, signed
from layouts._slots import Row, Rows
from layouts._words import NOTHING, ms, number, site_time
from mes.snapshot import Snapshot
from mes.states import STATES

_SLOTS = ("at", "want", "good", "gap", "reject", "worst", "bar@style")
HOURS, TICKS = 13, 13
DAYS_US = 20 * 3_600_000_000  # what is longer is a day, of 23 hours at least


def hour_rows(now: Snapshot, shown: Standings, slots: int = HOURS, *, serial: bool = False) -> Rows:
    """What was made in each hour, or each day of a long window. serial: and who held the line up."""
    found = list(shown.hours().items())[-slots:]
    most = max([1.0, *(max(want or 0, a.counted[0]) for _, (a, want) in found)])
    out: Rows = {}
    for n in range(slots):
        if n >= len(found):
            empty = dict.fromkeys(_SLOTS + (("holds",) if serial else ()), "")
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
            "at": _at(start, end, now.plant.time_zone),
            "want": number(want),
            "good": number(good),
            "gap": NOTHING if gap is None else signed(gap, 1, 0),
            "@data-behind": "yes" if gap is not None and gap <= -0.5 else "no",
            "reject": number(reject),
            "worst": worst[0].word if worst else "",
            "@data-look": worst[0].look if worst else "run",
            "bar@style": meter(good / most, None if want is None else want / most),
        }
        if serial:
            out[f"hour:{n}"]["holds"] = holds_up(shown, start, end)
    days = any(end - start > DAYS_US for (start, end), _ in found)
    return out | {"hours": _sum(shown), "by": {"title": "Day by day" if days else "Hour by hour"}}


def _at(start_us: int, end_us: int, zone: str) -> str:
    if end_us - start_us > DAYS_US:
        at = datetime.fromtimestamp(start_us / 1e6, UTC).astimezone(ZoneInfo(zone))
        return f"{at:%a} {at.day} {at:%b}"
    return "–".join(site_time(us, now_us=us, zone=zone) for us in (start_us, end_us))


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
        empty = {"stripes@style": "", "stripes@data-from": "", "stripes@data-until": ""}
        return {"line": empty, **ticks}
    (one,) = shown.found
    long = one.end_us - one.start_us
    stripes = []
    for part in one.line:
        hue = HUES.get((STATES.get(part.state) or STATES["unknown"]).look, "var(--idle)")
        hue = HUES["stale"] if part.state == "unknown" else hue
        edges = [(us - one.start_us) / long * 100 for us in (part.start_us, part.end_us or 0)]
        stripes.append(f"{hue} {edges[0]:.3f}% {edges[1]:.3f}%")
    end = (one.until_us - one.start_us) / long * 100
    stripes.append(f"transparent {end:.3f}%")
    inside = one.edges[1:-1]
    for n, us in enumerate(inside[:: -(-len(inside) // TICKS) or 1]):
        at = site_time(us, now_us=us, zone=now.plant.time_zone)
        style = f"--at:{(us - one.start_us) / long:.4f}"
        ticks[f"tick:{n}"] = {"@data-on": "yes", "@style": style, "at": at}
    return {
        "line": {
            "stripes@style": f"--states:linear-gradient(90deg, {', '.join(stripes)})",
            "stripes@data-from": ms(one.start_us),
            "stripes@data-until": ms(one.end_us),
        },
        **ticks,
    }
