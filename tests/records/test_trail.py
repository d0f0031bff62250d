"""The audit trail, searched: on SQLite and on PostgreSQL alike."""

import itertools

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from cli.settings import DEMO, settings
from mes.kinds import Set
from mes.people import Person
from store.actions import SYSTEM, Actions
from store.configured import take_on_record
from store.log import trail
from store.log.tables import audit
from store.log.trail import Cursor, Wanted, cursor_at, find

PLANT = settings(DEMO).plant
ENGINEER = Person(id="eva", name="Eva Ünsal", roles=("engineer",), scope=("north",))
keys = map(str, itertools.count())
years = itertools.count(2030)


def holiday(place, date, name="Day"):
    body = {"place": place, "date": date, "name": name}
    return Set(kind="holiday", id=f"{place}@{date}", body=body, version=0, reason=f"at {place}")


@pytest.fixture
def actions(database):
    return Actions(database, PLANT)


@pytest.fixture
def found(database):
    def search(limit=50, before=None, after=None, **wanted):
        with database.read() as connection:
            return find(
                connection, Wanted(site="north", **wanted), limit=limit, before=before, after=after
            )

    return search


def at(page):
    return [line.position for line in page.lines]


def test_newest_first_by_whatever_is_said(actions, found):
    actions.perform(holiday("press-shop", "2026-12-24"), ENGINEER, next(keys), device="cell-1")
    actions.perform(holiday("assembly", "2026-12-24", 'A "big" Öl day'), SYSTEM, next(keys))
    actions.perform(holiday("press-shop", "2026-12-25"), ENGINEER, next(keys))
    whole = found()
    assert (at(whole), whole.older, whole.looked_to_us) == ([3, 2, 1], None, None)
    line = whole.lines[2]
    assert (line.person, line.name, line.device, line.command) == (
        "eva", "Eva Ünsal", "cell-1", "SetHoliday",
    )  # fmt: skip
    assert (line.places, line.old, line.new["date"]) == (("north/press-shop",), None, "2026-12-24")
    for wanted, positions in (
        ({"person": "eva"}, [3, 1]),
        ({"kind": "holiday", "id": "assembly@2026-12-24"}, [2]),
        ({"kind": "person"}, []),
        ({"command": "SetHoliday", "place": "north/press-shop"}, [3, 1]),
        ({"place": "north"}, [3, 2, 1]),
        ({"place": "north/press"}, []),
        ({"q": "öl DAY"}, [2]),
        ({"q": '"big"'}, [2]),
        ({"q": "ünsal"}, [3, 1]),
        ({"q": "AT ASSEMBLY"}, [2]),
        ({"from_us": whole.lines[1].at_us}, [3, 2]),
        ({"until_us": whole.lines[1].at_us}, [1]),
        ({"person": "no\0text"}, []),
    ):
        assert at(found(**wanted)) == positions, wanted


def test_only_what_lies_in_the_scope(actions, found, database):
    take_on_record(database, PLANT)
    actions.perform(holiday("press-shop", "2026-12-24"), SYSTEM, next(keys))
    actions.perform(holiday("assembly", "2026-12-24"), SYSTEM, next(keys))
    assert at(found(scope=("north/press-shop",))) == [2]
    assert at(found(scope=("north/press",))) == []
    assert at(found(scope=())) == []
    assert at(found(scope=("north",), limit=2)) == [3, 2]


def test_pages_hold_while_others_write_and_split_no_entry(actions, found, database):
    take_on_record(database, PLANT)  # one entry of many lines
    for day in range(10, 17):
        actions.perform(holiday("press-shop", f"2026-12-{day}"), ENGINEER, next(keys))
    everything = [cursor_at(line) for line in found(limit=1000).lines]
    for more in ({}, {"place": "north"}):
        seen, before = [], None
        while True:
            page = found(limit=4, before=before, **more)
            seen += [cursor_at(line) for line in page.lines]
            actions.perform(holiday("press-shop", f"{next(years)}-01-01"), ENGINEER, next(keys))
            before = page.older
            if before is None:
                break
        assert seen[-len(everything) :] == everything
        assert len(seen) == len(set(seen))
        everything = [cursor_at(line) for line in found(limit=1000).lines]
    assert at(found(before=Cursor(3), limit=2)) == [2, 1]


def test_newer_is_the_way_back(actions, found):
    for day in range(10, 30):
        actions.perform(holiday("press-shop", f"2026-12-{day}"), ENGINEER, next(keys))
    for more in ({}, {"q": "2026-12"}):
        first = found(limit=6, **more)
        second = found(limit=6, before=first.older, **more)
        third = found(limit=6, before=second.older, **more)
        back = found(limit=6, after=third.newer, **more)
        assert at(back) == at(second)
        assert back.older == second.older
        assert at(found(limit=6, after=back.newer, **more)) == at(first)
        assert at(found(limit=6, after=cursor_at(first.lines[0]), **more)) == []


def test_a_search_looks_at_so_many_lines_and_says_so(actions, found, monkeypatch):
    monkeypatch.setattr(trail, "LOOKS_MAX", 10)
    monkeypatch.setattr(trail, "TOGETHER", 5)
    actions.perform(holiday("press-shop", "2026-01-01", "the needle"), SYSTEM, next(keys))
    for day in range(10, 27):
        actions.perform(holiday("press-shop", f"2026-12-{day}"), ENGINEER, next(keys))
    page = found(q="needle")
    assert (at(page), page.older) == ([], Cursor(9, 0))
    assert page.looked_to_us is not None
    page = found(q="needle", before=page.older)
    assert (at(page), page.older, page.looked_to_us) == ([1], None, None)
    assert at(found(person="takt", q="needle")) == [1]


def trail_of(database, sizes):
    """Entries of so many lines each; whether a line fits the search for "needle" is drawn too."""
    row = {"at_us": 1, "name": "", "device": "", "command": "", "kind": "", "place": "north",
           "person": "takt", "reason": "", "signatures": "[]"}  # fmt: skip
    rows = [
        row | {"position": position, "line": line, "id": "needle" if fits else "hay"}
        for position, lines in enumerate(sizes, 1)
        for line, fits in enumerate(lines)
    ]
    with database.write() as (connection, _, _):
        connection.execute(audit.delete())
        connection.execute(audit.insert(), rows)
    order = sorted(rows, key=lambda r: (-r["position"], r["line"]))
    return [Cursor(r["position"], r["line"]) for r in order if r["id"] == "needle"]


@settings_of(max_examples=25, deadline=None, database=None, derandomize=True,
             suppress_health_check=list(HealthCheck))  # fmt: skip
@given(
    sizes=st.lists(st.lists(st.booleans(), min_size=1, max_size=4), min_size=1, max_size=12),
    looks=st.integers(1, 9),
    limit=st.integers(1, 4),
    ways=st.lists(st.booleans(), max_size=8),
)
def test_whoever_goes_older_and_newer_meets_each_line_once(database, sizes, looks, limit, ways):
    """Wherever one stands: what is above, what is shown and what is below are all that fits."""
    every = trail_of(database, sizes)
    with database.read() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trail, "LOOKS_MAX", looks)

        def page(**where):
            found = find(connection, Wanted(site="north", q="needle"), limit=limit, **where)
            return found, [cursor_at(line) for line in found.lines]

        def walk(way, at):
            """All that is met on the way to the end, and how often one turned the page."""
            out = []
            for _ in range(60):
                if at is None:
                    return out
                found, lines = page(**{"before" if way == "older" else "after": at})
                at = getattr(found, way)
                out = out + lines if way == "older" else lines + out
            raise AssertionError("it never ends")

        here, lines = page()
        for older in (*ways, True):
            above, below = walk("newer", here.newer), walk("older", here.older)
            assert [*above, *lines, *below] == every
            to = here.older if older else here.newer
            if to is not None:
                here, lines = page(**{"before" if older else "after": to})
