"""Planned maintenance: looks from time to time which plans are due, and makes their work orders.

Every engine looks at all plans. The key of an order says which order of its plan it follows: so there
is one, whoever was first and whatever is killed in between.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping

from redis.asyncio import Redis

from mes.equipment import Plant
from mes.maintenance import OrderMaintenance
from mes.maintenance_plans import Condition, Plan
from mes.records import Refused
from mes.unit_view import UnitView, from_plain, live_quality
from store import live
from store.actions import SYSTEM, Actions, Done
from store.log.database import Database, away
from store.log.maintenance import PlanNow, plans_now

log = logging.getLogger("takt.engine")

LOOK_S = 10.0


class Upkeep:
    """Makes the orders of plans that are due; not for two threads at once."""

    def __init__(self, database: Database, plant: Plant) -> None:
        self._database, self._plant = database, plant
        self._actions = Actions(database, plant)
        self._held: dict[str, int] = {}  # plan → since when its condition holds at every look
        self.watched: frozenset[str] = frozenset()  # units of which a plan asks the live view

    def look(self, views: Mapping[str, UnitView], *, now_us: int) -> list[Done]:
        """Make the orders that are due; returns what was done. views: of the units `watched`."""

        def held(plan: Plan) -> int | None:
            rule, view = plan.rule, views.get(plan.unit)
            if not isinstance(rule, Condition) or view is None or not rule.holds(view):
                return None
            if live_quality(view, self._plant.work_units[plan.unit], now_us=now_us) == "stale":
                return None  # what it was is no news of what it is
            still[plan.id] = self._held.get(plan.id, now_us)
            return still[plan.id]

        still: dict[str, int] = {}
        with self._database.read() as connection:
            found = plans_now(connection, self._plant.work_units, now_us=now_us, held=held)
        self._held = still
        conditions = (one.plan for one in found if isinstance(one.plan.rule, Condition))
        self.watched = frozenset(plan.unit for plan in conditions)
        due = [one for one in found if one.progress is not None and one.progress.is_due]
        return [done for one in due if (done := self._order(one)) is not None]

    def _order(self, one: PlanNow) -> Done | None:
        after = one.newest.id if one.newest else ""
        command = OrderMaintenance(plan=one.plan.id, after=after)
        digest = hashlib.sha256(f"{one.plan.id}\n{after}".encode()).hexdigest()
        try:
            done = self._actions.perform(command, SYSTEM, f"due-{digest}")
        except Refused as error:  # somebody was first, or has taken the plan away
            log.info("%s: %s", one.plan.id, error)
            return None
        return None if done.again else done


async def run(redis: "Redis[str]", upkeep: Upkeep, plant: Plant) -> None:
    """Look every LOOK_S until cancelled."""
    while True:
        await asyncio.sleep(LOOK_S)
        live.stop_if_cancelled()
        try:
            views = await _views(redis, plant, upkeep.watched)
            now_us = time.time_ns() // 1000
            for done in await asyncio.to_thread(upkeep.look, views, now_us=now_us):
                kinds = sorted({record.kind for record in done.records})
                await live.tell_records(redis, done.position, kinds)
        except live.UNAVAILABLE:  # it was made; who shows it looks himself from time to time
            continue
        except Exception as error:  # what cannot be read now may be mended: the engine goes on
            if away(error) is None:  # else the recorder tells of it
                log.exception("planned maintenance cannot be looked at")


async def _views(redis: "Redis[str]", plant: Plant, units: frozenset[str]) -> dict[str, UnitView]:
    """The newest views of units; those that cannot be read are left out, all of them while Redis is
    away: what is due by time or pieces does not wait for it.
    """
    out = {}
    for id in sorted(units):
        try:
            text = await redis.hget(live.units_key(plant.work_units[id].work_center), id)
            if text is not None:
                out[id] = from_plain(live.load(text))
        except live.UNAVAILABLE:
            return {}
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return out
