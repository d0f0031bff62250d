"""How a record is changed by the API: what is asked first, who may, and what the answer is."""

import logging
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from fastapi import Request, Response
from sqlalchemy.engine import Connection

from dashboard.api.asking import Said, expected_version, key_of, needs, said_in
from dashboard.api.errors import Failed, Json
from dashboard.api.reading import newest_shown
from dashboard.api.shapes import record_out, time_out
from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from dashboard.signing import sign
from mes.equipment import Plant
from mes.kinds import Kind, Remove, Set
from mes.people import Person, covers
from mes.records import Body, Conflict, Forbidden, Invalid, Missing, Record
from mes.sight import sees_path
from store.actions import Done
from store.log.reading import Records
from store.log.tables import actions

log = logging.getLogger("takt.api")

SECRET = ("device", "token")  # their secrets are made elsewhere, and so they are
ACCESS = ("person", *SECRET)  # who may come in


class Changing:
    """Changes of the records of one kind."""

    def __init__(self, plant: Plant, doorway: Doorway, kind: Kind) -> None:
        self._plant, self._doorway, self._kind = plant, doorway, kind

    async def put(self, request: Request, id: str) -> Response:
        asks = self._asks()
        said = await said_in(request, body=True)
        version = expected_version(request.headers)
        self._may_be_new(id, version)
        command = Set(
            kind=self._kind.key, id=id, body=said.body, version=version, reason=said.reason
        )
        done = await self._do(request, asks, command, said)
        return _told(done, 200 if version else 201)

    async def delete(self, request: Request, id: str) -> Response:
        asks = self._asks()
        said = await said_in(request, body=False)
        version = expected_version(request.headers)
        if version == 0:
            raise Failed(422, "to remove it, say which version you have seen: If-Match")
        command = Remove(kind=self._kind.key, id=id, version=version, reason=said.reason)
        return _told(await self._do(request, asks, command, said), 200)

    def _asks(self) -> Who:
        asks = who()
        needs(asks.person, self._kind.right)
        if self._kind.key in SECRET and not asks.signed_in:
            raise Failed(403, "devices and tokens are changed by people", code="forbidden")
        return asks

    def _may_be_new(self, id: str, version: int) -> None:
        key = self._kind.key
        if key in SECRET and version == 0:
            raise Failed(422, f"a {key} is made at /devices, or by takt token: it has a secret")

    def _no_more(self, person: Person, body: Body) -> None:
        """Nobody gives a device or token more than he has himself."""
        if self._kind.key not in SECRET:
            return
        for path in body["scope"]:
            if not covers(person.scope, path):
                raise Forbidden(f"that is more than you may see yourself: {path}")
        for right in body.get("rights", ()):
            if not person.has(right):
                raise Forbidden(f"that is more than you may do yourself: {right}")

    async def _do(self, request: Request, asks: Who, command: Set | Remove, said: Said) -> Done:
        desk, key = self._doorway.desk, key_of(request.headers, asks.person)
        if said.signings and not asks.signed_in:  # else its maker could be both of two people
            words = "signatures: expected from a person who is signed in; a program hands in none"
            raise Failed(403, words, code="forbidden")
        paths = await desk.read(lambda c: self._allowed(c, asks.person, command, key))
        if isinstance(command, Set):
            self._no_more(asks.person, self._kind.check(command.id, command.body))
        signatures = [
            await sign(self._doorway, signing, request.scope, paths=paths)
            for signing in said.signings
        ]
        try:
            done = await desk.perform(
                command, asks.person, key, device=asks.where, signatures=signatures
            )
        except Conflict as conflict:
            raise await self._conflict(asks.person, command, conflict, key) from conflict
        await self._renewed(command)
        return done

    def _allowed(
        self, connection: Connection, person: Person, command: Set | Remove, key: str
    ) -> list[str]:
        """The paths it concerns, where it may be tried; the one door judges it once more.

        Raises Missing, Forbidden, Invalid, and Failed where the version is an older one.
        """
        places, id = command.places(Records(connection)), command.id
        stands = newest_shown(connection, self._plant, person, self._kind, id, None)
        exists = Records(connection).version(self._kind.key, id) is not None
        missing = Missing(f"no {self._kind.key} {id!r}")
        if exists and stands is None:
            raise missing
        paths = [self._path(person, place, missing) for place in places]
        for path in paths:
            if person.may(self._kind.right, path):
                continue
            if sees_path(person, self._plant, path, wide=self._kind.wide):
                raise Forbidden(f"{person.name} may not do this at {path}")
            raise missing
        if not _was_used(connection, key):
            _is_newest(command, stands, missing)
        return paths

    def _path(self, person: Person, place: str, missing: Missing) -> str:
        try:
            return self._plant.path_of(place)
        except ValueError as error:
            if covers(person.scope, self._plant.id):
                raise Invalid(str(error)) from error
            raise missing from None

    async def _conflict(
        self, person: Person, command: Set | Remove, conflict: Conflict, key: str
    ) -> Failed:
        def look(connection: Connection) -> tuple[bool, Record | None]:
            id = command.id
            newest = newest_shown(connection, self._plant, person, self._kind, id, None)
            return _was_used(connection, key), newest

        used, stands = await self._doorway.desk.read(look)
        if used:
            return Failed(409, "this Idempotency-Key was used for something else", code="key_used")
        told = None if stands is None else _conflict_detail(stands)
        return Failed(409, str(conflict), code=conflict.code, told=told)

    async def _renewed(self, command: Set | Remove) -> None:
        """Who may come in is known at once, here; elsewhere within a second."""
        if self._kind.key not in ACCESS:
            return
        with suppress(RecordsAway):
            await self._doorway.gate.register.renew()
        active = isinstance(command, Set) and command.body.get("active", True)
        if self._kind.key == "person" and not active:
            try:
                await self._doorway.gate.sessions.end_all(command.id)
            except UNAVAILABLE as error:  # whoever is not active has no session that is good
                log.warning("sessions of %s could not be ended: %s", command.id, error)


def _was_used(connection: Connection, key: str) -> bool:
    found = sa.select(actions.c.key).where(actions.c.key == key)
    return connection.execute(found).first() is not None


def _is_newest(command: Set | Remove, stands: Record | None, missing: Missing) -> None:
    """Raises Failed where another version stands than the one that the person has seen.

    409 where somebody was first, as he would be told who comes at the same instant; 412 for a
    version that there never was.
    """
    if stands is None:
        if command.version:
            raise missing
        return
    if command.version == (0 if stands.body is None else stands.version):
        return
    by, detail = stands.by, _conflict_detail(stands)
    if command.version == 0:
        words = f"{stands.kind} {stands.id} is there already, by {by}"
        raise Failed(409, words, code=Conflict.code, told=detail)
    if (command.version or 0) > stands.version:
        words = f"{stands.kind} {stands.id} has no version {command.version} yet"
        raise Failed(412, words, told=detail)
    done = "removed" if stands.body is None else "changed"
    words = f"{stands.kind} {stands.id} was {done} meanwhile, by {by}"
    raise Failed(409, words, code=Conflict.code, told=detail)


def _conflict_detail(record: Record) -> dict[str, Any]:
    return {"by": record.by, "at": time_out(record.at_us), "record": record_out(record)}


def _told(done: Done, status: int) -> Response:
    (record,) = done.records
    return Json(record_out(record), status_code=status, headers={"ETag": f'"{record.version}"'})
