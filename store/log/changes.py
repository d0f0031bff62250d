"""Projection of what people did: records with all their versions, the audit trail, used keys."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes import stops
from store.live import dump, load
from store.log import chain
from store.log.kept import forget
from store.log.tables import actions, audit, intervals, records

KIND = "action"


def body_of(said: dict[str, Any]) -> str:
    """The body of an entry: {key, digest, person, name, device, reason, signatures, place, changes},
    changes as [kind, id, version, old, new].
    """
    return dump(said)


class Changes:
    """Gathers entries of KIND and writes their rows."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._actions: list[dict[str, Any]] = []
        self._audit: list[dict[str, Any]] = []
        self._records: dict[tuple[str, str, int], dict[str, Any]] = {}
        self._past: list[dict[str, Any]] = []
        self._coded: dict[str, int] = {}  # work unit → from when on other reasons hold

    def take(self, entry: chain.Entry) -> None:
        said = load(entry.body)
        key = {"key": said["key"], "person": said["person"], "position": entry.position}
        self._actions.append(key | {"digest": bytes.fromhex(said["digest"])})
        changes = said["changes"] or [["", "", 0, None, None]]
        for line, (kind, id, version, old, new) in enumerate(changes):
            self._audit.append(
                {
                    "position": entry.position,
                    "line": line,
                    "at_us": entry.recorded_at_us,
                    "person": said["person"],
                    "name": said["name"],
                    "device": said["device"],
                    "command": entry.subject,
                    "kind": kind,
                    "id": id,
                    "place": said["place"],
                    "old": None if old is None else dump(old),
                    "new": None if new is None else dump(new),
                    "reason": said["reason"],
                    "signatures": dump(said["signatures"]),
                }
            )
            if kind == stops.KIND:
                unit, start_us = id.rpartition("@")[0], stops.start_of(id)
                self._coded[unit] = min(start_us, self._coded.get(unit, start_us))
            if kind:
                self._record(entry, said["person"], kind, id, version, new)

    def _record(
        self, entry: chain.Entry, by: str, kind: str, id: str, version: int, new: Any
    ) -> None:
        if before := self._records.get((kind, id, version - 1)):
            before["until_position"] = entry.position
        else:
            self._past.append({"k": kind, "i": id, "v": version - 1, "p": entry.position})
        self._records[kind, id, version] = {
            "kind": kind,
            "id": id,
            "version": version,
            "body": None if new is None else dump(new),
            "by": by,
            "at_us": entry.recorded_at_us,
            "position": entry.position,
            "until_position": None,
        }

    def write(self, connection: Connection) -> None:
        b, c = sa.bindparam, records.c
        if self._past:
            mine = (c.kind == b("k"), c.id == b("i"), c.version == b("v"))
            connection.execute(
                records.update().where(*mine).values(until_position=b("p")), self._past
            )
        for table, rows in (
            (records, list(self._records.values())),
            (audit, self._audit),
            (actions, self._actions),
        ):
            if rows:
                connection.execute(table.insert(), rows)
        forget(connection, {unit: _began(connection, unit, us) for unit, us in self._coded.items()})
        self._clear()


def _began(connection: Connection, unit: str, us: int) -> int:
    """When the state began that a moment falls into: whether it was a failure counts there."""
    c = intervals.c
    mine = (c.work_unit == unit, c.until_position.is_(None), c.start_us <= us)
    found: int | None = connection.scalar(sa.select(sa.func.max(c.start_us)).where(*mine))
    return us if found is None else int(found)


def apply(connection: Connection, entries: Iterable[chain.Entry]) -> None:
    changes = Changes()
    for entry in entries:
        changes.take(entry)
    changes.write(connection)
