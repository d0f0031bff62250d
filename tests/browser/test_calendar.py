"""The calendar in real browsers: two people at the same instant, and walls that follow what is edited."""

import re
import threading

import pytest

from tests.browser.test_screens import text
from tests.chromium import chromium, words
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant
from tests.visitor import as_person, password_of

pytestmark = pytest.mark.browser

PEOPLE = {"supervisor": "Samir Haddad", "engineer": "Elena Rossi"}


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("calendar"), calendar=True)
    running.start("redis", "dashboard")
    running.wait_people()
    yield running
    running.end()


@pytest.fixture
def browsers():
    opened = []

    def open_one():
        opened.append(chromium())
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.quit()


def sign_in(driver, plant, id):
    driver.get(f"{plant.url}/login")
    driver.find_element("name", "id").send_keys(id)
    driver.find_element("name", "password").send_keys(password_of(plant.data, id))
    driver.find_element("css selector", ".card-in button[type=submit]").click()
    wait_until(lambda: "/login" not in driver.current_url, what=f"{id} signed in")


def test_of_two_at_the_same_instant_one_wins_and_the_other_keeps_what_he_typed(plant, browsers):
    drivers = {id: browsers() for id in PEOPLE}
    for id, driver in drivers.items():
        sign_in(driver, plant, id)
        driver.get(f"{plant.url}/calendar/press-shop?week=2026-12-02")
        driver.find_element("css selector", 'a[data-shift="late"][data-date="2026-12-02"]').click()
        wait_until(lambda d=driver: d.find_elements("css selector", "#edit"))
        driver.find_element("css selector", '[name="kind"][value="cancelled"]').click()
        driver.find_element("name", "note").send_keys(f"typed by {id}")
    together = threading.Barrier(2)

    def send(driver):
        button = driver.find_element("css selector", "form.exception button")
        together.wait(10)
        button.click()

    senders = [threading.Thread(target=send, args=(driver,)) for driver in drivers.values()]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)

    def ended(driver):
        return "Saved." in words(driver) or "Nothing was saved" in words(driver)

    for driver in drivers.values():
        wait_until(lambda d=driver: ended(d), what="an answer")
    (winner,) = [id for id, driver in drivers.items() if "Saved." in words(driver)]
    (loser,) = PEOPLE.keys() - {winner}
    driver = drivers[loser]
    assert re.search(rf"{PEOPLE[winner]} has changed this at \d\d:\d\d", words(driver))
    assert f"typed by {winner}" in words(driver, ".versus")
    assert driver.find_element("name", "note").get_attribute("value") == f"typed by {loser}"
    driver.find_element("css selector", "form.exception button").click()
    wait_until(lambda: "Saved." in words(driver), what="sent again")
    drivers[winner].refresh()
    wait_until(lambda: f"typed by {loser}" in words(drivers[winner]), what="seen by the other")
    for driver in drivers.values():
        told = [line["message"] for line in driver.get_log("browser") if line["level"] == "SEVERE"]
        assert [line for line in told if "409" not in line] == []


def test_a_wall_follows_the_calendar_within_seconds(plant, browsers):
    driver = browsers()
    driver.get(f"{plant.url}/andon/assembly")
    shift = '[data-key=page] [data-f="shift"]'
    wait_until(lambda: driver.find_elements("css selector", shift), seconds=15)
    wait_until(lambda: text(driver, shift) in ("Early", "Late", "Night"), seconds=15)
    engineer = as_person(plant, "engineer")
    today = engineer.get("/calendar/assembly").text
    (day,) = re.findall(r'<a[^>]*class="wk-shift[^"]*at-work[^"]*"[^>]*>', today)
    date, id = (re.findall(rf'data-{name}="([^"]+)"', day)[0] for name in ("date", "shift"))
    form = {"what": "exception", "key": "now", "version": "0", "kind": "cancelled"}
    answer = engineer.post("/calendar/assembly", data=form | {"date": date, "shift": id})
    assert answer.status_code == 303
    wait_until(lambda: text(driver, shift) == "No shift", seconds=5, what="the wall following")
    assert re.match(r"next at \d\d:\d\d", text(driver, '[data-key=page] [data-f="shift_until"]'))


FORM_PAGES = (
    "/account", "/people", "/people/operator", "/devices", "/calendar/north", "/audit", "/switch",
    "/calendar/press-shop?new=extra", "/calendar/press-shop/pattern",
    "/reasons/north", "/reasons/press-line",
)  # fmt: skip
SIZES = ((1920, 1080), (1440, 900), (1280, 800))
IN_THEIR_OWN_LANGUAGE = (
    "return document.querySelectorAll('[type=date]:not(.pick), [type=datetime-local]:not(.pick)')"
)
TOO_WIDE = """
    const page = document.documentElement;
    return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right
      > page.clientWidth + 1).map((e) => e.outerHTML.slice(0, 80)).concat(
      page.scrollWidth > page.clientWidth ? ["the page scrolls sideways"] : [])"""


def resized(driver, width, height):
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def test_every_form_page_fits_its_screen_under_the_same_head(plant, browsers):
    driver = browsers()
    sign_in(driver, plant, "admin")
    for path in FORM_PAGES:
        driver.get(f"{plant.url}{path}")
        wait_until(lambda: words(driver), what=f"{path} drawn")
        for size in SIZES:
            resized(driver, *size)
            assert driver.execute_script(TOO_WIDE) == [], (path, size)
        assert driver.execute_script(IN_THEIR_OWN_LANGUAGE) == [], path
        if path != "/switch":
            assert re.fullmatch(r"\d\d:\d\d", words(driver, ".top .clock b")), path
    driver.get(f"{plant.url}/people")
    button = driver.find_element("css selector", '[data-draft="people:new"] button').rect
    assert button["y"] + button["height"] <= 800


def test_time_goes_on_where_nothing_is_live(plant, browsers):
    driver = browsers()
    sign_in(driver, plant, "engineer")
    driver.get(f"{plant.url}/calendar/press-shop")
    shown = words(driver, ".top .clock b")
    assert words(driver, ".wk-clock-now") == shown
    line = "return Number(document.querySelector('.wk-now').style.getPropertyValue('--at'))"
    at = driver.execute_script(line)
    driver.execute_script("document.querySelector('[data-now]').dataset.now -= 1200000")
    wait_until(lambda: words(driver, ".top .clock b") != shown, what="the clock of the server")
    assert words(driver, ".wk-clock-now") == words(driver, ".top .clock b")
    assert driver.execute_script(line) == pytest.approx(at - 1 / 3, abs=0.02)


def test_a_date_is_chosen_as_it_is_typed(plant, browsers):
    driver = browsers()
    sign_in(driver, plant, "engineer")
    driver.get(f"{plant.url}/calendar/press-shop")
    driver.execute_script(
        "const pick = document.querySelector('.jump .pick'); pick.value = '2026-12-24';"
        "pick.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    week = driver.find_element("name", "week")
    assert week.get_attribute("value") == "2026-12-24"
    driver.find_element("css selector", ".jump button").click()
    wait_until(lambda: "Week 52" in words(driver), what="the week of that day")
    driver.find_element("css selector", "#holidays summary").click()
    driver.find_element("name", "holiday-0-date").send_keys("2026-02-30")
    driver.find_element("name", "holiday-0-name").send_keys("No such day")
    driver.find_element("css selector", "#holidays button").click()
    wait_until(lambda: words(driver, ".refusal"), what="the refusal")
    assert words(driver, ".refusal") == "Please give a date from 1970-01-01 to 2199-12-31."
