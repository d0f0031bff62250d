"""Wrong attempts to sign in, and how long one has to wait after too many of them.

After FREE wrong ones a person waits 1 minute, then 2, 4, 8 and at most 15; an address likewise, after
more of them, for many people may share it. Counted in Redis; while that is away in this process.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis

from store import live

T = TypeVar("T")
AWAY_S = 2.0

FREE = {"person": 5, "address": 20}
WAIT_S, WAIT_MAX_S = 60, 15 * 60
FORGET_S = 3600  # without another wrong one
HERE_MAX = 10_000  # that are counted in this process


def wait_after(wrong: int, free: int) -> int:
    """How long one waits after so many wrong attempts [s]."""
    if wrong < free:
        return 0
    return int(min(WAIT_S * 2 ** min(wrong - free, 10), WAIT_MAX_S))


class Attempts:
    """Counts by ("person" or "address", who). Nothing here raises while Redis is away.

    After it did not answer it is left alone for AWAY_S: nobody waits for it once more each time.
    """

    def __init__(self, redis: "Redis[str]") -> None:
        self._redis = redis
        self._away_until = 0.0
        self._here: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def wait_s(self, what: str, who: str) -> int:
        """How long `who` has to wait before he is listened to again [s]; 0: he need not."""
        wrong, since = await self._read(_key(what, who))
        left = since + wait_after(wrong, FREE[what]) - time.time()
        return max(0, round(left + 0.5)) if wrong >= FREE[what] else 0

    async def wrong(self, what: str, who: str) -> int:
        """Count a wrong one; how long he has to wait now [s]."""
        key = _key(what, who)
        wrong, _ = await self._read(key)
        wrong += 1
        self._here[key] = (wrong, time.time())
        self._here.move_to_end(key)
        while len(self._here) > HERE_MAX:
            self._here.popitem(last=False)
        pipe = self._redis.pipeline(transaction=True)
        pipe.hincrby(key, "wrong", 1)
        pipe.hset(key, "since", str(time.time()))
        pipe.expire(key, FORGET_S)
        if found := await self._there(pipe.execute):
            wrong = max(wrong, int(found[0]))
        return wait_after(wrong, FREE[what])

    async def right(self, what: str, who: str) -> None:
        """It was right: a person begins anew, of an address one is not counted.

        Otherwise whoever has an account could try others' passwords for ever.
        """
        key = _key(what, who)
        if what == "address":
            wrong, since = self._here.get(key, (1, 0.0))
            self._here[key] = (max(0, wrong - 1), since)
            await self._there(lambda: self._redis.hincrby(key, "wrong", -1))
            return
        self._here.pop(key, None)
        await self._there(lambda: self._redis.delete(key))

    async def _read(self, key: str) -> tuple[int, float]:
        wrong, since = self._here.get(key, (0, 0.0))
        if since and time.time() - since > FORGET_S:
            wrong = 0
        found = await self._there(lambda: self._redis.hgetall(key))
        if found is None:
            return wrong, since
        try:
            there = int(found.get("wrong", 0))
            if not there:  # another process has forgotten it, or Redis has lost it
                return (0, 0.0) if found or wrong == 0 else (wrong, since)
            return max((there, float(found.get("since", 0))), (wrong, since))
        except ValueError:
            return wrong, since

    async def _there(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What Redis says; None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return await ask()
        except live.UNAVAILABLE:
            self._away_until = time.monotonic() + AWAY_S
            return None


def _key(what: str, who: str) -> str:
    name = hashlib.sha256(who.encode()).hexdigest()[:32]
    return f"takt:{{sessions}}:wrong:{what}:{name}"
