"""The screens: rows and trees agree, the worst comes first, and nothing unknown is shown as zero."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.utils import PlotlyJSONEncoder

from layouts import andon, connections, downtime, not_found, oee, overview, unit
from layouts._facts import facts, severity
from layouts._slots import components
from layouts._words import NOTHING
from mes.equipment import Area, Device, Plant, Tag, WorkCenter, WorkUnit
from mes.link import Link
from mes.snapshot import Snapshot
from mes.states import PROFILES, STATES
from mes.unit_view import TagView, UnitView
from tests.standings import standing

S = 1_000_000
NOW = 1_795_360_000 * S  # 22 November 2026, 16:06:40 at the site
SCREENS = [
    (overview, None),
    (andon, "shop"),
    (andon, "line"),
    (andon, "m1"),
    (unit, "m1"),
    (unit, "m3"),
    (connections, None),
    *((oee, id) for id in ("m1", "m2", "line", "site")),
    *((downtime, id) for id in ("m1", "m2", "line", "site")),
]
TAGS = {
    "state": Tag(name="state", device="plc", role="state"),
    "good": Tag(name="good", device="plc", role="good_count", unit="pcs"),
    "fault": Tag(name="fault", device="plc", role="fault"),
    "power": Tag(name="power", device="plc", unit="kW", decimals=1, watchdog_s=600),
}


def plant(units: int = 8) -> Plant:
    made = {
        f"m{n}": WorkUnit(
            id=f"m{n}",
            name=f"Machine {n}",
            short_name=f"MACH {n}",
            work_center="line",
            ideal_cycle_s=6.0,
            expected_period_s=100.0,
            profile=PROFILES["packml"],
            fault_texts={"217": "die jam"},
            tags=TAGS,
        )
        for n in range(1, units + 1)
    }
    return Plant(
        id="site",
        name="Site",
        enterprise="Maker",
        time_zone="Europe/Berlin",
        areas={"shop": Area(id="shop", name="Shop")},
        work_centers={"line": WorkCenter(id="line", name="Line", area="shop")},
        work_units=made,
        devices={
            "plc": Device(id="plc", protocol="opcua", address="there", work_units=tuple(made))
        },
    )


def view(id: str, state: str = "running", *, ago_s: float = 1, **fields: Any) -> UnitView:
    at = NOW - round(ago_s * S)
    tags = {
        "state": TagView(6, "good", at, at),
        "good": TagView(412, "good", at, at),
        "fault": TagView(0, "good", at, at),
        "power": TagView(31.25, "good", at, at),
    }
    known: dict[str, Any] = {
        "state_since_us": NOW - 600 * S,
        "good": 412,
        "counting_since_us": NOW - 3600 * S,
        "cycle_time_s": 6.1,
        "contacts": {"plc": at},
        "tags": tags,
        "source_time_us": at,
        "received_time_us": at,
    }
    return UnitView(id=id, state=state, **{**known, **fields})


def link(**fields: Any) -> Link:
    known: dict[str, Any] = {"state": "live", "last_answer_us": NOW - S, "last_value_us": NOW - S}
    return Link(device="plc", since_us=NOW - 3600 * S, **{**known, **fields})


def snapshot(views: Mapping[str, UnitView] | None = None, **links: Link) -> Snapshot:
    return Snapshot(plant=plant(), now_us=NOW, views=views or {}, links=links)


def mixed() -> Snapshot:
    bad = view("m4", tags={**view("m4").tags, "good": TagView(7, "bad", NOW, NOW, "BadSensor")})
    found = snapshot(
        {
            "m1": view("m1", "stopped", fault="217"),
            "m2": view("m2"),
            "m3": view("m3", ago_s=1000),
            "m4": bad,
            "m5": view("m5", "changeover"),
            "m6": view("m6", "idle", good=0),
        },
        plc=link(troubles={"m4.good": "BadSensor"}, clock_skew_s=300.0),
    )
    begun = NOW - 307 * 60 * S
    return replace(found, standings={"m1": standing(begun), "m3": standing(begun, target=None)})


def keyed(tree: Any, outer: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every slot of `tree` with the keys of all elements around it, the nearest last."""
    if isinstance(tree, list | tuple):
        for child in tree:
            yield from keyed(child, outer)
        return
    key = getattr(tree, "data-key", None)
    if key is not None:
        outer = (*outer, key)
    if getattr(tree, "data-f", None) is not None:
        yield outer, tree
    if hasattr(tree, "children"):
        yield from keyed(tree.children, outer)


def texts(tree: Any) -> str:
    return json.dumps(tree, cls=PlotlyJSONEncoder)


# ---------------------------------------------------------------- rows and trees


@pytest.mark.parametrize(("screen", "id"), SCREENS)
@pytest.mark.parametrize("now", [mixed(), snapshot()], ids=["mixed", "nothing heard"])
def test_rows_and_tree_agree(screen: Any, id: str | None, now: Snapshot) -> None:
    tree, rows = screen.layout(now, id), screen.rows(now, id)
    slots: dict[str, set[str]] = {key: set() for key in rows}
    for outer, slot in keyed(tree):
        name = getattr(slot, "data-f")
        owners = [k for k in outer if any(f.split("@")[0] == name for f in rows[k])]
        assert len(owners) == 1, f"{name} within {outer} is filled by {owners}"
        slots[owners[0]].add(name)
        if name in rows[owners[0]]:
            text = rows[owners[0]][name]
            assert slot.children == text or getattr(slot, "data-since", None) is not None
    elements = {getattr(c, "data-key", None) for c in components(tree)} - {None}
    assert elements == set(rows)
    for key, row in rows.items():
        fields = {field.split("@")[0] for field in row} - {""}
        assert fields == slots[key], key
        assert all(isinstance(value, str) for value in row.values())


@pytest.mark.parametrize(("screen", "id"), SCREENS)
def test_attributes_are_drawn_as_they_are_painted(screen: Any, id: str | None) -> None:
    tree, rows = screen.layout(mixed(), id), screen.rows(mixed(), id)
    for element in components(tree):
        row = rows.get(getattr(element, "data-key", None), {})
        for field, value in row.items():
            if field.startswith("@data-"):
                assert getattr(element, field[1:]) == value


@pytest.mark.parametrize(
    ("screen", "id"), [*SCREENS, (not_found, None), (andon, "no"), (unit, "no")]
)
def test_page_has_one_live_element_and_one_banner(screen: Any, id: str | None) -> None:
    tree = screen.layout(mixed(), id)
    ids = [getattr(c, "id", None) for c in components(tree)]
    assert ids.count("live") == 1
    assert ids.count("offline") == 1
    assert texts(tree)


def test_unknown_id_lists_what_there_is() -> None:
    assert andon.rows(mixed(), "no") == unit.rows(mixed(), "no") == {}
    assert "/andon/line" in texts(andon.layout(mixed(), "no"))
    assert "/unit/m3" in texts(unit.layout(mixed(), "no"))


@pytest.mark.parametrize(("screen", "id"), [(overview, None), (andon, "shop"), (unit, "m1")])
def test_unit_carries_the_contract_attributes(screen: Any, id: str | None) -> None:
    element = next(
        c
        for c in components(screen.layout(mixed(), id))
        if getattr(c, "data-unit", None) == "m1" and getattr(c, "data-key", None) == "unit:m1"
    )
    assert getattr(element, "data-state") == "stopped"
    assert getattr(element, "data-quality") == "good"
    assert getattr(element, "data-source-time") == str((NOW - S) // 1000)
    assert getattr(element, "data-stale-at") == str((NOW + 199 * S) // 1000)


def test_tag_value_stands_alone() -> None:
    found = {
        getattr(c, "data-tag"): c.children
        for c in components(unit.layout(mixed(), "m2"))
        if hasattr(c, "data-tag")
    }
    assert found == {"m2.state": "6", "m2.good": "412", "m2.fault": "0", "m2.power": "31.2"}


@pytest.mark.parametrize(("screen", "id"), SCREENS)
def test_rows_do_not_age(screen: Any, id: str | None) -> None:
    now = mixed()
    now = replace(now, links={"plc": link(last_answer_us=NOW + 5 * S)})
    assert screen.rows(now, id) == screen.rows(replace(now, now_us=NOW + 10 * S), id)


@pytest.mark.parametrize(("screen", "id"), SCREENS)
def test_set_of_rows_is_fixed(screen: Any, id: str | None) -> None:
    """A client gets only what differs: a row or field that came and went would stay on its page."""
    few, many = screen.rows(snapshot(), id), screen.rows(mixed(), id)
    assert {k: set(v) for k, v in few.items()} == {k: set(v) for k, v in many.items()}


@pytest.mark.parametrize("screen", [overview, andon])
def test_fifty_units_are_cheap(screen: Any) -> None:
    made = plant(50)
    now = Snapshot(plant=made, now_us=NOW, views={u: view(u) for u in made.work_units})
    times = []
    for _ in range(20):
        start = time.perf_counter()
        screen.rows(now, "shop")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.006  # 1 ms on a quiet machine


# ---------------------------------------------------------------- unavailable, unknown and zero


def test_never_heard_is_no_zero() -> None:
    now = snapshot()
    row = andon.rows(now, "shop")["unit:m1"]
    assert (row["main"], row["cycle"], row["clock@data-since"]) == (NOTHING, NOTHING, "")
    assert (row["@data-quality"], row["@data-stale-at"]) == ("stale", "0")
    page = overview.rows(now)["page"]
    assert (page["sum_good"], page["sum_reject"], page["running"]) == (NOTHING,) * 3
    assert connections.rows(now)["device:plc"]["rate"] == NOTHING
    assert unit.rows(now, "m1")["tag:m1.power"]["value"] == NOTHING


def test_unknown_state_is_no_idle() -> None:
    odd = view("m1", "unknown", tags={"state": TagView(99, "good", NOW, NOW)})
    now = snapshot({"m1": replace(odd, contacts={"plc": NOW})})
    row = unit.rows(now, "m1")["unit:m1"]
    assert (row["@data-state"], row["word"]) == ("unknown", "UNKNOWN")
    assert row["fault"] == "code 99 is not in its profile"


def test_zero_is_zero() -> None:
    now = snapshot({"m1": view("m1", good=0)})
    row = andon.rows(now, "shop")["unit:m1"]
    assert (row["main"], row["@data-quality"]) == ("0", "good")
    page = andon.rows(now, "shop")["page"]
    assert (page["sum_good"], page["good_label"]) == ("0", "good, 1 of 8")


def test_stale_and_bad_say_so() -> None:
    rows = andon.rows(mixed(), "shop")
    assert rows["unit:m3"]["@data-quality"] == "stale"
    assert rows["unit:m3"]["was"] == "was running at 15:50"
    assert rows["unit:m4"]["doubt"] == "BAD DATA good"
    tags = unit.rows(mixed(), "m4")
    assert tags["tag:m4.good"]["quality"] == "bad"
    assert tags["tag:m4.good"]["status"] == "BadSensor"
    stale = next(
        c
        for c in components(andon.layout(mixed(), "shop"))
        if getattr(c, "data-key", None) == "unit:m3"
    )
    assert "is-stale" in stale.className


# ---------------------------------------------------------------- worst first

views = st.dictionaries(
    st.sampled_from([f"m{n}" for n in range(1, 9)]),
    st.tuples(st.sampled_from([*STATES]), st.sampled_from([1, 1000]), st.integers(1, 9000)),
)


@given(views)
def test_wall_is_worst_first(drawn: dict[str, tuple[str, int, int]]) -> None:
    made = {
        id: view(id, state, ago_s=ago, state_since_us=NOW - held * S)
        for id, (state, ago, held) in drawn.items()
    }
    now = snapshot(made)
    rows = andon.rows(now, "shop")
    ranks = {id: int(rows[f"unit:{id}"]["@data-rank"]) for id in now.plant.work_units}
    assert sorted(ranks.values()) == list(range(1, 9))
    found = [facts(now, now.plant.work_units[id]) for id in sorted(ranks, key=lambda i: ranks[i])]
    assert [severity(f) for f in found] == sorted(severity(f) for f in found)
    live = [f for f in found if f.quality == "good"]
    for before, after in pairwise(live):
        if before.state == after.state:
            assert (before.view.state_since_us or 0) <= (after.view.state_since_us or 0)
    again = replace(now, views=dict(reversed(made.items())))
    assert andon.rows(again, "shop") == rows


def test_silence_stands_behind_stopped_and_before_starved() -> None:
    now = snapshot(
        {
            "m1": view("m1", "starved"),
            "m2": view("m2", ago_s=1000),
            "m3": view("m3", "held"),
            **{f"m{n}": view(f"m{n}") for n in range(4, 9)},
        }
    )
    rows = andon.rows(now, "shop")
    assert [rows[f"unit:m{n}"]["@data-rank"] for n in (3, 2, 1)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("units", "pages"), [(1, [1]), (6, [6]), (7, [4, 3]), (14, [5, 5, 4]), (50, [6] * 8 + [2])]
)
def test_pages_hold_six_at_most(units: int, pages: list[int]) -> None:
    now = Snapshot(plant=plant(units), now_us=NOW)
    rows = andon.rows(now, "shop")
    held = [int(r["@data-page"]) for k, r in rows.items() if k.startswith("unit:")]
    assert [held.count(page) for page in sorted(set(held))] == pages
    assert f"page 1 of {len(pages)}" in texts(andon.layout(now, "shop"))


# ---------------------------------------------------------------- connections


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "live"),
        ({"troubles": {"m1.good": "bad"}}, "doubt"),
        ({"clock_skew_s": -61.0}, "doubt"),
        ({"state": "refused", "next_try_us": NOW}, "refused"),
        ({"state": "silent"}, "silent"),
        ({"told_us": NOW - 4 * S}, "live"),
        ({"told_us": NOW - 6 * S}, "dead"),
        ({"state": "lost", "told_us": NOW - 6 * S}, "dead"),
    ],
)
def test_connection_says_how_it_stands(fields: dict[str, Any], kind: str) -> None:
    row = connections.rows(snapshot(plc=link(**fields)))["device:plc"]
    assert row["@data-state"] == kind
    assert row["meaning"]
    assert row["skew@data-flag"] == ("yes" if "clock_skew_s" in fields else "no")


def test_connection_nobody_told_of() -> None:
    row = connections.rows(snapshot())["device:plc"]
    assert (row["@data-state"], row["value@data-since"]) == ("never", "")
