"""Drafts: what a person has typed into a form and not sent yet, kept for him until he comes back.

    takt:{drafts}:of:<person>        hash form → JSON {at_us, fields}

Bounded: FORMS_MAX of a person, the oldest go; BYTES_MAX each; all of a person KEPT_S after the last.
"""

import time

from redis.asyncio import Redis

from mes.records import Invalid
from store.live import dump, load

FORMS_MAX, BYTES_MAX = 50, 20_000
KEPT_S = 30 * 86_400


def _key(person: str) -> str:
    return f"takt:{{drafts}}:of:{person}"


class Drafts:
    """All methods raise store.live.UNAVAILABLE while Redis is away."""

    def __init__(self, redis: "Redis[str]") -> None:
        self._redis = redis

    async def get(self, person: str, form: str) -> dict[str, str]:
        """The fields as they were left; empty where there is no draft."""
        return self._fields(await self._redis.hget(_key(person), form))[1]

    async def put(self, person: str, form: str, fields: dict[str, str]) -> None:
        """Keep the fields; none: forget the draft. Raises Invalid for what is too large."""
        if not fields:
            await self._redis.hdel(_key(person), form)
            return
        text = dump({"at_us": time.time_ns() // 1000, "fields": fields})
        if len(text.encode()) > BYTES_MAX:
            raise Invalid(f"a draft has at most {BYTES_MAX} bytes")
        await self._redis.hset(_key(person), form, text)
        await self._redis.expire(_key(person), KEPT_S)
        if await self._redis.hlen(_key(person)) > FORMS_MAX:
            kept = await self._redis.hgetall(_key(person))
            oldest = sorted(kept, key=lambda name: self._fields(kept[name])[0])
            await self._redis.hdel(_key(person), *oldest[: len(kept) - FORMS_MAX])

    def _fields(self, text: str | None) -> tuple[int, dict[str, str]]:
        try:
            said = load(text) if text else {}
            return int(said.get("at_us", 0)), dict(said.get("fields", {}))
        except (ValueError, TypeError, AttributeError):
            return 0, {}
