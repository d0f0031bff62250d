"""The OEE on every screen: the same figure, closed losses, and nothing that looks live and is not."""

import time
from dataclasses import replace
from itertools import pairwise

import pytest

from layouts import andon, oee, overview
from layouts._losses import COLUMNS_MAX, Lost, Words, columns, named
from layouts._oee_rows import percent, signed
from mes.losses import Account, Loss
from mes.snapshot import Snapshot
from tests.standings import standing
from tests.unit.test_layouts import NOW, S, mixed, plant, snapshot, view

BEGUN = NOW - 307 * 60 * S


def live(**standings):
    """Every machine live, and some of them with a shift behind them."""
    found = snapshot({f"m{n}": view(f"m{n}", good=2000) for n in range(1, 9)})
    return replace(found, standings=standings)


def whole():
    return live(**{f"m{n}": standing(BEGUN) for n in range(1, 9)})


def test_hours_are_called_hours_and_days_days():
    one, day_us = standing(BEGUN), 86_400_000_000
    assert oee.rows(live(m1=one), "m1")["by"] == {"title": "Hour by hour"}
    edges = tuple(BEGUN + n * day_us for n in range(len(one.hours) + 1))
    assert oee.rows(live(m1=replace(one, edges=edges)), "m1")["by"] == {"title": "Day by day"}


def test_one_figure_everywhere():
    now = whole()
    shown = percent(now.standings["m1"].account.oee.oee_index)
    assert oee.rows(now, "m1")["oee"]["index"] == shown
    assert oee.rows(now, "site")["oee"]["index"] == shown  # eight that are alike
    assert oee.rows(now, "site")["of:m3"]["index"] == shown
    assert overview.rows(now)["unit:m1"]["oee"] == f"OEE {shown} %"
    assert overview.rows(now)["area:shop"]["area_oee"] == f"{shown} %"
    assert overview.rows(now)["aim"]["oee"] == shown
    assert andon.rows(now, "shop")["unit:m1"]["main"] == f"{float(shown):.0f}"


def test_a_wall_says_how_far_it_is_behind():
    """Machines of 6 s at 78 %, of which 277 of 307 minutes are planned busy time."""
    page = andon.rows(whole(), "shop")["page"]
    assert (page["plan"], page["want"]) == (f"{8 * 450 * 10 * 0.78:,.0f}", f"{8 * 277 * 7.8:,.0f}")
    assert (page["gap"], page["gap_label"]) == (
        f"{8 * 2000 - 8 * 277 * 7.8:,.0f}".strip("-"),
        "behind",
    )
    assert page["gap@data-look"] == "help"


@pytest.mark.parametrize("known", [0, 7])
def test_no_plan_where_not_all_have_one(known):
    now = live(**{f"m{n}": standing(BEGUN) for n in range(1, known + 1)})
    page = andon.rows(now, "shop")["page"]
    assert (page["plan"], page["want"], page["gap"], page["plan_label"]) == ("",) * 4
    assert overview.rows(now)["page"]["want"] == ""


def test_what_machines_that_are_silent_made_is_not_ahead():
    now = whole()
    silent = {id: view(id, ago_s=1000, good=9000) for id in now.views}
    page = andon.rows(replace(now, views=silent), "shop")["page"]
    assert page["gap@data-trust"] == page["sum_good@data-trust"] == "none"
    assert overview.rows(replace(now, views=silent))["page"]["want_gap@data-trust"] == "none"


def test_an_oee_is_no_longer_true_a_while_behind_its_record_but_that_of_a_past_shift_is():
    at = oee.rows(whole(), "m1")["oee"]["@data-stale-at"]
    assert int(at) == (NOW + 15 * S) // 1000
    over = live(m1=standing(BEGUN, known_min=480))
    assert int(oee.rows(over, "m1")["oee"]["@data-stale-at"]) > (NOW + 10**15) // 1000
    assert "ended" in oee.rows(over, "m1")["window"]["shift"]


def test_without_a_target_or_a_cycle_it_says_so():
    aimless = oee.rows(live(m1=standing(BEGUN, target=None)), "m1")["oee"]
    assert (aimless["target"], aimless["gap"], aimless["dial@data-target"]) == (
        "no target set",
        "",
        "no",
    )
    unstated = oee.rows(live(m1=standing(BEGUN, cycle_s=None)), "m1")
    assert (unstated["oee"]["index"], unstated["oee"]["effectiveness"]) == ("–", "–")
    assert "No cycle stated" in {row.get("word") for row in unstated.values()}
    assert oee.rows(mixed(), "m2")["window"]["until"] == "no calendar, or nothing on record yet"


def test_columns_go_down_from_planned_busy_time_to_the_good_time():
    account = standing(BEGUN).account
    found = columns(account, named([Lost(account.losses)], Words()))
    assert found[0].high == 1 and found[-1].low == pytest.approx(account.good_us / account.pbt_us)
    for before, after in pairwise(found):
        assert before.low == pytest.approx(after.high)


def test_many_losses_are_drawn_as_some_and_one_other():
    losses = [Loss("availability", "stopped", str(n), "", (40 - n) * S) for n in range(20)]
    losses += [
        Loss("effectiveness", "speed", "", "", 5 * S),
        Loss("quality", "reject", "", "", 3 * S),
    ]
    account = Account(pbt_us=1000 * S)
    words = [
        column.loss.word
        for column in columns(account, named([Lost(losses)], Words({"3": "die jam"})))
    ]
    assert len(words) <= COLUMNS_MAX + 3
    assert words[-3:] == ["Other", "Speed", "Rejects"]
    assert {"Fault 0", "Die jam"} <= set(words)


def test_signs():
    assert [signed(v) for v in (0.012, -0.2, 0.0001, -0.0001, 0)] == [
        "+1.2",
        "−20.0",
        "0.0",
        "0.0",
        "0.0",
    ]
    assert [signed(v, 1, 0) for v in (1234, -1234.4, 0.3)] == ["+1,234", "−1,234", "0"]


@pytest.mark.parametrize(("screen", "id"), [(overview, None), (andon, "shop"), (oee, "site")])
def test_fifty_units_with_a_shift_behind_them_are_cheap(screen, id):
    made = plant(50)
    now = Snapshot(plant=made, now_us=NOW, views={u: view(u) for u in made.work_units},
                   standings=dict.fromkeys(made.work_units, standing(BEGUN)))  # fmt: skip
    times = []
    for _ in range(20):
        start = time.perf_counter()
        screen.rows(now, id)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.01  # 1 to 2 ms on a quiet machine
