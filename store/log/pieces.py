"""Reads pieces: how many were made in a window, as is known now or was at a position of the log.

A minute's row says by which entry it was first and last touched. As of a position most rows stand
as they do now or not at all; of those touched before and after it, what came after is taken off:
that stands in the log.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.events import Counted
from store.live import dump
from store.log import RecordsRefused, chain
from store.log.facts import KIND, facts_of
from store.log.lines import minute_us
from store.log.reading import Pieces, pieces
from store.log.tables import archives, counts


def counted(
    connection: Connection, unit: str, start_us: int, end_us: int, *, position: int | None = None
) -> Pieces | None:
    """Good and reject pieces of `unit` in whole minutes; None where no count is on record.

    Raises RecordsRefused where what would tell lies in the archive.
    """
    c = counts.c
    mine = [c.work_unit == unit, c.minute_us >= start_us, c.minute_us < end_us]
    if position is None:
        return pieces(connection, *mine)
    mine.append(c.made_position <= position)
    found = pieces(connection, *mine)
    touched = [*mine, c.position > position]
    last = connection.execute(sa.select(sa.func.max(c.position)).where(*touched)).scalar()
    if found is None or last is None:
        return found
    rows = connection.execute(sa.select(c.minute_us).where(*touched))
    since = _since(connection, unit, set(rows.scalars()), position, int(last))
    return found[0] - since[0], found[1] - since[1]


def _since(
    connection: Connection, unit: str, minutes: set[int], position: int, last: int
) -> Pieces:
    """What the entries behind `position`, up to `last`, added to these minutes."""
    archived = connection.execute(sa.select(sa.func.max(archives.c.last_position))).scalar() or 0
    if position < archived:
        raise RecordsRefused(
            f"found position {position}; entries up to {archived} lie in the archive, and these "
            "counts were going on then: expected a later position"
        )
    good = reject = 0
    entries = chain.entries(connection, after=position, until=last, kind=KIND, has=dump(unit))
    for entry in entries:
        for event in facts_of(entry):
            if (
                isinstance(event, Counted)
                and event.work_unit == unit
                and minute_us(event.at_us) in minutes
            ):
                good, reject = good + event.good, reject + event.reject
    return good, reject
