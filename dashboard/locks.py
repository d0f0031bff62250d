"""Which machines are locked for maintenance, held in this process for screens and the API.

Read anew when a work order's change is told, and every LOOK_S in case it was not; while the database
is away, what was known last holds.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy.engine import Connection

from dashboard.records import Desk, RecordsAway
from mes.maintenance import KIND, Order, locked_by, order_of
from store.log.reading import Records

LOOK_S = 30.0


class Locks:
    """Holds them and renews them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._found: Mapping[str, Order] = {}
        self._news = asyncio.Event()

    def told(self, kinds: Sequence[str]) -> None:
        """Records of `kinds` have changed."""
        if KIND in kinds:
            self._news.set()

    def now(self) -> Mapping[str, Order]:
        """Work unit → the order that locks it."""
        return self._found

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), LOOK_S)
            self._news.clear()
            with suppress(RecordsAway):  # the desk has said it
                await self.look()

    async def look(self) -> None:
        """Read them anew. Raises RecordsAway."""
        self._found = await self._desk.read(_read)


def _read(connection: Connection) -> Mapping[str, Order]:
    orders = [order_of(record) for record in Records(connection).unfinished()]
    units = dict.fromkeys(one.unit for one in orders)
    found = {unit: locked_by(one for one in orders if one.unit == unit) for unit in units}
    return {unit: order for unit, order in found.items() if order is not None}
