"""Who may see what of a served dashboard: strangers, visitors of the demo, people, and the scope."""

import re
import signal

import pytest

from tests.own_redis import wait_until
from tests.running_plant import RunningPlant
from tests.visitor import Visitor, as_person, password_of


def started(folder, *changes):
    running = RunningPlant(folder)
    text = running.config.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    running.config.write_text(text)
    running.start("redis", "dashboard")
    running.wait_served()
    return running


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    running = started(tmp_path_factory.mktemp("demo"))
    wait_until(lambda: "admin " in printed(running), seconds=30, what="the demo's people")
    yield running
    running.end()


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    running = started(tmp_path_factory.mktemp("closed"), ("demo = true", "demo = false"))
    wait_until(lambda: "first sign-in" in printed(running), seconds=30, what="the first link")
    yield running
    running.end()


def printed(plant) -> str:
    return (plant.data / "dashboard.log").read_text()


PAGES = ("/", "/andon/press-shop", "/unit/press-1", "/connections", "/no/such/page")
HIDDEN = ("/account", "/people", "/devices")


@pytest.mark.parametrize("path", [*PAGES, *HIDDEN])
def test_a_stranger_is_led_to_the_sign_in_page(closed, path):
    answer = Visitor(closed.url).get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"


@pytest.mark.parametrize(
    "path",
    ["/api/v1/work-units", "/api/v1/work-units/press-1", "/api/v1/x", "/api/docs",
     "/api/openapi.json", "/metrics", "/_dash-layout", "/_dash-dependencies"],
)  # fmt: skip
def test_a_stranger_gets_nothing_from_the_api(closed, path):
    answer = Visitor(closed.url).get(path)
    assert answer.status_code == 401
    assert set(answer.json()["error"]) == {"code", "message", "detail"}
    assert answer.json()["error"]["code"] == "unauthorized"


def test_a_strangers_websocket_is_refused(closed):
    headers = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": closed.url,
    }  # fmt: skip
    answer = Visitor(closed.url).get("/_dash-ws-callback", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/login", "/healthz", "/sw.js", "/assets/offline.html"])
def test_some_things_are_open_to_everybody(closed, path):
    assert Visitor(closed.url).get(path).status_code == 200


def test_ready_tells_strangers_no_details(closed, demo):
    body = Visitor(closed.url).get("/readyz").json()
    assert body.keys() == {"status", "live"}
    assert "faults" in Visitor(demo.url).get("/readyz").json()


@pytest.mark.parametrize("path", PAGES)
def test_the_demo_shows_live_screens_to_visitors(demo, path):
    none = path == "/no/such/page"
    assert Visitor(demo.url).get(path).status_code == (404 if none else 200)


@pytest.mark.parametrize("path", HIDDEN)
def test_the_demo_shows_nothing_else_to_visitors(demo, path):
    assert Visitor(demo.url).get(path).status_code == 303


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/logout", "/login"),
        ("/login/", "/login"),
        ("/login/?next=/account", "/login?next=/account"),
        ("//evil.example/", "/evil.example"),
        ("/people/", "/people"),
    ],
)
def test_an_address_that_is_nearly_right_leads_to_the_right_one(demo, closed, path, to):
    for plant in (demo, closed):
        answer = Visitor(plant.url).get(plant.url + path)
        assert (answer.status_code, answer.headers["location"]) == (303, to)


@pytest.mark.parametrize("path", ["/login/x", "/login/oidc", "/logout/x"])
def test_what_is_no_sign_in_page_is_as_unknown_as_other_pages(demo, closed, path):
    """No provider is configured: /login/oidc is none, too."""
    assert Visitor(closed.url).get(path).headers["location"] == f"/login?next={path}"
    nowhere, there = (
        re.sub(r'"end_id":"[^"]*"', "", Visitor(demo.url).get(address).text)  # of each answer
        for address in ("/no/such/page", path)
    )
    assert nowhere == there


@pytest.mark.parametrize("path", ["/no/such/page", "/unit/nobody", "/andon/nowhere", "/unit/"])
def test_a_page_that_is_none_answers_404_and_says_so_itself(demo, path):
    answer = Visitor(demo.url).get(path, follow_redirects=True)
    assert answer.status_code == 404 and "_dash-config" in answer.text
    assert Visitor(demo.url).head(path.rstrip("/")).status_code == 404


def test_who_is_signed_in_hears_so_where_somebody_else_signs_in(demo):
    """At a browser that is no tablet nobody takes turns: he is not sent round in a circle."""
    visitor = Visitor(demo.url)
    visitor.sign_in("manager", password_of(demo.data, "manager"))
    assert "is signed in here until somebody else signs in" in visitor.get("/login").text
    answer = visitor.get("/switch")
    assert answer.status_code == 403 and "This browser is none" in answer.text


def test_a_person_of_the_demo_signs_in_and_out(demo):
    visitor = as_person(demo, "engineer")
    (cookie,) = [c for c in visitor.cookies.jar if c.name == "takt_session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert visitor.get("/account").status_code != 303
    assert visitor.get("/logout").headers["location"] == "/account"
    answer = visitor.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?said=out")
    visitor.cookies.set("takt_session", cookie.value)  # kept by whoever copied it: it has ended
    assert visitor.get("/account").status_code == 303


def test_a_form_of_who_was_signed_out_elsewhere_is_answered_by_a_page(demo):
    visitor = as_person(demo, "engineer")
    (token,) = [c.value for c in visitor.cookies.jar if c.name == "takt_session"]
    visitor.post("/logout")
    visitor.cookies.set("takt_session", token)
    form = {"what": "exception", "date": "2026-12-01"}
    answer = visitor.post("/calendar/press-shop", data=form, headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 401
    assert "You are signed out, so nothing was changed" in answer.text
    assert 'href="/login?next=/calendar/press-shop"' in answer.text
    program = visitor.post(
        "/calendar/press-shop", data=form, headers={"Accept": "application/json"}
    )
    assert (program.status_code, program.json()["error"]["code"]) == (401, "unauthorized")


def test_wrong_name_and_wrong_password_sound_alike(demo):
    words = set()
    for id, password in (("engineer", "not the password"), ("nobody", "not the password")):
        answer = Visitor(demo.url).sign_in(id, password)
        assert answer.status_code == 401
        words |= set(re.findall(r'role="alert".*?<span>(.*?)</span>', answer.text))
    assert len(words) == 1


def test_who_is_wrong_too_often_waits_even_with_the_right_password(demo):
    for _ in range(5):
        Visitor(demo.url).sign_in("manager", "not the password")
    answer = Visitor(demo.url).sign_in("manager", password_of(demo.data, "manager"))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Please wait" in answer.text


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_elsewhere(demo, to):
    answer = Visitor(demo.url).sign_in("quality", password_of(demo.data, "quality"), to)
    assert answer.headers["location"] == "/"


def test_another_sites_form_signs_nobody_in(demo):
    visitor = Visitor(demo.url)
    visitor.headers["Sec-Fetch-Site"] = "cross-site"
    answer = visitor.sign_in("quality", password_of(demo.data, "quality"))
    assert answer.status_code == 403


def test_the_first_link_makes_the_admin_and_is_good_once(closed):
    (path,) = re.findall(
        r"first sign-in: http://127\.0\.0\.1:\d+(/welcome\?link=\S+)", printed(closed)
    )
    link = path.partition("link=")[2]
    visitor = Visitor(closed.url)
    assert "Welcome to Takt" in visitor.get(path).text
    form = {"link": link, "name": "Ada Okoye", "password": "short", "again": "short"}
    assert "at least 12" in visitor.post("/welcome", data=form).text
    form |= {"password": "a long enough one", "again": "a long enough one"}
    assert visitor.post("/welcome", data=form).status_code == 303
    assert visitor.get("/").status_code == 200
    assert Visitor(closed.url).get(path).status_code == 410
    assert Visitor(closed.url).post("/welcome", data=form).status_code == 410
    assert Visitor(closed.url).sign_in("admin", "a long enough one").status_code == 303
    assert link not in printed(closed).replace(f"/welcome?link={link}", "", 1)


def test_without_redis_people_are_told_so_and_pages_try_again(closed):
    admin = Visitor(closed.url)
    assert admin.sign_in("admin", "a long enough one").status_code == 303
    closed.signal("redis", signal.SIGSTOP)
    try:
        wait_until(lambda: not closed.get("/readyz")["live"] and away(closed), what="it is noticed")
        page = admin.get("/account")
        assert page.status_code == 503
        assert "cannot check" in page.text
        assert 'http-equiv="refresh"' in page.text
        form = admin.post("/account", data={"what": "pin"}, headers={"Accept": "text/html"})
        assert (form.status_code, "nothing was done. Go back" in form.text) == (503, True)
        assert 'http-equiv="refresh"' not in form.text
        asked = admin.get("/api/v1/work-units")
        assert asked.status_code == 503
        assert asked.json()["error"]["code"] == "service_unavailable"
        assert Visitor(closed.url).sign_in("admin", "a long enough one").status_code == 503
    finally:
        closed.signal("redis", signal.SIGCONT)
    wait_until(lambda: admin.get("/account").status_code == 200, what="the session back")


def away(plant) -> bool:
    return "Redis is away" in printed(plant)
