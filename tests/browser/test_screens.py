"""The four screens in a real browser, on the demo plant with its real servers."""

import re
import time

import pytest

from tests.chromium import chromium, until_served, words
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("plant"), speed=10)
    running.start(*ROLES)
    try:
        running.wait_live()
        yield running
    finally:
        running.end()


@pytest.fixture
def browse(plant, dash_br):
    """Open a page of the plant and wait until it is live; gives the driver."""
    driver = dash_br.driver

    def open_page(path: str, *, live: bool = True):
        driver.get(plant.url + path)
        if live:
            wait_until(lambda: painted(driver) >= 3, seconds=15, what=f"{path} painted")
        return driver

    yield open_page
    assert [line for line in _errors(driver) if not NO_PAGE.search(line)] == []


NO_PAGE = re.compile(r"/(andon(/nowhere)?|unit/nobody|no/such/page|foo/bar) - .* 404 \(Not Found\)")


def _errors(driver) -> list[str]:
    return [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]


def painted(driver) -> int:
    """How many messages the page has painted since this was asked first."""
    return driver.execute_script(
        """const live = document.getElementById('live'); if (!live) return 0;
        if (!window.__count) { window.__count = 1;
          new MutationObserver(m => window.__count += m.length)
            .observe(live, {attributes: true, attributeFilter: ['data-painted']}); }
        return window.__count"""
    )


def attributes(driver, selector: str) -> list[dict[str, str]]:
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(e => ({...e.dataset}))", selector
    )


def text(driver, selector: str) -> str:
    found = driver.execute_script(
        "const e = document.querySelector(arguments[0]); return e && e.textContent", selector
    )
    assert found is not None, selector
    return str(found)


@pytest.mark.parametrize(
    "path", ["/", "/andon/press-shop", "/andon/assembly-line-1", "/unit/press-1"]
)
def test_tiles_say_what_the_contract_says(plant, browse, path):
    driver = browse(path)
    tiles = [t for t in attributes(driver, "[data-unit]") if "state" in t]
    known = plant.units()
    assert {t["unit"] for t in tiles} <= set(known)
    assert tiles
    for tile in tiles:
        assert tile["quality"] == "good"
        assert re.fullmatch(r"\d{13}", tile["sourceTime"])
        assert tile["state"] in {
            "running",
            "stopped",
            "held",
            "starved",
            "blocked",
            "waiting",
            "maintenance",
            "changeover",
            "manual",
            "idle",
        }


def test_every_tag_is_live_and_has_the_digits_of_the_api(plant, browse):
    driver = browse("/unit/station-1")
    tags = {t["name"]: t for t in plant.get("/api/v1/work-units/station-1")["tags"]}
    assert len(tags) == 10

    def agree() -> bool:
        api = {t["name"]: t for t in plant.get("/api/v1/work-units/station-1")["tags"]}
        shown = float(text(driver, '[data-tag="station-1.power"]'))
        return abs(shown - api["power"]["value"]) < 0.051

    wait_until(agree, seconds=10, what="page and API showing the same power")
    shown = {t["tag"] for t in attributes(driver, "[data-tag]")}
    assert shown == {f"station-1.{name}" for name in tags}


def test_one_number_everywhere(plant, browse):
    """Good pieces of a unit on its page and of a line on the wall are those of the API."""
    driver = browse("/unit/press-2")
    unit = '[data-key="unit:press-2"] [data-f="good"]'
    wait_until(lambda: number(driver, unit) == plant.units()["press-2"]["good"])
    driver = browse("/andon/press-shop")
    wall = '[data-key=page] [data-f="sum_good"]'
    press = [f"press-{n}" for n in range(1, 5)]

    def same() -> bool:
        units = plant.units()
        return number(driver, wall) == sum(units[id]["good"] for id in press)

    wait_until(same, what="wall and API showing the same sum")


def number(driver, selector: str) -> int:
    return int(text(driver, selector).replace(",", ""))


def test_links_lead_down_and_the_pages_behind_them_are_live(plant, browse, dash_br):
    driver = browse("/")
    driver.set_window_size(1440, 900)
    driver.find_element("css selector", 'a[href="/unit/press-1"]').click()
    wait_until(lambda: driver.current_url.endswith("/unit/press-1"))
    wait_until(lambda: attributes(driver, '[data-tag="press-1.power"]'))
    before = text(driver, '[data-tag="press-1.power"]')
    wait_until(lambda: text(driver, '[data-tag="press-1.power"]') != before, what="power moving")
    driver.back()
    wait_until(lambda: len(attributes(driver, "[data-unit]")) >= 10)
    first = {t["unit"]: t["sourceTime"] for t in attributes(driver, "[data-unit]")}
    wait_until(
        lambda: any(t["sourceTime"] > first[t["unit"]] for t in attributes(driver, "[data-unit]"))
    )


@pytest.mark.parametrize("path", ["/andon/nowhere", "/unit/nobody", "/no/such/page"])
def test_an_unknown_page_says_what_there_is(browse, path):
    driver = browse(path, live=False)
    wait_until(lambda: "press" in words(driver, "body").lower())
    assert driver.find_elements("css selector", 'a[href^="/"]')


def test_connections_names_every_device(plant, browse):
    driver = browse("/connections")
    keys = {t["key"] for t in attributes(driver, '[data-key^="device:"]')}
    assert keys == {"device:press-plc", *(f"device:station-{n}-plc" for n in range(1, 7))}


def test_nothing_is_fetched_from_elsewhere(plant, browse):
    for path in ("/", "/andon/press-shop", "/connections", "/unit/press-1", "/api/docs"):
        driver = browse(path, live=path != "/api/docs")
        fetched = driver.execute_script(
            "return performance.getEntriesByType('resource').map(e => e.name)"
        )
        assert fetched
        assert [url for url in fetched if not url.startswith(plant.url)] == []


def test_two_pages_of_one_browser_are_both_live(plant, browse):
    driver = browse("/andon/press-shop")
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    browse("/andon/assembly")
    driver.switch_to.window(first)
    stamp = max(t["sourceTime"] for t in attributes(driver, "[data-unit]"))
    wait_until(lambda: max(t["sourceTime"] for t in attributes(driver, "[data-unit]")) > stamp)


@pytest.fixture
def bare_browser():
    """Chromium as people have it: where its log is read, it keeps no page that was left."""
    driver = chromium(log=False)
    yield driver
    driver.quit()


def test_a_page_that_is_left_takes_no_other_page_with_it(plant, bare_browser):
    """Chromium keeps a page that was open for a while, and stands still what it shares with others."""
    driver = bare_browser
    driver.get(f"{plant.url}/")
    opened = time.monotonic()
    wait_until(lambda: time.monotonic() - opened > 11, seconds=15)
    driver.execute_script("document.querySelector('a[href=\"/connections\"]').click()")
    wait_until(lambda: attributes(driver, '[data-key^="device:"]'))
    driver.execute_script("window.stayed = true")
    opened = time.monotonic()
    while time.monotonic() - opened < 9:
        assert attributes(driver, "#offline")[0]["on"] == "no"
        time.sleep(0.2)
    assert driver.execute_script("return window.stayed")


@pytest.mark.parametrize("path", ["/foo/bar", "/andon", "/andon/nowhere"])
def test_a_page_that_is_none_hears_that_takt_lives(browse, path):
    driver = browse(path, live=False)
    wait_until(lambda: attributes(driver, "#offline"), what="the page drawn")
    driver.execute_script("window.stayed = true")
    opened = time.monotonic()
    while time.monotonic() - opened < 9:
        assert attributes(driver, "#offline")[0]["on"] == "no"
        time.sleep(0.2)
    assert driver.execute_script("return window.stayed")


def test_a_wall_whose_clock_is_set_stays_live(browse):
    driver = browse("/andon/press-shop")
    for minutes in (10, -10):
        driver.execute_script(
            "const now = Date.now.bind(Date); Date.now = () => now() + arguments[0] * 60000",
            minutes,
        )
        before = max(t["sourceTime"] for t in attributes(driver, "[data-unit]"))
        wait_until(
            lambda b=before: max(t["sourceTime"] for t in attributes(driver, "[data-unit]")) > b
        )
        assert {t["quality"] for t in attributes(driver, "[data-unit]")} == {"good"}
        assert attributes(driver, "#offline")[0]["on"] == "no"


def test_words_in_the_address_that_mean_nothing_do_no_harm(plant, browse):
    driver = browse("/unit/press-1?hub=1&screen=2&now=3")
    assert attributes(driver, '[data-tag="press-1.power"]')


def test_the_first_page_that_a_fresh_server_is_asked_for_is_live(plant, browse):
    plant.kill("dashboard")
    plant.start("dashboard")
    plant.wait_live()  # asks the API only: no page has been opened yet
    browse("/andon/press-shop")


def test_a_wall_that_is_reloaded_while_the_server_is_away_comes_back(plant, browse):
    driver = browse("/andon/press-shop")
    until_served(driver)
    plant.kill("dashboard")
    driver.refresh()
    body = words(driver, "body")
    assert "Takt" in body
    assert "ERR_CONNECTION" not in driver.page_source
    plant.start("dashboard")
    wait_until(lambda: painted(driver) >= 3, seconds=20, what="the wall live again")
    driver.get_log("browser")  # what failed while the server was away is meant
