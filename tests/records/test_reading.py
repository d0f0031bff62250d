"""Records page by page, as somebody sees them: on SQLite and on PostgreSQL alike."""

import itertools
from random import Random

import pytest

from cli.settings import DEMO, settings
from dashboard.api.reading import shown
from mes.kinds import KINDS, Remove, Set
from mes.people import Person
from mes.sight import sees
from store.actions import SYSTEM, Actions
from store.configured import take_on_record
from store.log.reading import Records

PLANT = settings(DEMO).plant
SCOPES = (("north",), ("north/press-shop",), ("north/press-shop/press-line/press-1",),
          ("north/assembly", "north/press-shop/press-line"), ("north/press",), ("south",), ())  # fmt: skip
LIMITS = (1, 2, 7, 50)
keys = map(str, itertools.count())


def holiday(place, date):
    body = {"place": place, "date": date, "name": "Day"}
    return Set(kind="holiday", id=f"{place}@{date}", body=body, version=None)


def person(scope, role="admin"):
    return Person(id="p", name="P", roles=(role,), scope=scope)


@pytest.fixture
def pages(database):
    """All ids that somebody is shown page by page, and how many records were read for it."""

    def read(who, kind, limit, as_of=None):
        ids, after, most = [], "", 0
        while True:
            with database.read() as c:
                found = shown(c, PLANT, who, kind, as_of, after=after, limit=limit + 1)
            most = max(most, len(found))
            ids += [record.id for record in found[:limit]]
            if len(found) <= limit:
                return ids, most
            after = ids[-1]

    return read


def fill(database):
    """Records of every kind at places high and low; some are changed, some removed."""
    take_on_record(database, PLANT)
    actions, draw = Actions(database, PLANT), Random(7)
    places = ("north", "press-shop", "press-line", "assembly", "press-1", "station-1")
    for number in range(60):
        day = holiday(draw.choice(places), f"20{draw.randint(30, 39)}-01-{draw.randint(1, 9):02}")
        actions.perform(day, SYSTEM, next(keys))
        if number % 4 == 0:
            actions.perform(Remove(kind="holiday", id=day.id, version=None), SYSTEM, next(keys))
    for id in ("press-1", "0oe", "anna", "_", "a-b", "a.b", "ab"):
        body = {"name": id, "roles": ["operator"], "scope": []}
        if id != "_":
            actions.perform(Set(kind="person", id=id, body=body, version=0), SYSTEM, next(keys))


def test_pages_hold_what_one_sees_and_read_nothing_else(database, pages):
    fill(database)
    with database.read() as c:
        every = {key: [r.id for r in Records(c).records(key)] for key in KINDS}
        newest = max(r.position for key in KINDS for r in Records(c).records(key))
    assert all(ids == sorted(ids) for ids in every.values())  # in Python's order, in each database
    for kind, scope, limit in itertools.product(KINDS.values(), SCOPES, LIMITS):
        who = person(scope)
        mine = [id for id in every[kind.key] if sees(who, PLANT, kind, id)]
        for as_of in (None, newest):
            ids, most = pages(who, kind, limit, as_of)
            assert ids == mine, (kind.key, scope, limit, as_of)
            assert most <= limit + 1
    operator = person(("north",), "operator")
    assert pages(operator, KINDS["person"], 7) == ([], 0)
    assert pages(operator, KINDS["holiday"], 7)[0] == every["holiday"]


def test_what_is_hidden_changes_nothing_of_a_page(database):
    actions, kind = Actions(database, PLANT), KINDS["holiday"]
    who = person(("north/press-shop",), "supervisor")
    for day in range(1, 8):
        actions.perform(holiday("press-shop", f"2030-01-{day:02}"), SYSTEM, next(keys))

    def first():
        with database.read() as c:
            return shown(c, PLANT, who, kind, None, limit=5)

    before = first()
    for day in range(1, 29):  # more than a page, in front of all that he sees
        actions.perform(holiday("assembly", f"2030-01-{day:02}"), SYSTEM, next(keys))
    assert len(before) == 5
    assert first() == before


def test_versions_come_in_pages(database):
    actions = Actions(database, PLANT)
    for _ in range(3):
        day = holiday("north", "2030-01-01")
        actions.perform(day, SYSTEM, next(keys))
        actions.perform(Remove(kind="holiday", id=day.id, version=None), SYSTEM, next(keys))
    with database.read() as c:
        found = Records(c)
        for after, limit, expected in ((0, 2, [1, 2]), (2, 9, [3, 4, 5, 6]), (6, 9, [])):
            told = found.versions("holiday", "north@2030-01-01", after=after, limit=limit)
            assert [record.version for record in told] == expected
