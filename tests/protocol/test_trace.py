"""Traces are played on real servers, read by the collectors, and kept: nothing of them is lost.

Of every trace the pieces of each machine, good and rejected, are on record to the last one, and so
is the time that it spent in each state. How exact a time can be is a matter of the protocol:

* OPC UA hands on the moment at which a state came true, in whole microseconds of a clock that runs
  `speed` times as fast: STAMP_S for each time the state was gone into.
* Modbus knows no time: a state begins with the poll that finds it, so each stay is wrong by one
  poll at most, and by as much again where a poll is late on a busy machine: 2 × POLL_S.

What the sources of the real traces say besides, and Takt cannot express yet:

* production log: `rework` (and `mrb`, pieces that wait for a verdict): pieces are good or rejected;
  `cases`, `events` and work_order_qty: no job orders, so no reports of work on one; `part`,
  `worker`. Minutes by kind of report hold only where reports do not overlap: several people who
  report at one machine at once (583 reports at Quality Check 1) are one state of it.
* SME: `products`; `power_avg` and `cycle_time`, as a trace has states and pieces only.

`merge`, `rows`, `duplicate_ts` and `blank_cells` are matters of the files, and so are `first` and
`last`: what is replayed is on record with the time of the replay.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.settings import DEMO
from simulator import truth
from tests import traces
from tests.own_redis import wait_until
from tests.replaying import POLL_S, config_text, replayed
from tests.running_plant import RunningPlant
from tests.traces import Account

pytestmark = pytest.mark.protocol
STAMP_S = 2e-6  # a moment is rounded to a microsecond when it is told, and so is where a stay ends


def reference(name: str) -> Path:
    return traces.found(name) or pytest.skip(f"{name} is in no folder that TAKT_REFERENCE names")


def test_a_trace_is_on_record_as_it_was_played_whatever_the_protocol(tmp_path: Path) -> None:
    machines, speed = ("lathe", "mill", "saw"), 600
    rows = traces.made_up(machines, seed=11)
    found = replayed(tmp_path, rows, speed=speed, modbus=("saw",))
    wanted = traces.accounts(rows)
    exact = dict.fromkeys(machines, STAMP_S * speed)
    assert_kept(found.accounts, wanted, exact | {"saw": 2 * POLL_S * speed})


@pytest.mark.parametrize(
    ("name", "reports", "hours", "speed"),
    [
        pytest.param(traces.PRODUCTION_LOG, traces.production_log, 30, 20_000, id="production log"),
        pytest.param(traces.SME, traces.sme, 14, 10_000, id="sme"),
    ],
)
def test_the_beginning_of_a_real_trace_is_on_record(
    tmp_path: Path, name: str, reports, hours: float, speed: float
) -> None:
    rows = traces.first_hours(traces.rows_of(reports(reference(name))), hours)
    found = replayed(tmp_path, rows, speed=speed)
    wanted = traces.accounts(rows)
    assert_kept(found.accounts, wanted, dict.fromkeys(wanted, STAMP_S * speed))


def test_a_simulator_that_is_killed_goes_on_behind_the_last_row_it_played(tmp_path: Path) -> None:
    rows = traces.made_up(("lathe", "saw"), seed=5)
    traces.write(rows, tmp_path / "trace.csv.gz")
    config = tmp_path / "config.toml"
    config.write_text(config_text(tmp_path / "data", ("lathe",), ("saw",), 1_000))
    plant, log = RunningPlant(tmp_path, config=config), tmp_path / "data" / "truth"

    def made() -> int:
        return sum(map(sum, truth.totals(log).values()))

    wanted = {machine: (a.good, a.reject) for machine, a in traces.accounts(rows).items()}
    try:
        for share in (0.2, 0.5):
            plant.start("simulate")
            least = share * sum(map(sum, wanted.values()))
            wait_until(lambda least=least: made() > least, what="some of the pieces")
            plant.kill("simulate")
        plant.start("simulate")
        wait_until(lambda: truth.totals(log) == wanted, what="every piece, once")
    finally:
        plant.end()


def test_a_trace_with_faults_is_not_played(tmp_path: Path) -> None:
    (tmp_path / "trace.csv.gz").write_bytes(b"no trace")
    config = tmp_path / "config.toml"
    config.write_text(config_text(tmp_path / "data", ("lathe",), (), 1))
    for role in ("simulate", "check", "run"):
        command = [sys.executable, "-m", "cli", role]
        told = subprocess.run(
            [*command, str(config)] if role == "check" else [*command, "--config", str(config)],
            cwd=DEMO.parent,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert told.returncode == 2
        assert "trace.csv.gz: cannot be read" in told.stderr
        assert "1 fault; nothing was started" in told.stderr


def assert_kept(
    found: Mapping[str, Account], wanted: Mapping[str, Account], each_s: Mapping[str, float]
) -> None:
    """Fail where pieces differ at all, alarms, or a time by more than `each_s` for each stay."""
    assert {m: (a.good, a.reject) for m, a in found.items()} == {
        m: (a.good, a.reject) for m, a in wanted.items()
    }
    assert {m: a.alarms for m, a in found.items()} == {m: a.alarms for m, a in wanted.items()}
    for machine, account in wanted.items():
        has = found[machine].seconds
        assert has.keys() == account.seconds.keys(), machine
        for state, seconds in account.seconds.items():
            within = each_s[machine] * account.times[state]
            assert has[state] == pytest.approx(seconds, abs=within), (machine, state)


def test_the_production_log_is_understood() -> None:
    """All of it, as far as its invariants speak of machines; no server is needed for that."""
    path = reference(traces.PRODUCTION_LOG)
    reports = list(traces.production_log(path))
    known = traces.invariants(path)["by_machine"]
    made = traces.accounts(traces.rows_of(reports))
    assert sorted((a.good, a.reject) for a in made.values()) == sorted(
        (k["completed"], k["rejected"]) for k in known.values()
    )
    minutes = Counter(r.state for r in reports for _ in range(round((r.end_s - r.start_s) / 60)))
    told = Counter[str]()
    for machine in known.values():
        told.update(machine["minutes"])
    assert minutes == {"changeover": told["S"], "stopped": told["B"], "running": told["D"]}


def test_the_sme_trace_is_understood() -> None:
    path = reference(traces.SME)
    made = traces.accounts(traces.rows_of(traces.sme(path)))
    for asset, known in traces.invariants(path).items():
        account = made[f"asset-{asset}"]
        told = {status: row["status_time"] for status, row in known["by_status"].items()}
        assert account.good == known["items"]
        assert account.seconds["manual"] == told["1.0"]
        assert account.seconds["running"] == told["2.0"]
        assert account.seconds["stopped"] == told.get("3.0", 0.0)
