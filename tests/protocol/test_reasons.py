"""The page of reasons: whose hold where, who changes them, what is refused and who has to approve."""

import re
import sqlite3

import pytest

from tests.protocol.test_calendar import fields as inputs
from tests.running_plant import RunningPlant
from tests.visitor import Visitor, as_person, password_of

LINE = "/reasons/press-line"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("reasons"))
    running.start("redis", "dashboard")
    running.wait_people()
    yield running
    running.end()


@pytest.fixture(scope="module")
def engineer(plant):
    return as_person(plant, "engineer")


@pytest.fixture
def own(plant, engineer):
    """The line has reasons of its own, begun by the engineer; they are taken away afterwards."""
    page = engineer.get(f"{LINE}?begin=yes").text
    assert engineer.post(LINE, data=fields(page)).status_code == 303
    yield engineer
    if tree(engineer):
        form = fields(engineer.get(LINE).text, "remove") | signed(plant, "quality")
        assert engineer.post(LINE, data=form).status_code == 303


def fields(html, what="save"):
    """The fields of the form that does `what`, as a browser would send them."""
    found = inputs(html, what) | {"what": what}
    form = next(f for f in re.findall(r"(?s)<form.*?</form>", html) if f'value="{what}"' in f)
    for name, options in re.findall(r'(?s)<select name="([^"]+)"[^>]*>(.*?)</select>', form):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def signed(plant, id, password=""):
    password = password or password_of(plant.data, id)
    return {"sign_id": id, "sign_password": password, "sign_meaning": "approved"}


def tree(visitor, place="press-line"):
    """The body on record; None where the place has none of its own."""
    answer = visitor.get(f"/api/v1/reason-trees/{place}")
    return answer.json()["body"] if answer.status_code == 200 else None


def names(visitor, parent=""):
    rows = tree(visitor)["reasons"]
    return [row["name"] for row in rows if row["parent"] == parent]


def test_strangers_are_led_to_sign_in(plant):
    for path in ("/reasons", LINE):
        answer = Visitor(plant.url).get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    assert Visitor(plant.url).post(LINE, data={"what": "save"}).status_code in (303, 401)


def test_the_widest_place_comes_first_and_is_in_everybodys_menu(plant):
    operator = as_person(plant, "operator")
    assert 'href="/reasons"' in operator.get("/account").text
    assert operator.get("/reasons").headers["location"] == "/reasons/north"


def test_who_may_not_change_them_sees_them(plant, engineer):
    operator = as_person(plant, "operator")
    page = operator.get("/reasons/north").text
    assert "Plant North has reasons of its own" in page
    for words in ("Breakdown", "Safety circuit", "light curtain", "Jam, In the tool"):
        assert words in page
    for words in ('name="what"', "kind-0-name", "begin=yes", "Take away the reasons"):
        assert words not in page
    assert "Begin an own tree" not in operator.get(LINE).text
    assert 'name="what"' not in operator.get(f"{LINE}?begin=yes").text
    before = tree(engineer, "north")
    form = fields(engineer.get("/reasons/north").text) | {"kind-0-name": "Mine"}
    for what in ("save", "more", "faults", "remove"):
        answer = operator.post("/reasons/north", data=form | {"what": what})
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
    assert tree(engineer, "north") == before


def test_what_holds_is_told_and_an_own_tree_begins_as_its_copy(engineer):
    page = engineer.get(LINE).text
    assert "Press line has no reasons of its own" in page
    assert '<a href="/reasons/north">Plant North</a>' in page
    form = fields(engineer.get(f"{LINE}?begin=yes").text)
    assert tree(engineer) is None
    form |= {"kind-0-name": "Broke down", "kind-8-name": "Übung", "kind-8-below-0-name": "Brand",
             "strict": "yes"}  # fmt: skip
    assert engineer.post(LINE, data=form).headers["location"] == f"{LINE}?said=saved"
    assert engineer.post(LINE, data=form).status_code == 303, "sent twice"
    found = tree(engineer)
    assert names(engineer)[::8] == ["Broke down", "Übung"]
    ids = [row["id"] for row in found["reasons"]]
    assert (ids[0], ids[-2:], found["strict"]) == ("breakdown", ["ubung", "brand"], True)
    assert found["faults"]["press-1:217"] == "tool_jam"
    assert not [code for code in found["faults"] if code.startswith("station")]
    page = engineer.get("/reasons/north").text
    assert "What has reasons of its own and does not follow these" in page
    assert "Press line has reasons of its own" in engineer.get(LINE).text


def test_an_own_tree_is_taken_away_by_two(plant, engineer):
    form = fields(engineer.get(LINE).text, "remove") | {"reason": "not needed"}
    answer = engineer.post(LINE, data=form)
    assert answer.status_code == 422
    assert "fault press-1:204" in answer.text
    again = fields(answer.text, "remove")
    assert again["reason"] == "not needed"
    assert engineer.post(LINE, data=again | signed(plant, "quality")).is_redirect
    assert tree(engineer) is None
    assert "Press line has no reasons of its own" in engineer.get(LINE).text
    page = engineer.get(f"{LINE}?begin=yes").text
    assert (fields(page)["version"], fields(page)["kind-8-name"]) == ("0", "")


def test_names_are_changed_added_and_taken_away_without_a_second_person(own):
    form = fields(own.get(LINE).text)
    there = names(own, "jam")
    form |= {"kind-1-name": "Stuck", "kind-1-below-4-name": "In the robot", "kind-7-name": ""}
    form["kind-1-below-2-name"] = ""
    more = own.post(LINE, data=form | {"what": "more"})
    assert more.status_code == 200
    form = fields(more.text)
    assert (form["kind-1-below-4-name"], form["kind-1-below-5-name"]) == ("In the robot", "")
    assert own.post(LINE, data=form).is_redirect
    assert names(own)[1] == "Stuck"
    assert "From outside" not in names(own)
    assert names(own, "jam") == [*there[:2], there[3], "In the robot"]
    assert tree(own)["reasons"][-1]["parent"] == "planned"


def test_a_new_reason_never_gets_the_id_of_one_that_there_was(own):
    for n, name in enumerate(("Robot", "", "Robot")):
        form = fields(own.get(LINE).text) | {"kind-8-name": name, "kind-8-fails": "yes" * (n == 0)}
        assert own.post(LINE, data=form).is_redirect
    assert tree(own)["reasons"][-1]["id"] == "robot-2"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"kind-3-below-1-name": "x" * 41}, "Please give 1 to 40 characters."),
        ({"kind-8-below-0-name": "No kind"}, "Please give 1 to 40 characters."),
        ({"kind-1-below-1-name": ""}, "Faults of machines mean this: press-1:217, press-2:217"),
    ],
)
def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(own, typed, words):
    form = fields(own.get(LINE).text) | {"reason": "kept", "kind-0-name": "Typed"} | typed
    answer = own.post(LINE, data=form)
    assert answer.status_code == 422
    assert words in re.findall(r'class="refusal"[^>]*>([^<]*)', answer.text)[0]
    again = fields(answer.text)
    assert {n: again[n] for n in ("reason", "kind-0-name", *typed)} == {
        "reason": "kept", "kind-0-name": "Typed", **typed
    }  # fmt: skip


def test_who_was_first_is_told_and_what_was_typed_can_be_sent_again(plant, own):
    other = as_person(plant, "manager")
    mine, theirs = fields(own.get(LINE).text), fields(other.get(LINE).text)
    assert own.post(LINE, data=mine | {"kind-3-name": "Stuff"}).is_redirect
    answer = other.post(LINE, data=theirs | {"kind-3-name": "Goods"})
    assert answer.status_code == 409
    assert re.search(r"Elena Rossi has changed this at \d\d:\d\d", answer.text)
    assert {"Stuff", "Goods"} <= set(re.findall(r"<th>([^<]*)</th>", answer.text))
    again = fields(answer.text)
    assert (again["kind-3-name"], again["version"]) == ("Goods", str(int(mine["version"]) + 1))
    assert other.post(LINE, data=again).is_redirect
    assert names(own)[3] == "Goods"


def test_which_stops_are_failures_is_approved_by_somebody_else(plant, own):
    form = fields(own.get(LINE).text) | {"kind-3-below-0-fails": "yes", "reason": "why"}
    answer = own.post(LINE, data=form)
    assert answer.status_code == 422
    assert "said of stops that have been (None there)" in answer.text
    again = fields(answer.text)
    assert (again["kind-3-below-0-fails"], again["reason"]) == ("yes", "why")
    for id, password, words in (
        ("quality", "not the password", "is not right"),
        ("engineer", "", "cannot sign for it too"),
        ("operator", "", "may not sign"),
    ):
        signature = signed(plant, id, password)
        answer = own.post(LINE, data=again | signature)
        assert answer.status_code == 422
        assert words in answer.text
        assert signature["sign_password"] not in answer.text
        again = fields(answer.text)
        assert (again["sign_id"], again["reason"]) == (id, "why")
    assert own.post(LINE, data=again | signed(plant, "quality")).is_redirect
    page = own.get(LINE).text
    assert "approved by" in page
    assert "Quynh Tran" in page
    row = next(r for r in tree(own)["reasons"] if r["id"] == "no_material")
    assert row["fails"] is True


def test_who_guesses_passwords_has_to_wait(plant, own):
    form = fields(own.get(LINE).text) | {"kind-4-below-0-fails": "yes"}
    for n in range(6):
        answer = own.post(LINE, data=form | signed(plant, "maintenance", f"wrong {n}"))
    assert answer.status_code == 429
    again = fields(answer.text)
    assert (again["kind-4-below-0-fails"], again["sign_id"]) == ("yes", "maintenance")


def test_the_api_asks_for_the_same_signature(plant, own):
    path = "/api/v1/reason-trees/press-line"
    kept = own.get(path)
    body = kept.json()["body"]
    body["reasons"][0]["fails"] = False
    heads = {"If-Match": kept.headers["etag"], "Idempotency-Key": "fails"}
    answer = own.put(path, json={"body": body}, headers=heads)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "signature_required")
    said = signed(plant, "quality")
    signature = {"person": "quality", "password": said["sign_password"], "meaning": "approved"}
    answer = own.put(path, json={"body": body, "signatures": [signature]}, headers=heads)
    assert answer.status_code == 200
    assert tree(own) == body


def test_faults_of_one_machine_are_saved_and_those_of_all_others_stay(plant, own):
    before = tree(own)["faults"]
    page = own.get(f"{LINE}?unit=press-2").text
    form = fields(page, "faults")
    codes = [form[f"fault-{n}-code"] for n in range(4)]
    assert codes == ["101", "204", "217", "305"]
    assert (form["fault-0-reason"], form["fault-2-reason"]) == ("", "tool_jam")
    form |= {"fault-0-reason": "part_stuck", "new-0-code": "999", "new-0-reason": "it"}
    answer = own.post(LINE, data=form)
    assert answer.headers["location"] == f"{LINE}?said=faults&unit=press-2"
    assert own.post(LINE, data=form).is_redirect, "sent twice"
    added = {"press-2:101": "part_stuck", "press-2:999": "it"}
    assert tree(own)["faults"] == before | added
    form = fields(own.get(f"{LINE}?unit=press-2").text, "faults")
    assert form["fault-4-code"] == "999"
    answer = own.post(LINE, data=form | {"fault-0-reason": "", "new-1-code": "1000"})
    assert answer.status_code == 422
    assert "Please choose what it means." in answer.text
    again = fields(answer.text, "faults") | {"new-1-code": ""}
    answer = own.post(LINE, data=again)
    assert answer.status_code == 422
    assert "fault press-2:101" in answer.text
    again = fields(answer.text, "faults")
    assert again["fault-0-reason"] == ""
    assert own.post(LINE, data=again | signed(plant, "quality")).is_redirect
    assert tree(own)["faults"] == before | {"press-2:999": "it"}


def test_a_code_of_any_machine(own):
    form = fields(own.get(f"{LINE}?unit=*").text, "faults")
    assert form["unit"] == "*"
    form |= {"new-0-code": "305", "new-0-reason": "hydraulic"}
    assert own.post(LINE, data=form).is_redirect
    assert tree(own)["faults"]["305"] == "hydraulic"
    page = own.get(f"{LINE}?unit=press-1").text
    assert "– as for any machine: Breakdown, Hydraulic, pneumatic –" in page


def test_two_at_what_faults_mean(plant, own):
    other, path = as_person(plant, "manager"), f"{LINE}?unit=press-1"
    mine, theirs = (fields(v.get(path).text, "faults") for v in (own, other))
    assert own.post(LINE, data=mine | {"fault-0-reason": "feed_jam"}).is_redirect
    answer = other.post(LINE, data=theirs | {"fault-3-reason": "hydraulic"})
    assert answer.status_code == 409
    assert "fault 101" in answer.text
    again = fields(answer.text, "faults")
    assert again["fault-3-reason"] == "hydraulic"


def test_the_scope_holds(plant):
    admin = as_person(plant, "admin")
    person = {"id": "pia", "name": "Pia", "roles": ["engineer"], "scope": "north/press-shop"}
    assert admin.post("/people", data=person | {"key": "pia"}).status_code == 303
    page = admin.post("/people/pia", data={"what": "link", "key": "k"}).text
    (link,) = re.findall(r"/welcome\?link=([\w-]+)", page)
    pia, password = Visitor(plant.url), "a long enough one"
    form = {"link": link, "name": "Pia", "password": password, "again": password}
    assert pia.post("/welcome", data=form).status_code == 303
    assert pia.get("/reasons").headers["location"] == "/reasons/press-shop"
    page = pia.get("/reasons/press-shop").text
    assert "those of <b>Plant North</b> hold here" in page
    assert "station" not in page.lower()
    for path in ("/reasons/assembly", "/reasons/north", "/reasons/press-1", "/reasons/nowhere"):
        assert pia.get(path).status_code == 404
        assert pia.post(path, data={"what": "save", "key": "x"}).status_code == 404


def test_the_database_is_away_and_what_was_typed_stays(plant, own):
    form = fields(own.get(LINE).text) | {"kind-8-name": "Stays here"}
    lock = sqlite3.connect(plant.data / "records.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        answer = own.post(LINE, data=form, timeout=40)
    finally:
        lock.rollback()
        lock.close()
    assert answer.status_code == 503
    assert "cannot reach its data" in answer.text
    again = fields(answer.text)
    assert (again["kind-8-name"], again["key"]) == ("Stays here", form["key"])
    assert own.post(LINE, data=again).is_redirect
    assert "Stays here" in names(own)
