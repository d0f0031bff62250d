"""Reads the energy of work units by the minute, and when a place used most of it at once.

A minute that a window ends in is not over in it, and is left out: else a figure of the same window
would be another one a moment later.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.energy import MINUTE_US, MeteredMinute, Peak
from mes.equipment import WorkUnit
from store.log.tables import meters

PEAK_MAX_US = 400 * 86_400_000_000  # of time of all units together: half a million minutes are read


def minutes(
    connection: Connection, units: Sequence[WorkUnit], start_us: int, end_us: int
) -> Mapping[str, Sequence[MeteredMinute]]:
    """Work unit → its whole minutes between two moments, in order; only units that tell their power."""
    c = meters.c
    found = sa.select(c.work_unit, c.minute_us, c.metered_us, c.energy_uj, c.idle_uj)
    out: dict[str, list[MeteredMinute]] = defaultdict(list)
    if not (ids := _ids(units)):
        return out
    rows = connection.execute(found.where(*_inside(ids, start_us, end_us)).order_by(c.minute_us))
    for unit, *minute in rows:
        out[unit].append(MeteredMinute(*minute))
    return out


def peak_of(
    connection: Connection, units: Sequence[WorkUnit], start_us: int, end_us: int
) -> Peak | None:
    """When `units` together used most; None where nothing was metered, or too much is to be read."""
    ids = _ids(units)
    if not ids or (end_us - start_us) * len(ids) > PEAK_MAX_US:
        return None
    together = sa.func.sum(meters.c.energy_uj)
    found = sa.select(meters.c.minute_us, together).where(*_inside(ids, start_us, end_us))
    most = found.group_by(meters.c.minute_us).order_by(together.desc(), meters.c.minute_us).limit(1)
    row = connection.execute(most).one_or_none()
    return None if row is None else Peak(int(row[0]), int(row[1]) / MINUTE_US)


def _ids(units: Sequence[WorkUnit]) -> list[str]:
    return [unit.id for unit in units if "power" in unit.by_role]


def _inside(ids: Sequence[str], start_us: int, end_us: int) -> tuple[sa.ColumnElement[bool], ...]:
    at = meters.c.minute_us
    return meters.c.work_unit.in_(ids), at >= start_us, at <= end_us - MINUTE_US
