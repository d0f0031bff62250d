"""The one Redis reader of a dashboard process: newest view per unit, newest link per device."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from redis.asyncio import Redis

from mes.equipment import Plant
from mes.link import Link
from mes.link import from_plain as link_from_plain
from mes.maintenance import Order
from mes.snapshot import ShiftNow, Snapshot
from mes.standing import Standing
from mes.unit_view import UnitView, from_plain
from store import live

log = logging.getLogger("takt.dashboard")

AWAY_S, AWAY_MAX_S = 0.25, 2.0
PARTS_MAX = 200  # parts of the plant, by scope, that are kept


class Hub:
    """What is known of the plant now. `listen` is called with the ids that changed.

    shifts_at: what is planned at an instant, by area; standings: how units stand in their shift; locks:
    units that are locked for maintenance; told: are called with the kinds of records that were changed.
    """

    def __init__(self, url: str, plant: Plant) -> None:
        self.plant = plant
        self.views: dict[str, UnitView] = {}
        self.links: dict[str, Link] = {}
        self.online = False
        self.changed_us = now_us()  # since when it is online, or is not
        self.received = 0  # messages read
        self.redis: Redis[str] = live.open_redis(url)
        self.shifts_at: Callable[[int], Mapping[str, ShiftNow]] = lambda _us: {}
        self.standings: Callable[[], Mapping[str, Standing]] = dict
        self.locks: Callable[[], Mapping[str, Order]] = dict
        self.told: list[Callable[[Sequence[str]], None]] = []
        self._parts: dict[tuple[str, ...], Plant] = {}
        self._listeners: list[Callable[[set[str]], None]] = []
        self._streams = {live.view_key(c): c for c in plant.work_centers} | {live.LINKS_VIEW: ""}

    def listen(self, listener: Callable[[set[str]], None]) -> None:
        self._listeners.append(listener)

    def snapshot(self, scope: Iterable[str] | None = None) -> Snapshot:
        """What is known now, of the plant within `scope`; None: of all of it."""
        plant = self.plant if scope is None else self.plant_within(scope)
        at_us = now_us()
        return Snapshot(
            plant=plant,
            now_us=at_us,
            views=self.views,
            links=self.links,
            shifts=self.shifts_at(at_us),
            standings=self.standings(),
            locks=self.locks(),
        )

    def plant_within(self, scope: Iterable[str]) -> Plant:
        """`Plant.within`, the same object for the same scope."""
        key = tuple(scope)
        if key not in self._parts:
            while len(self._parts) >= PARTS_MAX:
                del self._parts[next(iter(self._parts))]
            self._parts[key] = self.plant.within(key)
        return self._parts[key]

    async def run(self) -> None:
        """Read until cancelled; lost and back are said once."""
        wait_s = AWAY_S
        while True:
            live.stop_if_cancelled()
            try:
                after = await self._load()
                self._turn(online=True)
                wait_s = AWAY_S
                while True:
                    live.stop_if_cancelled()
                    found = await self.redis.xread(after, count=1000, block=live.BLOCK_MS)
                    for key, entries in found or []:
                        after[key] = entries[-1][0]
                        if key == live.RECORDS_VIEW:
                            kinds = [kind for _, f in entries for kind in f.get("k", "").split()]
                            for tell in self.told:
                                tell(kinds)
                            continue
                        self._take(key, [(f.get("k", ""), f.get("j", "")) for _, f in entries])
            except live.UNAVAILABLE as error:
                self._turn(online=False, why=error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, AWAY_MAX_S)

    async def _load(self) -> dict[str, str]:
        """Take what stands in the hashes; returns from where each stream has to be read on.

        Hash and newest stream id are read in one transaction, so that nothing falls in between.
        """
        after = {}
        for key, center in self._streams.items():
            pipe = self.redis.pipeline(transaction=True)
            pipe.xrevrange(key, count=1)
            pipe.hgetall(live.units_key(center) if center else live.LINKS)
            newest, rows = await pipe.execute()
            after[key] = newest[0][0] if newest else "0-0"
            self._take(key, list(rows.items()))
        newest = await self.redis.xrevrange(live.RECORDS_VIEW, count=1)
        return after | {live.RECORDS_VIEW: newest[0][0] if newest else "0-0"}

    def _take(self, key: str, rows: list[tuple[str, str]]) -> None:
        changed = set()
        for id, text in dict(rows).items():
            try:
                if key == live.LINKS_VIEW:
                    self.links[id] = link_from_plain(live.load(text))
                elif id in self.plant.work_units:
                    self.views[id] = from_plain(live.load(text))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                log.warning("%s: cannot read what stands under %s: %s", key, id, error)
            changed.add(id)
        self.received += len(rows)
        for listener in self._listeners:
            listener(changed)

    def _turn(self, *, online: bool, why: Exception | None = None) -> None:
        if online == self.online:
            return
        self.online, self.changed_us = online, now_us()
        log.log(
            *(
                (logging.INFO, "Redis is there")
                if online
                else (logging.WARNING, f"Redis is away: {why}")
            )
        )
        for listener in self._listeners:
            listener(set())


def now_us() -> int:
    return time.time_ns() // 1000
