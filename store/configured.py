"""Takes on record what the configuration says, where it says something new."""

import secrets
import time

from mes.configured import Configure, equipment_of
from mes.equipment import Plant
from store.actions import SYSTEM, Actions
from store.log.database import Database
from store.log.reading import Records


def take_on_record(database: Database, plant: Plant) -> bool:
    """Whether there was anything new."""
    command = Configure(equipment=equipment_of(plant))
    with database.read() as connection:
        if not command.decide(Records(connection), now_us=time.time_ns() // 1000):
            return False
    Actions(database, plant).perform(command, SYSTEM, f"configure-{secrets.token_hex(8)}")
    return True
