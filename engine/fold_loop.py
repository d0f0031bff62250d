"""One work centre: take its lease, read its streams, fold, commit view and position together.

Nothing is held that Redis does not have: after any fault the committed views are read again and
the streams are read on from their positions, so that nothing is lost and nothing counted twice.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from redis.asyncio import Redis

from mes.equipment import WorkUnit
from mes.interpret import fold
from mes.observation import Sample
from mes.unit_view import UnitView
from store import live
from store.views import LEASE_MS, Center, NotOwner

log = logging.getLogger("takt.engine")

_unfolded: set[str] = set()  # units whose last entry could not be folded: told once each

AWAY_S = 0.25  # between two tries while Redis is away
WAIT_S = LEASE_MS / 5000  # between two tries for a lease another engine holds, and to renew ours


async def run(
    redis: "Redis[str]", center: str, units: Mapping[str, WorkUnit], *, owner: str
) -> None:
    """Fold `units` of the work centre `center` until cancelled."""
    held = Center(redis, center, tuple(units), owner=owner)
    away = False
    try:
        while True:
            live.stop_if_cancelled()
            try:
                await _own(held, units)
            except live.UNAVAILABLE as error:
                if not away:
                    log.warning("%s: Redis is away: %s", center, error)
                away = True
                await asyncio.sleep(AWAY_S)
            except NotOwner:
                log.warning("%s: the lease is gone; it is asked for again", center)
            except Exception:  # one work centre's fault must not stop the others
                log.exception("%s: a fault in Takt; the work centre is taken up again", center)
                await asyncio.sleep(WAIT_S)
            else:
                away = False
    finally:
        with suppress(*live.UNAVAILABLE, asyncio.CancelledError):  # else it runs out by itself
            await asyncio.wait_for(held.give(), 1)


async def _own(held: Center, units: Mapping[str, WorkUnit]) -> None:
    """Wait for the lease, then fold until something fails."""
    while not await held.take():
        live.stop_if_cancelled()
        await asyncio.sleep(WAIT_S)
    log.info("%s: owned", held.id)
    views = {unit: view for unit, view in (await held.views()).items() if unit in units}
    await held.commit({id: views.get(id) or UnitView(id=id) for id in units})
    renewed = asyncio.get_running_loop().time()
    while True:
        live.stop_if_cancelled()
        found = await held.read({unit: view.position for unit, view in views.items()})
        changed = {unit: _folded(views, units[unit], rows) for unit, rows in found.items()}
        now = asyncio.get_running_loop().time()
        if changed:
            await held.commit(changed)
            views |= changed
            renewed = now
        elif now - renewed > WAIT_S:
            if not await held.take():
                raise NotOwner(held.id)
            renewed = now


def _folded(
    views: Mapping[str, UnitView], unit: WorkUnit, rows: list[tuple[str, Sample | None]]
) -> UnitView:
    view = views.get(unit.id) or UnitView(id=unit.id)
    for id, sample in rows:
        try:
            if sample is not None:
                view, _ = fold(view, sample, unit)
        except Exception:  # one sample that cannot be folded must not stop the work centre
            if unit.id not in _unfolded:
                log.exception("%s: entry %s cannot be folded and is passed over", unit.id, id)
            _unfolded.add(unit.id)
        else:
            _unfolded.discard(unit.id)
    return view.at(rows[-1][0])
