"""The first people and what they prove themselves with, on both databases."""

import pytest
from sqlalchemy.exc import OperationalError

from cli import first_run
from cli.settings import DEMO, settings
from mes.access import SetCredential
from mes.kinds import Set
from mes.records import Invalid
from store import keys
from store.actions import SYSTEM, Actions
from store.credentials import BadgeTaken, Credentials
from store.first_people import FirstPeople, demo_password
from store.keys import plant_key
from store.log import chain

PLANT = settings(DEMO).plant


def position(database):
    with database.read() as connection:
        return chain.newest(connection)[0]


def test_who_was_cut_off_at_the_first_start_has_a_password_after_the_next(database, tmp_path):
    key, actions = plant_key(tmp_path), Actions(database, PLANT)
    secrets = Credentials(key)
    first = FirstPeople(database, actions, secrets, PLANT.id)
    first._person("operator", "Olga Peters", ["operator"], "demo-operator")  # and then kill -9
    people = {one.id: one for one in first.demo(key)}
    assert people["operator"].password == demo_password(key, "operator")
    assert people["operator"].pin
    after = position(database)
    assert first.demo(key) == list(people.values())
    assert position(database) == after  # nothing is done, nor hashed, twice
    actions.perform(
        SetCredential(owner="person:operator", credential="password"),
        SYSTEM,
        "own",
        also=secrets.writing("person:operator", "password", "a password of her own"),
    )
    assert {one.id: one.password for one in first.demo(key)}["operator"] == ""


def test_of_two_who_are_given_one_badge_at_once_one_has_it(database, tmp_path):
    secrets, actions = Credentials(plant_key(tmp_path)), Actions(database, PLANT)
    both = {id: secrets.writing(f"person:{id}", "badge", "0012345678") for id in ("a", "b")}
    for id in both:
        body = {"name": id, "roles": ["operator"], "scope": ["north"]}
        actions.perform(Set(kind="person", id=id, body=body, version=0), SYSTEM, id)
    given = SetCredential(owner="person:a", credential="badge")
    actions.perform(given, SYSTEM, "one", also=both["a"])
    actions.perform(given, SYSTEM, "again", also=both["a"])
    with pytest.raises(BadgeTaken):
        actions.perform(
            SetCredential(owner="person:b", credential="badge"), SYSTEM, "two", also=both["b"]
        )
    with database.read() as connection:
        assert secrets.owner_of(connection, "badge", "0012345678") == "person:a"


def test_ids_of_new_people_are_in_small_letters_whoever_makes_them(database):
    actions = Actions(database, PLANT)
    body = {"name": "Anna", "roles": ["operator"], "scope": ["north"]}
    with pytest.raises(Invalid, match="found 'Anna'; expected small letters"):
        actions.perform(Set(kind="person", id="Anna", body=body, version=0), SYSTEM, "one")


def test_who_may_sign_in_first_is_made_once_the_database_answers(monkeypatch, capsys, caplog):
    away, slept = OperationalError("SELECT", {}, Exception("database is locked")), []
    answers = iter([away, away, "takt: first sign-in: here"])

    def words(_config, _database):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(first_run, "words", words)
    monkeypatch.setattr(first_run.time, "sleep", slept.append)
    first_run._told(None, None)
    assert capsys.readouterr().out == "takt: first sign-in: here\n"
    assert slept == [first_run.AGAIN_S] * 2
    assert [r.getMessage() for r in caplog.records] == [
        "nobody can be made to sign in as until the database answers: database is locked"
    ]


def test_the_name_of_a_new_key_survives_a_power_cut(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(keys, "sync", synced.append)
    key = plant_key(tmp_path)
    assert synced == [tmp_path / "secrets", tmp_path]
    assert plant_key(tmp_path) == key
    assert len(synced) == 2
