"""What is printed at the start so that somebody can sign in: a one-time link, or the demo's people.

It goes to where Takt was started, and into no log of Takt's own.
"""

import datetime as dt
import logging
import threading
import time
from zoneinfo import ZoneInfo

from store.actions import Actions
from store.config import Config
from store.credentials import Credentials
from store.first_calendar import first_calendar
from store.first_people import FirstPeople
from store.first_reasons import first_reasons
from store.keys import plant_key
from store.log import RecordsDamaged
from store.log.database import Database, away

log = logging.getLogger("takt.access")

AGAIN_S = 1.0


def in_background(config: Config, database: Database) -> threading.Thread:
    """Make and print it beside the start of the dashboard: hashing takes a second or two.

    The thread ends when it is printed, or cannot be.
    """
    telling = threading.Thread(target=_told, args=(config, database), daemon=True, name="first run")
    telling.start()
    return telling


def _told(config: Config, database: Database) -> None:
    said = False
    while True:
        try:
            if text := words(config, database):
                print(text, flush=True)
            return
        except RecordsDamaged as error:
            log.error("nobody could be made to sign in as: %s", error)
            return
        except Exception as error:  # the screens run on without it
            if (why := away(error)) is None:
                log.exception("nobody could be made to sign in as")
                return
            if not said:
                log.error("nobody can be made to sign in as until the database answers: %s", why)
            said = True
        time.sleep(AGAIN_S)


def words(config: Config, database: Database) -> str:
    """What to print; "" where people can sign in already."""
    key = plant_key(config.data_dir)
    actions = Actions(database, config.plant)
    first = FirstPeople(database, actions, Credentials(key), config.plant.id)
    if config.access.demo and config.access.demo_calendar:
        today = dt.datetime.now(ZoneInfo(config.plant.time_zone)).date()
        first_calendar(database, actions, config.plant, today)
    if config.access.demo:
        first_reasons(database, actions, config.plant)
        rows = [("name", "password", "PIN"), *((p.id, p.password, p.pin) for p in first.demo(key))]
        lines = [
            f"takt:   {id:<12} {password or '(changed)':<20} {pin or '(changed)'}"
            for id, password, pin in rows
        ]
        return "\n".join(["takt: people of the demo, at /login:", *lines])
    link = first.link()
    return f"takt: first sign-in: {address(config)}/welcome?link={link}" if link else ""


def address(config: Config, port: int | None = None) -> str:
    """What people type, as far as the configuration knows. port: of the Takt that runs."""
    table = config.dashboard
    if table.public_url:
        return table.public_url
    host = "127.0.0.1" if table.host in ("0.0.0.0", "::", "") else table.host
    scheme = "https" if table.certificate_file else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port or table.port}"
