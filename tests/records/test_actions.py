"""The one door: once for each key, by right and scope, never over what somebody has not seen."""

import threading

import pytest
import sqlalchemy as sa

from cli.settings import DEMO, settings
from mes.kinds import Remove, Set
from mes.people import Person
from mes.records import Conflict, Forbidden, Invalid, Missing, Refused, Signature, Unsigned
from store.actions import KEY_MAX, REASON_MAX, SYSTEM, Actions
from store.log import chain
from store.log.reading import Records
from store.log.tables import audit
from tests.records.test_log import verdict

PLANT = settings(DEMO).plant
ENGINEER = Person(id="eva", name="Eva E", roles=("engineer",), scope=("north/press-shop",))
OPERATOR = Person(id="olaf", name="Olaf O", roles=("operator",), scope=("north",))
ADMIN = {"name": "Ada", "roles": ["admin"], "scope": ["north"]}


def cycle(seconds, *, unit="press-1", version=0, reason="", since="2099-01-01T00:00:00+00:00"):
    first = {"valid_from": None, "ideal_cycle_s": 6.0}
    body = {"versions": [first, {"valid_from": since, "ideal_cycle_s": seconds}]}
    return Set(kind="master_data", id=unit, body=body, version=version, reason=reason)


@pytest.fixture
def actions(database):
    return Actions(database, PLANT)


def stands(database, kind="master_data", id="press-1"):
    with database.read() as connection:
        return Records(connection).version(kind, id)


def test_an_action_is_done_once_for_its_key(actions, database):
    first = actions.perform(cycle(5), ENGINEER, "k")
    again = actions.perform(cycle(5), ENGINEER, "k")
    assert (first.again, again.again) == (False, True)
    assert (again.position, again.records) == (first.position, first.records)
    assert verdict(database).entries == 1
    with pytest.raises(Conflict, match="was used for something else, by eva"):
        actions.perform(cycle(4), ENGINEER, "k")
    with pytest.raises(Conflict):  # nor by somebody else
        actions.perform(cycle(5), SYSTEM, "k")


def test_what_is_refused_leaves_no_trace_and_its_key_can_be_used(actions, database):
    with pytest.raises(Forbidden):
        actions.perform(cycle(5), OPERATOR, "k")
    with pytest.raises(Forbidden, match="north/assembly"):
        actions.perform(cycle(5, unit="station-1"), ENGINEER, "k")
    with pytest.raises(Invalid, match="expected seconds above 0"):
        actions.perform(cycle(-5), ENGINEER, "k")
    with pytest.raises(Invalid, match="neither site"):
        actions.perform(cycle(5, unit="nowhere"), ENGINEER, "k")
    with pytest.raises(Missing):
        actions.perform(Set(kind="what", id="a", body={}, version=0), ENGINEER, "k")
    assert (verdict(database).entries, stands(database)) == (0, None)
    actions.perform(cycle(5), ENGINEER, "k")


def test_nobody_overwrites_what_he_has_not_seen(actions, database):
    actions.perform(cycle(5), ENGINEER, "1")
    for version in (0, 2, 7):
        with pytest.raises(Conflict) as refused:
            actions.perform(cycle(4, version=version), ENGINEER, f"v{version}")
        assert refused.value.record.by == "eva"
        assert refused.value.record.version == 1
    actions.perform(cycle(4, version=1), ENGINEER, "2")
    assert stands(database).version == 2


def test_of_two_at_the_same_instant_one_wins_and_the_other_is_told(actions, database):
    gate, out = threading.Barrier(8), []

    def attempt(n):
        gate.wait()
        try:
            out.append(actions.perform(cycle(1 + n), ENGINEER, f"k{n}").position)
        except Conflict as conflict:
            out.append(conflict.record.by)

    threads = [threading.Thread(target=attempt, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, out)) == ["1", *["eva"] * 7]
    assert stands(database).version == 1


def test_the_past_is_changed_with_a_second_person_s_signature_only(actions, database):
    actions.perform(cycle(5), ENGINEER, "1")
    past = cycle(5, version=1, since="2020-01-01T00:00:00+00:00")
    with pytest.raises(Unsigned, match="approved"):
        actions.perform(past, ENGINEER, "2")
    own = Signature("eva", "Eva E", "approved", 1)
    with pytest.raises(Unsigned, match="who performs it cannot sign"):
        actions.perform(past, ENGINEER, "2", signatures=[own])
    wrong = Signature("max", "Max M", "reviewed", 1)
    with pytest.raises(Unsigned, match="approved"):
        actions.perform(past, ENGINEER, "2", signatures=[wrong])
    signed = (Signature("max", "Max M", "approved", 1),)
    done = actions.perform(past, ENGINEER, "2", signatures=signed)
    assert done.records == (stands(database),)
    assert stands(database).signatures == signed
    with database.read() as connection:
        found = Records(connection)
        told = [r.signatures for r in found.versions("master_data", "press-1")]
        assert told == [(), signed]
        assert [r.signatures for r in found.records("master_data")] == [signed]


def test_the_audit_trail_tells_who_what_where_why_and_what_it_was(actions, database):
    actions.perform(cycle(5, reason="faster tool"), ENGINEER, "1", device="tablet-7")
    actions.perform(cycle(4, version=1), ENGINEER, "2")
    with database.read() as connection:
        first, second = connection.execute(sa.select(audit).order_by(audit.c.position)).all()
    assert (first.person, first.name, first.device) == ("eva", "Eva E", "tablet-7")
    assert (first.command, first.kind, first.id) == ("SetMasterData", "master_data", "press-1")
    assert (first.place, first.reason) == ("north/press-shop/press-line/press-1", "faster tool")
    assert first.old is None
    assert second.old == first.new
    assert '"ideal_cycle_s":4' in second.new


def test_an_identity_is_never_given_twice_and_one_admin_of_the_site_stays(actions, database):
    for n, id in enumerate(("ada", "bea")):
        actions.perform(Set(kind="person", id=id, body=ADMIN, version=0), SYSTEM, f"add-{n}")
    with pytest.raises(Invalid, match="changed, not removed"):
        actions.perform(Remove(kind="person", id="ada", version=1), SYSTEM, "remove")
    gone = ADMIN | {"active": False}
    actions.perform(Set(kind="person", id="ada", body=gone, version=1), SYSTEM, "gone")
    for n, body in enumerate(
        (gone, ADMIN | {"scope": ["north/press-shop"]}, ADMIN | {"roles": ["manager"]})
    ):
        with pytest.raises(Invalid, match="last admin"):
            actions.perform(Set(kind="person", id="bea", body=body, version=1), SYSTEM, f"last-{n}")
    with database.read() as connection:
        assert [v.version for v in Records(connection).versions("person", "ada")] == [1, 2]
        assert Records(connection, position=1).record("person", "ada").body["active"] is True


def test_a_removed_record_keeps_its_versions(actions, database):
    body = {"place": "north", "date": "2030-01-01", "name": "New year"}
    id = "north@2030-01-01"
    actions.perform(Set(kind="holiday", id=id, body=body, version=0), SYSTEM, "add")
    actions.perform(Remove(kind="holiday", id=id, version=1), SYSTEM, "remove")
    assert stands(database, "holiday", id).body is None
    actions.perform(Set(kind="holiday", id=id, body=body, version=0), SYSTEM, "again")
    with database.read() as connection:
        assert [v.version for v in Records(connection).versions("holiday", id)] == [1, 2, 3]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 2000])
def test_what_is_no_text_is_refused_on_every_database(actions, database, text):
    with pytest.raises(Invalid):
        actions.perform(cycle(5), ENGINEER, text)
    with pytest.raises(Invalid):
        actions.perform(cycle(5, reason=text), ENGINEER, "k")
    with pytest.raises(Invalid):
        actions.perform(cycle(5), ENGINEER, "k", device=text)
    with pytest.raises(Refused):
        actions.perform(Set(kind="person", id=text, body=ADMIN, version=0), SYSTEM, "k")
    body = ADMIN | {"name": text}
    with pytest.raises(Refused):
        actions.perform(Set(kind="person", id="p", body=body, version=0), SYSTEM, "k")
    assert verdict(database).entries == 0
    actions.perform(cycle(5, reason="r" * REASON_MAX), ENGINEER, "k" * KEY_MAX)


def test_what_also_is_written_fails_or_holds_with_the_action(actions, database):
    def fails(_connection):
        raise RuntimeError("the hash could not be written")

    with pytest.raises(RuntimeError):
        actions.perform(cycle(5), ENGINEER, "k", also=fails)
    assert stands(database) is None
    with database.read() as connection:
        assert chain.newest(connection) == (0, chain.FIRST)
