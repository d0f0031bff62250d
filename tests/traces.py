"""Traces for tests: one that is made up, and two of real plants where a test is told of them.

The real ones are research data that are not shipped. TAKT_REFERENCE names the folders that hold
them, separated as in PATH; what is known of a file stands beside it as `…_invariants.json`. What
the columns of the two files mean is known here and nowhere else.
"""

import csv
import gzip
import json
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mes.states import STATES
from simulator.trace import COLUMNS, OPTIONAL, Row

PRODUCTION_LOG = "production_log_first_half.csv.gz"
SME = "sme_companyA_assets_0_1.csv.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source tells at once: a state from `start_s` to `end_s`, and the pieces made in it."""

    machine: str
    start_s: float
    end_s: float
    state: str
    good: int
    reject: int = 0
    fault: int = 0


@dataclass
class Account:
    """What a machine did: pieces, seconds by state, how often it went into each, its alarms."""

    good: int = 0
    reject: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)
    alarms: int = 0

    def stay(self, state: str, seconds: float, *, alarm: bool) -> None:
        if seconds > 0:
            self.seconds[state] += seconds
            self.times[state] += 1
            self.alarms += alarm


def found(name: str) -> Path | None:
    """The file of that name in a folder that TAKT_REFERENCE names; None without one."""
    named = [part for part in os.environ.get("TAKT_REFERENCE", "").split(os.pathsep) if part]
    paths = (path for part in named for path in Path(part).expanduser().rglob(name))
    return next(paths, None)


def invariants(path: Path) -> Any:
    """What is known of a file."""
    known = path.name.replace(".csv.gz", "").replace("_first_half", "").replace("_assets_0_1", "")
    return json.loads(path.with_name(f"{known}_invariants.json").read_text())["computed_here"]


def production_log(path: Path) -> Iterator[Report]:
    """Reports of work at a machine; the log does not say its zone: it is taken for UTC.

    S is set-up, B a breakdown, D work; pieces are told when a report is closed.
    """
    states = {"S": "changeover", "B": "stopped", "D": "running"}
    for told in _rows(path):
        start, end = (
            datetime.fromisoformat(told[key]).replace(tzinfo=UTC) for key in ("start", "complete")
        )
        yield Report(
            machine=machine_id(told["resource"]),
            start_s=start.timestamp(),
            end_s=end.timestamp(),
            state=states[told["report_type"]],
            good=int(told["qty_completed"]),
            reject=int(told["qty_rejected"]),
        )


def machine_id(name: str) -> str:
    """A machine's name as an id: "Machine 4 - Turning & Milling" is machine-4-turning-milling."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))


def sme(path: Path) -> Iterator[Report]:
    """What a machine's box told about every five minutes: `status_time` lies before the moment.

    No two reports of a machine overlap when they are read so; read the other way many would.
    """
    states = {"1.0": "manual", "2.0": "running", "3.0": "stopped"}
    for told in _rows(path):
        end_s = datetime.fromisoformat(told["ts"]).timestamp()
        yield Report(
            machine=f"asset-{told['asset']}",
            start_s=end_s - float(told["status_time"]),
            end_s=end_s,
            state=states[told["status"]],
            good=int(float(told["items"])),
            fault=int(told["status"] == "3.0"),
        )


def made_up(machines: Iterable[str], *, seed: int, stays: int = 8) -> list[Row]:
    """A few dozen rows: each machine stays in `stays` states for 200 to 400 s, and counts."""
    rng, rows = random.Random(seed), []
    states = [key for key in STATES if key != "unknown"]
    for machine in machines:
        at_s = 0.0
        for state in rng.sample(states, stays):
            fault = rng.randrange(1, 300) if STATES[state].stops else 0
            rows.append(Row(at_s, machine, state, 0, 0, fault))
            lasts_s = rng.uniform(200, 400)
            rows.append(
                Row(at_s + lasts_s / 2, machine, "", rng.randrange(90), rng.randrange(9), 0)
            )
            at_s += lasts_s
        rows.append(Row(at_s, machine, "idle", 1, 0, 0))
    return sorted(rows, key=lambda row: row.at_s)


def rows_of(reports: Iterable[Report]) -> list[Row]:
    """The reports as rows. A machine is in one state at a time: of several at once, the worst."""
    by_machine = defaultdict(list)
    for report in reports:
        by_machine[report.machine].append(report)
    rows = [row for found in by_machine.values() for row in _rows_of_one(found)]
    return sorted(rows, key=lambda row: row.at_s)


def _rows_of_one(reports: list[Report]) -> Iterator[Row]:
    begun, closed = defaultdict(list), defaultdict(list)
    for report in reports:
        begun[report.start_s].append(report)
        closed[report.end_s].append(report)
    before, goes_on = ("idle", 0), list[Report]()
    for at_s in sorted(begun.keys() | closed.keys()):
        goes_on = [r for r in (*goes_on, *begun[at_s]) if r.end_s > at_s]
        good, reject = sum(r.good for r in closed[at_s]), sum(r.reject for r in closed[at_s])
        worst = min(goes_on, key=lambda r: STATES[r.state].rank, default=None)
        now = (worst.state, worst.fault) if worst else ("idle", 0)
        if now != before:
            yield Row(at_s, reports[0].machine, now[0], good, reject, now[1])
        elif good or reject:
            yield Row(at_s, reports[0].machine, "", good, reject, 0)
        before = now


def accounts(rows: list[Row]) -> dict[str, Account]:
    """What every machine did between the first row and the last, by the rows themselves."""
    first_s, last_s = rows[0].at_s, rows[-1].at_s
    out: dict[str, Account] = defaultdict(Account)
    since = {row.machine: (first_s, "idle", 0) for row in rows}
    for row in [*rows, *(Row(last_s, machine, "idle", 0, 0, 0) for machine in since)]:
        account = out[row.machine]
        account.good += row.good
        account.reject += row.reject
        was_s, state, fault = since[row.machine]
        if row.state and ((row.state, row.fault) != (state, fault) or row.at_s == last_s):
            account.stay(state, row.at_s - was_s, alarm=fault > 0)
            since[row.machine] = row.at_s, row.state, row.fault
    return dict(out)


def first_hours(rows: list[Row], hours: float) -> list[Row]:
    return [row for row in rows if row.at_s - rows[0].at_s <= hours * 3600]


def write(rows: Iterable[Row], path: Path) -> Path:
    """The rows in the shape that the simulator reads."""
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([*COLUMNS, *OPTIONAL])
        for row in rows:
            at = datetime.fromtimestamp(row.at_s, UTC).isoformat()
            lines.writerow([at, row.machine, row.state, row.good, row.reject, row.fault])
    return path


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
