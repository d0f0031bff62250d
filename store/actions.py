"""The one door for every write: `Actions.perform`.

A command is decided by `mes`, done once under its key, allowed by role and scope, signed where it
has to be, and kept with its audit entry and all that is derived from it in one transaction. Pages,
the API, the command line and Takt itself have no other way in.
"""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.equipment import Plant
from mes.people import Person
from mes.records import (
    Change,
    Command,
    Conflict,
    Forbidden,
    Invalid,
    Record,
    Signature,
    Unsigned,
)
from store.live import dump
from store.log import chain, changes
from store.log.database import Database
from store.log.reading import Records, is_text
from store.log.tables import actions, records

log = logging.getLogger("takt.actions")

KEY_MAX = 128
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it; a typed backslash is doubled
REASON_MAX = 1000
DEVICE_MAX = 128
SYSTEM = Person(id="takt", name="Takt")  # what happens without anybody asking for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an action. `records` are the versions it made; `again`: it was done before."""

    position: int
    records: tuple[Record, ...]
    again: bool = False


class Actions:
    """The door to the records of `plant`."""

    def __init__(self, database: Database, plant: Plant) -> None:
        self.database = database
        self._plant = plant

    def perform(
        self,
        command: Command,
        person: Person,
        key: str,
        *,
        device: str = "",
        signatures: Sequence[Signature] = (),
        also: Callable[[Connection], None] | None = None,
    ) -> Done:
        """Do `command` for `person`, once for each `key`; another call with it returns the same.

        device: where it was asked for; also: writes what must not stand in the log (secrets), in
        the same transaction.

        Raises mes.records.Refused, and what the database raises while it is away: then nothing is
        done, or with CommitLost nobody knows. The same key can be tried again either way.
        """
        _text("key", key, KEY_MAX)
        _text("device", device, DEVICE_MAX, least=0)
        _text("reason", command.reason, REASON_MAX, least=0)
        digest = _digest(command, person)
        with self.database.write() as (connection, position, hash):
            if before := _done_before(connection, key, person, digest):
                return before
            now_us = time.time_ns() // 1000
            found = Records(connection)
            places = command.places(found)
            self._allow(command, person, places)
            changed = command.decide(found, now_us=now_us)
            meanings = command.signatures(found, now_us=now_us)
            _signed(
                meanings, signatures, person, own=getattr(command, "signed_by_performer", False)
            )
            said = {
                "key": key,
                "digest": digest.hex(),
                "person": person.id,
                "name": person.name,
                "device": device,
                "reason": command.reason,
                "signatures": [asdict(s) for s in signatures],
                "place": " ".join(self._path(place) for place in places),
                "changes": [_row(found, change) for change in changed],
            }
            entry = chain.New(changes.KIND, command.name, changes.body_of(said))
            (kept,) = chain.append(connection, [entry], after=position, before=hash, at_us=now_us)
            changes.apply(connection, [kept])
            if also is not None:
                also(connection)
            return Done(position=kept.position, records=_made_by(connection, kept.position))

    def _allow(self, command: Command, person: Person, places: Sequence[str]) -> None:
        if person is SYSTEM:
            return
        if not person.has(command.right):
            raise Forbidden(f"{person.name} has not the right {command.right!r}")
        for place in places:
            path = self._path(place)
            if not person.may(command.right, path):
                raise Forbidden(f"{person.name} may not do this at {path}")

    def _path(self, place: str) -> str:
        try:
            return self._plant.path_of(place)
        except ValueError as error:
            raise Invalid(str(error)) from error


def _text(field: str, found: str, most: int, *, least: int = 1) -> None:
    if not least <= len(found) <= most:
        raise Invalid(f"{field}: found {len(found)} characters; expected {least} to {most}")
    if not is_text(found):
        raise Invalid(f"{field}: found characters that are no text")


def _digest(command: Command, person: Person) -> bytes:
    said = [command.name, asdict(command), person.id]  # type: ignore[call-overload]
    try:
        text = dump(said)
    except TypeError as error:
        raise Invalid(f"what is no JSON cannot be kept: {error}") from error
    if NUL.search(text):
        raise Invalid("a text with the character NUL cannot be kept")
    return hashlib.sha256(text.encode()).digest()


def was_done(connection: Connection, key: str) -> bool:
    """Whether anything was done under this key."""
    found = connection.execute(sa.select(actions.c.key).where(actions.c.key == key))
    return found.one_or_none() is not None


def _done_before(connection: Connection, key: str, person: Person, digest: bytes) -> Done | None:
    row = connection.execute(sa.select(actions).where(actions.c.key == key)).one_or_none()
    if row is None:
        return None
    if bytes(row.digest) != digest:
        raise Conflict(f"the key {key!r} was used for something else, by {row.person}")
    return Done(position=row.position, records=_made_by(connection, row.position), again=True)


def _signed(
    meanings: Sequence[str], signatures: Sequence[Signature], performer: Person, *, own: bool
) -> None:
    """Each meaning by another person, and none of them by the performer himself; but for a command
    that is his own signature.
    """
    missing = [m for m in meanings if m not in {s.meaning for s in signatures}]
    if missing:
        raise Unsigned(f"this has to be signed: {', '.join(missing)}", tuple(missing))
    signers = [s.person for s in signatures if s.meaning in meanings]
    if len(set(signers)) < len(signers):
        raise Unsigned("one person cannot sign twice", tuple(meanings))
    if own and signers != [performer.id]:
        raise Unsigned("who performs it signs for it himself", tuple(meanings))
    if performer.id in signers and not own:
        raise Unsigned("who performs it cannot sign for it too", tuple(meanings))


def _row(found: Records, change: Change) -> list[object]:
    before = found.version(change.kind, change.id)
    version = before.version + 1 if before else 1
    return [change.kind, change.id, version, change.old, change.new]


def _made_by(connection: Connection, position: int) -> tuple[Record, ...]:
    rows = connection.execute(
        sa.select(records.c.kind, records.c.id).where(records.c.position == position)
    )
    as_of = Records(connection, position=position)
    found = [as_of.version(row.kind, row.id) for row in rows]
    return tuple(record for record in found if record is not None)
