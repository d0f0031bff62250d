"""The demo's reasons: the usual ones, and what the faults of its machines mean."""

from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa

from mes.equipment import Plant
from mes.kinds import Set
from mes.reason_trees import KIND as TREE
from mes.reasons import to_plain
from mes.records import Conflict
from mes.usual_reasons import USUAL
from store.actions import SYSTEM, Actions
from store.log.database import Database
from store.log.tables import records

# What a fault says by itself; a part that is stuck or a missing screw may have many reasons.
MEANS = {"light curtain": "safety", "die jam": "tool_jam", "feeder jam": "feed_jam"}


def first_reasons(database: Database, actions: Actions, plant: Plant) -> None:
    """Make them for the whole site, where there never were any. What people have made stays so."""
    with database.read() as connection:
        if connection.execute(sa.select(records.c.id).where(records.c.kind == TREE)).first():
            return
    faults = {
        f"{unit.id}:{code}": MEANS[text]
        for unit in plant.work_units.values()
        for code, text in unit.fault_texts.items()
        if text in MEANS
    }
    body = to_plain(replace(USUAL, faults=faults))
    with suppress(Conflict):  # another process was first
        actions.perform(Set(kind=TREE, id=plant.id, body=body, version=0), SYSTEM, "demo-reasons")
