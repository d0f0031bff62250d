"""Signing in and out in a real browser: the form, two tabs, a wall that goes on, a tablet with drafts."""

import signal
import time

import pytest
from selenium.webdriver.common.keys import Keys

from tests.chromium import chromium, until_served, words
from tests.own_redis import wait_until
from tests.running_plant import ROLES, RunningPlant
from tests.visitor import as_person, password_of, pin_of

pytestmark = pytest.mark.browser


def started(folder, *, demo):
    running = RunningPlant(folder, speed=10)
    running.start(*ROLES)
    running.wait_live()
    running.wait_people()
    if not demo:  # its people stay, and strangers see nothing
        text = running.config.read_text()
        running.config.write_text(text.replace("demo = true", "demo = false", 1))
        running.kill("dashboard")
        running.start("dashboard")
        running.wait_served()
    return running


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    running = started(tmp_path_factory.mktemp("demo"), demo=True)
    yield running
    running.end()


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    running = started(tmp_path_factory.mktemp("closed"), demo=False)
    yield running
    running.end()


@pytest.fixture
def driver():
    one = chromium(size=(1280, 800))
    yield one
    one.quit()


def sign_in(driver, plant, id):
    driver.find_element("name", "id").send_keys(id)
    driver.find_element("name", "password").send_keys(password_of(plant.data, id))
    driver.find_element("css selector", "button.main").click()


def units(driver):
    return set(
        driver.execute_script(
            "return [...document.querySelectorAll('[data-unit]')].map(e => e.dataset.unit)"
        )
    )


def stamp(driver):
    """The newest source time shown."""
    found = driver.execute_script(
        "return [...document.querySelectorAll('[data-unit]')].map(e => e.dataset.sourceTime)"
    )
    return max((int(t) for t in found if t), default=0)


def goes_on(driver, what, seconds=15):
    before = wait_until(lambda: stamp(driver), seconds=seconds, what=f"{what} drawn")
    wait_until(lambda: stamp(driver) > before, seconds=seconds, what=f"{what} live")


def test_the_sign_in_form_leads_to_where_one_wanted(closed, driver):
    driver.get(f"{closed.url}/unit/press-2")
    wait_until(lambda: "/login?next=/unit/press-2" in driver.current_url)
    assert driver.switch_to.active_element.get_attribute("name") == "id"
    sign_in(driver, closed, "engineer")
    wait_until(lambda: driver.current_url.endswith("/unit/press-2"))
    wait_until(lambda: units(driver) == {"press-2"}, what="the unit drawn")
    assert "Elena Rossi" in words(driver, "#viewer")
    errors = [line for line in driver.get_log("browser") if line["level"] == "SEVERE"]
    assert errors == []


def test_the_sign_in_form_works_without_scripts(closed):
    no_scripts = {"profile.managed_default_content_settings.javascript": 2}
    driver = chromium(size=(1280, 800), prefs=no_scripts)
    try:
        driver.get(f"{closed.url}/account")
        sign_in(driver, closed, "supervisor")
        wait_until(lambda: "<h1>Samir Haddad" in driver.page_source, what="the own account")
    finally:
        driver.quit()


def test_two_tabs_one_signs_in_and_the_other_goes_on_as_the_same_person(demo, driver):
    admin = as_person(demo, "admin")
    form = {"what": "record", "version": "3", "name": "Olga Peters", "roles": "operator",
            "scope": "north/press-shop", "active": "yes", "key": "two-tabs"}  # fmt: skip
    assert admin.post("/people/operator", data=form).status_code == 303
    driver.get(f"{demo.url}/")
    goes_on(driver, "the visitor's overview")
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    driver.get(f"{demo.url}/login?next=/andon/press-shop")
    sign_in(driver, demo, "operator")
    wait_until(lambda: driver.current_url.endswith("/andon/press-shop"))
    goes_on(driver, "the operator's wall")
    driver.switch_to.window(first)
    # The stream of this page is that of the operator now: what he may not see stands still, and is said
    # to be old; what he may see goes on. Neither page was loaded anew.
    press = "[...document.querySelectorAll('[data-unit^=press]')].map(e => e.dataset.sourceTime)"
    other = "[...document.querySelectorAll('[data-unit^=station]')].map(e => e.dataset.quality)"

    def newest():
        return max(driver.execute_script(f"return {press}"))

    before = newest()
    wait_until(lambda: newest() > before, seconds=20, what="the press shop live")
    wait_until(
        lambda: set(driver.execute_script(f"return {other}")) == {"stale"},
        seconds=20,
        what="the assembly standing still",
    )
    driver.find_element("css selector", "body")
    assert demo.get("/readyz")["live"]


def test_signing_out_ends_the_live_data_of_every_tab(closed, driver):
    driver.get(f"{closed.url}/login")
    sign_in(driver, closed, "manager")
    goes_on(driver, "the overview")
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    driver.get(f"{closed.url}/andon/press-shop")
    goes_on(driver, "the wall")
    driver.get(f"{closed.url}/account")
    driver.find_element("css selector", "#viewer summary").click()
    driver.find_element("css selector", "#viewer .out button").click()
    wait_until(lambda: "/login?said=out" in driver.current_url)
    driver.switch_to.window(first)
    wait_until(
        lambda: "/login" in driver.current_url, seconds=15, what="the first tab at the sign-in page"
    )


def test_a_wall_goes_on_without_any_session_and_ends_when_it_is_revoked(closed, driver):
    admin = as_person(closed, "admin")
    shown = admin.post("/devices", data={"what": "device", "name": "South", "kind": "wall",
                                         "scope": "north/press-shop", "key": "south"}).text  # fmt: skip
    address = shown.partition('once"><p>')[2].partition("<code>")[2].partition("</code>")[0]
    assert "/andon/press-shop?device=" in address
    driver.get(address)
    wait_until(lambda: driver.current_url == f"{closed.url}/andon/press-shop")
    goes_on(driver, "the wall")
    assert units(driver) == {"press-1", "press-2", "press-3", "press-4"}
    for key in closed.redis.client().scan_iter("takt:{sessions}:*"):
        closed.redis.client().delete(key)
    goes_on(driver, "the wall without sessions")
    driver.refresh()
    goes_on(driver, "the wall loaded anew")
    admin = as_person(closed, "admin")
    revoke = {"what": "revoke", "kind": "device", "id": "south", "version": "1", "key": "south-2"}
    assert admin.post("/devices", data=revoke).status_code == 303
    revoked = time.monotonic()
    wait_until(
        lambda: "/login" in driver.current_url, seconds=15, what="the wall at the sign-in page"
    )
    assert time.monotonic() - revoked < 10


def test_people_take_turns_at_a_tablet_and_find_what_they_had_typed(closed, driver):
    admin = as_person(closed, "admin")
    assert (
        admin.post("/people/admin", data={"what": "badge", "new": "A-0012345678"}).status_code
        == 303
    )
    shown = admin.post("/devices", data={"what": "device", "name": "Cell 1", "kind": "tablet",
                                         "scope": "north", "key": "cell-1"}).text  # fmt: skip
    driver.get(shown.partition("<code>")[2].partition("</code>")[0])
    wait_until(lambda: driver.current_url.endswith("/switch"))
    small = driver.execute_script(
        "return [...document.querySelectorAll('.person, .key-cap, a.act')]"
        ".filter(e => e.getBoundingClientRect().height < 72).map(e => e.textContent)"
    )
    assert small == []
    by_pin(driver, closed, "admin")
    note_of(driver, closed).send_keys("die worn at the left")
    wait_until(
        lambda: "die worn" in admin.get("/api/v1/drafts/note:press-1").text, what="the draft kept"
    )
    driver.get(f"{closed.url}/switch")
    by_pin(driver, closed, "operator")
    assert note_of(driver, closed).get_attribute("value") == ""
    driver.get(f"{closed.url}/switch")
    driver.switch_to.active_element.send_keys("A-0012345678" + Keys.ENTER)  # as a reader types
    wait_until(lambda: "/switch" not in driver.current_url, what="signed in by badge")
    note = note_of(driver, closed)
    wait_until(lambda: note.get_attribute("value") == "die worn at the left", what="the draft")
    driver.get(f"{closed.url}/people")  # a badge is not enough for that
    assert "Only administrators" in words(driver)


def note_of(driver, plant):
    """The field of a form with a draft, which is put into a screen here: screens will have such."""
    driver.get(f"{plant.url}/unit/press-1")
    wait_until(lambda: units(driver), what="the unit drawn")
    driver.execute_script(
        """document.body.insertAdjacentHTML("beforeend",
        '<form data-draft="note:press-1"><textarea name="note"></textarea></form>')"""
    )
    wait_until(lambda: driver.execute_script("return performance.getEntriesByType('resource')"
                                             ".some(e => e.name.includes('/api/v1/drafts/'))"))  # fmt: skip
    return driver.find_element("css selector", "[data-draft] textarea")


def by_pin(driver, plant, id):
    """Touch the name and the PIN."""
    driver.find_element("css selector", f".person:has(input[value={id}])").click()
    for digit in pin_of(plant.data, id):
        driver.find_element("css selector", f'[data-key-cap="{digit}"]').click()
    driver.find_element("css selector", ".key-cap.main").click()
    wait_until(lambda: "/switch" not in driver.current_url, what=f"{id} signed in")


def test_what_takt_says_of_its_data_being_away_is_shown_and_no_word_of_cables(closed, driver):
    driver.get(f"{closed.url}/login")
    sign_in(driver, closed, "supervisor")
    wait_until(lambda: units(driver), what="the overview, which brings the service worker")
    until_served(driver)
    closed.signal("redis", signal.SIGSTOP)
    try:
        wait_until(lambda: not closed.get("/readyz")["live"], what="it is noticed")
        driver.get(f"{closed.url}/account")
        assert "cannot check" in words(driver, "body")
    finally:
        closed.signal("redis", signal.SIGCONT)
    wait_until(lambda: words(driver, "#viewer"), seconds=20, what="the page back by itself")


def test_a_form_that_is_sent_while_takt_is_away_keeps_what_was_typed(closed, driver):
    driver.get(f"{closed.url}/login")
    sign_in(driver, closed, "admin")
    wait_until(lambda: units(driver), what="the overview")
    driver.get(f"{closed.url}/people")
    fresh = driver.find_element("css selector", "form:has([name=name][required])")
    driver.execute_script("arguments[0].closest('details')?.setAttribute('open', '')", fresh)
    fresh.find_element("css selector", "[name=id]").send_keys("newcomer")
    fresh.find_element("css selector", "[name=name]").send_keys("Nele Comer")
    fresh.find_element("css selector", "[name=roles][value=operator]").click()
    fresh.find_element("css selector", "[name=scope][value=north]").click()
    closed.kill("dashboard")
    fresh.submit()
    wait_until(lambda: "nothing was sent" in words(driver, "form .unsent"), what="it is said")
    assert fresh.find_element("css selector", "[name=name]").get_attribute("value") == "Nele Comer"
    closed.start("dashboard")
    closed.wait_served()
    fresh.find_element("css selector", "button[type=submit]").click()
    wait_until(lambda: "/people/newcomer" in driver.current_url, what="the newcomer admitted")
