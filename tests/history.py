"""Hours that a plant has behind it, written into its records before it is started: real facts by the
engine's own door, of machines that ran, stopped, waited and were set up.
"""

import random
import time
from collections.abc import Iterator

from cli.settings import settings
from mes.equipment import Plant, WorkUnit
from mes.events import Counted, Event, FaultRaised, StateChanged
from mes.kinds import Set
from mes.records import Signature
from mes.unit_view import UnitView
from store.actions import SYSTEM, Actions
from store.configured import take_on_record
from store.log.database import url_of
from store.log.facts import NONE, Facts, Fold
from store.log.migrate import open_database
from tests.running_plant import RunningPlant

MIN, TARGET = 60_000_000, 0.78
# What comes after running: state, with a fault, least and most minutes, how often.
PAUSES = (
    ("stopped", True, 0.3, 3.0, 10),
    ("stopped", True, 6.0, 24.0, 2),
    ("starved", False, 0.5, 9.0, 4),
    ("blocked", False, 0.5, 6.0, 2),
    ("changeover", False, 12.0, 30.0, 1),
    ("idle", False, 1.0, 6.0, 1),
)


def write_history(plant: RunningPlant, hours: float, *, seed: int = 2026) -> None:
    """Have every unit of `plant`, which was not started yet, know the last `hours`."""
    config = settings(plant.config)
    database = open_database(url_of(plant.data, None))
    try:
        take_on_record(database, config.plant)
        until_us = time.time_ns() // 1000
        folds = []
        for unit in config.plant.work_units.values():
            chance = random.Random(f"{seed}{unit.id}")
            facts = tuple(_past(unit, chance, until_us - round(hours * 60 * MIN), until_us))
            view = UnitView(id=unit.id, state=_last_state(facts))
            folds.append(
                Fold(center=unit.work_center, after=NONE, view=view, known_us=until_us, facts=facts)
            )
        Facts(database).commit(folds)
        _aim(Actions(database, config.plant), config.plant, until_us)
    finally:
        database.close()


def _aim(actions: Actions, plant: Plant, now_us: int) -> None:
    """Give every unit a target, from ever."""
    signed = Signature(person="quality", name="Quynh Tran", meaning="approved", at_us=now_us)
    for unit in plant.work_units.values():
        version = {"valid_from": None, "ideal_cycle_s": unit.ideal_cycle_s, "oee_target": TARGET}
        command = Set(kind="master_data", id=unit.id, body={"versions": [version]}, version=1)
        actions.perform(command, SYSTEM, f"target-{unit.id}", signatures=[signed])


def _past(unit: WorkUnit, chance: random.Random, at_us: int, until_us: int) -> Iterator[Event]:
    state, codes = "unknown", [*unit.fault_texts] or ["1"]
    per_min, owed = 60 / unit.ideal_cycle_s * chance.uniform(0.86, 0.97), 0.0
    while at_us < until_us:
        yield StateChanged(unit.id, at_us, state, "running")
        end_us = at_us + round(chance.uniform(4, 35) * MIN)
        while at_us < min(end_us, until_us):
            at_us += MIN
            owed += per_min
            made = int(owed)
            owed -= made
            reject = sum(chance.random() < 0.015 for _ in range(made))
            if at_us < until_us:
                yield Counted(unit.id, at_us, made - reject, reject)
        state, fault, least, most, _ = chance.choices(PAUSES, [p[-1] for p in PAUSES])[0]
        if at_us < until_us:
            yield StateChanged(unit.id, at_us, "running", state)
            if fault:
                yield FaultRaised(unit.id, at_us, chance.choice(codes))
        at_us += round(chance.uniform(least, most) * MIN)


def _last_state(facts: tuple[Event, ...]) -> str:
    return [fact.new for fact in facts if isinstance(fact, StateChanged)][-1]
