"""Timeline, counts, what was planned, and the log by the API, from records that stand in SQL."""

import hashlib
import re
from itertools import pairwise

import pytest

from mes.events import StateChanged
from mes.kinds import KINDS
from mes.unit_view import UnitView, to_plain
from store import live
from store.live import dump
from store.log.facts import NONE, Facts, Fold
from tests.api_plant import SHIFTS, ApiPlant, at_us, holiday, text
from tests.own_redis import wait_until

UNIT = "/api/v1/work-units/press-1"
STATES = ("state", "fault", "start", "end")


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("timeline"))
    yield running
    running.end()


@pytest.fixture
def ask(plant):
    def get(path, status=200, **params):
        params = {name.rstrip("_"): value for name, value in params.items()}
        answer = plant.as_who("supervisor-press").get(path, params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    return get


def window(start, end):
    return {"from_": text(start), "until": text(end)}


def test_a_window_is_whole_and_unknown_where_nothing_is_known(ask):
    found = ask(f"{UNIT}/timeline", **window(-60, 240))
    assert [tuple(one[name] for name in STATES) for one in found["items"]] == [
        ("unknown", None, text(-60), text(0)),
        ("running", None, text(0), text(60)),
        ("stopped", "101", text(60), text(70)),
        ("running", None, text(70), text(200)),
        ("unknown", None, text(200), text(240)),
    ]
    assert found["items"][2]["fault_text"]
    assert (found["next"], found["known_until"]) == (None, text(200))
    never = ask("/api/v1/work-units/press-2/timeline", **window(0, 60))
    assert [(one["state"], one["start"]) for one in never["items"]] == [("unknown", text(0))]
    assert never["known_until"] is None


def test_it_is_cut_at_the_edges_of_shifts_and_breaks(ask):
    names = ("state", "planned", "shift", "shift_date", "break_name", "start")
    found = ask(f"{UNIT}/timeline", cut="shift", **window(-60, 240))["items"]
    early = ("early", "2026-03-02")
    assert [tuple(one[name] for name in names) for one in found] == [
        ("unknown", "no_shift", None, None, None, text(-60)),
        ("running", "busy", *early, None, text(0)),
        ("stopped", "busy", *early, None, text(60)),
        ("running", "busy", *early, None, text(70)),
        ("running", "break", *early, "Breakfast", text(180)),
        ("running", "busy", *early, None, text(195)),
        ("unknown", "busy", *early, None, text(200)),
    ]
    assert all(one["end"] == two["start"] for one, two in pairwise(found))


@pytest.mark.parametrize("cut", [{}, {"cut": "shift"}])
def test_its_pages_are_of_one_moment(ask, plant, cut):
    asked = {**window(-60, 240), **cut}
    whole = ask(f"{UNIT}/timeline", **asked)["items"]
    page = ask(f"{UNIT}/timeline", limit=2, **asked)
    seen = page["items"]
    plant.set("shift_pattern", "press-shop@2026-03-02", {
        "place": "press-shop", "valid_from": "2026-03-02", "shifts": []
    })  # fmt: skip
    while page["next"]:
        page = ask(f"{UNIT}/timeline", limit=2, after=page["next"], **asked)
        seen += page["items"]
    assert seen == whole
    changed = ask(f"{UNIT}/timeline", **asked)
    assert (changed["items"] == whole) == (not cut)
    old = ask(f"{UNIT}/timeline", as_of=page["position"], **asked)
    assert old["items"] == whole
    body = {"place": "press-shop", "valid_from": "2026-03-02"}
    plant.set("shift_pattern", "press-shop@2026-03-02", body | {"shifts": SHIFTS})


def test_the_state_that_goes_on_is_known_as_far_as_it_was_heard(ask, plant):
    told = [
        StateChanged("press-3", at_us(n), "x", s) for n, s in enumerate(("stopped", "running") * 3)
    ]
    view = UnitView(
        id="press-3", position="1-1", state="running", state_since_us=at_us(5), counting_since_us=1,
        contacts={"press-plc": at_us(30)},
    )  # fmt: skip
    fold = Fold(center="press-line", after=NONE, view=view, known_us=at_us(20), facts=tuple(told))
    Facts(plant.database).commit([fold])
    client, row = plant.running.redis.client(), live.dump(to_plain(view))
    client.xadd(live.view_key("press-line"), {"k": "press-3", "j": row})
    path, asked = "/api/v1/work-units/press-3/timeline", window(0, 40)
    wait_until(lambda: ask(path, **asked)["known_until"] == text(30))
    whole = ask(path, **asked)["items"]
    assert [(one["state"], one["end"]) for one in whole[-2:]] == [
        ("running", text(30)), ("unknown", text(40))
    ]  # fmt: skip
    for limit in (1, 2, 3):
        page, seen = {"next": None}, []
        while not seen or page["next"]:
            more = {"after": page["next"]} if page["next"] else {}
            page = ask(path, limit=limit, **more, **asked)
            seen += page["items"]
        assert seen == whole
    position = ask(path, **asked)["position"]
    for known in (0, at_us(1), 10**16, 7_258_118_400_000_000):  # cursors that we never gave
        for start in (0, at_us(0), at_us(39), at_us(500)):
            for limit in (1, 2, 9):
                ask(path, limit=limit, after=f"{position}.{known}.{start}",
                    status=422 if known == 10**16 else 200, **asked)  # fmt: skip


def test_before_anything_was_told_nothing_was_known(ask):
    found = ask(f"{UNIT}/timeline", as_of=0, **window(0, 60))
    assert [one["state"] for one in found["items"]] == ["unknown"]
    assert (
        "the log has reached"
        in ask(f"{UNIT}/timeline", status=422, as_of=10**9, **window(0, 60))["error"]["message"]
    )


def test_counts_are_zero_where_nothing_was_made_and_null_where_nothing_is_known(ask):
    found = ask(f"{UNIT}/counts", **window(0, 120))
    position = found.pop("position")
    assert found == {"good": 600, "reject": 60, "known_until": text(200)}
    then = ask(f"{UNIT}/counts", as_of=position, **window(0, 120))
    assert then == found | {"position": position}
    assert ask(f"{UNIT}/counts", as_of=0, **window(0, 120))["good"] is None
    assert ask(f"{UNIT}/counts", **window(10, 11))["good"] == 10
    assert ask(f"{UNIT}/counts", **window(80, 100))["good"] == 0
    assert ask(f"{UNIT}/counts", **window(300, 310))["good"] is None
    assert ask("/api/v1/work-units/press-2/counts", **window(0, 60))["reject"] is None
    ask(f"{UNIT}/counts", status=422, **window(0, 0.5))


def test_planned_busy_time_is_shifts_less_breaks_and_null_without_a_calendar(ask, plant):
    found = ask(f"{UNIT}/planned", **window(-60, 540))
    assert found["planned_busy_s"] == (8 * 60 - 15) * 60
    assert [one["planned"] for one in found["items"]] == [
        "no_shift", "busy", "break", "busy", "no_shift"
    ]  # fmt: skip
    before = {"from_": "2025-12-30T00:00:00Z", "until": "2025-12-31T00:00:00+01:00"}
    assert ask(f"{UNIT}/planned", **before)["planned_busy_s"] is None
    position = found["position"]
    plant.set("holiday", "north@2026-03-02", holiday("north", "2026-03-02"))
    assert ask(f"{UNIT}/planned", **window(0, 60))["planned_busy_s"] == 0
    assert ask(f"{UNIT}/planned", as_of=position, **window(0, 60))["planned_busy_s"] == 3600


@pytest.mark.parametrize("what", ["timeline", "counts", "planned"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02T05:00:00", "2026-03-02T06:00:00Z"),  # no offset
        ("2026-03-02", "2026-03-03"),
        ("2026-03-02T06:00:00Z", "2026-03-02T05:00:00Z"),
        ("2026-03-02T06:00:00Z", "2026-03-02T06:00:00Z"),
        ("2026-03-02T06:00:00Z", "2028-03-02T06:00:00Z"),  # too long
        ("1969-12-31T23:59:59Z", "1970-01-01T01:00:00Z"),
        ("2199-12-31T23:00:00Z", "2200-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9Z"),
        ("0001-01-01T00:00:00+23:59", "2026-03-02T05:00:00Z"),
        ("2026-02-30T00:00:00Z", "2026-03-02T05:00:00Z"),
        ("2026-03-02T05:00:00+99:99", "2026-03-02T05:00:00Z"),
        ("٢٠٢٦-03-02T05:00:00Z", "2026-03-02T06:00:00Z"),
        ("now", ""),
    ],
)
def test_what_is_no_window_is_refused(ask, what, start, end):
    error = ask(f"{UNIT}/{what}", status=422, from_=start, until=end)["error"]
    assert error["code"] == "invalid"


@pytest.mark.parametrize("what", ["timeline", "counts", "planned"])
def test_what_is_not_known_or_told_twice_is_refused(plant, what):
    path = f"{UNIT}/{what}?from={text(0)}&until={text(60)}"
    client = plant.as_who("supervisor-press")
    assert client.get(path).status_code == 200
    assert client.get(f"{path}&untill=x").status_code == 422
    assert client.get(f"{path}&until={text(50)}").status_code == 422


def test_windows_at_the_ends_of_time_are_answered(ask):
    for start, end in (
        ("1970-01-01T00:00:00Z", "1970-01-31T00:00:00Z"),
        ("2199-12-01T00:00:00Z", "2199-12-31T23:59:00Z"),
        ("2026-03-02T00:00:00+23:59", "2026-03-02T00:00:00-23:59"),
    ):
        for what in ("timeline", "counts", "planned"):
            ask(f"{UNIT}/{what}", from_=start, until=end)


def test_the_log_can_be_checked_outside(plant):
    auditor = plant.as_who("quality-site")
    head = auditor.get("/api/v1/log").json()
    after, before, found = 0, bytes(32), {}
    while after is not None:
        page = auditor.get(f"/api/v1/log/entries?after={after}&limit=40").json()
        assert page["before"] == before.hex()
        for one in page["items"]:
            said = [one[n] for n in ("position", "recorded_at_us", "kind", "subject", "body")]
            before = hashlib.sha256(before + dump(said).encode()).digest()
            assert one["hash"] == before.hex()
            assert re.fullmatch(r"\d{4}-.*Z", one["recorded_at"])
            found[one["position"]] = one["hash"]
        after = page["next"]
    assert found[head["position"]] == head["hash"]


def test_what_one_has_is_not_sent_again_and_what_changed_is(plant):
    people = [plant.as_who(id) for id in ("admin-site", "admin-press")]
    position = people[0].get("/api/v1/log").json()["position"]
    shop = f"{UNIT}/counts?from={text(0)}&until={text(60)}&as_of={position}"
    paths = [f"/api/v1/{kind.plural}" for kind in KINDS.values()]
    paths += [shop, "/api/v1/audit", "/api/v1/log", "/api/v1/log/entries", "/api/v1/work-units"]
    had: dict[tuple[str, str], bytes] = {}

    def ask(path, client):
        """The ETag of an answer; one ETag is never that of another body."""
        answer = client.get(path)
        if answer.status_code == 404:
            return ""
        etag = answer.headers["etag"]
        assert had.setdefault((path, etag), answer.content) == answer.content
        assert client.head(path).headers["etag"] == etag
        again = client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        return etag

    before = {(path, who): ask(path, client) for path in paths for who, client in enumerate(people)}
    plant.set("holiday", "assembly@2034-01-01", holiday("assembly", "2034-01-01"))
    after = {(path, who): ask(path, client) for path in paths for who, client in enumerate(people)}
    mine = "/api/v1/holidays"
    for path in (mine, "/api/v1/audit", "/api/v1/log"):
        assert before[path, 0] != after[path, 0], path
    assert before[mine, 0] != before[mine, 1]
    assert before[shop, 0] == after[shop, 0] == before[shop, 1]
    stale = people[0].get(mine, headers={"If-None-Match": before[mine, 0]})
    assert stale.status_code == 200
