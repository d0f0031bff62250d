"""The OEE page in a real browser: live, and the same digits as the API gives for its window."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.chromium import chromium, words
from tests.history import write_history
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant
from tests.visitor import as_person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SITE = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("oee"), calendar=True)
    write_history(running, 10)
    running.start(*ROLES)
    running.wait_live()
    running.wait_people()
    yield running
    running.end()


@pytest.fixture(scope="module")
def driver():
    one = chromium(size=(1440, 900))
    yield one
    one.quit()


def shown(driver):
    """The figures of the page and the window that they are of, read in one step."""
    return driver.execute_script(
        """const text = (key, name) => document.querySelector(
             `[data-key="${key}"] [data-f="${name}"]`)?.textContent;
        return {index: text("oee", "index"), availability: text("oee", "availability"),
                effectiveness: text("oee", "effectiveness"), quality: text("oee", "quality_ratio"),
                pbt: text("fall", "pbt"), good: text("hours", "good"), reject: text("hours", "reject"),
                from: text("window", "from"), until: text("window", "until")}"""
    )


def moments(found):
    """The window in UTC: the newest times of day that read so at the site."""
    now = datetime.now(SITE)
    clock = re.search(r"(\d\d):(\d\d):(\d\d)$", found["until"])
    until = now.replace(
        hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3]), microsecond=0
    )
    until -= timedelta(days=until > now)
    clock = re.search(r"(\d\d):(\d\d)$", found["from"])
    start = until.replace(hour=int(clock[1]), minute=int(clock[2]), second=0)
    start -= timedelta(days=start >= until)
    return [f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for at in (start, until)]


@pytest.mark.parametrize("id", ["press-1", "press-shop", "north"])
def test_the_page_shows_what_the_api_gives_for_its_window(plant, driver, id):
    driver.get(f"{plant.url}/oee/{id}")
    wait_until(lambda: re.search(r"\d\d:\d\d:\d\d$", shown(driver)["until"] or ""), what="a window")
    program = as_person(plant, "manager")

    def agree():
        found = shown(driver)
        start, until = moments(found)
        told = program.get(f"/api/v1/oee/{id}", params={"from": start, "until": until}).json()
        kpis, pbt_s = told["kpis"], round(told["elements"]["pbt_s"])
        expected = {
            "index": f"{kpis['oee_index'] * 100:.1f}",
            "availability": f"{kpis['availability'] * 100:.1f}",
            "effectiveness": f"{kpis['effectiveness'] * 100:.1f}",
            "quality": f"{kpis['quality_ratio'] * 100:.1f}",
            "pbt": f"{pbt_s // 60:,}:{pbt_s % 60:02}",
            "good": f"{told['pieces']['good'] + told['pieces']['outside_good']:,}",
            "reject": f"{told['pieces']['reject'] + told['pieces']['outside_reject']:,}",
        }
        assert told["settled"] >= until.replace("Z", ".000000Z")
        return {name: found[name] for name in expected} == expected

    # A piece that is counted behind the window's last second, and in its minute, is told a moment later.
    wait_until(agree, seconds=20, what="page and API showing the same figures")


def test_it_goes_on_by_itself_and_says_how_old_it_is(plant, driver):
    driver.get(f"{plant.url}/oee/north")
    wait_until(lambda: shown(driver)["until"], what="a window")
    before = shown(driver)["until"]
    wait_until(lambda: shown(driver)["until"] > before, what="the window going on")
    assert re.search(r"on record \d+(\.\d)? s ago", words(driver, ".oee-age"))
    assert "Press 1" in words(driver, ".oee-units")


def test_every_number_opens_to_its_elements(plant, driver):
    driver.get(f"{plant.url}/oee/press-1")
    wait_until(lambda: shown(driver)["until"], what="a window")
    driver.find_element("css selector", ".where-from summary").click()
    opened = words(driver, ".where-from")
    assert re.search(r"Availability\s*= APT [\d,]+:\d\d / PBT [\d,]+:\d\d", opened)
    lost = driver.execute_script(
        "return [...document.querySelectorAll('.fall[data-on=yes] [data-f=us]')].map(e => e.textContent)"
    )
    assert lost and all(one.startswith("−") for one in lost)
