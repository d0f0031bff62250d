"""Stops and their reasons on record, on both databases: one account with or without what is kept."""

from dataclasses import replace

import pytest

from mes.downtime import CodeStop
from mes.kinds import Set
from mes.people import Person
from mes.reasons import to_plain
from mes.records import Conflict, Forbidden, Invalid, Signature
from mes.stops import KIND, MACHINE
from mes.usual_reasons import USUAL
from store.actions import SYSTEM, Actions
from store.log.accounts import accounts, basis
from store.log.codes import codes
from store.log.downtime import favourites, stops_of
from store.log.reading import Records
from store.log.rebuild import rebuild
from tests.records.test_accounts import END, HOUR, MIN, START, days, plant
from tests.records.test_kept import filled, same

__all__ = ["days", "plant"]  # fixtures
OLGA = Person(id="olga", name="Olga", roles=("operator",), scope=("north/press-shop",))
LONG = 900_000_000
APPROVED = Signature("eva", "Eva", "approved", START)


@pytest.fixture
def actions(database, plant, days):
    return Actions(database, plant)


@pytest.fixture
def say(actions):
    """Olga says why, as often as she likes."""
    keys = iter(f"say-{n}" for n in range(1000))

    def code(from_us, until_us, why, unit="press-1", by=OLGA, **more):
        command = CodeStop(unit=unit, from_us=from_us, until_us=until_us, why=why, **more)
        return actions.perform(command, by, next(keys))

    code.door = actions
    return code


def found(database, plant, id="press-1", edges=(START, END)):
    """The unit's stops of fifteen minutes at least, and its account."""
    with database.read() as connection:
        by, unit = basis(connection, plant), plant.work_units[id]
        stops = stops_of(connection, [unit], *edges, by, {})[id]
        (account,) = accounts(connection, plant, [unit], edges, by, {})[id]
    return [stop for stop in stops if stop.end_us and stop.end_us - stop.start_us >= LONG], account


def test_a_stop_split_in_three_and_joined_keeps_its_seconds(database, plant, say):
    (stop, *_), before = found(database, plant)
    third = (stop.end_us - stop.start_us) // 3
    edges = [stop.start_us, stop.start_us + third, stop.start_us + 2 * third]
    for start_us, why in zip(edges, ("power", "feed_jam", "no_order"), strict=True):
        say(start_us, None if start_us == edges[0] else stop.end_us, why)
    (split, *_), after = found(database, plant)
    assert [p.reason for p in split.pieces] == ["power", "feed_jam", "no_order"]
    assert (split.start_us, split.end_us) == (stop.start_us, stop.end_us)
    assert [p.start_us for p in split.pieces] == edges
    for name in ("pbt_us", "apt_us", "adet_us", "stopped_us", "oee"):
        assert getattr(after, name) == getattr(before, name)
    assert sum(after.lost.values()) == sum(before.lost.values())
    assert after.coded_us > before.coded_us
    say(stop.start_us, stop.end_us, "air")
    (joined, *_), _ = found(database, plant)
    assert [p.reason for p in joined.pieces] == ["air"]
    say(stop.start_us, stop.end_us, None)
    (_, *_), again = found(database, plant)
    assert again == before


def test_the_newest_code_lasts_as_long_as_its_stop(database, plant, say):
    stops, _ = found(database, plant)
    say(stops[0].start_us + MIN, None, "power")
    one, two = found(database, plant)[0][:2]
    assert [p.reason for p in one.pieces][-1] == "power"
    assert one.pieces[-1].end_us == one.end_us and not one.pieces[0].reason
    assert not any(p.by == "olga" for p in two.pieces)


def test_kept_accounts_forget_what_gets_another_reason(database, plant, say, tmp_path):
    filled(database, plant)
    stops, _ = found(database, plant)
    for stop in stops[:4]:  # the second half only: whether it failed counts where it began
        say((stop.start_us + stop.end_us) // 2, stop.end_us, "mechanical")
    for seed in range(2):
        same(database, plant, seed)
    filled(database, plant)
    same(database, plant, 3)
    _, before = found(database, plant)
    rebuild(database, tmp_path)
    assert found(database, plant)[1] == before


def test_faults_mean_what_the_nearest_tree_says(database, plant, actions):
    def tree(place, key, **faults):
        body = to_plain(replace(USUAL, faults=faults))
        command = Set(kind="reason_tree", id=place, body=body, version=None)
        actions.perform(command, SYSTEM, key, signatures=[APPROVED])

    def reasons(id="press-1"):
        return {
            p.reason for s in found(database, plant, id)[0] for p in s.pieces if p.fault == "217"
        }

    filled(database, plant)
    assert reasons() == {""}
    tree("north", "a", **{"217": "tool_jam"})
    assert reasons() == reasons("station-1") == {"tool_jam"}
    tree("press-line", "b", **{"217": "feed_jam", "press-2:217": "power"})
    assert (reasons(), reasons("press-2")) == ({"feed_jam"}, {"power"})
    assert reasons("station-1") == {"tool_jam"}
    stops, account = found(database, plant)
    assert all(p.by == MACHINE for s in stops for p in s.pieces if p.reason)
    assert account.lost["stopped", "217", "feed_jam"] > 0
    same(database, plant, 1)


def test_a_reason_that_is_taken_out_keeps_its_name_and_what_it_means(database, plant, actions, say):
    def tree(key, *ids):
        rows = [{"id": id, "name": f"Name of {id}", "fails": True} for id in ids]
        body = {"reasons": rows, "faults": {}, "strict": False}
        command = Set(kind="reason_tree", id="north", body=body, version=None)
        actions.perform(command, SYSTEM, key, signatures=[APPROVED])

    tree("a", "old", "new")
    (stop, *_), _ = found(database, plant)
    say(stop.start_us, stop.end_us, "old")
    filled(database, plant)
    _, before = found(database, plant)
    tree("b", "new")
    _, after = found(database, plant)
    assert after.reliability == before.reliability and after.failures > 0
    with database.read() as connection:
        assert basis(connection, plant).reasons["press-1"].get("old").name == "Name of old"
    say(stop.start_us + MIN, stop.end_us, "old", comment="still so")  # what stands there may stay
    with pytest.raises(Invalid, match="expected one of new"):
        say(stop.end_us + MIN, stop.end_us + 2 * MIN, "old")


def test_one_action_has_a_bound(database, plant, say):
    with pytest.raises(Invalid, match="31 days"):
        say(START - 40 * 86_400_000_000, END, None)


def test_what_is_refused(database, plant, say):
    (stop, *_), _ = found(database, plant)
    start, end = stop.start_us, stop.end_us
    for words, *what in (
        ("expected one of", start, end, "jam"),  # it has others below it
        ("expected one of", start, end, "nonsense"),
        ("moment after", start, start, "power"),
        ("has passed", 4_000_000_000_000_000, None, "power"),
        ("stands so already", start, end, None),
    ):
        with pytest.raises(Invalid, match=words):
            say(*what)
    with pytest.raises(Invalid, match="at most 300"):
        say(start, end, "power", comment="x" * 301)
    with pytest.raises(Invalid, match="POST"):
        say.door.perform(Set(kind=KIND, id=f"press-1@{start}", body={}, version=0), OLGA, "set")
    with pytest.raises(Forbidden):
        say(start, end, "power", unit="station-1")


def test_nobody_overwrites_what_he_has_not_seen(database, plant, say):
    (stop, *_), _ = found(database, plant)
    start, end = stop.start_us, stop.end_us
    say(start, end, "power", seen=())
    with pytest.raises(Conflict, match="given a reason meanwhile, by olga"):
        say(start, end, "air", seen=())
    say(start, end, "air", seen=((start, 1),))
    with pytest.raises(Conflict, match="meanwhile"):
        say(start, end, None, seen=((start, 1),))
    say(start, end, None, seen=((start, 2),))
    with pytest.raises(Conflict, match="taken back meanwhile"):
        say(start, end, "air", seen=((start, 2),))
    with database.read() as connection:
        versions = Records(connection).versions(KIND, f"press-1@{start:016}")
    assert [v.body and v.body["reason"] for v in versions] == ["power", "air", None]


def test_units_whose_ids_begin_alike_are_told_apart(database, plant, days):
    alike = replace(plant.work_units["press-1"], id="press-10")
    both = replace(plant, work_units={**plant.work_units, "press-10": alike})
    door = Actions(database, both)
    for n, unit in enumerate(("press-1", "press-10", "press-2")):
        for at in (START + HOUR, START + 5 * HOUR):
            command = CodeStop(unit=unit, from_us=at, until_us=at + HOUR, why="power")
            door.perform(command, SYSTEM, f"{n}-{at}")
    with database.read() as connection:
        for low, high, many in (
            (START, END, 2), (START + 5 * HOUR, END, 1), (START + 2 * HOUR, START + 3 * HOUR, 0),
            (START + 5 * HOUR + MIN, END, 1),
        ):  # fmt: skip
            one = codes(connection, ["press-1", "press-2"], low, high)
            assert {unit: len(mine) for unit, mine in one.items()} == (
                {"press-1": many, "press-2": many} if many else {}
            )


def test_favourites_are_what_was_said_most_of_that_fault(database, plant, say):
    pieces = [stop.pieces[0] for stop in found(database, plant)[0]]
    of = {fault: [p for p in pieces if p.fault == fault] for fault in ("101", "217")}
    for fault, why, many in (("101", "power", 3), ("217", "air", 2)):
        assert len(of[fault]) >= many
        for piece in of[fault][:many]:
            say(piece.start_us, piece.end_us, why)
    with database.read() as connection:
        assert favourites(connection, "press-1", "", 2) == ["power", "air"]
        assert favourites(connection, "press-1", "101", 1) == ["power"]
        assert favourites(connection, "press-1", "217", 2) == ["air", "power"]
        assert favourites(connection, "press-2", "", 2) == []
