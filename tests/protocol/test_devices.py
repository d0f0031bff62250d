"""Walls, tablets and programs: what their tokens open, where, and for how long; drafts; takt user and token."""

import json
import re
import signal
import sqlite3
import subprocess
import sys

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from cli.__main__ import parser
from dashboard.sockets import CODE
from store import last_seen, live
from store.last_seen import SEEN, LastSeen
from tests.own_redis import wait_until
from tests.protocol.test_access import printed, started
from tests.visitor import Visitor, as_person, password_of, pin_of


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = started(tmp_path_factory.mktemp("devices"), ("demo = true", "demo = true"))
    wait_until(lambda: "admin " in printed(running), seconds=30, what="the demo's people")
    # From here on as any other plant: its people stay, and strangers see nothing.
    running.config.write_text(running.config.read_text().replace("demo = true", "demo = false", 1))
    running.kill("dashboard")
    running.start("dashboard")
    running.wait_served()
    yield running
    running.end()


def takt(plant, *words, typed=None, status=0):
    argv = [sys.executable, "-m", "cli", *words, "--config", str(plant.config)]
    done = subprocess.run(argv, input=typed, capture_output=True, text=True, timeout=30)
    assert done.returncode == status, done.stderr
    return done.stdout.strip() if not status else done.stderr


def admitted(plant, name, *options):
    """A browser that has opened a device's address."""
    address = takt(plant, "token", "add", name, *options)
    visitor = Visitor(plant.url)
    path = address.partition(plant.url.rpartition(":")[2])[2]
    wait_until(lambda: visitor.get(path).status_code == 303, seconds=3, what="the device admitted")
    return visitor, visitor.get(path)


def units(visitor, **headers):
    return [u["id"] for u in visitor.get("/api/v1/work-units", headers=headers).json()["items"]]


def test_a_wall_sees_its_part_of_the_plant_and_nothing_else(plant):
    wall, answer = admitted(plant, "Press wall", "--scope", "press-shop")
    assert answer.headers["location"] == "/"
    assert "max-age=34560000" in answer.headers["set-cookie"].lower()
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert wall.get("/andon/press-shop").status_code == 200
    assert units(wall) == ["press-1", "press-2", "press-3", "press-4"]
    assert wall.get("/api/v1/work-units/station-1").status_code == 404
    assert wall.get("/metrics").status_code == 200
    for path in ("/account", "/people", "/devices", "/switch"):
        assert wall.get(path).status_code == 303
    assert wall.get("/api/v1/drafts/x").status_code == 401


def test_a_wall_survives_the_loss_of_all_sessions_and_is_gone_when_revoked(plant):
    wall, _ = admitted(plant, "South wall")
    plant.redis.client().flushall()
    assert wall.get("/").status_code == 200
    plant.signal("redis", signal.SIGSTOP)
    try:
        assert wall.get("/andon/press-shop").status_code == 200
    finally:
        plant.signal("redis", signal.SIGCONT)
    takt(plant, "token", "revoke", "south-wall")
    wait_until(lambda: wall.get("/").status_code == 303, seconds=2, what="the wall revoked")


def test_a_made_up_device_is_not_let_in(plant):
    answer = Visitor(plant.url).get("/?device=abcdefghijklmnopqrstuvwxyz0123456789")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers or "takt_device" not in answer.headers["set-cookie"]


def test_a_program_has_what_it_was_given_and_no_more_than_its_maker(plant):
    token = takt(
        plant,
        "token",
        "add",
        "Historian",
        "--kind",
        "api",
        "--right",
        "live",
        "--scope",
        "press-line",
    )
    visitor = Visitor(plant.url)
    bearer = {"Authorization": f"Bearer {token}"}
    wait_until(
        lambda: visitor.get("/api/v1/work-units", headers=bearer).status_code == 200, seconds=3
    )
    assert units(visitor, **bearer) == ["press-1", "press-2", "press-3", "press-4"]
    assert visitor.get("/metrics", headers=bearer).status_code == 200
    assert visitor.get("/", headers=bearer).status_code == 303  # pages are for people and devices
    assert visitor.get("/api/v1/no/such/thing", headers=bearer).status_code == 404
    assert (
        visitor.get("/api/v1/work-units", headers={"Authorization": "Bearer x"}).status_code == 401
    )


def test_scope_holds_on_pages_and_in_the_api_for_people(plant):
    admin = as_person(plant, "admin")
    form = {"what": "record", "version": "1", "key": "scope-1", "name": "Olga Peters",
            "roles": "operator", "scope": "north/assembly/assembly-line-1", "active": "yes"}  # fmt: skip
    answer = admin.post("/people/operator", data=form)
    # Setting password and PIN counted as changes: the version is another one, and it is said by whom.
    assert answer.status_code == 409
    assert "takt has changed this" in answer.text
    assert 'value="Olga Peters"' in answer.text
    version = next(v for v in range(2, 9) if admin.post(
        "/people/operator", data=form | {"version": str(v), "key": f"scope-{v}"}).status_code == 303)  # fmt: skip
    assert version == 3
    operator = as_person(plant, "operator")
    assert {u[:7] for u in units(operator)} == {"station"}
    for path in ("/people", "/devices", "/people/admin"):
        assert operator.get(path).status_code == 403
    assert operator.post("/people", data=form).status_code == 403
    assert operator.get("/account").status_code == 200


def test_a_person_who_is_deactivated_is_out_with_the_next_request(plant):
    takt(plant, "user", "add", "bo", "--name", "Bo Ek", "--role", "operator")
    takt(plant, "user", "password", "bo", typed="a long enough one\n")
    bo = Visitor(plant.url)
    wait_until(lambda: bo.sign_in("bo", "a long enough one").status_code == 303, seconds=3)
    assert bo.get("/account").status_code == 200
    takt(plant, "user", "deactivate", "bo")
    wait_until(lambda: bo.get("/account").status_code == 303, seconds=2, what="bo outside")
    assert bo.sign_in("bo", "a long enough one").status_code == 401
    assert "person bo is not active" in takt(plant, "user", "link", "bo", status=2)
    answer = as_person(plant, "admin").post("/people/bo", data={"what": "link"})
    assert answer.status_code == 422
    assert "person bo is not active" in answer.text
    assert "Make a one-time link" not in answer.text


def test_a_password_is_changed_with_the_old_one_and_ends_other_sessions(plant):
    first, second = as_person(plant, "quality"), as_person(plant, "quality")
    new = {"what": "password", "new": "another long one", "again": "another long one"}
    assert first.post("/account", data=new | {"old": "wrong"}).status_code == 422
    short = new | {"old": password_of(plant.data, "quality"), "new": "short", "again": "short"}
    assert "at least 12" in first.post("/account", data=short).text
    right = new | {"old": password_of(plant.data, "quality")}
    assert first.post("/account", data=right).status_code == 303
    assert first.get("/account").status_code == 200
    assert second.get("/account").status_code == 303
    assert second.sign_in("quality", "another long one").status_code == 303


def test_people_take_turns_at_a_tablet_and_nowhere_else(plant):
    tablet, answer = admitted(plant, "Cell tablet", "--kind", "tablet")
    assert answer.headers["location"] == "/switch"
    assert "Mara Vogel" in tablet.get("/switch").text
    form = {"id": "manager", "pin": pin_of(plant.data, "manager"), "next": "/account"}
    assert Visitor(plant.url).post("/switch", data=form).status_code == 401
    answer = tablet.post("/switch", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "Mara Vogel" in tablet.get("/account").text
    assert "by pin" in tablet.get("/account").text or "this one" in tablet.get("/account").text
    assert tablet.post("/switch", data=form | {"id": "engineer"}).status_code == 401
    assert "Only administrators" in tablet.get("/people").text
    elsewhere = Visitor(plant.url)
    elsewhere.cookies.set("takt_session", tablet.cookies["takt_session"])
    assert elsewhere.get("/account").status_code == 303  # a session by PIN holds at its tablet
    assert elsewhere.get("/api/v1/drafts/x").status_code == 401
    another, _ = admitted(plant, "Another tablet", "--kind", "tablet")
    another.cookies.set("takt_session", tablet.cookies["takt_session"])
    assert another.get("/account").status_code == 303


def test_a_session_by_password_is_not_bound_and_makes_no_tablet_of_another_browser(plant):
    tablet, _ = admitted(plant, "Office tablet", "--kind", "tablet")
    assert tablet.sign_in("engineer", password_of(plant.data, "engineer")).status_code == 303
    assert tablet.get("/switch").status_code == 200
    elsewhere = Visitor(plant.url)
    elsewhere.cookies.set("takt_session", tablet.cookies["takt_session"])
    assert elsewhere.get("/account").status_code == 200
    assert elsewhere.get("/switch").status_code == 403
    form = {"id": "manager", "pin": pin_of(plant.data, "manager")}
    assert elsewhere.post("/switch", data=form).status_code == 403


def test_who_takes_over_a_tablet_ends_the_session_before_and_keeps_its_own_drafts(plant):
    tablet, _ = admitted(plant, "Line tablet", "--kind", "tablet")
    pins = {id: {"id": id, "pin": pin_of(plant.data, id)} for id in ("manager", "quality")}
    assert tablet.post("/switch", data=pins["manager"]).status_code == 303
    before = tablet.cookies["takt_session"]
    tablet.put("/api/v1/drafts/take-over", json={"fields": {"text": "die worn"}})
    assert "Mara Vogel is signed in" in tablet.get("/switch").text
    cookies = "; ".join(f"{one.name}={one.value}" for one in tablet.cookies.jar)
    address = plant.url.replace("http:", "ws:") + "/_dash-ws-callback"
    headers = {"Cookie": cookies}
    with connect(address, origin=plant.url, additional_headers=headers, proxy=None) as socket:
        socket.send('{"type": "heartbeat"}')
        assert "heartbeat_ack" in socket.recv(5)
        assert tablet.post("/switch", data=pins["quality"]).status_code == 303
        with pytest.raises(ConnectionClosed):
            socket.recv(5)
        assert socket.close_code == CODE
    assert tablet.get("/api/v1/drafts/take-over").json() == {"fields": {}}
    after = tablet.cookies["takt_session"]
    tablet.cookies.set("takt_session", before, domain="127.0.0.1")
    assert tablet.get("/account").status_code == 303  # it has ended, at its own tablet too
    tablet.cookies.set("takt_session", after, domain="127.0.0.1")
    assert tablet.post("/switch", data=pins["manager"]).status_code == 303
    assert tablet.get("/api/v1/drafts/take-over").json() == {"fields": {"text": "die worn"}}
    trail = as_person(plant, "manager").get("/api/v1/audit?person=manager&command=SignedOut")
    assert "quality took over" in trail.text


def test_wrong_pins_lock_the_pin_and_not_the_password(plant):
    tablet, _ = admitted(plant, "Busy tablet", "--kind", "tablet")
    wrong = {"id": "supervisor", "pin": "0000"}
    assert [tablet.post("/switch", data=wrong).status_code for _ in range(6)] == [401] * 5 + [429]
    right = wrong | {"pin": pin_of(plant.data, "supervisor")}
    answer = tablet.post("/switch", data=right)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    as_person(plant, "supervisor")  # by password


def test_a_badge_signs_in_at_a_tablet(plant):
    admin = as_person(plant, "admin")
    assert (
        admin.post("/people/maintenance", data={"what": "badge", "new": "0012345678"}).status_code
        == 303
    )
    again = admin.post("/people/manager", data={"what": "badge", "new": "0012345678"})
    assert "Somebody else has this badge" in again.text
    tablet, _ = admitted(plant, "Hall tablet", "--kind", "tablet")
    assert tablet.post("/switch", data={"badge": "0012345678"}).status_code == 303
    assert "Mats Lindberg" in tablet.get("/account").text
    assert tablet.post("/switch", data={"badge": "0099999999"}).status_code == 401


def test_when_a_device_was_there_is_known_to_all_dashboards_and_after_a_restart(plant):
    admin, redis = as_person(plant, "admin"), plant.redis.client()
    tablet, _ = admitted(plant, "Line tablet", "--kind", "tablet")
    path, wrong = "/api/v1/devices/line-tablet/last-seen", "/api/v1/devices/nobody/last-seen"

    def told(path=path):
        return admin.get(path).json()["last_seen"]

    def row():
        found = admin.get("/devices").text.partition("line-tablet</small>")[2].partition("</tr>")[0]
        return re.findall(r"<td>([^<]*)</td>", found)[2]

    assert tablet.get("/switch").status_code == 200
    seen = told()
    assert (seen > "20", admin.get(wrong).status_code) == (True, 404)
    assert re.fullmatch(r"(.* )?[0-2][0-9]:[0-5][0-9]", row())
    wait_until(lambda: redis.zscore(SEEN, "device:line-tablet"), seconds=8, what="it in Redis")
    plant.kill("dashboard")
    plant.start("dashboard")
    plant.wait_served()
    assert told() == seen
    there = redis.zscore(SEEN, "device:line-tablet") + 60_000_000
    redis.zadd(SEEN, {"device:line-tablet": there})  # another dashboard's
    assert told() > seen
    redis.zadd(SEEN, {"device:line-tablet": 1})  # another device's, of the same id
    assert (told(), row()) == (None, "–")
    plant.signal("redis", signal.SIGSTOP)
    try:
        wall, _ = admitted(plant, "Late wall")
        assert wall.get("/andon/press-shop").status_code == 200
    finally:
        plant.signal("redis", signal.SIGCONT)
    wait_until(lambda: admin.get("/account").status_code == 200, what="the dashboard hearing Redis")


async def test_so_many_are_kept_and_each_is_written_every_few_seconds_at_most(
    own_redis, monkeypatch
):
    monkeypatch.setattr(last_seen, "OWNERS_MAX", 3)
    redis = live.open_redis(own_redis.url)
    one, other = LastSeen(redis), LastSeen(redis)
    for n in range(5):
        one.mark(f"device:{n}")
        await one.keep()
    kept = await other.all()
    assert list(kept) == ["device:2", "device:3", "device:4"]
    other.mark("device:3")
    for _ in range(100):
        one.mark("device:4")
    newest = await one.all()
    await other.keep()
    await one.keep()
    await one.keep()
    assert (await one.all()) == (await other.all()) != kept
    assert (await one.all())["device:4"] == newest["device:4"] > kept["device:4"]
    assert (await redis.info("commandstats"))["cmdstat_zadd"]["calls"] == 7
    one.mark("device:9")
    own_redis.kill()
    for ask in (one.keep, one.all):
        with pytest.raises(live.UNAVAILABLE):
            await ask()
    own_redis.start()
    await one.keep()
    assert "device:9" in await other.all()
    await redis.aclose()


def test_drafts_belong_to_each_person(plant):
    first, second = as_person(plant, "manager"), as_person(plant, "supervisor")
    put = first.put("/api/v1/drafts/note:press-1", json={"fields": {"text": "die worn"}})
    assert put.status_code == 200
    assert first.get("/api/v1/drafts/note:press-1").json() == {"fields": {"text": "die worn"}}
    assert second.get("/api/v1/drafts/note:press-1").json() == {"fields": {}}
    large = {"fields": {"text": "x" * 20_001}}
    assert first.put("/api/v1/drafts/note:press-1", json=large).status_code == 422
    for n in range(55):
        first.put(f"/api/v1/drafts/form-{n}", json={"fields": {"a": str(n)}})
    kept = [n for n in range(55) if first.get(f"/api/v1/drafts/form-{n}").json()["fields"]]
    assert kept == list(range(5, 55))


def test_no_secret_stands_in_the_log_or_in_what_is_printed(plant):
    token = takt(plant, "token", "add", "Secret wall").partition("device=")[2]
    visitor = Visitor(plant.url)
    wait_until(lambda: visitor.get(f"/?device={token}").status_code == 303, seconds=3)

    with sqlite3.connect(plant.data / "records.sqlite") as database:
        text = json.dumps([str(row) for row in database.execute("SELECT * FROM log")])
        hashes = [row[0] for row in database.execute("SELECT hash FROM credentials")]
        audit = [row[0] for row in database.execute("SELECT command FROM audit")]
    database.close()
    assert token not in text + printed(plant)
    assert not [one for one in hashes if one in text]
    assert password_of(plant.data, "admin") not in text
    assert {"SignedIn", "SetPassword", "SetPin", "SetBadge", "SetToken", "SetDevice"} <= set(audit)


def test_what_is_not_there_is_said_by_the_commands(plant):
    assert "no person 'nobody'" in takt(plant, "user", "deactivate", "nobody", status=2)
    assert "at least 12" in takt(plant, "user", "password", "admin", typed="short\n", status=2)
    said = takt(plant, "token", "add", "Hall", "--right", "people", status=2)
    assert "--right is for --kind api alone: a wall sees" in said
    said = takt(plant, "user", "add", "eva", "--name", "Eva", status=2)
    assert "roles: found none; expected at least one of operator" in said
    form = {"id": "eva", "name": "Eva", "scope": "north", "key": "eva-1"}
    answer = as_person(plant, "admin").post("/people", data=form)
    assert answer.status_code == 422
    assert "expected at least one of operator" in answer.text


def test_sessions_that_could_not_be_ended_are_told(plant):
    plant.signal("redis", signal.SIGSTOP)
    try:
        typed = "another long enough one\n"
        said = takt(plant, "user", "password", "maintenance", typed=typed, status=1)
    finally:
        plant.signal("redis", signal.SIGCONT)
    assert "done, but the sessions of 'maintenance' could not be ended" in said
    admin = as_person(plant, "admin")
    wait_until(lambda: admin.get("/account").status_code == 200, what="the dashboard hearing Redis")


def test_a_device_and_its_token_are_made_together_and_once(plant):
    admin = as_person(plant, "admin")
    form = {"what": "device", "name": "Gate wall", "kind": "wall", "scope": "north", "key": "gate"}
    assert "?device=" in admin.post("/devices", data=form).text
    again = admin.post("/devices", data=form)
    assert (again.status_code, "It is there already" in again.text) == (422, True)
    made = admin.get("/api/v1/audit?kind=device&id=gate-wall").json()["items"]
    assert [one["command"] for one in made] == ["SetDevice"]
    assert admin.get("/api/v1/devices/gate-wall-2").status_code == 404


@pytest.mark.parametrize("words", [("user", "list"), ("token", "list"), ("audit", "verify")])
def test_where_it_is_done_is_said_before_or_behind_what_is_done(words):
    for order in (("--config", "x", "--data", "y"), ()), ((), ("--config", "x", "--data", "y")):
        said = parser().parse_args([words[0], *order[0], words[1], *order[1]])
        assert (str(said.config), str(said.data), said.does) == ("x", "y", words[1])
