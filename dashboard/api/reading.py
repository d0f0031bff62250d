"""What of the records somebody is shown, now or as of a position of the log."""

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from dashboard.api.errors import Failed
from mes.equipment import Plant
from mes.kinds import Kind
from mes.people import Person
from mes.records import Record
from mes.sight import places_seen, sees
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
    connection: Connection,
    plant: Plant,
    person: Person,
    kind: Kind,
    as_of: int | None,
    *,
    after: str = "",
    limit: int,
) -> Sequence[Record]:
    """The first `limit` records of a kind that `person` sees, by id, behind the id `after`.

    No other record is read: what is hidden is told by nothing, not by a page that is shorter.
    """
    at_position(connection, as_of)
    places = places_seen(person, plant, kind)
    found = Records(connection, position=as_of)
    return found.records(kind.key, after=after, places=places, limit=limit)


def newest_shown(
    connection: Connection, plant: Plant, person: Person, kind: Kind, id: str, as_of: int | None
) -> Record | None:
    """The version that holds, also where it says that it was removed; None: nothing to be seen."""
    at_position(connection, as_of)
    if not sees(person, plant, kind, id):
        return None
    return Records(connection, position=as_of).version(kind.key, id)


def shown_versions(
    connection: Connection,
    plant: Plant,
    person: Person,
    kind: Kind,
    id: str,
    as_of: int | None,
    *,
    after: int,
    limit: int,
) -> Sequence[Record] | None:
    """The first `limit` versions behind the version `after`; None: nothing to be seen."""
    if newest_shown(connection, plant, person, kind, id, as_of) is None:
        return None
    return Records(connection, position=as_of).versions(kind.key, id, after=after, limit=limit)
