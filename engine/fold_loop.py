"""One work centre: take its lease, read its streams, fold; show the view at once, keep what was found.

A view goes to the screens before it is kept. After any fault the views are taken up again as they
were kept, and the streams are read on from there; what the screens had seen already is folded
again in silence, so that no number on them goes back.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

from redis.asyncio import Redis

from engine.recorder import Recorder
from mes.counting import late
from mes.equipment import WorkUnit
from mes.events import Event
from mes.interpret import LATE_MAX_US, fold, known_until_us, silent, unread
from mes.observation import Sample
from mes.unit_view import UnitView
from store import live
from store.calendars import ShiftStarts
from store.log.database import away
from store.log.facts import NotOwner
from store.views import BEGINNING, LEASE_MS, Center, LeaseLost, order

log = logging.getLogger("takt.engine")

_unfolded: set[str] = set()  # units whose last entry could not be folded: told once each

AWAY_S = 0.25  # between two tries while Redis is away
SHIFT_WAITS_US = 2_000_000  # a shift begins without a sample after this
WAIT_S = LEASE_MS / 5000  # between two tries for a lease another engine holds, and to renew ours


async def run(
    redis: "Redis[str]",
    center: str,
    units: Mapping[str, WorkUnit],
    *,
    owner: str,
    recorder: Recorder,
    shifts: ShiftStarts,
) -> None:
    """Fold `units` of the work centre `center` until cancelled."""
    held = Center(redis, center, tuple(units), owner=owner)
    gone = False
    try:
        while True:
            live.stop_if_cancelled()
            owned = _Owned(held, units, recorder, shifts)
            try:
                await owned.run()
            except live.UNAVAILABLE as error:
                if owned.has_begun or not gone:
                    log.warning("%s: Redis is away: %s", center, error)
                gone = True
                await asyncio.sleep(AWAY_S)
            except (LeaseLost, NotOwner):
                recorder.drop(tuple(units))  # who has the lease now folds it again
                log.warning("%s: the lease is gone; it is asked for again", center)
            except Exception as error:  # one work centre's fault must not stop the others
                if away(error) is None:  # else the recorder tells of it
                    log.exception("%s: a fault in Takt; the work centre is taken up again", center)
                await asyncio.sleep(WAIT_S)
    finally:
        with suppress(*live.UNAVAILABLE, asyncio.CancelledError):  # else it runs out by itself
            await asyncio.wait_for(recorder.settle(), 2)  # the next one goes on from all of it
            await asyncio.wait_for(held.give(), 1)


class _Owned:
    """A work centre while its lease is ours; `run` ends by a fault only."""

    def __init__(
        self,
        held: Center,
        units: Mapping[str, WorkUnit],
        recorder: Recorder,
        shifts: ShiftStarts,
    ) -> None:
        self._held, self._units, self._recorder = held, units, recorder
        self._shifts, self._planned = shifts, -1  # the version of the calendars in the views
        self._views: dict[str, UnitView] = {}
        self._shown: dict[
            str, str
        ] = {}  # unit → position that screens have seen, until we are there
        self._read_to: dict[str, str] = {}
        self._cut: set[str] = set()  # units whose next entry does not follow what was read

    @property
    def has_begun(self) -> bool:
        return bool(self._read_to)

    async def run(self) -> None:
        while not await self._held.take():
            live.stop_if_cancelled()
            await asyncio.sleep(WAIT_S)
        log.info("%s: owned", self._held.id)
        await self._take_up()
        renewed = asyncio.get_running_loop().time()
        while True:
            live.stop_if_cancelled()
            asked_us = time.time_ns() // 1000
            found, all_read = await self._held.read(self._read_to)
            told = {unit: self._fold(unit, rows) for unit, rows in found.items()}
            if all_read:
                self._listen(told, asked_us)
            now = asyncio.get_running_loop().time()
            if told:
                await self._keep(told)
                renewed = now
            elif now - renewed > WAIT_S:
                if not await self._held.take():
                    raise LeaseLost(self._held.id)
                renewed = now
            if all_read:
                await self._plan(asked_us)

    async def _take_up(self) -> None:
        """Go on from the views as they were kept; without records from those that were shown."""
        kept = await self._recorder.begin(self._held.id, tuple(self._units))
        shown = await self._held.views()
        if new := [shown.get(id) or UnitView(id=id) for id in self._units if id not in kept]:
            await self._recorder.adopt(self._held.id, new)
            kept = {**kept, **{view.id: view for view in new}}
        for id in self._units:
            view = self._views[id] = kept[id]
            if id in shown and order(shown[id].position) > order(view.position):
                self._shown[id] = shown[id].position
        positions = {id: view.position for id, view in self._views.items()}
        self._read_to = await self._held.standing(positions)
        self._cut = await self._held.cut(positions)
        await self._held.commit(self._visible(self._units))

    def _fold(self, id: str, rows: list[tuple[str, Sample | None]]) -> list[Event]:
        """Fold `rows` into the unit's view; returns what was found."""
        view, events = self._views[id], list[Event]()
        for position, sample in rows:
            try:
                if sample is not None:
                    if id in self._cut:
                        view, found = self._unread(view, sample)
                        events += found
                    view, found = fold(self._in_shift(view, sample), sample, self._units[id])
                    events += found
                    view = late(view, found)
            except Exception:  # one sample that cannot be folded must not stop the work centre
                if id not in _unfolded:
                    log.exception("%s: entry %s cannot be folded, it is passed over", id, position)
                _unfolded.add(id)
            else:
                _unfolded.discard(id)
        self._read_to[id] = rows[-1][0]
        self._views[id] = view.at(rows[-1][0])
        return events

    def _unread(self, view: UnitView, sample: Sample) -> tuple[UnitView, tuple[Event, ...]]:
        """Take note that what came before `sample`, the first there is, was gone before we read."""
        self._cut.discard(view.id)
        log.warning("%s: its stream was cut before it was read; what it did is unknown", view.id)
        return unread(view, self._units[view.id], seen_us=sample.received_time_us)

    def _listen(self, told: dict[str, list[Event]], now_us: int) -> None:
        """Take note of units that have been silent for too long at `now_us`."""
        for id, unit in self._units.items():
            view, found = silent(self._views[id], unit, now_us=now_us)
            if found:
                self._views[id] = view
                told.setdefault(id, []).extend(found)

    def _in_shift(self, view: UnitView, sample: Sample) -> UnitView:
        """The view in the shift that the sample falls into, where that is a new one."""
        at_us = min(sample.source_time_us, sample.received_time_us + LATE_MAX_US)
        since_us = self._shifts.of(view.id, at_us)
        if since_us is None or self._planned != self._shifts.version:
            return view
        return view.in_shift(since_us) if since_us > (view.shift_since_us or 0) else view

    async def _plan(self, now_us: int) -> None:
        """Begin shifts that nobody has said anything in yet, and count anew by a new calendar."""
        version = self._shifts.version
        late_us = now_us - SHIFT_WAITS_US
        starts = {id: self._shifts.of(id, late_us) for id in self._units}
        new = {id: us for id, us in starts.items() if us != self._views[id].shift_since_us}
        if version == self._planned:
            new = {
                id: us
                for id, us in new.items()
                if (us or 0) > (self._views[id].shift_since_us or 0)
            }
            since: Mapping[str, int] = {}
        else:
            since = {id: us for id, us in new.items() if us is not None}
        pieces = await self._recorder.counted(since) if since else {}
        for id, us in new.items():
            good, reject = pieces.get(id, (0, 0))
            self._views[id] = self._views[id].in_shift(us, good=good, reject=reject)
        self._planned = version
        if new:
            await self._keep({id: [] for id in new})

    async def _keep(self, told: Mapping[str, list[Event]]) -> None:
        await self._held.commit(self._visible(told))
        for id, events in told.items():
            view = self._views[id]
            known_us = known_until_us(view, self._units[id])
            await self._recorder.put(self._held.id, view, events, known_us=known_us)

    def _visible(self, ids: Iterable[str]) -> dict[str, UnitView]:
        """The views that may be shown: no screen goes back behind what it has shown."""
        out = {}
        for id in ids:
            view = self._views[id]
            if order(view.position) >= order(self._shown.get(id, BEGINNING)):
                self._shown.pop(id, None)
                out[id] = view
        return out
