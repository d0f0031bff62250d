"""The demo's calendar: three shifts around the clock, where no calendar was ever on record."""

import datetime as dt
from contextlib import suppress

from mes.equipment import Plant
from mes.kinds import Set
from mes.records import Conflict
from mes.usual_shifts import PATTERNS
from store.actions import SYSTEM, Actions
from store.calendars import version_of
from store.log.database import Database

SHIFTS = "always"  # of PATTERNS: a demo runs on weekends too


def first_calendar(database: Database, actions: Actions, plant: Plant, today: dt.date) -> None:
    """Make it for the whole site, from the week before `today` on. What people have made, or taken
    away, stays so.
    """
    with database.read() as connection:
        if version_of(connection):
            return
    pattern = PATTERNS[SHIFTS].at(plant.id, today - dt.timedelta(days=today.weekday() + 7))
    body = pattern.to_plain()
    id = f"{plant.id}@{body['valid_from']}"
    with suppress(Conflict):  # another process was first
        actions.perform(
            Set(kind="shift_pattern", id=id, body=body, version=0), SYSTEM, "demo-calendar"
        )
