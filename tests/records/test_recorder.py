"""The recorder against both databases: one work centre's trouble is its own."""

import asyncio
import logging

import sqlalchemy as sa

from engine import recorder as recording
from engine.recorder import Recorder
from mes.events import Counted
from mes.unit_view import UnitView
from store.log.facts import Facts
from store.log.tables import counts

T0 = 1_700_000_000_000_000
TOO_MANY = 1 << 70  # more than any database's numbers can hold


def good(database):
    with database.read() as connection:
        rows = sa.select(counts.c.work_unit, sa.func.sum(counts.c.good)).group_by("work_unit")
        return {unit: int(pieces) for unit, pieces in connection.execute(rows)}


def test_what_cannot_be_kept_of_one_work_centre_holds_up_no_other(database, caplog, monkeypatch):
    monkeypatch.setattr(recording, "ILL_MAX", 3)

    async def run():
        one = Recorder(Facts(database))
        for unit in ("ill", "well"):
            await one.begin(unit, [unit])

        async def put(unit, n, pieces):
            view = UnitView(id=unit).at(f"{n}-0")
            await one.put(unit, view, [Counted(unit, T0, pieces, 0)], known_us=T0)

        for n in range(1, 6):
            await put("well", n, 1)
            if n < 5:
                await put("ill", n, TOO_MANY if n == 1 else 1)
            await one.settle()
            assert good(database) == {"well": n}
        # it reads no further, while the other goes on; its facts wait for their mending
        blocked = asyncio.ensure_future(put("ill", 5, 1))
        await put("well", 6, 1)
        await one.settle()
        assert not blocked.done()
        one._pending["ill"].facts[0] = Counted("ill", T0, 1, 0)
        await one.settle()
        await asyncio.wait_for(blocked, 5)
        await one.settle()
        assert good(database) == {"well": 6, "ill": 5}

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    told = [r.getMessage() for r in caplog.records if r.name == "takt.engine"]
    assert told == ["ill cannot be kept, and is held: a fault in Takt"]
