"""/oee/<place>/<window>: OEE and losses of a window that has passed: today, days, or from … to …."""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.engine import Connection

from dashboard.doorway import Doorway
from dashboard.forms.parts import viewer_of
from dashboard.forms.screen import Screen
from dashboard.hub import Hub
from dashboard.identity import Who, who
from dashboard.records import RecordsAway
from layouts import oee
from mes.energy import Peak
from mes.hours_and_days import day_of, hours, pieces
from mes.site_time import LAST_US
from mes.snapshot import Snapshot
from mes.standing import Standing
from store.config import Config
from store.log.accounts import basis, known_us, settled_us
from store.log.energy import peak_of
from store.log.standings import of_window

MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
DAYS_MAX, STATES_MAX_US, HOURS_MAX_US = 31, 2 * DAY_US, 36 * HOUR_US
SPANS = {"day": 0, "week": 6, "month": 30}  # whole days before today
EXPECTED = (
    "There is no such window. Expected day, week, month, a date as 2026-01-31, or two moments as "
    f"2026-01-31T06:00..2026-01-31T14:00, of {DAYS_MAX} days at most."
)


@dataclass(frozen=True, slots=True)
class Window:
    """From one moment to another; name: as a person calls it."""

    start_us: int
    end_us: int
    name: str

    def edges(self, zone: ZoneInfo) -> list[int]:
        """Cut at full hours, or where it is long at midnights of the site."""
        ends: Sequence[int]
        if self.end_us - self.start_us <= HOURS_MAX_US:
            found = (
                h for p in pieces(self.start_us, self.end_us, zone) for h in hours(*p[1:], zone)
            )
            ends = [piece.end_us for piece in found]
        else:
            ends = [self.start_us]
            while ends[-1] < self.end_us:
                ends.append(min(self.end_us, day_of(ends[-1], zone)[1]))
            ends = ends[1:]
        return [self.start_us, *ends]


def window_of(text: str, now_us: int, zone: ZoneInfo) -> Window:
    """The window of an address, up to now at most. Raises ValueError."""
    if text in SPANS:
        start_us = day_of(now_us, zone)[0]
        for _ in range(SPANS[text]):
            start_us = day_of(start_us - 1, zone)[0]
        return Window(start_us, now_us, dict(oee.WINDOWS)[text])
    first, dots, last = text.partition("..")
    if dots:
        start_us, end_us = (_minute_us(part, zone) for part in (first, last))
        name = "From"
    else:
        date = dt.datetime.combine(dt.date.fromisoformat(first), dt.time(), zone)
        start_us, end_us = day_of(round(date.timestamp() * 1e6), zone)
        name = f"{date:%A}"
    end_us = min(end_us, now_us)
    if not 0 <= start_us < end_us <= min(start_us + DAYS_MAX * DAY_US + HOUR_US, LAST_US):
        raise ValueError(f"found {text[:80]!r}; expected a window of {DAYS_MAX} days at most")
    return Window(start_us, end_us, name)


def _minute_us(text: str, zone: ZoneInfo) -> int:
    """A moment to the minute, of the site where no offset says otherwise."""
    found = dt.datetime.fromisoformat(text)
    us = round((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp() * 1e6)
    return us - us % MINUTE_US


def register(server: FastAPI, config: Config, hub: Hub, doorway: Doorway) -> None:
    """Add the route."""
    screen, theme = Screen(config, doorway), config.dashboard.theme

    @server.get("/downtime/{id}/{rest:path}", include_in_schema=False)
    async def below(id: str, rest: str) -> Response:
        """A place by its path, as north/press-shop: its own page goes by its id."""
        return RedirectResponse(f"/downtime/{rest.rpartition('/')[2]}", status_code=307)

    @server.get("/oee/{id}/{rest:path}", include_in_schema=False)
    async def show(id: str, rest: str) -> Response:
        *above, window = id, *rest.split("/")
        if config.plant.has(window):
            return RedirectResponse(f"/oee/{window}", status_code=307)
        return await drawn(above[-1], window)

    async def drawn(id: str, window: str) -> Response:
        asks, zone = who(), ZoneInfo(config.plant.time_zone)
        if not asks.person.has("records"):
            return screen.refused("You may not see what was before.", 403)
        now = hub.snapshot(asks.person.scope)
        if not oee.known(now.plant, id):
            return screen.refused("There is no such place, or you see it in part only.", 404)
        try:
            asked = window_of(window, time.time_ns() // 1000, zone)
        except (ValueError, OverflowError):
            return screen.refused(EXPECTED, 404)
        try:
            found = await doorway.desk.read(lambda c: _read(c, hub, id, asked, zone))
        except RecordsAway:
            return screen.away()
        return _drawn(asks, now, id, window, found)

    def _drawn(asks: Who, now: Snapshot, id: str, window: str, found: _Found) -> Response:
        text = oee.history(
            replace(now, standings=found.standings),
            id,
            viewer_of(doorway, asks),
            chosen=window,
            states=found.states,
            theme=theme,
            peak=found.peak,
        )
        return HTMLResponse(text)


@dataclass(frozen=True, slots=True)
class _Found:
    """How the units stood, whether with their states, and when they used most."""

    standings: dict[str, Standing]
    states: bool = True
    peak: Peak | None = None


def _read(connection: Connection, hub: Hub, id: str, asked: Window, zone: ZoneInfo) -> _Found:
    """As far as is on record."""
    units = hub.plant.units_of(id)
    by = basis(connection, hub.plant)
    settled = settled_us(known_us(connection, units, hub.views).values())
    if settled is None or settled <= asked.start_us:
        return _Found({})
    asked = replace(asked, end_us=min(asked.end_us, settled))
    states = asked.end_us - asked.start_us <= STATES_MAX_US
    lines = states and (id in hub.plant.work_units or id in hub.plant.work_centers)
    edges = asked.edges(zone)
    found = of_window(connection, hub.plant, units, edges, by, name=asked.name, lines=lines)
    return _Found(found, states, peak_of(connection, units, asked.start_us, asked.end_us))
