"""Accounts that are kept are never other than those that are formed, whatever is told or planned later."""

import random

import pytest
import sqlalchemy as sa

from mes.events import Counted, StateChanged, StateFound
from mes.kinds import Set
from mes.records import Signature
from mes.unit_view import UnitView
from store.actions import SYSTEM, Actions
from store.log import kept
from store.log.accounts import accounts, basis
from store.log.facts import Facts, Fold
from store.log.filling import Filling
from store.log.rebuild import rebuild
from store.log.tables import folds, kept_accounts
from tests.records.test_accounts import END, HOUR, MIN, START, UNITS, days, plant, us

__all__ = ["days", "plant"]  # fixtures
DAY = 24 * HOUR


def filled(database, plant):
    filling, turns = Filling(database, plant), 0
    while filling.fill():
        turns += 1
        assert turns < 100
    return filling


def rows(database):
    with database.read() as connection:
        return connection.execute(sa.select(kept_accounts)).all()


def formed(database, plant, edges):
    """As they are without anything kept; and as they are with it."""
    units = [plant.work_units[id] for id in UNITS]
    with database.read() as connection:
        with_it = accounts(connection, plant, units, edges, basis(connection, plant), {})
    with database.engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        transaction = connection.begin()
        connection.execute(kept_accounts.delete())
        without = accounts(connection, plant, units, edges, basis(connection, plant), {})
        transaction.rollback()
    return without, with_it


def windows(seed):
    """Windows of all kinds: by the minute, the hour, the day."""
    rng = random.Random(seed)
    for step in (MIN, HOUR, DAY // 4):
        edges = sorted({START + rng.randrange((END - START) // step) * step for _ in range(5)})
        if len(edges) > 1:
            yield edges
    yield [us("2026-10-23 22:00"), us("2026-10-26 23:00")]  # whole days of the site


def same(database, plant, seed):
    for edges in windows(seed):
        without, with_it = formed(database, plant, edges)
        assert without == with_it


def test_whole_hours_and_days_are_kept_and_used(database, plant, days):
    filled(database, plant)
    found = rows(database)
    assert {row.span for row in found} == {"hour", "day"}
    hours = [row for row in found if row.work_unit == "press-1" and row.span == "hour"]
    assert len(hours) == (END - START) // HOUR - 1  # the newest has only just ended
    at = sorted(row.start_us for row in found if row.work_unit == "press-1" and row.span == "day")
    assert at == [us(t) for t in ("2026-10-23 22:00", "2026-10-24 22:00", "2026-10-25 23:00")]
    for seed in range(3):
        same(database, plant, seed)
    with database.write() as (connection, *_):  # what stands there is taken as it is
        connection.execute(kept_accounts.update().values(body=kept.to_text(kept.Account(good=1))))
    _, with_it = formed(database, plant, [us("2026-10-23 22:00"), us("2026-10-26 23:00")])
    assert {one.good for (one,) in with_it.values()} == {3}


@pytest.mark.parametrize("seed", range(2))
def test_what_is_told_late_counts_at_once(database, plant, days, seed):
    rng = random.Random(seed)
    filled(database, plant)
    facts = Facts(database)
    for unit in UNITS:
        at = rng.randrange(START, END - HOUR)
        late = rng.choice(
            (StateFound(unit, at, "stopped"), Counted(unit, at, 5, 1),
             StateChanged(unit, at, "running", "held"))
        )  # fmt: skip
        with database.read() as connection:
            serial = connection.execute(
                sa.select(folds.c.serial).where(folds.c.work_unit == unit)
            ).scalar()
        center, view = plant.work_units[unit].work_center, UnitView(id=unit).at("999-0")
        facts.commit([Fold(center=center, after=serial, view=view, known_us=END, facts=(late,))])
        left = [r for r in rows(database) if r.work_unit == unit and r.end_us > at]
        assert left == [] or not isinstance(late, Counted)  # it may be told what it knows
    same(database, plant, seed)
    filled(database, plant)
    same(database, plant, seed)
    assert max(r.end_us for r in rows(database)) == END - HOUR


def test_an_event_of_now_leaves_the_hours_behind_it(database, plant, days):
    filled(database, plant)
    before = len(rows(database))
    with database.read() as connection:
        serial = connection.execute(
            sa.select(folds.c.serial).where(folds.c.work_unit == "press-1")
        ).scalar()
    view = UnitView(id="press-1").at("999-0")
    Facts(database).commit(
        [Fold(center="press-line", after=serial, view=view, known_us=END + 5 * HOUR,
              facts=(StateChanged("press-1", END + 5 * HOUR, "running", "stopped"),))]
    )  # fmt: skip
    assert len(rows(database)) == before
    filled(database, plant)
    assert len(rows(database)) > before
    same(database, plant, 7)


def test_another_plan_or_cycle_counts_at_once_and_is_kept_anew(database, plant, days):
    filling = filled(database, plant)
    actions = Actions(database, plant)
    body = {"place": "press-shop", "date": "2026-10-25", "shift": "late", "kind": "cancelled",
            "note": "works party"}  # fmt: skip
    actions.perform(
        Set(kind="shift_exception", id="press-shop@2026-10-25:late", body=body, version=0),
        SYSTEM, "party",
    )  # fmt: skip
    same(database, plant, 1)
    old = {(r.work_unit, r.span, r.start_us): r.basis for r in rows(database)}
    while filling.fill():
        pass
    new = {(r.work_unit, r.span, r.start_us): r.basis for r in rows(database)}
    assert new.keys() == old.keys()
    changed = {key for key in new if new[key] != old[key]}
    assert changed and {unit for unit, _, _ in changed} == {"press-1", "press-2"}
    same(database, plant, 2)
    signed = Signature(person="quality", name="Q", meaning="approved", at_us=END)
    cycle = {"versions": [{"valid_from": None, "ideal_cycle_s": 5.0}]}
    actions.perform(
        Set(kind="master_data", id="station-1", body=cycle, version=1), SYSTEM, "cycle",
        signatures=[signed],
    )  # fmt: skip
    same(database, plant, 3)
    while filling.fill():
        pass
    same(database, plant, 4)


def test_a_rebuild_forms_everything_anew(database, plant, days, tmp_path):
    filled(database, plant)
    with database.write() as (connection, *_):
        connection.execute(kept_accounts.update().values(body="[[], []]"))
    rebuild(database, tmp_path)
    assert rows(database) == []
    filled(database, plant)
    same(database, plant, 5)


def test_rows_are_read_as_they_were_written():
    one = kept.Account(
        pbt_us=5, good=3, run_ns=None, lost={("stopped", "217", "jam"): 4, ("idle", "", ""): 1}
    )
    assert kept.from_text(kept.to_text(one)) == one
