"""OEE by the API: from what is on record to elements, KPIs and losses that close."""

import re
from collections import Counter

import pytest

from mes.kinds import Set
from mes.observation import rfc3339
from mes.records import Signature
from store.actions import SYSTEM
from store.log.reading import Records
from tests.api_plant import ApiPlant, at_us, text


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("oee"))
    yield running
    running.end()


@pytest.fixture
def ask(plant):
    def get(path, status=200, id="supervisor-site", **params):
        params = {name.rstrip("_"): value for name, value in params.items()}
        answer = plant.as_who(id).get(f"/api/v1/oee/{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    return get


def window(start, end):
    return {"from_": text(start), "until": text(end)}


def test_elements_kpis_and_losses_of_a_unit(ask):
    """It runs for an hour, stops for ten minutes, runs on to minute 200, and is not known behind it;
    the fifteen minutes from 180 on are breakfast."""
    found = ask("press-1", **window(0, 240))
    assert (found["start"], found["end"]) == (text(0), text(240))
    elements = found["elements"]
    assert elements["pbt_s"] == (240 - 15) * 60
    assert elements["apt_s"] == (60 + 110 + 5) * 60
    assert elements["adet_s"] == 10 * 60
    assert elements["unknown_s"] == 40 * 60
    pieces = {"produced": 660, "good": 600, "reject": 60, "outside_good": 0, "outside_reject": 0}
    assert found["pieces"] == pieces
    kpis = found["kpis"]
    assert kpis["availability"] == pytest.approx(175 / 225)
    assert kpis["effectiveness"] == pytest.approx(660 * 6 / (175 * 60))
    assert kpis["quality_ratio"] == pytest.approx(600 / 660)
    assert kpis["oee_index"] == pytest.approx(600 * 6 / (225 * 60))
    assert (kpis["mttr_s"], kpis["mtbf_s"]) == (
        300,
        175 * 60,
    )  # then it was the power, and no failure
    lost = Counter()
    for loss in found["losses"]:
        lost[loss["cause"], loss["fault"]] += loss["s"]
    assert lost["stopped", "101"] == 600 and lost["unknown", None] == 2400
    assert sum(lost.values()) + found["good_s"] == elements["pbt_s"]
    assert found["settled"] == text(200)[:-8] + ".000000Z"


def test_hours_and_units_add_up(ask):
    site = ask("north", by="hour", **window(0, 240))
    units = [ask(id, by="hour", **window(0, 240)) for id in ("press-1", "station-1")]
    assert len(site["hours"]) == 4
    for name in ("pbt_s", "apt_s", "adet_s", "unknown_s"):
        assert site["elements"][name] == sum(hour["elements"][name] for hour in site["hours"])
        assert site["elements"][name] == sum(unit["elements"][name] for unit in site["units"])
    assert site["pieces"]["good"] == sum(unit["pieces"]["good"] for unit in units) == 1200
    runs = 600 * 6.0 + 600 * 8.0  # good pieces by their cycles
    assert site["kpis"]["oee_index"] == pytest.approx(runs / site["elements"]["pbt_s"])
    assert (
        "hours" in ask("press-1", **window(0, 60)) and not ask("press-1", **window(0, 60))["hours"]
    )


def test_a_part_of_a_place_has_no_sum(ask):
    assert ask("press-shop", id="supervisor-press", **window(0, 60))["id"] == "press-shop"
    for path in ("north", "assembly", "station-1", "nobody"):
        error = ask(path, status=404, id="supervisor-press", **window(0, 60))["error"]
        assert "in part only" in error["message"]


def test_bad_windows_are_refused(ask):
    assert "whole minute" in ask("press-1", 422, **window(0.5, 60))["error"]["message"]
    assert "after from" in ask("press-1", 422, **window(60, 0))["error"]["message"]
    assert "31 days" in ask("press-1", 422, **window(0, 32 * 1440))["error"]["message"]
    assert "unknown parameter" in ask("press-1", 422, x="1", **window(0, 60))["error"]["message"]


def test_a_cycle_of_later_leaves_what_was_before(plant, ask):
    before = ask("station-1", **window(0, 60))
    versions = [
        {"valid_from": None, "ideal_cycle_s": 8.0, "oee_target": 0.8},
        {"valid_from": rfc3339(at_us(30)), "ideal_cycle_s": 4.0, "micro_stop_s": 900},
    ]
    with plant.database.read() as connection:
        version = Records(connection).record("master_data", "station-1").version
    command = Set(kind="master_data", id="station-1", body={"versions": versions}, version=version)
    signed = Signature(person="quality-site", name="Quality", meaning="approved", at_us=at_us(300))
    plant.actions.perform(command, SYSTEM, "cycle", signatures=[signed])
    after = ask("station-1", **window(0, 60))
    assert before["good_s"] == 600 * 8.0
    assert after["good_s"] == 300 * 8.0 + 300 * 4.0
    longer = ask("station-1", **window(0, 120))
    lost = {loss["cause"]: loss["s"] for loss in longer["losses"]}
    assert lost["micro_stops"] == 600 and "stopped" not in lost
    assert longer["elements"]["micro_stops_s"] == 600


def test_the_page_of_a_window_has_the_digits_of_the_api(plant, ask):
    page = plant.as_who("supervisor-site").get("/oee/press-1/2026-03-02T06:00..2026-03-02T09:00")
    found = ask("press-1", **window(0, 180))
    assert page.status_code == 200
    oee = found["kpis"]["oee_index"]
    text_of = re.findall(r"data-f=\"index\"[^>]*>([^<]*)<", page.text)
    assert f"{oee * 100:.1f}" in text_of, text_of
    pbt_s = round(found["elements"]["pbt_s"])
    assert f'data-f="pbt">{pbt_s // 60}:{pbt_s % 60:02}<' in page.text
    assert "Breakfast" not in page.text and "Jam: part stuck" in page.text
    assert "from=2026-03-02T05:00:00" in page.text  # the call that gives the same digits


def test_pages_of_windows_that_are_none(plant):
    client = plant.as_who("supervisor-press")
    for path, status in (
        ("press-1/yesterday", 404), ("press-1/2026-03-02", 200), ("press-shop/week", 200),
        ("north/day", 404), ("station-1/day", 404), ("press-1/1999-01-01", 200),
    ):  # fmt: skip
        assert client.get(f"/oee/{path}").status_code == status, path
    for path in ("oee/north/press-shop/press-line/press-1", "downtime/north/press-shop/press-1"):
        answer = client.get(f"/{path}")
        assert (answer.status_code, answer.headers["location"]) == (
            307,
            f"/{path.split('/')[0]}/press-1",
        )
    assert client.get("/oee/north/press-shop/press-1/2026-03-02").status_code == 200
