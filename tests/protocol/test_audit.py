"""The audit trail of a running plant: over HTTP with rights and scope, and on the command line."""

import csv
import io
import subprocess
import sys

import pytest

from cli.settings import DEMO
from store.log import anchors
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant
from tests.visitor import Visitor, as_person


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("audit"))
    running.start("redis", "engine", "dashboard")
    try:
        running.wait_served()
        running.wait_people()
        yield running
    finally:
        running.end()


def takt(plant, *words):
    return subprocess.run(
        [sys.executable, "-m", "cli", "audit", "--config", str(plant.config), *words],
        cwd=DEMO.parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/audit", "/api/v1/audit.csv"])
def test_only_who_has_the_right(plant, path):
    stranger = Visitor(plant.url)
    answer = stranger.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    for id, status in (("operator", 403), ("engineer", 403), ("supervisor", 200), ("admin", 200)):
        person = as_person(plant, id)
        answer = person.get(path)
        assert answer.status_code == status, id
        if status == 403:
            assert answer.json()["error"]["code"] == "forbidden"


def test_filters_and_pages(plant):
    manager = as_person(plant, "manager")
    items = manager.get("/api/v1/audit?limit=1000").json()["items"]
    order = [(-item["position"], item["line"]) for item in items]
    assert order == sorted(order)
    made = [i for i in items if (i["kind"], i["command"]) == ("person", "SetPerson")]
    assert {i["id"] for i in made} >= {"operator", "manager", "admin"}
    asked = manager.get("/api/v1/audit?kind=person&id=operator&command=SetPerson").json()
    (one,) = asked["items"]
    assert one["old"] is None
    assert {"field": ["name"], "change": "added", "old": None, "new": one["new"]["name"]} in (
        one["differences"]
    )
    assert one["places"] == ["north"]
    assert one["time"].endswith("Z")
    got, before = [], ""
    while True:
        page = manager.get(f"/api/v1/audit?limit=7&before={before}&until={items[0]['time']}")
        got += [(i["position"], i["line"]) for i in page.json()["items"]]
        if not (before := page.json()["next"] or ""):
            break
    assert got == [(i["position"], i["line"]) for i in items if i["time"] < items[0]["time"]]
    signed_in = manager.get("/api/v1/audit?person=manager&q=PASSWORD").json()["items"]
    assert {i["command"] for i in signed_in} == {"SignedIn"}


@pytest.mark.parametrize(
    "query", ["from=yesterday", "before=x", "before=-1", "limit=0", f"q={'x' * 201}", "until=1-1-1"]
)
def test_what_cannot_be_searched_for_is_refused(plant, query):
    manager = as_person(plant, "manager")
    answer = manager.get(f"/api/v1/audit?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def test_who_sees_a_part_of_the_plant_sees_what_was_done_there(plant):
    admin = as_person(plant, "admin")
    form = {"what": "record", "version": "3", "name": "Samir Haddad", "roles": "supervisor",
            "scope": "north/press-shop", "active": "yes", "key": "scope"}  # fmt: skip
    assert admin.post("/people/supervisor", data=form).status_code == 303
    record = admin.get("/api/v1/audit?kind=person&id=supervisor").json()["items"]
    supervisor = as_person(plant, "supervisor")
    items = supervisor.get("/api/v1/audit").json()["items"]
    assert all(p.startswith("north/press-shop") for i in items for p in i["places"])
    assert all(i["places"] for i in items)
    assert record[0]["position"] not in [i["position"] for i in items]


def test_the_file_is_what_the_search_finds_and_the_same_on_the_command_line(plant):
    manager = as_person(plant, "manager")
    answer = manager.get("/api/v1/audit.csv?kind=person")
    items = manager.get("/api/v1/audit?kind=person&limit=1000").json()["items"]
    assert "attachment; filename=" in answer.headers["content-disposition"]
    text = answer.content.decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [row["position"] for row in rows] == [str(i["position"]) for i in items]
    path = plant.data / "audit.csv"
    done = takt(plant, "export", str(path), "--kind", "person")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes().decode() == text
    assert takt(plant, "export", "--from", "yesterday").returncode == 2


def test_verifying_beside_the_running_plant(plant):
    path = plant.data / anchors.FILE
    wait_until(path.exists, seconds=10, what="the first anchor")
    done = takt(plant, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    head = done.stdout.strip().removeprefix("head: ")
    assert "everything fits" in done.stderr
    assert takt(plant, "verify", "--chain-only", "--anchor", head).returncode == 0
    position, _, _ = head.partition(":")
    done = takt(plant, "verify", "--anchor", f"{position}:{'0' * 64}")
    assert done.returncode == 1
    assert f"entry {position} is not the one that was anchored" in done.stdout
    assert takt(plant, "verify", "--anchor", "nothing").returncode == 2
