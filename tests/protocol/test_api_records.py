"""The records by the API: versions, keys, signatures, pages, and two at the same instant."""

import threading

import httpx
import pytest

from tests.api_plant import (
    NEW,
    ApiPlant,
    delete,
    holiday,
    put,
    until_known,
)
from tests.visitor import password_of


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("records"))
    yield running
    running.end()


def test_a_record_is_made_changed_read_and_removed(plant):
    engineer, path = plant.as_who("engineer-site"), "holidays/north@2032-05-01"
    made = put(engineer, path, holiday("north", "2032-05-01"), reason="May Day")
    assert (made.status_code, made.json()["by"]) == (201, "engineer-site")
    assert engineer.get(f"/api/v1/{path}", headers={"If-None-Match": '"1"'}).status_code == 304
    renamed = {**holiday("north", "2032-05-01"), "name": "May Day"}
    changed = put(engineer, path, renamed, {"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    found = engineer.get(f"/api/v1/{path}")
    assert (found.json(), found.headers["etag"]) == (changed.json(), '"2"')
    old = engineer.get(f"/api/v1/{path}?as_of={made.json()['position']}").json()
    assert old == made.json()
    assert delete(engineer, path, 2).json()["body"] is None
    assert engineer.get(f"/api/v1/{path}").status_code == 404
    versions = engineer.get(f"/api/v1/{path}/versions?limit=2").json()
    assert ([v["version"] for v in versions["items"]], versions["next"]) == ([1, 2], 2)
    rest = engineer.get(f"/api/v1/{path}/versions?after=2").json()["items"]
    assert [(v["version"], v["body"]) for v in rest] == [(3, None)]


def test_the_same_key_does_it_once(plant):
    engineer, path = plant.as_who("engineer-site"), "holidays/north@2032-06-01"
    body = holiday("north", "2032-06-01")
    first = put(engineer, path, body, key="the same")
    again = put(engineer, path, body, key="the same")
    assert (again.status_code, again.json()) == (201, first.json())
    other = put(engineer, path, {**body, "name": "Other"}, key="the same")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_used")
    manager = plant.as_who("manager-site")
    own = put(manager, path, {**body, "name": "His"}, {"If-Match": '"1"'}, key="the same")
    assert own.status_code == 200  # everybody has keys of his own
    gone = delete(engineer, path, 2, key="gone")
    assert delete(engineer, path, 2, key="gone").json() == gone.json()
    assert put(engineer, path, body, key="the same").json() == first.json()


def test_who_comes_late_is_told_who_was_first_when_and_what_stands(plant):
    path, body = "holidays/north@2032-07-01", holiday("north", "2032-07-01")
    engineer, manager = plant.as_who("engineer-site"), plant.as_who("manager-site")
    assert put(engineer, path, body).status_code == 201
    other = put(manager, path, {**body, "name": "Other"}, {"If-Match": '"1"'}).json()
    for answer, status in (
        (put(engineer, path, body, {"If-Match": '"1"'}), 409),
        (put(engineer, path, body), 409),
        (delete(engineer, path, 1), 409),
    ):
        assert answer.status_code == status
        detail = answer.json()["error"]["detail"]
        assert detail == {"by": "manager-site", "at": other["at"], "record": other}
    delete(manager, path, 2)
    gone = put(engineer, path, body, {"If-Match": '"2"'})
    assert gone.status_code == 409
    assert gone.json()["error"]["detail"]["record"]["body"] is None


def test_of_two_at_the_same_instant_one_wins(plant):
    path, body = "holidays/north@2032-08-01", holiday("north", "2032-08-01")
    put(plant.as_who("engineer-site"), path, body)
    answers, ready = {}, threading.Barrier(3, timeout=20)

    def change(who: str) -> None:
        told, client = {**body, "name": who}, plant.as_who(who)
        ready.wait()
        answers[who] = put(client, path, told, {"If-Match": '"1"'})

    both = [threading.Thread(target=change, args=(f"{r}-site",)) for r in ("engineer", "manager")]
    with plant.database.write():  # nobody can be through before both are on their way
        for one in both:
            one.start()
        ready.wait()
    for one in both:
        one.join(20)
    won, lost = sorted(answers.values(), key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 409)
    record = won.json()
    detail = {"by": record["by"], "at": record["at"], "record": record}
    error = {**lost.json()["error"], "message": ""}
    assert error == {"code": "conflict", "message": "", "detail": detail}


def test_what_a_change_lacks_is_asked_for(plant):
    engineer, path = plant.as_who("engineer-site"), "/api/v1/holidays/north@2032-09-01"
    said = {"body": holiday("north", "2032-09-01")}
    key = {"Idempotency-Key": "lacks"}
    assert engineer.put(path, json=said, headers=key).status_code == 428
    assert engineer.delete(path, headers=key).status_code == 428
    assert engineer.put(path, json=said, headers=NEW).status_code == 422
    assert engineer.put(path, content="{}", headers={**NEW, **key}).status_code == 415
    for version in ("1", '"x"', 'W/"1"', '"1", "2"', "*", '"01"', ""):
        answer = engineer.put(path, json=said, headers={**key, "If-Match": version})
        assert answer.status_code == 422, version
    assert delete(engineer, "holidays/north@2032-09-01", 1).status_code == 404
    big = engineer.put(path, content=b" " * 2_000_000, headers={**NEW, **key})
    assert big.status_code == 413


def test_the_past_of_master_data_is_signed(plant):
    engineer, path = plant.as_who("engineer-site"), "master-data/press-2"
    found = engineer.get(f"/api/v1/{path}").json()
    faster = {"versions": [{**found["body"]["versions"][0], "ideal_cycle_s": 5.5}]}
    seen = {"If-Match": f'"{found["version"]}"'}
    unsigned = put(engineer, path, faster, seen, reason="measured")
    assert (unsigned.status_code, unsigned.json()["error"]["detail"]) == (
        403, {"meanings": ["approved"]},
    )  # fmt: skip
    by = {"person": "quality", "password": "not the password", "meaning": "approved"}
    wrong = put(engineer, path, faster, seen, reason="measured", signatures=[by])
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (403, "not_signed_in")
    by["password"] = password_of(plant.data, "quality")
    secret = plant.token("planner", "records", "master_data", "sign")
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=plant.url, trust_env=False, headers=headers) as program:
        until_known(program)  # behind it stands its maker, who may sign himself
        refused = put(program, path, faster, seen, reason="measured", signatures=[by])
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
        assert "a program hands in none" in refused.text
    signed = put(engineer, path, faster, seen, reason="measured", signatures=[by])
    assert signed.status_code == 200, signed.text
    assert signed.json()["body"] == faster
    versions = engineer.get(f"/api/v1/{path}/versions").json()["items"]
    assert [[s["person"] for s in v["signatures"]] for v in versions] == [[], ["quality"]]


WEEK = "/calendar/press-shop?week=2026-12-21"


@pytest.mark.parametrize(
    ("path", "pages"),
    [("holidays/press-shop@2026-12-24", [WEEK]), ("tokens/erp", ["/devices"]),
     ("shift-exceptions/press-shop@2026-12-23:early", [WEEK, f"{WEEK}&date=2026-12-23&shift=early"]),
     ("shift-patterns/press-shop@2026-01-01", [WEEK, "/calendar/press-shop/pattern?of=2026-01-01"]),
     ("shift-patterns/north@2026-01-01", ["/calendar/north"]), ("devices/wall-1", ["/devices"]),
     ("people/operator-press", ["/people", "/people/operator-press"])],
)  # fmt: skip
def test_signatures_are_printed_wherever_the_record_is_shown(plant, path, pages):
    admin, by = plant.as_who("admin-site"), {"person": "quality", "meaning": "reviewed"}
    had = [admin.get(page).text.count("reviewed by <b>Quynh") for page in pages]
    old = admin.get(f"/api/v1/{path}").json()
    by["password"] = password_of(plant.data, "quality")
    seen = {"If-Match": f'"{old["version"]}"'}
    record = put(admin, path, old["body"], seen, signatures=[by]).json()
    (signature,) = record["signatures"]
    name, time = signature["name"], signature["time"]
    assert signature == {"person": "quality", "name": name, "meaning": "reviewed", "time": time}
    assert (old["signatures"], time.endswith("Z")) == ([], True)
    assert admin.get(f"/api/v1/{path}").json() == record
    assert record in admin.get(f"/api/v1/{path.split('/')[0]}?limit=1000").json()["items"]
    assert old == admin.get(f"/api/v1/{path}?as_of={record['position'] - 1}").json()
    for page, before in zip(pages, had, strict=True):
        assert admin.get(page).text.count(f"reviewed by <b>{name}</b> (quality), 20") > before, page


def test_who_is_deactivated_is_out_at_once(plant):
    plant.set("person", "leaver", {"name": "L", "roles": ["operator"], "scope": ["north"]})
    leaver, admin = plant.as_who("leaver"), plant.as_who("admin-site")
    found = admin.get("/api/v1/people/leaver").json()
    body = {**found["body"], "active": False}
    assert put(admin, "people/leaver", body, {"If-Match": '"1"'}).status_code == 200
    assert leaver.get("/api/v1/holidays").status_code == 401


def test_devices_and_tokens_are_not_made_here_and_give_no_more_than_one_has(plant):
    admin = plant.as_who("admin-site")
    for path in ("devices/new", "tokens/new"):
        assert put(admin, path, {"name": "New", "rights": ["records"]}).status_code == 422
    found = admin.get("/api/v1/tokens/erp").json()
    assert found["body"].keys() == {"name", "rights", "scope", "active", "expires_us"}
    seen = {"If-Match": f'"{found["version"]}"'}
    for more in ({"scope": ["south"]}, {"rights": ["sign"]}):
        answer = put(admin, "tokens/erp", found["body"] | more, seen)
        assert answer.status_code == 403, answer.text
    headers = {"Authorization": f"Bearer {plant.token('boss', 'tokens', 'people')}"}
    with httpx.Client(base_url=plant.url, trust_env=False, headers=headers) as program:
        until_known(program)
        assert program.get("/api/v1/tokens/erp").status_code == 200
        assert put(program, "tokens/erp", found["body"], seen).status_code == 403


def test_pages_hold_while_others_write(plant):
    engineer = plant.as_who("engineer-site")
    days = [f"2033-01-{day:02}" for day in range(1, 21)]
    for day in days:
        plant.set("holiday", f"press-shop@{day}", holiday("press-shop", day))
    whole = [r["id"] for r in engineer.get("/api/v1/holidays?limit=1000").json()["items"]]
    seen, after = [], ""
    first = engineer.get("/api/v1/holidays?limit=7").json()
    while True:
        page = engineer.get("/api/v1/holidays", params={"limit": 7, "after": after}).json()
        seen += [record["id"] for record in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
        if len(seen) == 7:  # one is put before where we are, one behind it, one goes
            plant.set("holiday", "assembly@2000-01-01", holiday("assembly", "2000-01-01"))
            plant.set("holiday", "press-shop@2033-02-01", holiday("press-shop", "2033-02-01"))
            delete(engineer, "holidays/press-shop@2033-01-20", 1)
    expected = [*whole, "press-shop@2033-02-01"]
    expected.remove("press-shop@2033-01-20")
    assert seen == sorted(expected)
    then = {"as_of": first["position"], "limit": 1000}
    assert [r["id"] for r in engineer.get("/api/v1/holidays", params=then).json()["items"]] == whole
