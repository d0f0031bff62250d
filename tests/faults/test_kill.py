"""kill -9 of every part, alone and in pairs, under the eyes of an open wall and of the truth log.

TAKT_FAULT_ROUNDS sets how many rounds are played (default: one of each part and two pairs).
"""

import itertools
import os
import random
import time
from pathlib import Path

import pytest

from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant

BACK_S = 15.0  # every screen is live again within this, from the part's return
PERIOD_S = 2.0  # the expected period of the demo plant
SLACK_S = 0.5  # of a busy machine
BANNER_S = 5.0

PAIRS = list(itertools.combinations(ROLES, 2))
ROUNDS = int(os.environ.get("TAKT_FAULT_ROUNDS", "7"))


def victims(rounds: int) -> list[tuple[str, ...]]:
    """Each part alone, then pairs in an order that the number of rounds decides."""
    pairs = random.Random(rounds).sample(PAIRS, len(PAIRS))
    every = itertools.chain(((role,) for role in ROLES), itertools.cycle(pairs))
    return list(itertools.islice(every, rounds))


class Wall:
    """The open page of a wall, read as a person reads it."""

    def __init__(self, driver, url: str) -> None:
        self.driver = driver
        driver.set_window_size(1920, 1080)
        driver.get(url)

    def qualities(self) -> list[str]:
        return self.driver.execute_script(
            "return [...document.querySelectorAll('[data-unit]')].map(e => e.dataset.quality)"
        )

    def live(self) -> bool:
        found = self.qualities()
        return bool(found) and set(found) == {"good"} and not self.banner()

    def banner(self) -> bool:
        return bool(
            self.driver.execute_script(
                "return document.querySelector('#offline')?.dataset.on === 'yes'"
            )
        )

    def good(self) -> int:
        """Good pieces in the head of the wall."""
        text = self.driver.execute_script(
            "return document.querySelector('[data-key=page] [data-f=sum_good]').textContent"
        )
        return int(text.replace(",", ""))


@pytest.fixture
def plant(tmp_path: Path):
    running = RunningPlant(tmp_path, speed=20)
    running.start(*ROLES)
    try:
        running.wait_live()
        yield running
    finally:
        running.end()


@pytest.mark.faults
@pytest.mark.browser
@pytest.mark.timeout(600)
def test_whatever_is_killed_nothing_is_lost_and_no_screen_lies(plant, dash_br):
    wall = Wall(dash_br.driver, f"{plant.url}/andon/press-shop")
    wait_until(wall.live, seconds=BACK_S, what="the wall live")
    start, before = plant.first_counts(), plant.counts()
    for dead in victims(ROUNDS):
        plant.kill(*dead)
        told_s = await_told(wall, dead)
        plant.start(*dead)
        began = time.monotonic()
        wait_until(lambda: plant.live() and wall.live(), seconds=BACK_S, what=f"live after {dead}")
        print(
            f"{'+'.join(dead)}: told after {told_s:.1f} s, live {time.monotonic() - began:.1f} s after return"
        )
        after = plant.counts()
        for unit, counts in after.items():
            assert counts >= before.get(unit, (0, 0)) and min(counts) >= 0, (dead, unit)
        before = after
    plant.stand_still()
    try:
        wait_until(lambda: plant.counts() == plant.truth(start), seconds=BACK_S)
    except AssertionError:
        assert plant.counts() == plant.truth(start)  # says where they differ
    press = [unit for unit in start if unit.startswith("press")]
    wanted = sum(plant.counts()[unit][0] for unit in press)
    wait_until(lambda: wall.good() == wanted, seconds=5, what="the wall showing the truth")


def await_told(wall: Wall, dead: tuple[str, ...]) -> float:
    """Wait until the wall says that `dead` are away; returns how long it took."""
    began = time.monotonic()
    if "dashboard" in dead:
        wait_until(wall.banner, seconds=BANNER_S, what=f"offline banner without {dead}")
        assert set(wall.qualities()) == {"offline"}
    elif "redis" in dead:
        wait_until(wall.banner, seconds=BANNER_S, what=f"offline banner without {dead}")
    else:
        limit = 2 * PERIOD_S + SLACK_S
        wait_until(
            lambda: set(wall.qualities()) == {"stale"}, seconds=limit, what=f"stale without {dead}"
        )
    return time.monotonic() - began
