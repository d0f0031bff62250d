"""Who is known: people, devices and tokens as they are on record, held in this process.

Renewed within RENEW_S of any change, whoever made it and whether Redis is there or not: it is asked
of the database. While that is away, what was known last holds, so that walls go on.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dashboard.records import Desk, RecordsAway
from mes.access import narrowed
from mes.people import ROLES, Person, device, person_of
from mes.records import Body, Record
from store.actions import SYSTEM
from store.credentials import Credentials, Kept, all_kept
from store.log.reading import Records
from store.log.tables import credentials, records

log = logging.getLogger("takt.access")

KINDS = ("person", "device", "token")
RENEW_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All of it at one moment. Whoever is not active stands in `records` alone."""

    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    kept: dict[tuple[str, str], Kept] = field(default_factory=dict)  # (owner, kind)
    by_token: dict[str, str] = field(default_factory=dict)  # hash → owner

    def body(self, kind: str, id: str) -> Body | None:
        record = self.records.get((kind, id))
        return record.body if record else None

    def of(self, kind: str) -> list[Record]:
        return [record for (k, _), record in self.records.items() if k == kind]

    def active(self, kind: str, id: str) -> Body | None:
        body = self.body(kind, id)
        return body if body is not None and body["active"] else None

    def person(self, id: str) -> Person | None:
        """An active person; None where there is none."""
        body = self.active("person", id)
        return None if body is None else person_of(id, body)

    def has(self, owner: str, kind: str) -> bool:
        return (owner, kind) in self.kept


def _mark(connection: Connection) -> tuple[object, ...]:
    r, c = records.c, credentials.c
    of = sa.select(sa.func.count(), sa.func.max(r.position)).where(r.kind.in_(KINDS))
    secret = sa.select(sa.func.count(), sa.func.max(c.changed_at_us))
    return (*connection.execute(of).one(), *connection.execute(secret).one())


def _read(connection: Connection) -> tuple[tuple[object, ...], Known]:
    mark, found = _mark(connection), Records(connection)
    kept = {(one.owner, one.kind): one for one in all_kept(connection)}
    known = Known(
        records={(kind, record.id): record for kind in KINDS for record in found.records(kind)},
        kept=kept,
        by_token={one.hash: one.owner for one in kept.values() if one.kind == "token"},
    )
    return mark, known


class Register:
    """Holds `known` and renews it. `listen` is called with the owners ("person:anna") that changed."""

    def __init__(self, desk: Desk, secrets: Credentials) -> None:
        self.known = Known()
        self.secrets = secrets
        self._desk = desk
        self._mark: tuple[object, ...] | None = None
        self._listeners: list[Callable[[set[str]], None]] = []

    def listen(self, listener: Callable[[set[str]], None]) -> None:
        self._listeners.append(listener)

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            with suppress(RecordsAway):  # the desk has said it
                await self.look()
            await asyncio.sleep(RENEW_S)

    async def look(self) -> None:
        """Renew it if anything has changed. Raises RecordsAway."""
        if await self._desk.read(_mark) != self._mark:
            await self.renew()

    async def renew(self) -> None:
        """Read it anew now. Raises RecordsAway."""
        self._mark, new = await self._desk.read(_read)
        old, self.known = self.known, new
        changed = {
            f"{kind}:{id}"
            for kind, id in old.records.keys() | new.records.keys()
            if old.body(kind, id) != new.body(kind, id)
        }
        changed |= {
            owner
            for owner, kind in old.kept.keys() | new.kept.keys()
            if kind == "token" and old.kept.get((owner, kind)) != new.kept.get((owner, kind))
        }
        for listener in self._listeners if changed else ():
            listener(changed)

    def device_of(self, token: str) -> tuple[str, Body] | None:
        """The active device whose token this is, by id."""
        kind, _, id = self._owner(token).partition(":")
        body = self.known.active("device", id) if kind == "device" else None
        return None if body is None else (id, body)

    def token_of(self, token: str) -> Person | None:
        """Whom a token of the API stands for: what it was given, as far as its maker has it himself."""
        kind, _, id = self._owner(token).partition(":")
        record = self.known.records.get(("token", id)) if kind == "token" else None
        if record is None or record.body is None or not record.body["active"]:
            return None
        body = record.body
        if body["expires_us"] is not None and body["expires_us"] < time.time_ns() // 1000:
            return None
        maker = self.known.person(record.by)
        scope = tuple(body["scope"])
        if record.by == SYSTEM.id:  # made at the machine itself
            roles: Iterable[str] = ROLES
        elif maker is None:
            return None
        else:
            roles, scope = maker.roles, narrowed(scope, maker.scope)
        return Person(
            id=f"token:{id}",
            name=body["name"],
            roles=tuple(roles),
            scope=scope,
            rights=frozenset(body["rights"]),
        )

    def _owner(self, token: str) -> str:
        if not 20 <= len(token) <= 200:
            return ""
        return self.known.by_token.get(self.secrets.hashed("token", token), "")


def device_person(id: str, body: Body) -> Person:
    return device(f"device:{id}", body["name"], body["scope"])
