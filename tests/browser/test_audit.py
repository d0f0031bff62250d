"""The audit trail in a real browser: searched, paged, and refused to who has not the right."""

import pytest

from tests.chromium import chromium, words
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant
from tests.visitor import as_person, password_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("audit"))
    running.start("redis", "engine", "dashboard")
    try:
        running.wait_served()
        running.wait_people()
        yield running
    finally:
        running.end()


@pytest.fixture
def driver():
    one = chromium()
    yield one
    errors = [line for line in one.get_log("browser") if line["level"] == "SEVERE"]
    one.quit()
    assert errors == []


def open_as(driver, plant, id, path="/audit"):
    driver.get(f"{plant.url}/login?next={path}")
    driver.find_element("name", "id").send_keys(id)
    driver.find_element("name", "password").send_keys(password_of(plant.data, id))
    driver.find_element("css selector", "button.main").click()


def rows(driver):
    return driver.execute_script(
        "return [...document.querySelectorAll('.audit tbody tr')].map(e => e.innerText)"
    )


def go(driver, selector):
    """Follow a link, wherever on the page it stands."""
    driver.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_a_manager_searches_and_shares_the_address(plant, driver):
    admin = as_person(plant, "admin")
    form = {"what": "record", "version": "3", "name": "Olga <b>P", "roles": "operator",
            "scope": "north", "active": "yes", "key": "audit"}  # fmt: skip
    assert admin.post("/people/operator", data=form).status_code == 303
    open_as(driver, plant, "manager")
    wait_until(lambda: rows(driver), what="the trail drawn")
    driver.find_element("css selector", "#viewer summary").click()
    assert "Audit trail" in words(driver, "#viewer .menu")
    driver.find_element("css selector", "#viewer summary").click()  # it lies over the search
    driver.find_element("name", "q").send_keys("Olga <b>")
    driver.find_element("css selector", ".audit-search button").click()
    wait_until(lambda: "q=Olga" in driver.current_url and rows(driver), what="what was found")
    assert all("operator" in row for row in rows(driver))
    assert driver.find_element("name", "q").get_attribute("value") == "Olga <b>"
    assert driver.find_elements("css selector", ".audit ins b") == []
    shared = driver.current_url
    found = rows(driver)
    driver.get(shared)
    wait_until(lambda: rows(driver), what="the same again")
    assert rows(driver) == found
    file = driver.find_element("css selector", "[data-action=export]").get_attribute("href")
    assert file.endswith("/api/v1/audit.csv?q=Olga+%3Cb%3E")
    wait_until(
        lambda: driver.execute_script("return document.getElementById('live').dataset.painted"),
        what="the page live",
    )
    assert words(driver, "#offline") == ""


def test_older_and_newer(plant, driver):
    somebody = as_person(plant, "supervisor")
    for _ in range(60):
        somebody.post("/logout")
        somebody.sign_in("supervisor", password_of(plant.data, "supervisor"))
    open_as(driver, plant, "manager")
    wait_until(lambda: len(rows(driver)) == 50, what="50 lines")
    first = rows(driver)
    go(driver, "[rel=before]")
    wait_until(lambda: "before=" in driver.current_url and rows(driver), what="the older ones")
    assert not set(rows(driver)) & set(first)
    go(driver, "[rel=after]")
    wait_until(lambda: "after=" in driver.current_url and rows(driver), what="the newer ones")
    assert rows(driver) == first


def test_an_operator_is_told_why_not(plant, driver):
    open_as(driver, plant, "operator")
    wait_until(lambda: "for supervisors, quality" in words(driver, "main"), what="the refusal")
    assert rows(driver) == []
    driver.find_element("css selector", "#viewer summary").click()
    assert "Audit trail" not in words(driver, "#viewer .menu")


def test_without_redis_the_banner_says_so(plant, driver):
    open_as(driver, plant, "manager")
    wait_until(lambda: rows(driver), what="the trail drawn")
    plant.kill("redis")
    try:
        wait_until(lambda: words(driver, "#offline"), seconds=15, what="the banner")
        assert rows(driver)
    finally:
        plant.start("redis")
