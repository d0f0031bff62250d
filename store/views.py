"""The engine's hold on a work centre: its lease, the views it has committed, the samples to read.

View and position are committed together and only by the owner of the lease, in one script.
"""

import re
from collections.abc import Mapping

from redis.asyncio import Redis

from mes.observation import Sample
from mes.unit_view import UnitView, from_plain, to_plain
from store import live

LEASE_MS = 3000
READ_MAX = 1000  # entries of one stream read at once
BEGINNING = "0-0"  # the position before all others

_COMMIT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 'k', ARGV[i], 'j', ARGV[i + 1])
end
return 1
"""
_TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_GIVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


_POSITION = re.compile(r"\d{1,20}-\d{1,20}")


class LeaseLost(Exception):
    """Another engine holds the lease of the work centre."""


def order(position: str) -> tuple[int, int]:
    """What positions of a stream are compared by."""
    ms, _, number = position.partition("-")
    return int(ms), int(number or 0)


class Center:
    """One work centre's keys, for the engine `owner`."""

    def __init__(self, redis: "Redis[str]", center: str, units: tuple[str, ...], *, owner: str):
        self.id = center
        self._redis = redis
        self._owner = owner
        self._streams = {live.samples_key(center, unit): unit for unit in units}
        self._keys = (live.lease_key(center), live.units_key(center), live.view_key(center))

    async def take(self) -> bool:
        """Take or renew the lease; False while another engine holds it."""
        return bool(await self._redis.eval(_TAKE, 1, self._keys[0], self._owner, LEASE_MS))

    async def give(self) -> None:
        """Give the lease back, so that the next engine need not wait for it to run out."""
        await self._redis.eval(_GIVE, 1, self._keys[0], self._owner)

    async def views(self) -> dict[str, UnitView]:
        """The views as last committed; those that cannot be read are left out and fold anew."""
        out = {}
        for unit, text in (await self._redis.hgetall(self._keys[1])).items():
            try:
                view = from_plain(live.load(text))
                if _POSITION.fullmatch(view.position):
                    out[unit] = view
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return out

    async def standing(self, positions: Mapping[str, str]) -> dict[str, str]:
        """From where each unit's stream has to be read on.

        One that ends before its position lost its tail, in a power cut say: it is read on from its
        end, since all of it was folded before. One that is empty is read from its beginning.
        """
        out = {}
        for key, unit in self._streams.items():
            newest = await self._redis.xrevrange(key, count=1)
            position = positions.get(unit, BEGINNING)
            out[unit] = min(newest[0][0], position, key=order) if newest else BEGINNING
        return out

    async def cut(self, positions: Mapping[str, str]) -> set[str]:
        """Units whose streams begin behind their position: what stood between is gone, if anything.

        A stream is trimmed at its beginning when nobody has read it for hours, and where Redis has
        lost it, it begins anew.
        """
        out = set()
        for key, unit in self._streams.items():
            position = positions.get(unit, BEGINNING)
            oldest = await self._redis.xrange(key, count=1)
            begins = oldest[0][0] if oldest else None
            if position != BEGINNING and (begins is None or order(begins) > order(position)):
                out.add(unit)
        return out

    async def read(
        self, positions: Mapping[str, str]
    ) -> tuple[dict[str, list[tuple[str, Sample | None]]], bool]:
        """For each unit the entries behind its position, as (id, sample), and whether that is all
        there are; waits BLOCK_MS for news.

        An entry that nobody of ours wrote comes as None: its position counts, it says nothing.
        """
        after = {key: positions.get(unit, BEGINNING) for key, unit in self._streams.items()}
        found = await self._redis.xread(after, count=READ_MAX, block=live.BLOCK_MS)
        out: dict[str, list[tuple[str, Sample | None]]] = {}
        for key, entries in found or []:
            unit = self._streams[key]
            out[unit] = [(id, _sample(unit, fields)) for id, fields in entries]
        return out, all(len(entries) < READ_MAX for entries in out.values())

    async def commit(self, views: Mapping[str, UnitView]) -> None:
        """Keep `views` with their positions and publish them. Raises LeaseLost, keeping nothing."""
        rows = [part for unit, view in views.items() for part in (unit, live.dump(to_plain(view)))]
        head = (self._owner, LEASE_MS, live.VIEW_ENTRIES_MAX)
        if not await self._redis.eval(_COMMIT, 3, *self._keys, *head, *rows):
            raise LeaseLost(self.id)


def _sample(unit: str, fields: Mapping[str, str]) -> Sample | None:
    try:
        return live.decode(unit, fields)
    except Exception:  # whatever stands there: nobody of ours wrote it
        return None
