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
    if not person.has(kind.see):
        return False
    paths = [path_or_site(plant, place) for place in (kind.seen_at or kind.places)(id, body)]
    return all(sees_path(person, plant, path, wide=kind.wide) for path in paths)


def sees_path(person: Person, plant: Plant, path: str, *, wide: bool) -> bool:
    """Whether `path` lies in the scope; wide: or above a part of the plant that does."""
    if covers(person.scope, path):
        return True
    return wide and any(covers((path,), one) and _is_there(plant, one) for one in person.scope)


def path_or_site(plant: Plant, place: str) -> str:
    """The path of a place; of one that is no longer there the site's, so that who sees all sees it."""
    try:
        return plant.path_of(place)
    except ValueError:
        return plant.id


def _is_there(plant: Plant, path: str) -> bool:
    return path_or_site(plant, path.rpartition("/")[2]) == path
