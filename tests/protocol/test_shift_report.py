"""The report of a shift on its page: read, signed, revised, taken away as CSV."""

import csv
import io
import re

import pytest

from tests.api_plant import ApiPlant, post, text
from tests.visitor import as_person, password_of

HERE = "/shift-report/press-shop@2026-03-02:early"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("report"))
    yield running
    running.end()


@pytest.fixture(scope="module")
def samir(plant):
    return as_person(plant.running, "supervisor")


def form(plant, samir, what, **more):
    version = re.search(r"Version (\d+)", samir.get(HERE).text)[1]
    password = more.pop("password", password_of(plant.data, "supervisor"))
    said = {"what": what, "version": version, "key": f"{what}-{version}-{len(more)}"}
    signed = {"sign_id": "supervisor", "sign_password": password, "notes": "die 3 is worn"}
    return samir.post(HERE, data=said | (signed if what == "sign" else {}) | more)


def test_it_has_the_digits_of_the_api(plant, samir):
    page = samir.get(HERE).text
    window = {"from": text(0), "until": text(480)}
    found = plant.as_who("supervisor-site").get("/api/v1/oee/press-shop", params=window).json()
    digits = f"{found['kpis']['oee_index'] * 100:.1f}"
    assert digits in re.findall(r"data-f=\"index\"[^>]*>([^<]*)<", page)
    listed = samir.get("/shift-reports").text
    assert f"<td>{digits} %</td>" in listed and "not signed" in listed
    rows = list(csv.DictReader(io.StringIO(samir.get(HERE + ".csv").text.removeprefix("\ufeff"))))
    assert [row["work_unit"] for row in rows][-1] == "all"
    whole = rows[-1]
    assert float(whole["oee_index"]) == found["kpis"]["oee_index"]
    assert (int(whole["good"]), float(whole["planned_busy_s"])) == (600, found["elements"]["pbt_s"])
    assert (whole["revision"], whole["signed_by"]) == ("1", "")


def test_it_is_signed_with_the_password_and_revised_in_the_open(plant, samir):
    wrong = form(plant, samir, "sign", password="wrong")
    assert wrong.status_code == 422 and "die 3 is worn" in wrong.text  # what was typed stays
    assert form(plant, samir, "sign", sign_id="manager").status_code == 422
    assert form(plant, samir, "burn").status_code == 422
    assert form(plant, samir, "revise", reason="why not").status_code == 422  # nothing has changed
    done = form(plant, samir, "sign")
    assert done.status_code == 303
    page = samir.get(done.headers["location"]).text
    assert "handed over" in page and "reviewed by <b>Samir Haddad</b>" in page
    assert "die 3 is worn" in page and "Make a revision" not in page
    body = {"from": text(60), "until": text(65), "reason": "power", "seen": []}
    assert post(plant.as_who("supervisor-site"), "work-units/press-1/stop-codes", body).is_success
    assert "what is on record of this shift has changed" in samir.get(HERE).text
    assert form(plant, samir, "revise", reason="said too late").status_code == 303
    page = samir.get(HERE).text
    assert "revision 2" in page and "Not signed yet" in page
    first = samir.get(f"/api/v1/shift-reports/{HERE.split('/')[-1]}/versions").json()["items"]
    assert [(v["body"]["revision"], v["body"]["signed"]) for v in first] == [
        (1, False), (1, True), (2, False),
    ]  # fmt: skip


def test_two_who_sign_at_once_and_one_who_may_not(plant, samir):
    said = {"what": "sign", "version": "1", "key": "late", "sign_id": "supervisor", "notes": "",
            "sign_password": password_of(plant.data, "supervisor")}  # fmt: skip
    assert samir.post(HERE, data=said).status_code == 409
    olga = as_person(plant.running, "operator")
    assert "Sign and hand over" not in olga.get(HERE).text
    assert olga.post(HERE, data=said | {"version": "3", "key": "o"}).status_code == 422
    elsewhere = plant.as_who("supervisor-press")
    assert elsewhere.get(HERE).status_code == 200
    assert elsewhere.get(HERE.replace("press-shop", "assembly")).status_code == 404
    assert "assembly" not in elsewhere.get("/shift-reports").text
    assert samir.get("/shift-report/nothing@2026-01-01:early").status_code == 404
