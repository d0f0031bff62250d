"""When walls, tablets and programs were last there: kept in Redis, so that all dashboards say the same.

    takt:{devices}:seen     sorted set owner ("device:wall-1", "token:erp") → µs since the epoch

Bounded: OWNERS_MAX, those that were away for longest go. However many requests there are, it is
written every EVERY_S at most.
"""

import asyncio
import time
from contextlib import suppress

from redis.asyncio import Redis

from store import live

SEEN = "takt:{devices}:seen"
OWNERS_MAX = 10_000
EVERY_S = 5.0


class LastSeen:
    """`mark` waits for nothing; what it was told is written by `run`, later where Redis is away."""

    def __init__(self, redis: "Redis[str]") -> None:
        self._redis = redis
        self._new: dict[str, int] = {}  # not written yet

    def mark(self, owner: str) -> None:
        """It is there now."""
        self._new[owner] = time.time_ns() // 1000

    async def all(self) -> dict[str, int]:
        """Owner → its last request, of all processes. Raises live.UNAVAILABLE."""
        found = await self._redis.zrange(SEEN, 0, -1, withscores=True)
        out = {owner: int(us) for owner, us in found}
        return out | {owner: max(us, out.get(owner, 0)) for owner, us in self._new.items()}

    async def keep(self) -> None:
        """Write what is new. Raises live.UNAVAILABLE: then the next time does it."""
        if not self._new:
            return
        new, self._new = self._new, {}
        pipe = self._redis.pipeline(transaction=True)
        pipe.zadd(SEEN, new, gt=True)
        pipe.zremrangebyrank(SEEN, 0, -OWNERS_MAX - 1)
        try:
            await pipe.execute()
        except BaseException:
            self._new = new | self._new
            raise

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            live.stop_if_cancelled()
            with suppress(*live.UNAVAILABLE):
                await self.keep()
            await asyncio.sleep(EVERY_S)
