"""What of the records somebody is shown, now or as of a position of the log."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from dashboard.api.errors import Failed
from mes.equipment import Plant
from mes.kinds import Kind
from mes.people import Person
from mes.records import Record
from mes.sight import sees
from store.log import chain
from store.log.reading import Records


def at_position(connection: Connection, as_of: int | None) -> int:
    """The position that is read at: `as_of`, or the newest. Raises Failed for one to come."""
    newest, _ = chain.newest(connection)
    if as_of is None:
        return newest
    if as_of > newest:
        raise Failed(422, f"as_of: found {as_of}; the log has reached {newest}")
    return as_of


def shown(
    connection: Connection, plant: Plant, person: Person, kind: Kind, as_of: int | None
) -> Sequence[Record]:
    """The records of a kind that `person` sees, by id."""
    at_position(connection, as_of)
    found = Records(connection, position=as_of).records(kind.key)
    mine = [r for r in found if r.body is not None and sees(person, plant, kind, r.id, r.body)]
    return sorted(mine, key=lambda record: record.id)


def newest_shown(
    connection: Connection, plant: Plant, person: Person, kind: Kind, id: str, as_of: int | None
) -> Record | None:
    """The version that holds, also where it says that it was removed; None: nothing to be seen."""
    found = shown_versions(connection, plant, person, kind, id, as_of, newest=True)
    return found[-1] if found else None


def shown_versions(
    connection: Connection,
    plant: Plant,
    person: Person,
    kind: Kind,
    id: str,
    as_of: int | None,
    *,
    newest: bool = False,
) -> Sequence[Record]:
    """All versions of a record, if `person` sees where it is, or was last; newest: only that one."""
    at_position(connection, as_of)
    records = Records(connection, position=as_of)
    if newest:
        record = records.version(kind.key, id)
        if record is None:
            return ()
        if record.body is not None:
            return (record,) if sees(person, plant, kind, id, record.body) else ()
    found = records.versions(kind.key, id)
    bodies = [record.body for record in found if record.body is not None]
    return found if bodies and sees(person, plant, kind, id, bodies[-1]) else ()
