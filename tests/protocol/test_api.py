"""The API, health and metrics of a dashboard process, with views written as the engine does."""

import json
import urllib.error
import urllib.request

import pytest

from dashboard.hub import now_us
from mes.unit_view import TagView, UnitView, to_plain
from store import live
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("api"))
    running.start("redis", "dashboard")
    try:
        running.wait_served()
        wait_until(lambda: "takt_redis_up 1.0" in ask(running, "/metrics")[1])
        yield running
    finally:
        running.end()


def ask(plant, path, method="GET"):
    request = urllib.request.Request(plant.url + path, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def publish(plant, center, view):
    client = plant.redis.client()
    client.hset(live.units_key(center), view.id, live.dump(to_plain(view)))
    client.xadd(live.view_key(center), {"k": view.id, "j": live.dump(to_plain(view))})


def running_press(**fields):
    at = now_us()
    tags = {
        "state": TagView(6, "good", at, at),
        "power": TagView(41.5, "good", at, at),
        "diameter": TagView(None, "bad", at, at, "BadSensorFailure"),
    }
    known = {"state": "running", "state_since_us": at, "good": 7, "counting_since_us": at}
    return UnitView(
        id="press-1",
        tags=tags,
        contacts={"press-plc": at},
        source_time_us=at,
        received_time_us=at,
        **{**known, **fields},
    )


def test_a_unit_nobody_has_heard_of_is_unknown_and_not_zero(plant):
    unit = plant.units()["station-6"]
    assert (unit["state"], unit["quality"]) == ("unknown", "stale")
    assert unit["good"] is unit["reject"] is unit["source_time"] is unit["state_since"] is None


def test_a_published_view_is_there_with_its_digits(plant):
    publish(plant, "press-line", running_press())
    wait_until(lambda: plant.units()["press-1"]["good"] == 7)
    unit = plant.get("/api/v1/work-units/press-1")
    assert {"id", "name", "work_center", "state", "state_since", "quality", "good", "reject",
            "source_time", "received_time"} <= set(unit)  # fmt: skip
    assert unit["work_center"] == "press-line"
    assert unit["source_time"].endswith("Z")
    tags = {tag["name"]: tag for tag in unit["tags"]}
    assert tags["power"]["value"] == 41.5
    assert (tags["diameter"]["value"], tags["diameter"]["status"]) == (None, "BadSensorFailure")


def test_a_view_that_grows_old_is_stale(plant):
    publish(plant, "press-line", running_press())
    wait_until(lambda: plant.units()["press-1"]["quality"] == "good")
    wait_until(lambda: plant.units()["press-1"]["quality"] == "stale", seconds=8)


def test_what_cannot_be_read_is_passed_over(plant):
    client = plant.redis.client()
    client.xadd(live.view_key("press-line"), {"k": "press-2", "j": "{torn"})
    client.xadd(live.view_key("press-line"), {"what": "ever"})
    client.xadd(live.view_key("press-line"), {"k": "nobody", "j": '{"id":"nobody"}'})
    publish(plant, "press-line", running_press(good=99))
    wait_until(lambda: plant.units()["press-1"]["good"] == 99)


def test_lists_come_in_pages(plant):
    first = plant.get("/api/v1/work-units?limit=4")
    assert [u["id"] for u in first["items"]] == ["press-1", "press-2", "press-3", "press-4"]
    assert first["next"] == "press-4"
    rest = plant.get("/api/v1/work-units?limit=100&after=press-4")
    assert len(rest["items"]) == 6
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/api/v1/work-units/nobody", "GET", 404, "not_found"),
        ("/api/v1/no/such/thing", "GET", 401, "unauthorized"),
        ("/api/v1/work-units?limit=0", "GET", 422, "invalid"),
        ("/api/v1/work-units?limit=x", "GET", 422, "invalid"),
        ("/api/v1/work-units?after=nobody", "GET", 422, "invalid"),
        ("/api/v1/work-units", "POST", 405, "method_not_allowed"),
        ("/api/v1/work-units/press-1", "DELETE", 405, "method_not_allowed"),
    ],
)
def test_errors_have_one_shape(plant, path, method, status, code):
    got, text = ask(plant, path, method)
    assert got == status
    error = json.loads(text)["error"]
    assert set(error) == {"code", "message", "detail"}
    assert error["code"] == code


def test_the_description_of_the_api_is_there(plant):
    paths = json.loads(ask(plant, "/api/openapi.json")[1])["paths"]
    assert {"/api/v1/work-units", "/api/v1/work-units/{id}", "/healthz", "/readyz"} <= set(paths)
    assert ask(plant, "/api/docs")[0] == 200
    assert ask(plant, "/sw.js")[0] == 200
    assert ask(plant, "/", "HEAD") == (200, "")


def test_ready_says_what_is_missing(plant):
    assert ask(plant, "/healthz") == (200, '{"status":"alive"}')
    status, text = ask(plant, "/readyz")
    assert status == 503
    assert "no engine owns press-line" in json.loads(text)["faults"]


def test_metrics_speak_of_the_plant(plant):
    publish(plant, "press-line", running_press(good=12))
    wait_until(
        lambda: 'takt_good_pieces_total{work_unit="press-1"} 12.0' in ask(plant, "/metrics")[1]
    )
    assert "process_resident_memory_bytes" in ask(plant, "/metrics")[1]


def test_without_redis_everything_is_offline_and_says_so(plant):
    plant.kill("redis")
    wait_until(lambda: plant.units()["press-1"]["quality"] == "offline")
    status, text = ask(plant, "/readyz")
    assert (status, "Redis does not answer" in text) == (503, True)
    assert ask(plant, "/healthz")[0] == 200
    plant.start("redis")
    wait_until(lambda: plant.units()["press-1"]["quality"] != "offline", seconds=15)
