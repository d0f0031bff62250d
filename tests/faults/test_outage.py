"""A long outage of the dashboard: the open page comes back by itself.

TAKT_OUTAGE_S sets how long it is [s]; six minutes are longer than Dash's own ten tries.
"""

import os
import signal
import time

import pytest

from tests.faults.test_kill import BACK_S, BANNER_S, Wall
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant

OUTAGE_S = float(os.environ.get("TAKT_OUTAGE_S", "15"))


@pytest.mark.faults
@pytest.mark.browser
@pytest.mark.timeout(OUTAGE_S + 120)
def test_an_open_wall_comes_back_after_an_outage_without_a_touch(tmp_path, dash_br):
    plant = RunningPlant(tmp_path)
    plant.start(*ROLES)
    try:
        plant.wait_live()
        wall = Wall(dash_br.driver, f"{plant.url}/andon/press-shop")
        wait_until(wall.live, seconds=BACK_S)
        plant.kill("dashboard")
        end = time.monotonic() + OUTAGE_S
        wait_until(wall.banner, seconds=5)
        while time.monotonic() < end:
            assert wall.banner()
            assert set(wall.qualities()) == {"offline"}
            time.sleep(1)
        plant.start("dashboard")
        began = time.monotonic()
        wait_until(wall.live, seconds=BACK_S, what=f"the wall live after {OUTAGE_S:.0f} s")
        print(f"live {time.monotonic() - began:.1f} s after the return")
    finally:
        plant.end()


@pytest.mark.faults
@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_redis_that_hangs_is_told_in_time_and_nothing_is_lost(tmp_path, dash_br):
    plant = RunningPlant(tmp_path, speed=20)
    plant.start(*ROLES)
    try:
        plant.wait_live()
        wall = Wall(dash_br.driver, f"{plant.url}/andon/press-shop")
        wait_until(wall.live, seconds=BACK_S)
        start = plant.first_counts()
        plant.signal("redis", signal.SIGSTOP)
        wait_until(wall.banner, seconds=BANNER_S, what="the banner while Redis hangs")
        plant.signal("redis", signal.SIGCONT)
        wait_until(wall.live, seconds=BACK_S, what="the wall live again")
        plant.stand_still()
        wait_until(lambda: plant.counts() == plant.truth(start), seconds=BACK_S, what="the truth")
    finally:
        plant.end()
