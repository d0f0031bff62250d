"""Who sees which record: by right, and by the place that it concerns."""

import pytest

from cli.settings import DEMO, settings
from mes.kinds import KINDS, SITE
from mes.people import Person
from mes.sight import place_in, sees

PLANT = settings(DEMO).plant
WHOLE, AREA, LINE = ("north",), ("north/press-shop",), ("north/press-shop/press-line",)
GONE, NOWHERE = ("north/gone",), ("south",)


def seen(kind, id, scope, role="supervisor"):
    person = Person(id="p", name="P", roles=(role,), scope=scope)
    return sees(person, PLANT, KINDS[kind], id)


@pytest.mark.parametrize(
    ("place", "by"),
    [
        ("north", (WHOLE, AREA, LINE)),
        ("press-shop", (WHOLE, AREA, LINE)),
        ("assembly", (WHOLE,)),
        ("gone", (WHOLE,)),
    ],
)
def test_a_holiday_is_seen_where_it_holds(place, by):
    for scope in (WHOLE, AREA, LINE, GONE, NOWHERE, ()):
        assert seen("holiday", f"{place}@2026-12-24", scope) == (scope in by), scope


def test_master_data_and_equipment_are_seen_at_their_own_place():
    for unit, by in (("press-1", (WHOLE, AREA, LINE)), ("station-1", (WHOLE,))):
        for scope in (WHOLE, AREA, LINE, GONE, NOWHERE):
            assert seen("master_data", unit, scope) == (scope in by)
            assert seen("equipment", unit, scope) == (scope in by)
    assert seen("equipment", "press-shop", LINE)
    assert not seen("equipment", "assembly", LINE)


def test_people_are_of_the_whole_site_and_take_the_right():
    for id in ("ada", "press-shop"):  # whose id is that of an area is no part of it
        assert seen("person", id, WHOLE, "admin")
        assert not seen("person", id, AREA, "admin")
        assert not seen("person", id, WHOLE)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.key)
def test_the_place_of_a_record_stands_in_its_id(kind):
    """Readers are judged by the id, writers by the body: they have to say the same."""
    bodies = {
        "shift_pattern": {"place": "press-shop", "valid_from": "2026-01-01", "shifts": []},
        "holiday": {"place": "press-shop", "date": "2026-12-24", "name": "Closed"},
        "shift_exception": {"place": "press-shop", "date": "2026-12-24", "shift": "early",
                            "kind": "cancelled", "note": ""},
    }  # fmt: skip
    body = bodies.get(kind.key, {})
    id = {"shift_pattern": "press-shop@2026-01-01", "holiday": "press-shop@2026-12-24",
          "shift_exception": "press-shop@2026-12-24:early"}.get(kind.key, "press-shop")  # fmt: skip
    if body:
        assert kind.check(id, body) == body
        with pytest.raises(ValueError, match="expected 'assembly@"):
            kind.check(id, {**body, "place": "assembly"})
    if kind.key != "equipment":  # which the configuration alone changes
        assert kind.places(id, body) == (SITE if kind.of_site else place_in(id),)
