"""Projections are what the log says, whether they grew with it or were made anew."""

import random
from itertools import pairwise

import pytest
import sqlalchemy as sa

from cli.settings import DEMO, settings
from mes.events import Counted, FaultRaised, Metered, StateChanged, StateFound
from mes.kinds import Remove, Set
from mes.unit_view import UnitView
from store.actions import SYSTEM, Actions
from store.log import RecordsRefused, archive, chain
from store.log.facts import NONE, Facts, Fold
from store.log.reading import line
from store.log.rebuild import rebuild
from store.log.tables import PROJECTIONS, archives, log
from tests.records.test_log import drop_triggers

S, MIN = 1_000_000, 60_000_000
T0 = 1_700_000_000 * S
UNITS = ("press-1", "press-2", "station-1")


def rows(database):
    with database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in PROJECTIONS
        }


def history(database, *, commits=60, seed=3):
    """A log of everything that a log can hold, in any order that can happen."""
    rng = random.Random(seed)
    facts, actions = Facts(database), Actions(database, settings(DEMO).plant)
    after, clock = dict.fromkeys(UNITS, NONE), dict.fromkeys(UNITS, 0)
    versions = dict.fromkeys(UNITS, 0)
    for n in range(1, commits):
        folds = []
        for unit in rng.sample(UNITS, rng.randint(1, 3)):
            events = []
            for _ in range(rng.randrange(4)):
                clock[unit] += rng.randrange(40)
                at_us = T0 + clock[unit] * S
                late_us = at_us - rng.randrange(300) * S
                events.append(
                    rng.choice(
                        [
                            StateChanged(unit, at_us, "", rng.choice(["running", "stopped"])),
                            StateFound(unit, late_us, rng.choice(["held", "running"])),
                            FaultRaised(unit, at_us, str(rng.randrange(3))),
                            Counted(unit, at_us, rng.randrange(3), rng.randrange(2)),
                            Metered(unit, at_us - at_us % MIN, S, rng.randrange(-9, 99), 1),
                        ]
                    )
                )
            view = UnitView(id=unit).at(f"{n}-0")
            folds.append(
                Fold(center="line", after=after[unit], view=view, known_us=T0, facts=tuple(events))
            )
            after[unit] += 1
        facts.commit(folds)
        unit = rng.choice(UNITS)
        body = {"versions": [{"valid_from": None, "ideal_cycle_s": 1 + rng.randrange(9)}]}
        command = Set(kind="master_data", id=unit, body=body, version=versions[unit])
        actions.perform(command, SYSTEM, f"key-{n}", signatures=[])
        versions[unit] += 1
        if n % 10 == 0:
            person = {"name": f"P{n}", "roles": ["admin"], "scope": ["north"]}
            actions.perform(Set(kind="person", id="p", body=person, version=None), SYSTEM, f"p{n}")
            day = {"place": "north", "date": f"2030-01-{n % 28 + 1:02}", "name": "Closed"}
            id = f"north@{day['date']}"
            actions.perform(Set(kind="holiday", id=id, body=day, version=None), SYSTEM, f"q{n}")
            actions.perform(Remove(kind="holiday", id=id, version=None), SYSTEM, f"r{n}")


@pytest.fixture(autouse=True)
def unsigned(monkeypatch):
    """Master data of this history need no signature."""
    monkeypatch.setattr("mes.master_data.changed_from_us", lambda _old, _new: None)


@pytest.mark.parametrize("seed", range(6))
def test_projections_made_anew_are_the_same(database, tmp_path, monkeypatch, seed):
    history(database, commits=25, seed=seed)
    grown = rows(database)
    assert all(grown.values())
    monkeypatch.setattr("store.log.rebuild.TOGETHER", 3)  # so that batches have borders
    monkeypatch.setattr("store.log.chain.READ_ROWS", 7)
    assert rebuild(database, tmp_path) == last(database)
    assert rows(database) == grown
    with database.read() as connection:
        for unit in UNITS:
            found = line(connection, unit, from_us=0)
            ends = [(one.end_us, after.start_us) for one, after in pairwise(found)]
            assert all(end == start for end, start in ends)


def test_a_silence_that_ends_leaves_a_line_that_late_states_find(database, tmp_path):
    """The newest interval alone is not all there is, though it is all that is held."""
    facts = Facts(database)
    told = [
        [StateChanged("u", T0, "", "running")],
        [StateChanged("u", T0 + 10 * S, "", "stopped")],
        [StateChanged("u", T0 + 20 * S, "", "unknown")],
        [StateChanged("u", T0 + 20 * S, "", "stopped")],
        [StateFound("u", T0 + 5 * S, "held")],
    ]
    after = NONE
    for n, events in enumerate(told, start=1):
        view = UnitView(id="u").at(f"{n}-0")
        facts.commit([Fold(center="c", after=after, view=view, known_us=T0, facts=tuple(events))])
        after = n
    with database.read() as connection:
        grown = line(connection, "u", from_us=0)
    rebuild(database, tmp_path)
    with database.read() as connection:
        assert line(connection, "u", from_us=0) == grown
    assert [(i.start_us - T0) // S for i in grown] == [0, 5, 10]


def last(database):
    with database.read() as connection:
        return chain.newest(connection)[0]


def test_an_archive_stays_part_of_the_log(database, tmp_path):
    history(database)
    grown = rows(database)
    with database.read() as connection:
        middle_us = connection.execute(
            sa.select(log.c.recorded_at_us).where(log.c.position == 40)
        ).scalar()
    path = archive.move(database, tmp_path, before_us=middle_us)
    assert path is not None
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.min(log.c.position))).scalar() == 40
        walk = chain.Walk()
        for entry in archive.whole_log(connection, tmp_path):
            walk.step(entry)
        walk.end(*chain.newest(connection))
    assert (walk.faults, walk.entries) == ([], last(database))
    rebuild(database, tmp_path)
    assert rows(database) == grown
    # all but the newest entry, and then nothing more
    assert archive.move(database, tmp_path, before_us=1 << 60) is not None
    assert archive.move(database, tmp_path, before_us=1 << 60) is None
    rebuild(database, tmp_path)
    assert rows(database) == grown
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordsRefused, match="is not what was written"):
        rebuild(database, tmp_path)
    path.unlink()
    with pytest.raises(RecordsRefused, match="is missing: entries 1 to 39"):
        rebuild(database, tmp_path)
    assert rows(database) == grown
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(archives)).scalar() == 2


def test_nothing_is_made_anew_from_a_chain_that_does_not_hold(database, tmp_path):
    history(database, commits=5)
    with database.write() as (connection, *_):
        drop_triggers(connection)
        connection.execute(log.update().where(log.c.position == 3).values(recorded_at_us=1))
    grown = rows(database)
    with pytest.raises(RecordsRefused, match=r"entry 3 \("):
        rebuild(database, tmp_path)
    assert rows(database) == grown


def test_the_archive_takes_so_many_entries_a_file(database, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "PART_MAX", 15)
    history(database, commits=20)
    grown, newest = rows(database), last(database)
    files = []
    while path := archive.move(database, tmp_path, before_us=1 << 60):
        files.append(path.name)
    assert files[:2] == [f"log-{n:012}-{n + 14:012}.jsonl.gz" for n in (1, 16)]
    assert len(files) == -(-(newest - 1) // 15)
    assert rebuild(database, tmp_path) == newest
    assert rows(database) == grown
