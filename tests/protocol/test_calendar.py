"""The calendar's page: who sees and changes what, what is refused and in which words, what is kept."""

import re
import sqlite3

import pytest

from tests.running_plant import RunningPlant
from tests.visitor import Visitor, as_person

WEEK = "?week=2026-11-23"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("calendar"))
    running.start("redis", "dashboard")
    running.wait_people()
    yield running
    running.end()


@pytest.fixture(scope="module")
def planned(plant):
    """The site works by three shifts, made by an engineer who began with a common pattern."""
    engineer = as_person(plant, "engineer")
    page = engineer.get("/calendar/north")
    assert "No shifts are planned for Plant North yet" in page.text
    assert "counts run since the start of the run" in page.text
    assert "begin=" not in as_person(plant, "operator").get("/calendar/north").text
    form = fields(engineer.get("/calendar/north/pattern?begin=always").text)
    answer = engineer.post("/calendar/north/pattern", data=form | {"valid_from": "2026-01-01"})
    assert answer.status_code == 303, answer.text
    return plant


def fields(html, what=""):
    """The fields of the form that does `what`, as a browser would send them; without it of the first."""
    forms = re.findall(r"(?s)<form.*?</form>", html)
    form = next(f for f in forms if f'value="{what}"' in f and 'name="key"' in f)
    out = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        if "name" not in said:
            continue
        if said["name"] in out:
            before = out[said["name"]]
            out[said["name"]] = [*(before if isinstance(before, list) else [before]), said["value"]]
        else:
            out[said["name"]] = said.get("value", "")
    return out


def chosen(visitor, date, shift, place="press-shop"):
    page = visitor.get(f"/calendar/{place}?week={date}&date={date}&shift={shift}")
    return fields(page.text, "exception")


def busy(visitor, date, place="press-shop"):
    """Planned busy time of a date as the page says it [h]."""
    page = visitor.get(f"/calendar/{place}?week={date}").text
    (us,) = (
        tag.partition('data-busy-us="')[2].split('"')[0]
        for tag in re.findall(r"<div[^>]*data-busy-us=[^>]*>", page)
        if f'data-date="{date}"' in tag
    )
    return int(us) / 3_600_000_000


@pytest.mark.parametrize("path", ["/calendar", "/calendar/press-shop", "/calendar/north/pattern"])
def test_strangers_and_visitors_are_led_to_sign_in(plant, path):
    answer = Visitor(plant.url).get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert Visitor(plant.url).post(path, data={"what": "exception"}).status_code in (303, 401)


def test_the_navigation_has_the_calendar_for_who_may_see_it(planned):
    assert 'href="/calendar"' in as_person(planned, "operator").get("/account").text
    assert as_person(planned, "operator").get("/calendar").headers["location"] == "/calendar/north"


def test_who_lacks_the_right_sees_the_week_and_no_form(planned):
    operator = as_person(planned, "operator")
    page = operator.get(f"/calendar/press-shop{WEEK}")
    assert page.status_code == 200
    assert "Early" in page.text
    assert 'name="what"' not in page.text
    assert "shift=early" not in page.text
    form = {"what": "exception", "key": "x", "date": "2026-11-24", "shift": "late"}
    answer = operator.post("/calendar/press-shop", data=form | {"kind": "cancelled"})
    assert answer.status_code == 403
    assert "has not the right" in answer.text
    assert operator.get("/calendar/north/pattern").status_code == 403


def test_a_supervisor_changes_exceptions_and_nothing_else(planned):
    supervisor = as_person(planned, "supervisor")
    page = supervisor.get(f"/calendar/press-shop{WEEK}").text
    assert "shift=early" in page
    assert "Add holidays" not in page
    assert supervisor.get("/calendar/north/pattern").status_code == 403
    form = {"what": "holidays", "key": "h", "holiday-0-date": "2026-11-24", "holiday-0-name": "No"}
    assert supervisor.post("/calendar/press-shop", data=form).status_code == 403
    assert busy(supervisor, "2026-11-24") == 22.5


def test_a_shift_is_cancelled_changed_and_as_in_the_pattern_again(planned):
    supervisor = as_person(planned, "supervisor")
    form = chosen(supervisor, "2026-12-01", "late")
    assert (form["start"], form["end"], form["break-0-start"]) == ("14:00", "22:00", "18:00")
    sent = form | {"kind": "cancelled", "note": "stocktaking"}
    assert supervisor.post("/calendar/press-shop", data=sent).status_code == 303
    assert supervisor.post("/calendar/press-shop", data=sent).status_code == 303, "sent twice"
    assert busy(supervisor, "2026-12-01") == 15
    assert busy(supervisor, "2026-12-01", "assembly") == 22.5
    page = supervisor.get("/calendar/press-shop?week=2026-12-01").text
    assert "stocktaking" in page
    assert "Samir Haddad" in page
    form = chosen(supervisor, "2026-12-01", "late")
    sent = form | {"kind": "changed", "start": "15:00", "end": "22:00", "break-0-start": "18:30"}
    assert supervisor.post("/calendar/press-shop", data=sent).status_code == 303
    assert busy(supervisor, "2026-12-01") == 21.5
    page = supervisor.get("/calendar/press-shop?week=2026-12-01&date=2026-12-01&shift=late").text
    answer = supervisor.post("/calendar/press-shop", data=fields(page, "as planned"))
    assert answer.headers["location"].endswith("said=planned")
    assert busy(supervisor, "2026-12-01") == 22.5


def test_an_extra_shift_gets_an_id_from_its_name(planned):
    manager = as_person(planned, "manager")
    page = manager.get("/calendar/assembly?week=2026-12-08&new=extra").text
    form = fields(page, "exception") | {"date": "2026-12-08", "shift": "Team Übung"}
    answer = manager.post("/calendar/assembly", data=form | {"start": "9:00", "end": "10:00"})
    assert answer.status_code == 303, answer.text
    assert 'data-record="assembly@2026-12-08:team-ubung"' in manager.get("/calendar/assembly").text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"start": "25:00"}, "Please give a time from 00:00 to 23:59"),
        ({"break-0-minutes": "many"}, "Please give a whole number from 1 to 1440"),
        ({"break-0-start": "23:00"}, "expected it inside of 06:00 to 14:00"),
        ({"note": "x" * 501}, "at most 500 letters"),
    ],
)
def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(planned, typed, words):
    supervisor = as_person(planned, "supervisor")
    form = chosen(supervisor, "2026-12-02", "early") | {"note": "kept"} | typed
    answer = supervisor.post("/calendar/press-shop", data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'class="refusal"' in answer.text
    assert {n: fields(answer.text, "exception")[n] for n in typed} == typed


def test_who_was_first_and_when_is_told_and_what_was_typed_can_be_sent_again(planned):
    one, other = as_person(planned, "supervisor"), as_person(planned, "engineer")
    mine, theirs = (chosen(v, "2026-12-03", "early") for v in (one, other))
    assert one.post("/calendar/press-shop", data=mine | {"kind": "cancelled"}).status_code == 303
    late = theirs | {"kind": "changed", "start": "08:00", "note": "mine"}
    answer = other.post("/calendar/press-shop", data=late)
    assert answer.status_code == 409
    assert re.search(r"Samir Haddad has changed this at \d\d:\d\d", answer.text)
    assert "early cancelled" in answer.text
    assert "08:00–14:00" in answer.text
    again = fields(answer.text, "exception")
    assert (again["start"], again["note"], again["version"]) == ("08:00", "mine", "1")
    assert other.post("/calendar/press-shop", data=again).status_code == 303
    assert busy(one, "2026-12-03") == 20.5


def test_a_conflict_with_a_removal_says_who_took_it_away(planned):
    one, other = as_person(planned, "supervisor"), as_person(planned, "engineer")
    first = chosen(one, "2026-12-04", "early") | {"kind": "cancelled"}
    one.post("/calendar/press-shop", data=first)
    theirs = chosen(other, "2026-12-04", "early")
    page = one.get("/calendar/press-shop?week=2026-12-04&date=2026-12-04&shift=early").text
    one.post("/calendar/press-shop", data=fields(page, "as planned"))
    answer = other.post("/calendar/press-shop", data=theirs | {"note": "mine"})
    assert answer.status_code == 409
    assert "Samir Haddad has taken this away" in answer.text
    assert other.post("/calendar/press-shop", data=fields(answer.text, "exception")).is_redirect


def test_several_holidays_at_once_and_what_cannot_be_saved_stays(planned):
    manager = as_person(planned, "manager")
    days = [("2026-12-25", "Christmas Day"), ("", "no date"), ("2026-12-26", "St Stephen's")]
    form = {"what": "holidays", "key": "several"}
    for n, (date, name) in enumerate(days):
        form |= {f"holiday-{n}-date": date, f"holiday-{n}-name": name}
    answer = manager.post("/calendar/north", data=form)
    assert answer.status_code == 422
    left = fields(answer.text, "holidays")
    assert (left["holiday-0-date"], left["holiday-0-name"]) == ("", "no date")
    assert "Please give a date" in answer.text
    assert busy(manager, "2026-12-25") == 5.5  # the night shift of Christmas Eve
    again = {"what": "holidays", "key": "again", "holiday-0-date": "2026-12-25"}
    answer = manager.post("/calendar/north", data=again | {"holiday-0-name": "Noël"})
    assert "Mara Vogel left “Christmas Day” here" in answer.text
    assert manager.post("/calendar/north", data=fields(answer.text, "holidays")).is_redirect
    page = manager.get("/calendar/press-shop?week=2026-12-25").text
    assert "Noël" in page
    page = manager.get("/calendar/north?week=2026-12-25").text
    remove = next(f for f in re.findall(r"(?s)<form.*?</form>", page) if "2026-12-26" in f and "no holiday" in f)  # fmt: skip
    assert manager.post("/calendar/north", data=fields(remove, "no holiday")).is_redirect
    assert "St Stephen" not in manager.get("/calendar/north?week=2026-12-25").text


def test_a_pattern_of_the_areas_own_from_a_date_on(planned):
    engineer = as_person(planned, "engineer")
    form = fields(engineer.get("/calendar/assembly/pattern").text)
    assert form["shift-0-name"] == "Early"
    form |= {"valid_from": "2027-02-01", "shift-2-name": "", "what": "save", "reason": "less work"}
    overlaps = form | {"shift-1-start": "13:00"}
    answer = engineer.post("/calendar/assembly/pattern", data=overlaps)
    assert answer.status_code == 422
    assert "expected shifts that do not overlap" in answer.text
    assert fields(answer.text)["shift-1-start"] == "13:00"
    more = engineer.post("/calendar/assembly/pattern", data=form | {"what": "more"})
    assert fields(more.text)["shift-4-name"] == ""
    assert engineer.post("/calendar/assembly/pattern", data=form).status_code == 303
    assert busy(engineer, "2027-01-31", "assembly") == 22.5
    assert busy(engineer, "2027-02-02", "assembly") == 15
    assert busy(engineer, "2027-02-02", "press-shop") == 22.5
    other = as_person(planned, "manager")
    answer = other.post("/calendar/assembly/pattern", data=form | {"key": "another", "reason": ""})
    assert answer.status_code == 409
    assert "Elena Rossi has changed this" in answer.text
    page = engineer.get("/calendar/assembly/pattern?of=2027-02-01").text
    assert engineer.post("/calendar/assembly/pattern", data=fields(page, "remove")).is_redirect
    assert busy(engineer, "2027-02-02", "assembly") == 22.5


def test_nights_on_which_the_clock_changes_say_so(planned):
    page = as_person(planned, "operator").get("/calendar/press-shop?week=2026-10-19").text
    assert "clock goes back: 25 h" in page
    assert "clock goes back: 9 h" in page
    assert "Europe/Berlin (CEST, then CET)" in page
    page = as_person(planned, "operator").get("/calendar/press-shop?week=2026-03-23").text
    assert "clock goes forward: 7 h" in page


def test_the_scope_holds(planned):
    admin = as_person(planned, "admin")
    link = admin.post(
        "/people",
        data={"id": "pia", "name": "Pia", "roles": ["supervisor", "engineer"],
              "scope": "north/press-shop", "key": "pia"},
    )  # fmt: skip
    assert link.status_code == 303
    page = admin.post("/people/pia", data={"what": "link", "key": "k"}).text
    (path,) = re.findall(r"/welcome\?link=([\w-]+)", page)
    pia = Visitor(planned.url)
    password = "a long enough one"
    form = {"link": path, "name": "Pia", "password": password, "again": password}
    assert pia.post("/welcome", data=form).status_code == 303
    assert pia.get("/calendar").headers["location"] == "/calendar/press-shop"
    assert "shift=early" in pia.get(f"/calendar/press-shop{WEEK}").text
    for path in ("/calendar/assembly", "/calendar/north", "/calendar/nowhere"):
        assert pia.get(path).status_code == 404
        assert pia.post(path, data={"what": "exception", "key": "x"}).status_code == 404
    assert pia.get("/calendar/press-shop/pattern").status_code == 200


def test_the_database_is_away_and_what_was_typed_stays(planned):
    supervisor = as_person(planned, "supervisor")
    form = chosen(supervisor, "2026-12-09", "late") | {"kind": "cancelled", "note": "stays here"}
    lock = sqlite3.connect(planned.data / "records.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        answer = supervisor.post("/calendar/press-shop", data=form, timeout=40)
    finally:
        lock.rollback()
        lock.close()
    assert answer.status_code == 503
    assert "cannot reach its data" in answer.text
    again = fields(answer.text, "exception")
    assert (again["note"], again["kind"], again["key"]) == ("stays here", "cancelled", form["key"])
    assert supervisor.post("/calendar/press-shop", data=again).status_code == 303
    assert busy(supervisor, "2026-12-09") == 15
