"""Who sees which record: the right to read its kind, at the place that it concerns.

What holds for all that is below its place (a calendar, the equipment itself) is also seen by who
sees a part of that only: a supervisor of one area sees the site's holidays, and no other area's.
"""

from mes.equipment import Plant
from mes.kinds import Kind
from mes.people import Person, covers


def sees(person: Person, plant: Plant, kind: Kind, id: str) -> bool:
    """Whether `person` may read the record of `kind` with this id."""
    places = places_seen(person, plant, kind)
    return places is None or place_in(id) in places


def place_in(id: str) -> str:
    """The equipment that a record is of, by its id: "press-shop" of "press-shop@2026-12-24"."""
    return id.partition("@")[0]


def places_seen(person: Person, plant: Plant, kind: Kind) -> frozenset[str] | None:
    """Ids of the equipment at which `person` may read records of `kind`; None: all that there are.

    What was at a place that is no longer there is seen by who sees the whole site.
    """
    if not person.has(kind.see):
        return frozenset()
    if covers(person.scope, plant.id):
        return None
    if kind.of_site:
        return frozenset()
    ids = (plant.id, *plant.areas, *plant.work_centers, *plant.work_units)
    seen = (id for id in ids if sees_path(person, plant, plant.path_of(id), wide=kind.wide))
    return frozenset(seen)


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
