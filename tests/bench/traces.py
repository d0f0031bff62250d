"""Whole traces of real plants through servers, collectors and engine, against what is known of them.

Without TAKT_REFERENCE a trace that is made up is played in their place.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.trace import Row
from tests import traces
from tests.bench.figures import Result
from tests.replaying import Replayed, replayed
from tests.traces import Account, Report

PRODUCTION_SPEED = 20_000  # 46 days in 200 s
SME_SPEED = 10_000  # 20 days in 170 s
STAMP_S = 2e-6  # as in tests/protocol/test_trace.py
MINUTES_MAX = 0.1  # of 46 days: STAMP_S × speed × a hundred stays or so of a machine is 4 s
SECONDS_MAX = 60.0  # of 20 days: so much for some thousands of stays


def run() -> Result:
    out = Result("traces")
    if path := traces.found(traces.PRODUCTION_LOG):
        reports = list(traces.production_log(path))
        found = _play(out, "production log", traces.rows_of(reports), PRODUCTION_SPEED)
        _production_log(out, found, traces.invariants(path), reports)
    if path := traces.found(traces.SME):
        found = _play(out, "SME", traces.rows_of(traces.sme(path)), SME_SPEED)
        _sme(out, found, traces.invariants(path))
    if not out.series:
        rows = traces.made_up([f"m{n}" for n in range(10)], seed=1)
        _play(out, "made up", rows, 200)
        out.notes.append("TAKT_REFERENCE names no folder with the real traces")
    return out


def _play(out: Result, name: str, rows: list[Row], speed: float) -> Mapping[str, Account]:
    """Play `rows`, and compare what is on record with the rows themselves."""
    with tempfile.TemporaryDirectory(prefix="takt-bench-", ignore_cleanup_errors=True) as folder:
        found = replayed(Path(folder), rows, speed=speed)
    wanted = traces.accounts(rows)
    _told(out, name, rows, speed, found)
    lost = sum(
        abs(a.good - found.accounts[m].good) + abs(a.reject - found.accounts[m].reject)
        for m, a in wanted.items()
    )
    alarms = sum(abs(a.alarms - found.accounts[m].alarms) for m, a in wanted.items())
    out.add(f"{name}: pieces lost or doubled, of all machines", "", lost, value=0)
    out.add(f"{name}: stays with a fault lost or doubled", "", alarms, value=0)
    stays = [
        abs(found.accounts[m].seconds[state] - a.seconds[state]) / max(1, a.times[state])
        for m, a in wanted.items()
        for state in a.seconds.keys() | found.accounts[m].seconds.keys()
    ]
    out.add(
        f"{name}: time of a state that differs, a stay",
        "s of the trace",
        stays,
        max=STAMP_S * speed,
    )
    return found.accounts


def _told(out: Result, name: str, rows: list[Row], speed: float, found: Replayed) -> None:
    good = sum(row.good for row in rows)
    reject = sum(row.reject for row in rows)
    out.notes.append(
        f"{name}: {len(found.accounts)} machines, {len(rows)} rows, {rows[-1].at_s - rows[0].at_s:,.0f} s "
        f"at {speed:,} times as fast in {found.wall_s:.0f} s; {good} good pieces, {reject} rejected"
    )


def _production_log(
    out: Result, found: Mapping[str, Account], known: Any, reports: list[Report]
) -> None:
    machines = {traces.machine_id(name): row for name, row in known["by_machine"].items()}
    pieces = [
        m for m, k in machines.items() if _pieces(found[m]) != (k["completed"], k["rejected"])
    ]
    off = {m: _minutes_off(found[m], k["minutes"]) for m, k in machines.items()}
    apart = {m for m in machines if not _overlap([r for r in reports if r.machine == m])}
    wrong = [m for m in apart if off[m] > MINUTES_MAX]
    unknown = sum(a.seconds["unknown"] for a in found.values())
    told = "production log: machines"
    out.add(
        f"{told} whose pieces are not the known ones", f"of {len(machines)}", len(pieces), value=0
    )
    out.add(
        f"{told} without overlaps whose minutes are not", f"of {len(apart)}", len(wrong), value=0
    )
    out.add("production log: time that is unknown", "s of the trace", unknown, value=0)
    for m in sorted(machines.keys() - apart, key=lambda m: -off[m]):
        minutes = sum(machines[m]["minutes"].values())
        out.notes.append(
            f"production log: {m}: its reports overlap, {off[m]:,.0f} of {minutes:,} min differ"
        )
    rest = {key: sum(k[key] for k in machines.values()) for key in ("mrb", "rework", "events")}
    out.notes.append(f"production log: Takt cannot express yet: {known['cases']} cases, {rest}")


def _minutes_off(account: Account, known: Mapping[str, int]) -> float:
    kinds = {"S": "changeover", "B": "stopped", "D": "running"}
    return sum(abs(account.seconds[s] / 60 - known.get(kind, 0)) for kind, s in kinds.items())


def _sme(out: Result, found: Mapping[str, Account], known: Any) -> None:
    states = {"1.0": "manual", "2.0": "running", "3.0": "stopped"}
    for asset, told in known.items():
        account, name = found[f"asset-{asset}"], f"SME, asset {asset}"
        off = sum(
            abs(account.seconds[state] - told["by_status"].get(key, {}).get("status_time", 0))
            for key, state in states.items()
        )
        alarms = abs(account.alarms - told["alarm_rows"])
        out.add(f"{name}: items that differ", "", abs(account.good - told["items"]), value=0)
        out.add(f"{name}: time by status that differs", "s of the trace", off, value=SECONDS_MAX)
        out.add(f"{name}: stays with an alarm that differ", "", alarms, value=0)
        out.add(f"{name}: time that is unknown", "s", account.seconds["unknown"], value=0)


def _pieces(account: Account) -> tuple[int, int]:
    return account.good, account.reject


def _overlap(reports: list[Report]) -> bool:
    """Whether one begins while another goes on."""
    ends_s = 0.0
    for report in sorted((r for r in reports if r.end_s > r.start_s), key=lambda r: r.start_s):
        if report.start_s < ends_s:
            return True
        ends_s = max(ends_s, report.end_s)
    return False
