"""What the records bear: facts a second through the engine into SQLite, and a day made anew."""

import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from mes.events import Counted, Event, FaultRaised, StateChanged
from mes.observation import Reading, Sample
from mes.unit_view import UnitView
from store import live
from store.log.database import Database, url_of
from store.log.facts import NONE, Facts, Fold
from store.log.migrate import open_database
from store.log.rebuild import rebuild
from store.log.tables import counts
from tests.bench.figures import Result
from tests.bench.plant import DEVICE, BenchPlant
from tests.bench.processes import Processes, Stopwatch, processes
from tests.ports import free_ports

UNITS = 200
FACTS_PER_S = 2_000
CYCLE_S, TURN_S = 6, 120  # a piece of a unit, and a change of its state
DAY_S = 86_400
LATE_S = 2  # who keeps up has all of it on record so soon after the last was told
COMMIT_S = 5  # of the synthetic day
S = 1_000_000
T0 = 1_767_225_600 * S  # 2026-01-01


def run(*, seconds: float = 60.0, day_s: int = DAY_S) -> Result:
    out = Result("records")
    _sustained(out, seconds)
    _day(out, day_s)
    return out


def _sustained(out: Result, seconds: float) -> None:
    """Samples with one piece each, as many a second as there shall be facts."""
    with processes() as children:
        port, opcua = free_ports(2)
        folder = children.folder / "data"
        plant = BenchPlant(data_dir=folder, port=port, opcua_port=opcua, units=UNITS)
        config = plant.write()
        children.redis(folder)
        children.role("engine", config)
        _feed(children, plant, turns=range(2), pause_s=0.5)  # the first reading is no production
        database = open_database(url_of(folder, None))
        _until(lambda: recorded(database) >= UNITS, children)
        watch = Stopwatch(children, "engine", "redis")
        each = UNITS / FACTS_PER_S
        turns = round(seconds / each)
        began = time.monotonic()
        _feed(children, plant, turns=range(2, turns + 2), pause_s=each)
        fed_s = time.monotonic() - began
        wanted = UNITS * (turns + 1)
        behind = wanted - recorded(database)
        _until(lambda: recorded(database) >= wanted, children)
        late_s = time.monotonic() - began - fed_s
        wall_s, cpu = watch.read()
        assert recorded(database) == wanted, "facts were doubled"
        size = sum(path.stat().st_size for path in folder.glob("records.sqlite*"))
        database.close()
    out.add("facts told", "per s", UNITS * turns / fed_s)
    out.add("facts kept", "per s", UNITS * turns / (fed_s + late_s))
    out.add("not yet on record when the last was told", "facts", behind)
    out.add("until it was", "s", late_s, value=LATE_S)
    out.add("engine", "% of a core", 100 * cpu["engine"] / wall_s)
    out.add("the file, a fact", "bytes", size / wanted)


def _feed(children: Processes, plant: BenchPlant, *, turns: range, pause_s: float) -> None:
    """One piece of every unit a turn."""
    redis = children.redis_client()
    keys = [
        (unit, live.samples_key(center, unit))
        for center, units in plant.centers.items()
        for unit in units
    ]
    due = time.monotonic()
    for turn in turns:
        now_us = time.time_ns() // 1000
        pipe = redis.pipeline(transaction=False)
        for unit, key in keys:
            sample = Sample(
                work_unit=unit,
                device=DEVICE,
                source_time_us=now_us,
                received_time_us=now_us,
                readings={"good": Reading(turn), "state": Reading(6)},
            )
            pipe.xadd(key, live.encode(sample), maxlen=20_000, approximate=True)
        pipe.execute()
        due += pause_s
        time.sleep(max(0.0, due - time.monotonic()))


def recorded(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.sum(counts.c.good))).scalar() or 0)


def _until(condition: object, children: Processes, *, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        children.alive()
        if time.monotonic() > end:
            raise RuntimeError("what was told is not on record")
        time.sleep(0.05)


def _day(out: Result, day_s: int) -> None:
    """A day of facts, written in large commits, and then made anew from the log."""
    with tempfile.TemporaryDirectory(prefix="takt-bench-", ignore_cleanup_errors=True) as folder:
        database = open_database(url_of(Path(folder), None))
        began = time.monotonic()
        facts = _write_day(Facts(database), day_s)
        written_s = time.monotonic() - began
        began = time.monotonic()
        rebuild(database, Path(folder))
        anew_s = time.monotonic() - began
        size = (Path(folder) / "records.sqlite").stat().st_size
        database.close()
    name = f"{day_s / 3600:g} h of {UNITS} units"
    out.add(f"{name}: facts", "", facts)
    out.add(f"{name}: written, in commits of {COMMIT_S} s", "facts per s", facts / written_s)
    out.add(f"{name}: made anew", "s", anew_s, value=60)
    out.add(f"{name}: the file", "MB", size / 1e6)


def _write_day(facts: Facts, day_s: int) -> int:
    ids = [f"unit-{n:03}" for n in range(UNITS)]
    after = dict.fromkeys(ids, NONE)
    total = 0
    for at_s in range(0, day_s, COMMIT_S):
        folds = []
        for n, id in enumerate(ids):
            if events := _events(id, n, at_s):
                view = UnitView(id=id).at(f"{at_s + 1}-0")
                known_us = T0 + (at_s + COMMIT_S) * S
                center = f"line-{n // 10}"
                folds.append(
                    Fold(
                        center=center,
                        after=after[id],
                        view=view,
                        known_us=known_us,
                        facts=tuple(events),
                    )
                )
                after[id] += 1
                total += len(events)
        facts.commit(folds)
    return total


def _events(id: str, n: int, from_s: int) -> list[Event]:
    """A piece each cycle, and every other turn a stop with its fault."""
    out: list[Event] = []
    for s in range(from_s, from_s + COMMIT_S):
        at_us = T0 + s * S
        if (s + n) % CYCLE_S == 0:
            out.append(Counted(id, at_us, 1, 0))
        turn, rest = divmod(s + 7 * n, TURN_S)
        if rest == 0 and turn % 2:
            out += [StateChanged(id, at_us, "running", "stopped"), FaultRaised(id, at_us, "217")]
        elif rest == 0:
            out.append(StateChanged(id, at_us, "stopped", "running"))
    return out
