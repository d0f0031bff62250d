"""Maintenance by the API and on its pages: asked for, begun, done; the lock; what is due; who failed."""

import re

import pytest

from mes.maintenance import RequestMaintenance
from store.actions import SYSTEM
from tests.api_plant import KEYS, ApiPlant, at_us, post, put, text
from tests.own_redis import wait_until
from tests.visitor import Visitor

ORDERS = "/api/v1/maintenance-work-orders"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("maintenance"))
    yield running
    running.end()


@pytest.fixture
def mia(plant):
    return plant.as_who("maintenance-press")


@pytest.fixture
def olga(plant):
    return plant.as_who("operator-press")


def step(client, id, what, version, status=200, body=None, **said):
    headers = {"If-Match": f'"{version}"', "Idempotency-Key": next(KEYS)}
    told = said if body is None else {"body": body, **said}
    answer = client.post(f"{ORDERS}/{id}/{what}", json=told, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def ask(client, work, status=200, unit="press-1", **more):
    answer = post(client, f"work-units/{unit}/maintenance-requests", {"work": work} | more)
    assert answer.status_code == status, answer.text
    return answer.json()


def locked_by(client, unit="press-1"):
    return client.get(f"/api/v1/work-units/{unit}").json()["locked_by"]


def test_asked_for_begun_and_done_and_the_machine_is_locked_meanwhile(plant, olga, mia):
    made = ask(olga, "The slide knocks")
    id, body = made["id"], made["body"]
    assert re.fullmatch(r"press-1@\d+", id)
    assert (body["state"], body["locks"], made["version"]) == ("open", "start", 1)
    assert locked_by(olga) is None
    begun = step(mia, id, "start", 1)
    assert begun["body"]["state"] == "started"
    wait_until(lambda: locked_by(olga) == id, what="the lock")
    assert "by maintenance-press" in step(mia, id, "start", 1, 409)["error"]["message"]
    parts = [{"part": "gib 12", "quantity": 2}]
    said = {"parts": parts, "notes": "Gibs were worn.", "failure": "tool_jam"}
    done = step(mia, id, "finish", 2, body=said)
    assert (done["body"]["parts"], done["body"]["failure"]) == (parts, "tool_jam")
    assert done["body"]["started"] < done["body"]["ended"]
    wait_until(lambda: locked_by(olga) is None, what="the lock taken off")
    audit = plant.as_who("supervisor-site").get("/api/v1/audit", params={"id": id}).json()
    names = {item["command"] for item in audit["items"]}
    assert names >= {"RequestMaintenance", "StartMaintenance", "FinishMaintenance"}


def test_a_stop_is_asked_for_once_and_leads_to_its_order(plant, olga):
    error = ask(olga, "It leaks again", 422, stop=text(60))["error"]
    assert "this stop has a work order already: press-1@1, It leaks" in error["message"]
    assert 'href="/work-order/press-1@1"' in olga.get(f"/stop/press-1/{at_us(60)}").text


def test_what_is_due_and_how_often_it_failed(olga):
    found = olga.get("/api/v1/maintenance/press-1").json()
    assert [one["id"] for one in found["orders"] if one["stop"] == text(60)] == ["press-1@1"]
    (plan,) = [one for one in found["plans"] if one["id"] == "press-1@oil"]
    assert plan["share"] >= 1  # of March
    (unit,) = found["units"]
    assert (unit["work_unit"], unit["failures"], unit["mttr_s"]) == ("press-1", 0, None)
    assert olga.get("/api/v1/maintenance/north").status_code == 404  # which she sees in part only


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "work: expected"),
        ({"work": 3}, "work: expected"),
        ({"work": ""}, "work: expected"),
        ({"work": "x", "severity": "dire"}, "severity: found 'dire'"),
        ({"work": "x", "stop": "now"}, "stop: found 'now'"),
        ({"work": "x", "stop": 3}, "stop: expected"),
        ({"work": "x", "colour": "red"}, "found 'colour'"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(olga, body, words):
    answer = post(olga, "work-units/press-1/maintenance-requests", body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"parts": "seal"}, "parts: expected a list"),
        ({"parts": [{"part": "seal"}]}, "parts: expected a list"),
        ({"parts": [{"part": "seal", "quantity": True}]}, "parts: expected a list"),
        ({"parts": [{"part": "seal", "quantity": 0}]}, "quantity"),
        ({"notes": None}, "notes: expected a text"),
        ({"failure": "rain"}, "failure: found 'rain'"),
        ({"cost": 3}, "found 'cost'"),
    ],
)
def test_what_is_wrong_with_an_end_is_said(plant, mia, body, words):
    error = step(mia, "press-1@1", "finish", 1, 422, body=body)["error"]
    assert words in error["message"]


def test_steps_take_the_version_and_orders_are_written_by_them_only(plant, mia):
    headers = {"Idempotency-Key": next(KEYS)}
    assert mia.post(f"{ORDERS}/press-1@1/start", json={}, headers=headers).status_code == 428
    assert mia.post(f"{ORDERS}/press-1@99/start", json={}, headers=headers).status_code == 428
    step(mia, "press-1@99", "start", 1, 409)
    step(mia, "station-1@1", "start", 1, 404)
    answer = put(mia, "maintenance-work-orders/press-1@98", {"state": "done"})
    assert answer.status_code == 422
    assert "maintenance-requests" in answer.text
    answer = put(mia, "maintenance-plans/press-1@x", {"work": "x", "rule": {}, "from": text(0)})
    assert answer.status_code == 422
    assert "rule: expected" in answer.text


def form(html, what):
    """The fields of the form that does `what`, as a browser would send them."""
    found = re.findall(r"(?s)<form.*?</form>", html)
    mine = next(one for one in found if f'name="what" value="{what}"' in one)
    tags = [
        dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall("<input[^>]*>", mine)
    ]
    return {tag["name"]: tag.get("value", "") for tag in tags if "name" in tag}


def test_the_life_of_an_order_on_the_pages(plant, olga, mia):
    stranger = Visitor(plant.url).get("/maintenance/press-shop")
    assert stranger.headers["location"] == "/login?next=/maintenance/press-shop"
    assert olga.get("/maintenance").headers["location"] == "/maintenance/press-shop"
    assert olga.get("/maintenance/assembly").status_code == 404
    page = olga.get("/maintenance/press-shop").text
    assert 'data-action="start-order"' not in page  # which is for maintenance
    sent = form(page, "ask") | {"unit": "press-2", "work": "Guard is loose", "severity": "unsafe"}
    answer = olga.post("/maintenance/press-shop", data=sent)
    assert answer.status_code == 303, answer.text
    again = olga.post("/maintenance/press-shop", data=sent)
    assert again.headers["location"] == answer.headers["location"]
    (id,) = re.findall(r"press-2@\d+", answer.headers["location"])
    page = mia.get("/maintenance/press-shop").text
    assert page.count(f'href="/work-order/{id}"') == 1  # however often it was sent
    assert page.index("Guard is loose") < page.index("It leaks")  # the worst first
    assert "open, machine locked" in page
    sheet = mia.get(f"/work-order/{id}").text
    assert mia.post(f"/work-order/{id}", data=form(sheet, "start")).status_code == 303
    late = mia.post(f"/work-order/{id}", data=form(sheet, "start") | {"key": "another"})
    assert late.status_code == 409
    assert "somebody was first" in late.text
    assert 'value="finish"' not in olga.get(f"/work-order/{id}").text
    sent = form(mia.get(f"/work-order/{id}").text, "finish") | {"failure": "safety"}
    bad = mia.post(f"/work-order/{id}", data=sent | {"quantity-0": "some", "part-0": "bolt M8"})
    assert bad.status_code == 422
    assert "found the quantity 'some'" in bad.text
    assert 'value="bolt M8"' in bad.text  # what was typed stands
    good = sent | {"quantity-0": "4", "part-0": "bolt M8", "notes": "Tightened.\r\nChecked."}
    assert mia.post(f"/work-order/{id}", data=good).status_code == 303
    sheet = olga.get(f"/work-order/{id}").text
    for words in ("<p>Tightened.</p><p>Checked.</p>", "bolt M8", "Safety circuit", "done"):
        assert words in sheet
    assert mia.post(f"/work-order/{id}", data=good | {"key": "k"}).status_code == 409


def test_what_cannot_be_asked_for_keeps_what_was_typed(plant, olga):
    page = olga.get(f"/maintenance/press-1?stop={at_us(60)}").text
    assert "for the stop of" in page
    sent = form(page, "ask") | {"unit": "press-1", "work": "Still leaks", "severity": "soon"}
    answer = olga.post("/maintenance/press-1", data=sent)
    assert answer.status_code == 422
    assert "this stop has a work order already" in answer.text
    assert 'value="Still leaks"' in answer.text
    sent = form(page, "ask") | {"unit": "station-1", "work": "Not mine", "severity": "soon"}
    assert olga.post("/maintenance/press-1", data=sent | {"key": "other"}).status_code == 403


def test_a_plan_is_made_and_taken_away_on_the_page(plant, olga, mia):
    assert 'value="plan"' not in olga.get("/maintenance/press-shop").text
    page = mia.get("/maintenance/press-shop").text
    typed = {"unit": "press-2", "name": "belt", "work": "Tighten the belt", "from": "2026-03-29"}
    typed = form(page, "plan") | typed
    condition = {"by": "condition", "tag": "power", "side": "below", "limit": "3,5", "hold_s": "60"}
    bad = mia.post("/maintenance/press-shop", data=typed | condition | {"limit": "low"})
    assert bad.status_code == 422
    assert "limit: found 'low'; expected a number" in bad.text
    assert 'value="Tighten the belt"' in bad.text
    bad = mia.post("/maintenance/press-shop", data=typed | {"by": "days", "days": "2.5"})
    assert bad.status_code == 422
    assert "rule.every: found 2.5" in bad.text
    good = typed | condition
    answer = mia.post("/maintenance/press-shop", data=good)
    assert answer.headers["location"] == "/maintenance/press-shop?said=planned", answer.text
    found = mia.get("/api/v1/maintenance-plans/press-2@belt").json()["body"]
    assert found["rule"] == {"by": "condition", "tag": "power", "below": 3.5, "hold_s": 60}
    assert found["from"] == "2026-03-28T23:00:00.000000Z"  # midnight in Berlin
    assert mia.post("/maintenance/press-shop", data=good | {"key": "again"}).status_code == 409
    page = mia.get("/maintenance/press-shop").text
    assert "power below 3.5 for 1 min" in page
    assert olga.post("/maintenance/press-shop", data=good | {"key": "hers"}).status_code == 403
    gone = {"what": "take away", "plan": "press-2@belt", "version": "1", "key": "gone"}
    assert mia.post("/maintenance/press-shop", data=gone | {"version": "7"}).status_code == 409
    assert mia.post("/maintenance/press-shop", data=gone | {"key": "g"}).status_code == 303
    assert mia.get("/api/v1/maintenance-plans/press-2@belt").status_code == 404


def test_a_place_without_anything_says_so(plant):
    client = plant.as_who("supervisor-site")
    page = client.get("/maintenance/station-2").text
    for words in ("No work order is open", "Nothing is planned yet", "Nothing has failed"):
        assert words in page
    command = RequestMaintenance(unit="station-2", work="<b>bold</b>")
    plant.actions.perform(command, SYSTEM, next(KEYS))
    assert "&lt;b&gt;bold" in client.get("/maintenance/station-2").text
