"""Attempts to sign in, and how long one has to wait after too many wrong ones.

After FREE wrong ones a person waits 1 minute, then 2, 4, 8 and at most 15; an address likewise, after
more of them, for many people may share it. Counted in Redis; while that is away in this process.

An attempt is counted in the same step that lets it pass, before anybody looks whether it is right: of
a hundred at once as many pass as one after the other.
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

Who = tuple[str, str]  # ("person" or "address", whose)

# KEYS: of the counts; ARGV: now, FORGET_S, and for each key how many are free, how many were wrong
# and since when as this process knows, and the waits after so many more, up to the longest one.
# Answers how long to wait [s], or 0 and how many were counted for each.
_TAKE = """
local each, counted, left = (#ARGV - 2) / #KEYS, {}, 0
for i = 1, #KEYS do
  local at = 2 + (i - 1) * each
  local free, here, here_since = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local found = redis.call('HMGET', KEYS[i], 'wrong', 'since')
  local wrong, since = tonumber(found[1]) or 0, tonumber(found[2]) or 0
  if here > wrong then wrong, since = here, here_since end
  if wrong >= free then
    local wait = tonumber(ARGV[math.min(at + 4 + wrong - free, at + each)])
    left = math.max(left, since + wait - tonumber(ARGV[1]))
  end
  counted[i] = wrong + 1
end
if left > 0 then return {tostring(left)} end
for i = 1, #KEYS do
  redis.call('HSET', KEYS[i], 'wrong', counted[i], 'since', ARGV[1])
  redis.call('EXPIRE', KEYS[i], ARGV[2])
end
return {'0', unpack(counted)}
"""
_BACK = """
for i = 1, #KEYS do
  if (tonumber(redis.call('HGET', KEYS[i], 'wrong')) or 0) > 0 then
    redis.call('HINCRBY', KEYS[i], 'wrong', -1)
  end
end
"""


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

    async def take(self, *whose: Who) -> tuple[int, int]:
        """Count an attempt of all of `whose`, unless one of them has to wait.

        Returns how long he has to wait [s], 0 where he may try; and how long if it is wrong.
        """
        now = time.time()
        here = {_key(*who): self._known(_key(*who), now) for who in whose}
        told: list[object] = [now, FORGET_S]
        for (what, _), (wrong, since) in zip(whose, here.values(), strict=True):
            free = FREE[what]
            told += [free, wrong, since, *(wait_after(free + n, free) for n in range(11))]
        found = await self._there(lambda: self._redis.eval(_TAKE, len(here), *here, *told))
        if found is None:
            left = max(
                since + wait_after(wrong, FREE[what]) - now
                for (what, _), (wrong, since) in zip(whose, here.values(), strict=True)
            )
            found = [left] if left > 0 else [0, *(wrong + 1 for wrong, _ in here.values())]
        if (left := float(found[0])) > 0:
            return max(1, round(left + 0.5)), 0
        counted = [int(wrong) for wrong in found[1:]]
        for key, wrong in zip(here, counted, strict=True):
            self._keep(key, wrong, now)
        waits = [wait_after(n, FREE[what]) for n, (what, _) in zip(counted, whose, strict=True)]
        return 0, max(waits)

    async def back(self, *whose: Who) -> None:
        """Nobody could look whether it was right: it was no attempt."""
        keys = [_key(*who) for who in whose]
        for key in keys:
            wrong, since = self._here.get(key, (0, 0.0))
            self._keep(key, max(0, wrong - 1), since)
        await self._there(lambda: self._redis.eval(_BACK, len(keys), *keys))

    async def right(self, *whose: Who) -> None:
        """It was right: a person begins anew, of an address one is not counted.

        Otherwise whoever has an account could try others' passwords for ever.
        """
        await self.back(*(who for who in whose if who[0] == "address"))
        keys = [_key(*who) for who in whose if who[0] == "person"]
        for key in keys:
            self._here.pop(key, None)
        if keys:
            await self._there(lambda: self._redis.delete(*keys))

    def _known(self, key: str, now: float) -> tuple[int, float]:
        wrong, since = self._here.get(key, (0, 0.0))
        return (0, 0.0) if now - since > FORGET_S else (wrong, since)

    def _keep(self, key: str, wrong: int, since: float) -> None:
        self._here[key] = (wrong, since)
        self._here.move_to_end(key)
        while len(self._here) > HERE_MAX:
            self._here.popitem(last=False)

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
