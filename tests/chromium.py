"""Chromium without a window, for tests that open more than the one of dash.testing."""

from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.conftest import pytest_setup_options
from tests.own_redis import wait_until


def chromium(
    *flags: str, size: tuple[int, int] = (1440, 900), prefs: Any = None, log: bool = True
) -> webdriver.Chrome:
    """A browser with a fresh profile; whoever opens it quits it.

    With `log`, what its pages write can be read; without, it keeps pages that were left, as
    people's browsers do.
    """
    options = pytest_setup_options()
    for flag in ("--headless=new", f"--window-size={size[0]},{size[1]}", *flags):
        options.add_argument(flag)
    if prefs:
        options.add_experimental_option("prefs", prefs)
    if log:
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service("chromedriver"))


def until_served(driver: webdriver.Chrome) -> None:
    """Until the service worker stands between the page and Takt."""
    script = "return !!navigator.serviceWorker.controller"
    wait_until(lambda: driver.execute_script(script), what="the service worker in charge")


def words(driver: webdriver.Chrome, selector: str = "main") -> str:
    """What a person reads there, "" where there is nothing; in one step, so that a page may change."""
    script = "return document.querySelector(arguments[0])?.innerText ?? ''"
    return str(driver.execute_script(script, selector))
