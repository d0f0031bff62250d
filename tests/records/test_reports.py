"""Reports of shifts, on both databases: frozen once, signed, revised in the open, never moved else."""

from dataclasses import replace

import pytest

from mes.downtime import CodeStop
from mes.kinds import Set
from mes.losses import total
from mes.people import Person
from mes.reasons import to_plain
from mes.records import Conflict, Invalid, Signature, Unsigned
from mes.shift_report import KIND, ReviseShift, SignShift, accounts_of, differs, left_of, standings
from mes.usual_reasons import USUAL
from store.actions import SYSTEM, Actions
from store.log.accounts import accounts, basis
from store.log.reading import Records
from store.log.reports import Reports, figures_of, shift_of
from tests.records.test_accounts import END, MIN, days, plant, us

__all__ = ["days", "plant"]  # fixtures
SAMIR = Person(id="samir", name="Samir", roles=("supervisor",), scope=("north",))
NIGHT = "press-shop@2026-10-26:night"
SIGNED = Signature("samir", "Samir", "reviewed", END)


@pytest.fixture
def door(database, plant, days):
    return Actions(database, plant)


@pytest.fixture
def frozen(database, plant, door):
    assert Reports(database, plant).freeze(END + 5 * MIN) == 18  # two areas, nine shifts
    return Reports(database, plant)


def record(database, id=NIGHT):
    with database.read() as connection:
        return Records(connection).record(KIND, id)


def now(database, plant, id=NIGHT):
    with database.read() as connection:
        by = basis(connection, plant)
        area = id.partition("@")[0]
        shift = shift_of(by.calendars[area], id, record(database, id).body["start_us"])
        return figures_of(connection, plant, area, shift, by)


def code(database, plant, door, why="power"):
    """Somebody says why the first stop of the night was that had no reason."""
    left = left_of(now(database, plant))[0]
    command = CodeStop(unit=left.unit, from_us=left.start_us, until_us=left.end_us, why=why)
    door.perform(command, SYSTEM, f"{why}-{left.start_us}")


def test_each_shift_is_frozen_once_with_the_figures_of_its_window(database, plant, frozen):
    assert frozen.freeze(END + 6 * MIN) == 0
    assert Reports(database, plant).freeze(END + 7 * MIN) == 0
    found = record(database)
    assert (found.version, found.body["revision"], found.body["signed"]) == (1, 1, False)
    edges = (us("2026-10-26 21:00"), us("2026-10-27 05:00"))
    assert (found.body["start_us"], found.body["end_us"]) == edges
    with database.read() as connection:
        by = basis(connection, plant)
        units = plant.units_of("press-shop")
        formed = accounts(connection, plant, units, edges, by, {})
    assert accounts_of(found.body) == {id: total(parts) for id, parts in formed.items()}
    assert standings(found.body, by.reasons)["press-1"].oee == formed["press-1"][0].oee
    assert found.by == "takt"
    assert (
        record(database, "assembly@2026-10-24:night").body["busy_us"] == 510 * MIN
    )  # of nine hours


def test_a_report_says_what_was_known_when_it_was_frozen(database, plant, frozen, door):
    before = record(database)
    assert not differs(before.body, now(database, plant))
    code(database, plant, door)
    assert record(database) == before
    assert differs(before.body, now(database, plant))
    assert len(left_of(now(database, plant))) == len(left_of(before.body)) - 1


def test_it_is_signed_by_who_hands_over_and_by_nobody_else(database, plant, frozen, door):
    sign = SignShift(id=NIGHT, version=1, notes="die 3 is worn\r\nsee the log")
    with pytest.raises(Unsigned):
        door.perform(sign, SAMIR, "a")
    other = replace(SIGNED, person="mara", name="Mara")
    with pytest.raises(Unsigned, match="himself"):
        door.perform(sign, SAMIR, "b", signatures=[other])
    door.perform(sign, SAMIR, "c", signatures=[SIGNED])
    found = record(database)
    assert found.body["signed"] and found.body["notes"] == "die 3 is worn\nsee the log"
    assert [s.name for s in found.signatures] == ["Samir"]
    assert accounts_of(found.body) == accounts_of(version_of(database, 1))
    with pytest.raises(Conflict):
        door.perform(sign, SAMIR, "d", signatures=[SIGNED])
    with pytest.raises(Invalid, match="signed already"):
        door.perform(replace(sign, version=2), SAMIR, "e", signatures=[SIGNED])


def version_of(database, version):
    with database.read() as connection:
        return Records(connection).versions(KIND, NIGHT)[version - 1].body


def test_it_is_corrected_by_another_revision_only(database, plant, frozen, door):
    sign = SignShift(id=NIGHT, version=1, notes="")
    door.perform(sign, SAMIR, "sign", signatures=[SIGNED])
    revise = ReviseShift(id=NIGHT, version=2, figures=now(database, plant), reason="coded late")
    with pytest.raises(Invalid, match="nothing has changed"):
        door.perform(revise, SAMIR, "too early")
    code(database, plant, door)
    revise = replace(revise, figures=now(database, plant))
    with pytest.raises(Invalid, match="expected why"):
        door.perform(replace(revise, reason=" "), SAMIR, "why")
    door.perform(revise, SAMIR, "revise")
    found = record(database)
    assert (found.version, found.body["revision"], found.body["signed"]) == (3, 2, False)
    assert not differs(found.body, now(database, plant))
    with database.read() as connection:
        versions = Records(connection).versions(KIND, NIGHT)
    assert [(v.body["revision"], v.body["signed"]) for v in versions] == [
        (1, False),
        (1, True),
        (2, False),
    ]


def test_where_reasons_are_strict_none_may_be_missing(database, plant, door):
    tree = to_plain(replace(USUAL, strict=True))
    door.perform(Set(kind="reason_tree", id="press-shop", body=tree, version=0), SYSTEM, "tree")
    Reports(database, plant).freeze(END + 5 * MIN)
    sign = SignShift(id=NIGHT, version=1, notes="")
    with pytest.raises(Invalid, match="have no reason yet"):
        door.perform(sign, SAMIR, "a", signatures=[SIGNED])
    while left_of(now(database, plant)):
        code(database, plant, door)
    door.perform(ReviseShift(id=NIGHT, version=1, figures=now(database, plant), reason="all said"),
                 SAMIR, "b")  # fmt: skip
    door.perform(replace(sign, version=2), SAMIR, "c", signatures=[SIGNED])
    assert record(database).body["signed"]
