"""Who sees which record: the right to read its kind, at the place that it concerns.

What holds for all that is below its place (a calendar, the equipment itself) is also seen by who
sees a part of that only: a supervisor of one area sees the site's holidays, and no other area's.
"""

from mes.equipment import Plant
from mes.kinds import Kind
from mes.people import Person, covers
from mes.records import Body


def sees(person: Person, plant: Plant, kind: Kind, id: str, body: Body) -> bool:
    """Whether `person` may read the record of `kind` with this id and body."""
    places = (kind.seen_at or kind.places)(id, body)
    return person.has(kind.see) and all(_at(person, plant, one, wide=kind.wide) for one in places)


def _at(person: Person, plant: Plant, place: str, *, wide: bool) -> bool:
    """What was at a place that is no longer there is seen by who sees the whole site."""
    path = _path(plant, place)
    if path is None:
        return covers(person.scope, plant.id)
    return sees_path(person, plant, path, wide=wide)


def sees_path(person: Person, plant: Plant, path: str, *, wide: bool) -> bool:
    """Whether `path` lies in the scope; wide: or above a part of the plant that does."""
    if covers(person.scope, path):
        return True
    return wide and any(
        covers((path,), one) and _path(plant, one.rpartition("/")[2]) == one for one in person.scope
    )


def _path(plant: Plant, place: str) -> str | None:
    try:
        return plant.path_of(place)
    except ValueError:
        return None
