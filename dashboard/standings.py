"""How the work units stand in their shift, read once a second for all screens of this process.

While the records are away, what was known last holds, and says itself until when it goes.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy.engine import Connection

from dashboard.records import Desk, RecordsAway
from mes.equipment import Plant
from mes.standing import Standing
from mes.stops import KIND
from mes.unit_view import UnitView
from store.log.accounts import Basis, basis, version_of
from store.log.standings import Days, Left, days_before, left_without_reason, standings

LOOK_S = 1.0
DAYS_S = 600.0  # between two looks at the days before
LEFT_S = 30.0  # between two looks for stops of the day before that have no reason
SHARE = 0.1  # of the time at most is spent on it: a large plant is looked at less often


class Standings:
    """Holds them and renews them."""

    def __init__(self, desk: Desk, plant: Plant, views: Mapping[str, UnitView]) -> None:
        """views: those of the hub, as they come."""
        self._desk, self._plant, self._views = desk, plant, views
        self._version, self._basis = -1, Basis({}, {})
        self._found: Mapping[str, Standing] = {}
        self._news = asyncio.Event()
        self._left: Left = {}  # what stood before the shift and has no reason yet
        self._days: Days = {}
        self._left_at_s = self._days_at_s = 0.0  # when each is looked at anew
        self._said = False  # something was, of a stop

    def told(self, kinds: Sequence[str]) -> None:
        """Records of `kinds` have changed: what people said of a stop is seen at once."""
        if KIND in kinds:
            self._said = True
            self._news.set()

    def now(self) -> Mapping[str, Standing]:
        """Work unit → its standing; those of which nothing can be said have none."""
        return self._found

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            began = time.monotonic()
            with suppress(RecordsAway):  # the desk has said it
                await self.look()
            took_s = time.monotonic() - began
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), max(LOOK_S - took_s, took_s / SHARE))
            self._news.clear()

    async def look(self) -> None:
        """Read them anew. Raises RecordsAway."""
        self._found = await self._desk.read(self._read)

    def _read(self, connection: Connection) -> Mapping[str, Standing]:
        version = version_of(connection)
        if version != self._version:
            self._basis = basis(connection, self._plant)
            self._version = version
            self._left_at_s = 0.0
            self._days_at_s = 0.0
        now_s = time.monotonic()
        if self._found and (self._said or now_s >= self._left_at_s):
            self._said, self._left_at_s = False, now_s + LEFT_S
            self._left = left_without_reason(connection, self._plant, self._basis, self._found)
        if self._found and now_s >= self._days_at_s:
            self._days_at_s = now_s + DAYS_S
            self._days = days_before(connection, self._plant, self._basis, time.time_ns() // 1000)
        views = dict(self._views)
        return standings(connection, self._plant, self._basis, views, self._left, self._days)
