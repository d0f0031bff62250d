"""Settings for every test: which browser `dash_duo` drives, and how.

Plain `pytest` runs Chromium without a window; TAKT_SHOW_BROWSER=1 shows it.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.options import Options

from store.log.database import Database, url_of
from store.log.migrate import open_database
from tests.own_postgres import OwnPostgres
from tests.own_redis import OwnRedis

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def pytest_configure(config: pytest.Config) -> None:
    """Hide the browser, unless a person wants to look."""
    config.option.headless = not os.environ.get("TAKT_SHOW_BROWSER")


def pytest_setup_options() -> Options:
    """Give dash.testing the options of one browser: a fresh profile, no traffic of its own."""
    options = Options()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)), "")
    profile = tempfile.mkdtemp(prefix="takt-browser-")
    atexit.register(shutil.rmtree, profile, ignore_errors=True)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return options


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A running Redis of this test's own."""
    server = OwnRedis(tmp_path / "data").start()
    yield server
    server.end()


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[OwnPostgres]:
    """A running PostgreSQL of this run's own."""
    server = OwnPostgres()
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of SQLite and of PostgreSQL in turn."""
    if request.param == "sqlite":
        return url_of(tmp_path, None)
    return url_of(tmp_path, request.getfixturevalue("own_postgres").database())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The records, migrated and empty, on both databases in turn."""
    found = open_database(database_url)
    yield found
    found.close()
