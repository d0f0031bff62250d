"""Who sees which record: by right, and by the place that it concerns."""

import pytest

from cli.settings import DEMO, settings
from mes.kinds import KINDS
from mes.people import Person
from mes.sight import sees

PLANT = settings(DEMO).plant
WHOLE, AREA, LINE = ("north",), ("north/press-shop",), ("north/press-shop/press-line",)
GONE, NOWHERE = ("north/gone",), ("south",)


def seen(kind, id, body, scope, role="supervisor"):
    person = Person(id="p", name="P", roles=(role,), scope=scope)
    return sees(person, PLANT, KINDS[kind], id, body)


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
    body = {"place": place, "date": "2026-12-24", "name": "Closed"}
    for scope in (WHOLE, AREA, LINE, GONE, NOWHERE, ()):
        assert seen("holiday", f"{place}@2026-12-24", body, scope) == (scope in by), scope


def test_master_data_and_equipment_are_seen_at_their_own_place():
    for unit, by in (("press-1", (WHOLE, AREA, LINE)), ("station-1", (WHOLE,))):
        for scope in (WHOLE, AREA, LINE, GONE, NOWHERE):
            assert seen("master_data", unit, {}, scope) == (scope in by)
            assert seen("equipment", unit, {}, scope) == (scope in by)
    assert seen("equipment", "press-shop", {}, LINE)
    assert not seen("equipment", "assembly", {}, LINE)


def test_people_are_of_the_whole_site_and_take_the_right():
    assert seen("person", "ada", {}, WHOLE, "admin")
    assert not seen("person", "ada", {}, AREA, "admin")
    assert not seen("person", "ada", {}, WHOLE)
