"""OEE and stops in a real browser: live, the digits of the API, and a reason in three taps."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.chromium import chromium, words
from tests.history import write_history
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant
from tests.visitor import as_person, password_of

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
        # Until a change that a screen saw is on record, less is settled than was a moment ago.
        settled = told["settled"] >= until.replace("Z", ".000000Z")
        return settled and {name: found[name] for name in expected} == expected

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


@pytest.fixture(scope="module")
def tablet(plant):
    """1280×800 with touch, at which an operator is signed in."""
    one = chromium(size=(1280, 800))
    one.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    one.get(f"{plant.url}/login")
    one.find_element("name", "id").send_keys("operator")
    one.find_element("name", "password").send_keys(password_of(plant.data, "operator"))
    one.find_element("css selector", ".card-in button[type=submit]").click()
    wait_until(lambda: "/login" not in one.current_url, what="the operator signed in")
    yield one
    one.quit()


UNCODED = ".stop[data-coded=no][data-open=no][data-on=yes]"


def tap(driver, selector):
    """A finger on it, where it is; what is touched is high enough for a glove."""
    found = driver.find_element("css selector", selector)
    assert found.rect["height"] >= 72, found.rect
    x, y = (found.rect[a] + found.rect[b] / 2 for a, b in (("x", "width"), ("y", "height")))
    assert 0 < y < 800
    for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
        driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def api(plant, path, **params):
    answer = as_person(plant, "operator").get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def day():
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return {"from": f"{now - timedelta(hours=20):%Y-%m-%dT%H:%M:%SZ}",
            "until": f"{now:%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip


def an_uncoded_stop(plant, tablet):
    """Opens the list; the unit and start [µs] of the first stop there that has ended without a reason."""
    tablet.get(f"{plant.url}/downtime/north")
    wait_until(
        lambda: tablet.find_elements("css selector", UNCODED), what="a stop without a reason"
    )
    unit, start = tablet.find_element("css selector", UNCODED).get_attribute("data-stop").split("@")
    return unit, int(start)


def pieces_of(plant, unit, start_us):
    at = datetime.fromtimestamp(start_us / 1e6, UTC).isoformat(timespec="microseconds")[:26]
    items = api(plant, f"downtime/{unit}", **day())["items"]
    (found,) = [one for one in items if one["start"][:26] == at]
    return found["pieces"]


def test_three_taps_from_a_stop_without_a_reason_to_its_reason(plant, tablet):
    unit, start = an_uncoded_stop(plant, tablet)
    tap(tablet, UNCODED)
    wait_until(lambda: "/stop/" in tablet.current_url, what="the stop's page")
    tap(tablet, "[data-reason=material]")
    tap(tablet, "[data-reason=no_material]")
    wait_until(lambda: "/downtime/" in tablet.current_url, what="the list again")
    assert [(p["reason"], p["by"]) for p in pieces_of(plant, unit, start)] == [
        ("no_material", "operator")
    ]
    gone = f'.stop[data-coded=no][data-stop="{unit}@{start}"]'
    wait_until(lambda: not tablet.find_elements("css selector", gone), what="the list to know it")


def test_a_stop_split_in_three_on_the_page_keeps_its_seconds(plant, tablet):
    unit, start = an_uncoded_stop(plant, tablet)
    (whole,) = pieces_of(plant, unit, start)
    before = api(plant, f"oee/{unit}", **day())
    end = datetime.fromisoformat(whole["end"])
    long = end - datetime.fromisoformat(whole["start"])
    tap(tablet, UNCODED)
    for part in (1, 2):  # the rest behind each cut is what is spoken of next
        cut = (end - long + part * long / 3).astimezone(SITE).replace(microsecond=0)
        wait_until(lambda: tablet.find_elements("name", "split"), what="the form")
        tablet.find_element("name", "split").send_keys(f"{cut:%H:%M:%S}")
        tablet.find_element("css selector", "[data-action=split-stop]").click()
        wait_until(lambda n=part: len(tablet.find_elements("css selector", ".piece")) == n + 1,
                   what=f"{part + 1} pieces")  # fmt: skip
    tap(tablet, "[data-reason=tool]")
    tap(tablet, "[data-reason=tool_worn]")
    wait_until(lambda: "/downtime/" in tablet.current_url, what="the list again")
    found = pieces_of(plant, unit, start)
    assert [piece["reason"] for piece in found] == [None, None, "tool_worn"]
    assert (found[0]["start"], found[-1]["end"]) == (whole["start"], whole["end"])
    assert [p["end"] for p in found[:-1]] == [p["start"] for p in found[1:]]
    after = api(plant, f"oee/{unit}", **day())
    lost = sum(round(one["s"] * 1e6) for one in after["losses"])
    assert round(after["elements"]["pbt_s"] * 1e6) == lost + round(after["good_s"] * 1e6)
    for name in ("aust_s", "unknown_s"):
        assert after["elements"][name] == before["elements"][name]


def test_a_cut_at_no_time_of_the_stop_is_refused_in_words(plant, tablet):
    an_uncoded_stop(plant, tablet)
    tap(tablet, UNCODED)
    wait_until(lambda: tablet.find_elements("name", "split"), what="the form")
    outside = (datetime.now(SITE) + timedelta(hours=2)).strftime("%H:%M:%S")
    tablet.find_element("name", "split").send_keys(outside)
    tablet.find_element("css selector", "[data-action=split-stop]").click()
    wait_until(lambda: "expected one between" in words(tablet), what="why not")
    assert tablet.find_element("name", "split").get_attribute("value") == outside
