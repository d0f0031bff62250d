"""Who may do what where: every role against every kind of record, by the API and on the pages."""

import httpx
import pytest

from mes.kinds import KINDS
from mes.people import RIGHTS, ROLES
from tests.api_plant import (
    KEYS,
    ApiPlant,
    at_us,
    cancelled,
    delete,
    holiday,
    pattern,
    post,
    put,
    text,
    until_known,
)

DAYS = (f"2030-{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 29))
WINDOW = f"from={text(0)}&until={text(120)}"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("records"))
    yield running
    running.end()


# What is asked for inside and outside of the press shop; None: the whole site's only.

READS = {
    "work-units/{unit}/timeline?" + WINDOW: "records",
    "work-units/{unit}/timeline?cut=shift&" + WINDOW: "records",
    "work-units/{unit}/counts?" + WINDOW: "records",
    "work-units/{unit}/planned?" + WINDOW: "records",
    "oee/{unit}?" + WINDOW: "records",
    "oee/{area}?by=hour&" + WINDOW: "records",
    "downtime/{unit}?" + WINDOW: "records",
    "maintenance/{unit}": "records",
    "maintenance-plans/{unit}@oil": "records",
    "maintenance-work-orders/{unit}@1": "records",
    "maintenance-work-orders/{unit}@1/versions": "records",
    "reason-trees/{area}": "records",
    "reason-trees/{area}/versions": "records",
    "stop-codes/{unit}@" + f"{at_us(65):016}": "records",
    "shift-reports/{area}@2026-03-02:early": "records",
    "shift-reports/{area}@2026-03-02:early/versions": "records",
    "master-data/{unit}": "records",
    "master-data/{unit}/versions": "records",
    "shift-patterns/{area}@2026-01-01": "records",
    "shift-patterns/{area}@2026-01-01/versions": "records",
    "holidays/{area}@2026-12-24": "records",
    "holidays/{area}@2026-12-24/versions": "records",
    "shift-exceptions/{area}@2026-12-23:early": "records",
    "shift-exceptions/{area}@2026-12-23:early/versions": "records",
    "equipment/{area}": "records",
    "equipment/{unit}": "records",
    "equipment/{area}/versions": "records",
    "people/admin-site": "people",
    "people/admin-site/versions": "people",
    "devices/wall-1": "devices",
    "devices/wall-1/versions": "devices",
    "devices/wall-1/last-seen": "devices",
    "tokens/erp": "tokens",
    "tokens/erp/last-seen": "tokens",
    "tokens/erp/versions": "tokens",
    "log": "audit",
    "log/entries": "audit",
}
INSIDE = {"unit": "press-1", "area": "press-shop"}
OUTSIDE = {"unit": "station-1", "area": "assembly"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", READS)
def test_who_may_read_what_where(plant, path, role):
    has = role in RIGHTS[READS[path]].roles
    of_site = "{" not in path
    cells = {
        (f"{role}-site", "in"): 200 if has else 403,
        (f"{role}-site", "out"): 200 if has else 403,
        (f"{role}-press", "in"): (404 if of_site else 200) if has else 403,
        (f"{role}-press", "out"): 404 if has else 403,
    }
    for (id, where), status in cells.items():
        asked = "/api/v1/" + path.format(**(INSIDE if where == "in" else OUTSIDE))
        for method in ("GET", "HEAD"):
            answer = plant.as_who(id).request(method, asked)
            assert answer.status_code == status, (id, where, method, answer.text)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.plural)
def test_lists_hold_what_lies_in_the_scope_and_nothing_else(plant, kind, role):
    whole = plant.as_who(f"{role}-site").get(f"/api/v1/{kind.plural}?limit=1000")
    part = plant.as_who(f"{role}-press").get(f"/api/v1/{kind.plural}?limit=1000")
    if role not in RIGHTS[kind.see].roles:
        assert (whole.status_code, part.status_code) == (403, 403)
        return
    every = {item["id"] for item in whole.json()["items"]}
    mine = {item["id"] for item in part.json()["items"]}
    if kind.see != "records":
        assert every and not mine
        return
    places = ("assembly", "station-")
    assert {id for id in every if id.startswith(places)}
    assert mine == {id for id in every if not id.startswith(places)}
    client, sizes, after = plant.as_who(f"{role}-press"), [], ""
    while after is not None:  # each page is full, whatever is hidden between its records
        page = client.get(f"/api/v1/{kind.plural}", params={"limit": 2, "after": after}).json()
        mine -= {item["id"] for item in page["items"]}
        sizes.append(len(page["items"]))
        after = page["next"]
    assert not mine
    assert all(size == 2 for size in sizes[:-1])
    assert client.get(f"/api/v1/{kind.plural}?after=%00").status_code == 422


def body_of(kind, place, day):
    return {
        "shift_pattern": (f"{place}@{day}", pattern(place, day)),
        "holiday": (f"{place}@{day}", holiday(place, day)),
        "shift_exception": (f"{place}@{day}:early", cancelled(place, day)),
    }[kind]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", ["shift_pattern", "holiday", "shift_exception"])
def test_who_may_change_the_calendar_where(plant, kind, role):
    row, has = KINDS[kind], role in RIGHTS[KINDS[kind].right].roles
    cells = {
        (f"{role}-site", "press-shop"): 201 if has else 403,
        (f"{role}-site", "assembly"): 201 if has else 403,
        (f"{role}-site", "north"): 201 if has else 403,
        (f"{role}-press", "press-shop"): 201 if has else 403,
        (f"{role}-press", "assembly"): 404 if has else 403,
        (f"{role}-press", "north"): 403,  # he sees the site's, and does not change it
    }
    for (who, place), status in cells.items():
        id, body = body_of(kind, place, next(DAYS))
        path = f"{row.plural}/{id}"
        answer = put(plant.as_who(who), path, body)
        assert answer.status_code == status, (who, place, answer.text)
        if status == 201:
            assert answer.headers["etag"] == '"1"'
        else:  # and the same where it is there
            plant.set(kind, id, body)
            assert put(plant.as_who(who), path, body).status_code == status
            assert put(plant.as_who(who), path, body, {"If-Match": '"1"'}).status_code == status
        removed = delete(plant.as_who(who), path, 1)
        assert removed.status_code == (200 if status == 201 else status), (who, place)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("path", "right"),
    [("master-data/press-1", "master_data"), ("master-data/station-1", "master_data"),
     ("people/operator-press", "people"), ("devices/wall-1", "devices"), ("tokens/erp", "tokens"),
     ("equipment/press-1", "configuration"), ("equipment/assembly", "configuration")],
)  # fmt: skip
def test_who_may_change_the_rest_where(plant, path, right, role):
    has, inside = role in RIGHTS[right].roles, path == "master-data/press-1"
    for who, may in ((f"{role}-press", inside), (f"{role}-site", True)):
        found = plant.as_who("admin-site").get(f"/api/v1/{path}").json()
        seen = {"If-Match": f'"{found["version"]}"'}
        answer = put(plant.as_who(who), path, found["body"], seen)
        expected = (200 if may else 404) if has else 403
        assert answer.status_code == expected, (who, answer.text)
    if not has:
        assert delete(plant.as_who(f"{role}-site"), path, 1).status_code == 403


def test_a_stranger_and_a_visitor_of_the_demo_get_nothing(plant):
    with httpx.Client(base_url=plant.url, trust_env=False) as stranger:
        for path in (*READS, *(kind.plural for kind in KINDS.values())):
            answer = stranger.get("/api/v1/" + path.format(**INSIDE))
            assert answer.status_code == 401, path
            assert answer.json()["error"]["code"] == "unauthorized"
        assert put(stranger, "holidays/north@2031-01-01", {}).status_code == 401


def test_a_token_has_its_rights_and_no_more(plant):
    secret = plant.token("reader", "records", scope="north/press-shop")
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=plant.url, trust_env=False, headers=headers) as program:
        until_known(program)
        assert program.get("/api/v1/holidays/press-shop@2026-12-24").status_code == 200
        assert program.get("/api/v1/holidays/assembly@2026-12-24").status_code == 404
        path = f"/api/v1/work-units/press-1/timeline?{WINDOW}"
        assert program.get(path).status_code == 200
        assert program.get("/api/v1/work-units").status_code == 403
        assert program.get("/api/v1/people").status_code == 403
        body = holiday("press-shop", "2031-02-02")
        assert put(program, "holidays/press-shop@2031-02-02", body).status_code == 403


@pytest.mark.parametrize("path", ["/people", "/devices"])
def test_an_administrator_of_an_area_is_told_what_he_lacks_and_offered_nothing(plant, path):
    site, area = plant.as_who("admin-site"), plant.as_who("admin-press")
    assert site.get(path).status_code == 200
    answer = area.get(path)
    assert answer.status_code == 403
    assert "Only administrators of the whole site" in answer.text
    assert "You are one of north/press-shop only." in answer.text
    assert "<form" not in answer.text
    assert f'href="{path}"' in site.get("/account").text
    assert f'href="{path}"' not in area.get("/account").text
    assert "Your roles: operator." in plant.as_who("operator-site").get(path).text


@pytest.mark.parametrize("role", ROLES)
def test_who_may_say_where_why_machines_stood(plant, role):
    has = role in RIGHTS["downtime"].roles
    cells = {
        (f"{role}-site", "press-1"): 200 if has else 403,
        (f"{role}-site", "station-1"): 200 if has else 403,
        (f"{role}-press", "press-1"): 200 if has else 403,
        (f"{role}-press", "station-1"): 404 if has else 403,
    }
    for n, ((who, unit), status) in enumerate(cells.items(), start=4 * ROLES.index(role)):
        body = {"from": text(n), "until": text(n + 1), "reason": "", "seen": []}
        answer = post(plant.as_who(who), f"work-units/{unit}/stop-codes", body)
        assert answer.status_code == status, (who, unit, answer.text)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_ask_for_do_and_plan_maintenance_where(plant, role):
    asks, does = (role in RIGHTS[right].roles for right in ("maintenance_request", "maintenance"))
    for who, unit, inside in (
        (f"{role}-site", "press-1", True),
        (f"{role}-site", "station-1", True),
        (f"{role}-press", "press-1", True),
        (f"{role}-press", "station-1", False),
    ):
        client, words = plant.as_who(who), (who, unit)
        answer = post(client, f"work-units/{unit}/maintenance-requests", {"work": "It leaks"})
        assert answer.status_code == ((200 if inside else 404) if asks else 403), words
        made = post(plant.as_who("admin-site"), f"work-units/{unit}/maintenance-requests",
                    {"work": "It leaks"}).json()["id"]  # fmt: skip
        for n, step in enumerate(("start", "finish", "cancel"), start=1):
            body = {"body": {}} if step == "finish" else {"reason": "no need"}
            headers = {"If-Match": f'"{n}"', "Idempotency-Key": next(KEYS)}
            path = f"/api/v1/maintenance-work-orders/{made}/{step}"
            answer = client.post(path, json=body, headers=headers)
            expected = (422 if step == "cancel" else 200) if inside else 404
            assert answer.status_code == (expected if does else 403), (*words, step, answer.text)
        if does and inside:
            assert "is done" in answer.json()["error"]["message"]
        body = {"work": "Oil", "rule": {"by": "days", "every": 3}, "from": text(0)}
        path = f"maintenance-plans/{unit}@{role}-{who.rpartition('-')[2]}"
        answer = put(client, path, body)
        assert answer.status_code == ((201 if inside else 404) if does else 403), words
