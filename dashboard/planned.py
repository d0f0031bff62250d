"""Which shift is planned now, area by area: the calendars on record, held in this process.

Read anew when a change of a calendar is told, and every LOOK_S in case it was not; while the database
is away, what was known last holds. No screen asks the database for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy.engine import Connection

from dashboard.records import Desk, RecordsAway
from mes.calendar import Calendar
from mes.equipment import Plant
from mes.snapshot import ShiftNow
from store.calendars import KINDS, calendars, version_of
from store.log.reading import Records

FIRST_LOOK_S, LOOK_S = 1.0, 30.0
HOLDS_US = 3_600_000_000  # what was found is looked up anew after this, at the latest


class Planned:
    """Holds the calendars and renews them."""

    def __init__(self, desk: Desk, plant: Plant) -> None:
        self._desk, self._plant = desk, plant
        self._calendars: Mapping[str, Calendar] = {}
        self._version = -1
        self._news = asyncio.Event()
        self._now: Mapping[str, ShiftNow] = {}
        self._from_us = self._until_us = 0

    def told(self, kinds: Sequence[str]) -> None:
        """Records of `kinds` have changed."""
        if not set(KINDS).isdisjoint(kinds):
            self._news.set()

    async def run(self) -> None:
        """Renew until cancelled; more often in the beginning, when a demo's calendar is made."""
        wait_s = FIRST_LOOK_S
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait_s)
            wait_s = min(2 * wait_s, LOOK_S)
            self._news.clear()
            with suppress(RecordsAway):  # the desk has said it
                await self.look()

    async def look(self) -> None:
        """Read them anew if anything has changed. Raises RecordsAway."""

        def read(connection: Connection) -> tuple[int, Mapping[str, Calendar] | None]:
            version = version_of(connection)
            if version == self._version:
                return version, None
            return version, calendars(Records(connection), self._plant)

        self._version, found = await self._desk.read(read)
        if found is not None:
            self._calendars = found
            self._until_us = 0

    def at(self, us: int) -> Mapping[str, ShiftNow]:
        """Area → what is planned at `us`; areas without a calendar are left out."""
        if not self._from_us <= us < self._until_us:
            found = {area: self._calendars[area] for area in self._plant.areas if self._calendars}
            self._now = {area: _now(c, us) for area, c in found.items() if c.defined_at(us)}
            edges = [c.next_edge_us(us) for c in found.values()]
            self._from_us = us
            self._until_us = min([us + HOLDS_US, *(e for e in edges if e is not None)])
        return self._now


def _now(calendar: Calendar, us: int) -> ShiftNow:
    shift = calendar.shift_at(us)
    return ShiftNow(shift, calendar.next_edge_us(us) if shift is None else shift.end_us)
