"""Reads the stops of work units with their reasons, and which reasons are given most."""

from collections import Counter
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.equipment import WorkUnit
from mes.stops import KIND, Stop, stops
from store.live import load
from store.log.accounts import Basis, Views, told
from store.log.codes import start_in
from store.log.tables import intervals, records

NEWEST = 300  # codes that are looked at for favourites


def stops_of(
    connection: Connection,
    units: Sequence[WorkUnit],
    start_us: int,
    end_us: int,
    by: Basis,
    views: Views,
    *,
    micro: bool = False,
) -> Mapping[str, tuple[Stop, ...]]:
    """Work unit → its stops that touch the time between two moments, whole as far as is on record.

    micro: with micro-stops, of which nobody asks why.
    """
    found = told(connection, units, start_us, end_us, views)
    out = {}
    for unit in units:
        why = by.why(unit.id, found.codes.get(unit.id, ()))
        known_us = found.known.get(unit.id, 0)
        versions = () if micro else by.masters.get(unit.id, ())
        line = found.lines.get(unit.id, ())
        out[unit.id] = stops(line, why, known_us=known_us, versions=versions)
    return out


def favourites(connection: Connection, unit: str, fault: str, most: int) -> list[str]:
    """The reasons that people gave most often of late at a work unit; those that they gave where the
    machine told the same fault come first.
    """
    c, i = records.c, intervals.c
    start_us = start_in(sa.literal(unit), c.id)
    told = (
        sa.select(i.fault)
        .where(i.work_unit == unit, i.until_position.is_(None), i.start_us <= start_us)
        .order_by(i.start_us.desc())
        .limit(1)
        .correlate(records)
        .scalar_subquery()
    )
    newest = (
        sa.select(c.id, c.body, told)
        .where(c.kind == KIND, c.until_position.is_(None), c.body.is_not(None))
        .where(c.id > f"{unit}@", c.id < f"{unit}@9")
        .order_by(c.id.desc())
        .limit(NEWEST)
    )
    given: Counter[str] = Counter()
    for id, body, of in connection.execute(newest):
        if id.startswith(f"{unit}@") and (reason := load(body)["reason"]):
            given[reason] += NEWEST if fault and of == fault else 1
    return [reason for reason, _ in given.most_common(most)]
