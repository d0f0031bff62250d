"""What OEE costs where much is on record: 200 units over 30 days, five million intervals.

The rows are written into the projections themselves, as the engine would have left them; forming the
accounts that are kept is measured, and then what pages ask for.
"""

import datetime as dt
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from cli.settings import settings
from dashboard.oee_page import window_of
from mes.equipment import Plant
from mes.losses import total
from mes.unit_view import UnitView
from store.actions import Actions
from store.configured import take_on_record
from store.first_calendar import first_calendar
from store.log.accounts import accounts, basis
from store.log.database import Database, url_of
from store.log.facts import NONE, Facts, Fold
from store.log.filling import Filling
from store.log.migrate import open_database
from store.log.standings import of_window, standings
from tests.bench.figures import Result
from tests.bench.plant import BenchPlant
from tests.ports import free_ports

UNITS, DAYS, A_DAY = 200, 30, 834
S, MIN = 1_000_000, 60_000_000
DAY = 86_400 * S
NOW = 1_795_428_000 * S  # 2026-11-23 10:00 UTC
STATES = (("running", 60), ("stopped", 12), ("starved", 14), ("blocked", 8), ("changeover", 4),
          ("idle", 2))  # fmt: skip


def run(*, days: int = DAYS) -> Result:
    out = Result("oee")
    with tempfile.TemporaryDirectory(prefix="takt-bench-", ignore_cleanup_errors=True) as folder:
        port, opcua = free_ports(2)
        bench = BenchPlant(data_dir=Path(folder), port=port, opcua_port=opcua, units=UNITS)
        plant = settings(bench.write()).plant
        database = open_database(url_of(Path(folder), None))
        try:
            _fill(database, plant, Path(folder), out, days)
            _ask(database, plant, out)
        finally:
            database.close()
    return out


def _fill(database: Database, plant: Plant, folder: Path, out: Result, days: int) -> None:
    take_on_record(database, plant)
    today = dt.datetime.fromtimestamp(NOW / S, dt.UTC).date() - dt.timedelta(days=days + 7)
    first_calendar(database, Actions(database, plant), plant, today)
    folds = [
        Fold(center=unit.work_center, after=NONE, view=UnitView(id=unit.id), known_us=NOW, facts=())
        for unit in plant.work_units.values()
    ]
    Facts(database).commit(folds)
    began = time.monotonic()
    written = _write(folder / "records.sqlite", plant, days)
    out.add("intervals", "", written[0])
    out.add("minutes with pieces", "", written[1])
    out.add("written", "s", time.monotonic() - began)
    filling, formed, began = Filling(database, plant), 0, time.monotonic()
    while done := filling.fill():
        formed += done
    out.add("accounts of hours and days formed", "", formed)
    out.add("it took the engine", "s", time.monotonic() - began)
    out.add("of a day as it passes", "s", (time.monotonic() - began) / days, value=60)


def _write(path: Path, plant: Plant, days: int) -> tuple[int, int]:
    start, counts = NOW - days * DAY, [0, 0]
    connection = sqlite3.connect(path)
    for unit in plant.work_units:
        chance = random.Random(unit)
        line = list(_line(unit, chance, start))
        made = list(_minutes(unit, chance, start))
        connection.executemany("INSERT INTO state_intervals VALUES (?,?,1,?,?,NULL,?,?,0)", line)
        connection.executemany("INSERT INTO counts VALUES (?,?,?,?,1,1)", made)
        counts[0], counts[1] = counts[0] + len(line), counts[1] + len(made)
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()
    return counts[0], counts[1]


def _line(unit: str, chance: random.Random, start: int) -> Iterator[tuple[object, ...]]:
    at, mean = start, DAY / A_DAY
    states, weights = zip(*STATES, strict=True)
    while at < NOW:
        end = at + round(chance.expovariate(1 / mean)) + S
        state = chance.choices(states, weights)[0]
        fault = chance.choice(("", "101", "217")) if state == "stopped" else ""
        last = end >= NOW
        yield (unit, at, None if last else end, None if last else 1, state, fault)
        at = end


def _minutes(unit: str, chance: random.Random, start: int) -> Iterator[tuple[object, ...]]:
    for minute in range(start - start % MIN, NOW, MIN):
        yield (unit, minute, chance.randrange(6, 10), int(chance.random() < 0.02))


def _ask(database: Database, plant: Plant, out: Result) -> None:
    zone, units = ZoneInfo(plant.time_zone), list(plant.work_units.values())
    with database.read() as connection:
        by = basis(connection, plant)
        for name in ("month", "week", "day"):
            edges = window_of(name, NOW, zone).edges(zone)

            def page(edges: list[int] = edges) -> object:
                found = of_window(connection, plant, units, edges, by, name="", lines=False)
                return total(one.account for one in found.values()).oee

            out.add(f"the site's page of a {name}", "s", _times(page), max=1)
        one, month = units[:1], window_of("month", NOW, zone)
        odd = [month.start_us + 17 * MIN, NOW - 23 * MIN]  # cut at no full hour
        out.add("a unit's month, odd minutes", "s",
                _times(lambda: accounts(connection, plant, one, odd, by, {})), max=1)  # fmt: skip
        out.add("the site's month, odd minutes", "s",
                _times(lambda: accounts(connection, plant, units, odd, by, {})), max=1)  # fmt: skip
        out.add("what live screens ask for once a second", "s",
                _times(lambda: standings(connection, plant, by, {})), max=1)  # fmt: skip


def _times(ask: Callable[[], object], turns: int = 7) -> list[float]:
    found = []
    for _ in range(turns):
        began = time.monotonic()
        ask()
        found.append(time.monotonic() - began)
    return found
