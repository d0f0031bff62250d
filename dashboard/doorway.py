"""Coming and going: passwords, PINs, badges, links; what they cost, and what is told of them.

Whoever is not known takes as long as who is, and hears the same words. After too many wrong ones one
waits (store/attempts.py), whether the next one is right or not. Passwords, and what is typed at a
tablet, are counted apart: whoever mistypes others' PINs there locks nobody out of his password.
"""

import logging
import math
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from starlette.types import Scope

from dashboard.access import Gate, who_of
from dashboard.identity import Who
from dashboard.line import Line
from dashboard.rates import Rate, address
from dashboard.records import Desk, RecordsAway
from mes.access import (
    PIN_MAX,
    LockedOut,
    SetCredential,
    SignedIn,
    SignedOut,
    check_badge,
    check_pin,
)
from mes.people import Person, session_s
from mes.records import Refused
from store import live
from store.actions import SYSTEM
from store.attempts import Attempts
from store.credentials import Credentials
from store.sessions import Session

log = logging.getLogger("takt.access")

HASHES_AT_ONCE = 2  # each takes 64 MB for a moment
HASHES_WAIT_MAX = 50  # that wait for their turn; more are turned away
LOCKED_TOLD = 60  # lock-outs that are told to the audit trail in an hour
WRONG = "That is not right. Name and password have to belong together."
WRONG_PIN = "That is not right."


class Turned(Refused):
    """Somebody was not let in; the words are for him."""

    code = "not_signed_in"


class Crowded(Turned):
    """Too many come in at this moment: nobody looked whether it was right."""


@dataclass(slots=True)
class Waiting(Exception):
    """He has to wait for so long before he is listened to again."""

    seconds: int

    @property
    def words(self) -> str:
        minutes = math.ceil(self.seconds / 60)
        time = f"{self.seconds} s" if self.seconds < 60 else f"{minutes} min"
        return f"Too many attempts were wrong. Please wait {time}."

    @property
    def headers(self) -> dict[str, str]:
        """What the refusal says to programs."""
        return {"Retry-After": str(self.seconds)}


@dataclass(frozen=True, slots=True)
class _Tries:
    """The attempts of one way in ("password" or "tablet"): of the person `who`, "" for a badge, and
    of the address `place`."""

    attempts: Attempts
    way: str
    who: str
    place: str

    def _counted(self) -> list[tuple[str, str]]:
        people = [("person", f"{self.way} {self.who}")] if self.who else []
        return [*people, ("address", f"{self.way} {self.place}")]

    @asynccontextmanager
    async def one(self) -> AsyncIterator[int]:
        """One attempt, counted before it is looked at; gives how long to wait if it is wrong [s].

        Whatever else than Turned ends it, it was none. Raises Waiting.
        """
        left, waits = await self.attempts.take(*self._counted())
        if left:
            raise Waiting(left)
        try:
            yield waits
        except Exception as error:
            if isinstance(error, Turned) and not isinstance(error, Crowded):
                raise
            await self.attempts.back(*self._counted())
            raise
        await self.attempts.right(*self._counted())


class Doorway:
    """Lets people in and out, and asks them again who they are."""

    def __init__(self, desk: Desk, gate: Gate, secrets: Credentials, attempts: Attempts) -> None:
        self.desk, self.gate, self.secrets = desk, gate, secrets
        self._attempts = attempts
        self._hashing = Line("hash", HASHES_AT_ONCE, HASHES_WAIT_MAX, _crowded)
        self._told = Rate(LOCKED_TOLD, 3600)

    def close(self) -> None:
        self._hashing.close()

    def name_of(self, id: str) -> str:
        """What a person is called; who is not known goes by his id."""
        body = self.gate.register.known.body("person", id)
        return str(body["name"]) if body else {"takt": "Takt"}.get(id, id)

    async def hashed(
        self, owner: str, kind: str, secret: str | None, link: str | None = None
    ) -> Callable[[Connection], None]:
        """`Credentials.writing`, in a thread."""
        return await self._hashing.turn(
            lambda: self.secrets.writing(owner, kind, secret, link=link)
        )

    async def by_secret(self, id: str, kind: str, secret: str, scope: Scope) -> Person:
        """The active person `id` whose password or PIN this is. Raises Turned, Waiting,
        RecordsAway."""
        who, place = id.strip()[:128], address(scope)
        await self.gate.register.look()
        if self.gate.register.known.body("person", who) is None:
            who = who.lower()
        trying = _Tries(self._attempts, "password" if kind == "password" else "tablet", who, place)
        async with trying.one() as waits:
            kept = self.gate.register.known.kept.get((f"person:{who}", kind))
            person = self.gate.register.known.person(who)
            given = secret[: 1024 if kind == "password" else PIN_MAX]
            right = await self._hashing.turn(lambda: self.secrets.verify(kept, given))
            if not right or person is None or not person.roles:
                await self._tell_locked(trying, waits)
                raise Turned(WRONG if kind == "password" else WRONG_PIN)
        return person

    async def by_key(self, kind: str, secret: str, scope: Scope) -> Person:
        """The active person whose badge this is. Raises Turned, Waiting."""
        trying = _Tries(self._attempts, "tablet", "", address(scope))
        async with trying.one() as waits:
            await self.gate.register.look()
            owner = await self.desk.read(lambda c: self.secrets.owner_of(c, kind, secret[:200]))
            person = self.gate.register.known.person((owner or "").partition(":")[2])
            if person is None or not person.roles:
                await self._tell_locked(trying, waits)
                raise Turned("Nobody has this badge.")
        return person

    async def _tell_locked(self, trying: "_Tries", wait_s: int) -> None:
        if not wait_s or self._told.hit("locked", "anybody"):
            return
        known = self.gate.register.known.body("person", trying.who)
        whose = f"{trying.who if known else 'somebody unknown'} from {trying.place}"
        by = "by password" if trying.way == "password" else "at a tablet"
        command = LockedOut(how=f"{whose} for {wait_s} s {by}", reason=f"{whose} {by}")
        await self._audit(command, SYSTEM, trying.place)
        log.warning("after wrong attempts, %s has to wait for %d s %s", whose, wait_s, by)

    async def _audit(
        self, command: SignedIn | SignedOut | LockedOut, person: Person, at: str
    ) -> None:
        try:
            await self.desk.perform(command, person, secrets.token_hex(16), device=at)
        except RecordsAway:
            if isinstance(command, SignedIn):
                raise

    async def begin(self, person: Person, via: str, scope: Scope) -> tuple[str, Session]:
        """A session for `person` in the browser that asks; the one it had has ended, and its sockets
        close, whoever's it was.

        Raises store.live.UNAVAILABLE, RecordsAway.
        """
        before = await self.gate.who(scope)
        await self._audit(
            SignedIn(how=via, reason=f"by {via}"), person, before.device or address(scope)
        )
        if before.signed_in:
            await self._audit(
                SignedOut(how=before.via, reason=f"{person.id} took over"),
                before.person,
                before.device or address(scope),
            )
        await self._end(before)
        token, session = await self.gate.sessions.begin(
            person.id,
            via=via,
            device=before.device,
            browser=before.browser,
            limits_s=session_s(person.roles),
        )
        await self._another(before)
        scope["state"]["who"] = who_of(person, session, before.device)
        return token, session

    async def out(self, who: Who, scope: Scope) -> None:
        """End the session of who asks."""
        if who.signed_in:
            await self._audit(SignedOut(how=who.via), who.person, who.device or address(scope))
        await self._end(who)
        await self._another(who)

    async def _end(self, who: Who) -> None:
        if not who.session:
            return
        for session in await self.gate.sessions.of(who.person.id):
            if session.id == who.session:
                await self.gate.sessions.end(session)

    async def _another(self, before: Who) -> None:
        """The browser's sockets close, here and in every other process."""
        if before.session:
            self.gate.sockets.close(session=before.session)
        if before.browser:
            self.gate.sockets.close(browser=before.browser)
            await self.gate.sessions.tell(browser=before.browser)

    async def confirm(self, who: Who, password: str, scope: Scope) -> Person:
        """Who is signed in proves it again, with his password. Raises Turned, Waiting."""
        return await self.by_secret(who.person.id, "password", password, scope)

    async def set_secret(
        self,
        who: Who,
        owner: str,
        kind: str,
        secret: str | None,
        *,
        own: bool = False,
        by: Person | None = None,
        link: str | None = None,
    ) -> None:
        """Set or take away (None) a credential of `owner`; a new password ends his other sessions."""
        also = await self.hashed(owner, kind, secret, link)
        command = SetCredential(owner=owner, credential=kind, own=own, gone=secret is None)
        await self.desk.perform(
            command, by or who.person, secrets_key(), device=who.where, also=also
        )
        await self.gate.register.renew()
        kind_of_owner, _, id = owner.partition(":")
        if kind_of_owner == "person" and kind != "link":
            await self.gate.sessions.end_all(id, but=who.session)

    async def set_checked(
        self, who: Who, owner: str, kind: str, secret: str, *, own: bool = False
    ) -> None:
        """`set_secret` for what a person chose; "" takes a PIN or badge away. Raises Refused."""
        if kind == "pin" and secret:
            check_pin(secret)
        if kind == "badge" and secret:
            check_badge(secret)
        await self.set_secret(who, owner, kind, secret or None, own=own)


def _crowded() -> Crowded:
    return Crowded("Too many people are signing in at this moment. Please try again.")


def secrets_key() -> str:
    """A key for an action that is asked for once."""
    return secrets.token_hex(16)


UNAVAILABLE = (*live.UNAVAILABLE, RecordsAway)
