"""Every screen under its policy, over TLS and by a name, in a real browser that says nothing of it."""

import re
import subprocess
import sys

import pytest

from cli.settings import DEMO
from tests.browser.test_screens import attributes, painted
from tests.chromium import chromium, until_served
from tests.own_certificate import certificate
from tests.own_redis import wait_until
from tests.ports import free_port
from tests.running_plant import ROLES, RunningPlant

pytestmark = pytest.mark.browser

SCREENS = ("/", "/andon/press-shop", "/unit/press-1", "/connections")
NAMED = '[dashboard]\nallowed_hosts = ["mes.example"]\n'
TLS = 'certificate_file = "takt.crt"\nprivate_key_file = "takt.key"\n'


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    """The plant, with a second dashboard that speaks TLS; `tls` is its address."""
    folder = tmp_path_factory.mktemp("guarded")
    certificate(folder)
    running = RunningPlant(folder, speed=10)
    text = running.config.read_text().replace("[dashboard]\n", NAMED)
    running.config.write_text(text)
    port = free_port()
    other = running.url.rpartition(":")[2]
    tls = folder / "tls.toml"
    tls.write_text(text.replace(NAMED, NAMED + TLS).replace(f"port = {other}", f"port = {port}"))
    running.start(*ROLES)
    with (running.data / "tls.log").open("ab") as log:
        argv = [sys.executable, "-m", "cli", "dashboard", "--config", str(tls)]
        running.processes["tls"] = subprocess.Popen(argv, stdout=log, stderr=log, cwd=DEMO.parent)
    running.tls = f"https://127.0.0.1:{port}"
    try:
        running.wait_live()
        yield running
    finally:
        running.end()


@pytest.fixture
def driver():
    names = "--host-resolver-rules=MAP *.example 127.0.0.1"
    found = chromium("--ignore-certificate-errors", names)
    yield found
    found.quit()


def complaints(driver) -> list[str]:
    told = driver.get_log("browser")
    return [
        line["message"]
        for line in told
        if line["level"] == "SEVERE" or "Content Security Policy" in line["message"]
    ]


@pytest.mark.parametrize("where", ["here", "by a name", "over TLS"])
def test_every_screen_is_live_and_breaks_no_rule(plant, driver, where):
    named = plant.url.replace("127.0.0.1", "mes.example")
    url = {"here": plant.url, "by a name": named, "over TLS": plant.tls}[where]
    for path in SCREENS:
        driver.get(url + path)
        wait_until(lambda: painted(driver) >= 3, seconds=20, what=f"{path} painted {where}")
    if where != "by a name":  # a browser has a service worker over TLS and on its own machine only
        until_served(driver)
    driver.get(f"{url}/api/docs")
    wait_until(lambda: "/api/v1/work-units" in driver.page_source, what="the API's page")
    driver.get(f"{url}/assets/offline.html")
    wait_until(lambda: attributes(driver, "[role=alert], #live"), what="the page that waits")
    assert complaints(driver) == []


def test_a_page_runs_no_script_that_is_not_its_own_and_shows_no_id(plant, driver):
    driver.get(plant.url)
    wait_until(lambda: painted(driver) >= 2)
    assert complaints(driver) == []
    assert re.fullmatch("_csrf_token=[^;]+", driver.execute_script("return document.cookie"))
    driver.execute_script(
        """const put = document.createElement('script'); put.textContent = 'window.run = 1';
        document.body.append(put);
        document.body.insertAdjacentHTML('beforeend', '<img src="/none" onerror="window.run = 2">')"""
    )
    wait_until(lambda: len(complaints(driver)), what="the browser complaining")
    assert driver.execute_script("return window.run") is None


def test_by_a_name_that_is_not_ours_there_is_nothing(plant, driver):
    driver.get(plant.url.replace("127.0.0.1", "evil.example"))
    assert "bad_request" in driver.page_source
