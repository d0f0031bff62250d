"""Sessions of people who are signed in, in Redis: lost with it, and then everybody signs in anew.

    takt:{sessions}:s:<hash of the token>  JSON {person, via, device, browser, signed_in_us, seen_us}
    takt:{sessions}:of:<person>            set of these hashes
    takt:{sessions}:told                   stream of what ended or began: {browser}, {person}, {session}

A session ends when it is idle for too long, lasts too long, or is ended; how long that is depends on
the person's roles as they are now.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from redis.asyncio import Redis

from store.credentials import new_token
from store.live import dump, load

TOLD = "takt:{sessions}:told"
TOLD_MAX = 1000
RENEW_US = 60_000_000  # "seen" is written at most this often
OF_MAX = 50  # sessions of one person; the oldest end


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser in which a person is signed in. `id` is a hash of the token, which is nowhere."""

    id: str
    person: str
    via: str  # password, pin, badge, oidc, link
    device: str
    browser: str
    signed_in_us: int
    seen_us: int


def _us() -> int:
    return time.time_ns() // 1000


def _id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key(id: str) -> str:
    return f"takt:{{sessions}}:s:{id}"


def _of(person: str) -> str:
    return f"takt:{{sessions}}:of:{person}"


class Sessions:
    """All methods raise store.live.UNAVAILABLE while Redis is away."""

    def __init__(self, redis: "Redis[str]") -> None:
        self._redis = redis

    async def begin(
        self, person: str, *, via: str, device: str, browser: str, limits_s: tuple[int, int]
    ) -> tuple[str, Session]:
        """A new session and its token, which only the browser keeps."""
        token, now = new_token(), _us()
        session = Session(
            id=_id(token), person=person, via=via, device=device, browser=browser,
            signed_in_us=now, seen_us=now,
        )  # fmt: skip
        mine = await self.of(person)
        for old in sorted(mine, key=lambda s: s.seen_us)[: max(0, len(mine) + 1 - OF_MAX)]:
            await self.end(old)
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(_key(session.id), _text(session), ex=limits_s[0])
        pipe.sadd(_of(person), session.id)
        pipe.expire(_of(person), limits_s[1])
        await pipe.execute()
        return token, session

    async def find(self, token: str) -> Session | None:
        """The session of a token, however old it is: `renewed` says whether it still holds."""
        return await self._read(_id(token)) if len(token) < 200 else None

    async def renewed(
        self, session: Session, limits_s: tuple[int, int], *, seen: bool = True
    ) -> bool:
        """Whether the session still holds; seen: somebody did something in it now."""
        now = _us()
        if now - session.signed_in_us > limits_s[1] * 1_000_000:
            await self.end(session)
            return False
        if now - session.seen_us > limits_s[0] * 1_000_000:
            await self.end(session)
            return False
        if seen and now - session.seen_us > min(RENEW_US, limits_s[0] * 250_000):
            text = _text(replace(session, seen_us=now))
            await self._redis.set(_key(session.id), text, ex=limits_s[0], xx=True)
        return True

    async def end(self, session: Session) -> None:
        pipe = self._redis.pipeline(transaction=True)
        pipe.delete(_key(session.id))
        pipe.srem(_of(session.person), session.id)
        pipe.xadd(TOLD, {"session": session.id}, maxlen=TOLD_MAX, approximate=True)
        await pipe.execute()

    async def of(self, person: str) -> list[Session]:
        """All sessions of a person."""
        found = []
        for id in await self._redis.smembers(_of(person)):
            if session := await self._read(id):
                found.append(session)
            else:
                await self._redis.srem(_of(person), id)
        return found

    async def end_all(self, person: str, *, but: str | None = None) -> None:
        """End all sessions of a person, but the one with the id `but`."""
        for session in await self.of(person):
            if session.id != but:
                await self.end(session)

    async def still(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that have not ended."""
        if not ids:
            return set()
        found = await self._redis.mget([_key(id) for id in ids])
        return {id for id, text in zip(ids, found, strict=True) if text}

    async def tell(self, **what: str) -> None:
        """Tell all processes that who `what` names (browser=, person=, session=) is another now."""
        await self._redis.xadd(TOLD, dict(what), maxlen=TOLD_MAX, approximate=True)

    async def _read(self, id: str) -> Session | None:
        text = await self._redis.get(_key(id))
        try:
            return Session(id=id, **load(text)) if text else None
        except (ValueError, TypeError):
            return None


def _text(session: Session) -> str:
    plain = asdict(session)
    del plain["id"]
    return dump(plain)
