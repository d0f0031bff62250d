"""Stops and their reasons by the API: read, said, split, refused."""

import pytest

from tests.api_plant import ApiPlant, post, text

STOP = "work-units/press-1/stop-codes"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("downtime"))
    yield running
    running.end()


@pytest.fixture
def olga(plant):
    return plant.as_who("operator-press")


def stops(client, id="press-1", **params):
    window = {"from": text(0), "until": text(200), **params}
    answer = client.get(f"/api/v1/downtime/{id}", params=window)
    assert answer.status_code == 200, answer.text
    return answer.json()


def say(client, minute, until, reason, status=200, path=STOP, **more):
    body = {"from": text(minute), "until": None if until is None else text(until), "reason": reason}
    body["seen"] = [
        {"from": piece["said_from"], "version": piece["version"]}
        for stop in stops(client)["items"]
        for piece in stop["pieces"]
        if piece["version"] and text(minute) < piece["end"] and piece["start"] < text(until or 999)
    ]
    answer = post(client, path, body | more)
    assert answer.status_code == status, answer.text
    return answer.json()


def pieces(found):
    (stop,) = found["items"]
    assert (stop["work_unit"], stop["start"], stop["end"]) == ("press-1", text(60), text(70))
    return [(p["start"], p["reason"], p["by"]) for p in stop["pieces"]]


def test_a_stop_and_who_said_why(olga):
    found = stops(olga)
    assert pieces(found) == [(text(60), "part_stuck", "machine"), (text(65), "power", "takt")]
    assert (found["stopped_s"], found["coded_s"], found["coded"]) == (600, 600, 1)
    piece = found["items"][0]["pieces"][0]
    assert (piece["fault"], piece["fault_text"]) == ("101", "part stuck")
    assert (piece["reason_name"], piece["version"], piece["end"]) == ("Part stuck", 0, text(65))


def test_it_is_split_joined_and_taken_back_and_no_second_is_lost(plant, olga):
    before = olga.get("/api/v1/oee/press-1", params={"from": text(0), "until": text(200)}).json()
    done = say(olga, 62, 65, "no_material", comment="the truck is late", seen=[])
    assert [item["body"]["reason"] for item in done["items"]] == ["no_material"]
    assert [row[1] for row in pieces(stops(olga))] == ["part_stuck", "no_material", "power"]
    after = olga.get("/api/v1/oee/press-1", params={"from": text(0), "until": text(200)}).json()
    assert after["elements"] == before["elements"]
    moved = {name for name, kpi in after["kpis"].items() if kpi != before["kpis"][name]}
    assert moved == {"mttr_s"}  # which is of failures: no material is none
    lost = {(one["cause"], one["reason"]): one["s"] for one in after["losses"]}
    assert lost["stopped", "no_material"] == 180 and lost["stopped", "part_stuck"] == 120
    seen = [{"from": text(62), "version": 1}, {"from": text(65), "version": 1}]
    say(olga, 60, 70, "air", seen=seen)
    assert pieces(stops(olga)) == [(text(60), "air", "operator-press")]
    say(olga, 60, 70, None)
    assert pieces(stops(olga)) == [(text(60), "part_stuck", "machine")]
    audit = plant.as_who("supervisor-site").get("/api/v1/audit", params={"command": "CodeStop"})
    assert len(audit.json()["items"]) >= 3
    say(olga, 65, 70, "power")


def test_who_was_first_is_told(olga):
    (first,) = say(olga, 60, 61, "air")["items"]
    error = say(olga, 60, 61, "power", 409, seen=[])["error"]
    assert "given a reason meanwhile, by operator-press" in error["message"]
    say(olga, 60, 61, None, seen=[{"from": text(60), "version": first["version"]}])


def test_a_key_counts_once(olga):
    body = {"body": {"from": text(60), "until": text(62), "reason": "air", "seen": []}}
    answers = [
        olga.post(f"/api/v1/{STOP}", json=body, headers={"Idempotency-Key": "twice"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    say(olga, 60, 62, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": "jam"}, "expected one of"),
        ({"reason": 3}, "reason: expected a text or null"),
        ({"from": "yesterday"}, "from: found 'yesterday'"),
        ({"from": None}, "from: expected RFC 3339"),
        ({"until": text(60)}, "until: found"),
        ({"until": "2199-01-01T00:00:00Z"}, "that has passed"),
        ({"comment": "x" * 301}, "at most 300"),
        ({"colour": "red"}, "found 'colour'"),
        (
            {"until": text(60.5), "from": text(30), "seen": [{"from": text(1), "version": "1"}]},
            "seen",
        ),
        ({"seen": [{"version": 1}]}, "seen.from"),
    ],
)
def test_what_is_wrong_is_said(olga, change, words):
    body = {"from": text(60), "until": text(61), "reason": "air", "seen": []} | change
    answer = post(olga, STOP, body)
    assert answer.status_code == 422 and words in answer.json()["error"]["message"], answer.text


def test_what_was_seen_has_to_be_said(olga):
    for seen in ({}, {"seen": None}, {"seen": "all"}):
        answer = post(olga, STOP, {"from": text(60), "until": text(61), "reason": "air"} | seen)
        assert answer.status_code == 428, answer.text


def test_a_stop_that_has_not_begun_has_no_reason(olga):
    body = {"from": text(30), "until": None, "reason": "air", "seen": []}
    answer = post(olga, STOP, body)
    assert answer.status_code == 422 and "no stop goes on" in answer.text


def test_codes_are_written_by_their_command_only(plant, olga):
    answer = plant.as_who("admin-site").put(
        f"/api/v1/stop-codes/press-1@{0:016}",
        json={"body": {"from": text(0), "until": None, "reason": "air", "comment": ""}},
        headers={"If-None-Match": "*", "Idempotency-Key": "by-hand"},
    )
    assert answer.status_code == 422 and "stop-codes" in answer.text


def test_pages_meet_each_stop_once(plant):
    client, found, after = plant.as_who("supervisor-site"), [], None
    while True:
        page = stops(client, "north", limit=1, **({"after": after} if after else {}))
        found += [(one["start"], one["work_unit"]) for one in page["items"]]
        if not (after := page["next"]):
            break
    assert found == [(text(60), "press-1"), (text(60), "station-1")]
    bad = client.get(
        "/api/v1/downtime/north", params={"from": text(0), "until": text(9), "after": "x"}
    )
    assert bad.status_code == 422


def test_who_waits_for_whom_in_a_line(plant):
    """Station 1 stands from minute 60 to 70; of the others nothing is known."""
    client = plant.as_who("supervisor-site")
    window = {"from": text(0), "until": text(200)}
    found = client.get("/api/v1/flow/assembly-line-1", params=window).json()
    assert [one["work_unit"] for one in found["items"]] == ["station-1", "station-2", "station-3"]
    assert all(one["starved_s"] == one["charged_s"] == 0 for one in found["items"])
    assert found["items"][0]["point_parts"] == pytest.approx((200 - 15) * 60 / 100 / 8)
    assert found["held_up_by"] is None and len(found["hours"]) == 4
    for path, status in (("press-line", 422), ("station-1", 422), ("nowhere", 404)):
        assert client.get(f"/api/v1/flow/{path}", params=window).status_code == status
    hidden = plant.as_who("supervisor-press").get("/api/v1/flow/assembly-line-1", params=window)
    assert hidden.status_code == 404
