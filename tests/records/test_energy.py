"""Energy on record, on both databases: rows, accounts, kept hours, the peak, and made anew from the log."""

import datetime as dt

import pytest
import sqlalchemy as sa

from cli.settings import DEMO, settings
from mes.energy import UJ_PER_KWH, Peak
from mes.events import Counted, Metered, StateChanged
from mes.unit_view import UnitView
from store.actions import Actions
from store.configured import take_on_record
from store.first_calendar import first_calendar
from store.log.accounts import accounts, basis
from store.log.energy import peak_of
from store.log.facts import NONE, Facts, Fold
from store.log.filling import Filling
from store.log.rebuild import rebuild
from store.log.tables import kept_accounts, meters
from tests.shift_plans import us

MIN = 60_000_000
START = us("2026-10-26 06:00")
KWH = UJ_PER_KWH


def told(unit, kwh):
    """Three hours: so much in each minute, twice in the 90th, a piece a minute; a minute in two parts."""
    out = [StateChanged(unit, START, "unknown", "running")]
    for n in range(180):
        at, uj = START + n * MIN, kwh * KWH * (2 if n == 90 else 1)
        out += [
            Metered(unit, at, MIN // 2, uj // 2, 0),
            Metered(unit, at, MIN // 2, uj // 2, uj // 4),
        ]
        out.append(Counted(unit, at + MIN // 2, 1, 0))
    return tuple(out)


@pytest.fixture
def plant():
    return settings(DEMO).plant


@pytest.fixture
def units(database, plant):
    take_on_record(database, plant)
    first_calendar(database, Actions(database, plant), plant, dt.date(2026, 10, 28))
    mine = [plant.work_units[id] for id in ("press-1", "press-2")]
    for kwh, unit in enumerate(mine, start=1):
        view = UnitView(id=unit.id).at("1-0")
        fold = Fold(center=unit.work_center, after=NONE, view=view, known_us=START + 180 * MIN,
                    facts=told(unit.id, kwh))  # fmt: skip
        Facts(database).commit([fold])
    return mine


def energy(database, plant, units, *edges):
    with database.read() as connection:
        by = basis(connection, plant)
        found = accounts(connection, plant, units, edges, by, {})
    return {id: [(a.energy_uj / KWH, a.idle_uj / KWH, a.metered_us, a.metered_good) for a in of]
            for id, of in found.items()}  # fmt: skip


def test_a_window_has_the_energy_of_its_whole_minutes(database, plant, units):
    edges = (START, START + 60 * MIN, START + 100 * MIN + MIN // 2)
    found = energy(database, plant, units, *edges)
    assert found["press-1"] == [(60, 15, 60 * MIN, 60), (41, 10.25, 40 * MIN, 40)]
    assert found["press-2"] == [(120, 30, 60 * MIN, 60), (82, 20.5, 40 * MIN, 40)]


def test_kept_hours_have_the_same_energy(database, plant, units):
    edges = (START, START + 180 * MIN)
    before = energy(database, plant, units, *edges)
    while Filling(database, plant).fill():
        pass
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(kept_accounts)).scalar()
    assert energy(database, plant, units, *edges) == before
    assert before["press-1"] == [(181, 45.25, 180 * MIN, 180)]


def test_the_peak_of_a_place_is_when_its_machines_together_used_most(database, plant, units):
    window = (START, START + 180 * MIN)
    with database.read() as connection:
        at, hour = START + 90 * MIN, 3_600
        assert peak_of(connection, units, *window) == Peak(at, 6 * 3_600_000 / 60)
        assert peak_of(connection, units[:1], *window) == Peak(at, 2 * 1000 * hour / 60)
        assert peak_of(connection, units, START, START + 90 * MIN).minute_us == START
        assert peak_of(connection, units, START, START + MIN // 2) is None
        assert peak_of(connection, units, START, START + 201 * 1440 * MIN) is None


def test_what_is_made_anew_is_the_same(database, plant, units, tmp_path):
    def rows():
        with database.read() as connection:
            return sorted(tuple(row) for row in connection.execute(sa.select(meters)))

    before = rows()
    assert len(before) == 360
    rebuild(database, tmp_path)
    assert rows() == before
