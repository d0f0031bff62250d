"""What counts as live on the screens: what is heard and not bad, everywhere alike."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from layouts import andon, overview, unit
from layouts._facts import facts, trust
from mes.snapshot import Snapshot
from mes.unit_view import TagView, UnitView, live_quality
from tests.unit.test_layouts import NOW, S, mixed, plant, snapshot, view

QUALITIES = ["good", "uncertain", "bad", "stale"]


def of(id: str, state: str, quality: str) -> UnitView:
    at = NOW - (1000 if quality == "stale" else 1) * S
    told: Any = "good" if quality == "stale" else quality
    one = view(id, state, ago_s=(NOW - at) / S)
    return view(
        id, state, ago_s=(NOW - at) / S, tags={**one.tags, "state": TagView(6, told, at, at)}
    )


def test_a_bad_unit_neither_runs_nor_stands_nor_is_live() -> None:
    now = snapshot({"m1": of("m1", "running", "bad"), "m2": of("m2", "stopped", "bad")})
    page, area = overview.rows(now)["page"], overview.rows(now)["area:shop"]
    assert (page["running"], page["stopped"]) == ("–", "–")
    assert (page["live"], area["area_live"]) == ("0", "0 of 8")
    assert andon.rows(now, "shop")["page"]["live"] == "0"
    assert (area["n_run"], area["n_stop"], area["n_bad"]) == ("", "", "2 bad data")
    assert area["n_stale"] == "6 no data"


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["running", "stopped", "idle"]), st.sampled_from(QUALITIES)),
        min_size=1,
        max_size=8,
    )
)
def test_all_figures_agree_on_what_is_live(drawn: list[tuple[str, str]]) -> None:
    made = {f"m{n}": of(f"m{n}", *one) for n, one in enumerate(drawn, start=1)}
    now = Snapshot(plant=plant(len(drawn)), now_us=NOW, views=made)
    live = [state for state, quality in drawn if quality in ("good", "uncertain")]
    rows, wall = overview.rows(now), andon.rows(now, "shop")
    page, area = rows["page"], rows["area:shop"]
    assert page["live"] == wall["page"]["live"] == str(len(live))
    assert area["area_live"] == f"{len(live)} of {len(drawn)}"
    assert page["running"] == (str(live.count("running")) if live else "–")
    assert page["stopped"] == (str(live.count("stopped")) if live else "–")
    found = [facts(now, one) for one in now.plant.work_units.values()]
    word = "all" if len(live) == len(drawn) else "part" if live else "none"
    assert trust(found) == page["sum_good@data-trust"] == area["area_good@data-trust"] == word
    chips = [area[f"n_{look}"].split()[0] for look in overview.LOOKS if area[f"n_{look}"]]
    assert sum(map(int, chips)) == len(drawn)
    for f in found:
        assert f.quality == live_quality(f.view, f.unit, now_us=NOW)


def test_the_last_piece_is_told_though_none_is_in_work() -> None:
    made = view("m1", "stopped", counted_at_us=None, last_piece_us=NOW - 600 * S)
    row = unit.rows(snapshot({"m1": made}), "m1")["unit:m1"]
    assert row["reject_note"] == "last piece at 15:56"
    assert unit.rows(mixed(), "m2")["unit:m2"]["reject_note"] == ""


def test_a_bad_fault_tag_is_to_blame() -> None:
    tags = {**view("m1").tags, "fault": TagView(217, "bad", NOW, NOW, "x")}
    now = snapshot({"m1": view("m1", tags=tags)})
    assert andon.rows(now, "shop")["unit:m1"]["doubt"] == "BAD DATA fault"
