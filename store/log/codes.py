"""Reads why machines stood: the codes that people gave, and the reason trees they chose from."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.equipment import Plant
from mes.observation import microseconds
from mes.reason_trees import KIND as TREE
from mes.reasons import Reason, Reasons, from_plain, holder
from mes.records import Found
from mes.stops import ASKED, KIND, Code, code_id, start_of
from mes.usual_reasons import USUAL
from store.live import load
from store.log.tables import folds, intervals, records


def reasons(found: Found, plant: Plant) -> dict[str, Reasons]:
    """Work unit → its reasons: of its work centre, else of its area, else of the site, else the usual."""
    trees = {record.id: from_plain(record.body or {}) for record in found.records(TREE)}
    had: dict[str, Reason] = {}
    for tree in (USUAL, *map(from_plain, found.ever(TREE))):
        had |= {one.id: one for one in tree.reasons}  # what is gone keeps its name, and if it fails
    gone = tuple(had.values())
    return {
        unit.id: Reasons(
            trees.get(holder(trees, reversed(plant.path_of(unit.id).split("/"))), USUAL), gone
        )
        for unit in plant.work_units.values()
    }


def codes(
    connection: Connection, units: Collection[str], start_us: int, end_us: int
) -> Mapping[str, Sequence[Code]]:
    """Work unit → the codes that touch the time between two moments, in order.

    A code without an end lasts as long as the stop it began in.
    """
    unit, c, out = folds.c.work_unit, records.c, defaultdict[str, list[Code]](list)
    first = sa.select(sa.func.max(c.id)).where(
        c.kind == KIND, c.until_position.is_(None), c.body.is_not(None),
        c.id <= _id(unit, start_us), c.id >= _id(unit, 0),
        sa.func.substr(c.id, 1, sa.func.length(unit) + 1) == unit + "@",
    ).correlate(folds).scalar_subquery()  # fmt: skip
    found = sa.select(unit, c.id, c.version, c.body, c.by, _stop_end(unit, c.id)).where(
        unit.in_(units),
        c.kind == KIND,
        c.until_position.is_(None),
        c.body.is_not(None),
        c.id >= sa.func.coalesce(first, _id(unit, start_us)),
        c.id < _id(unit, end_us),
    )
    for of, id, version, body, by, stop_end_us in connection.execute(found):
        if id.rpartition("@")[0] != of:
            continue  # as another collation sorts
        code = _code(start_of(id), version, load(body), by, stop_end_us)
        if code.end_us is None or code.end_us > start_us:
            out[of].append(code)
    return {of: _apart(sorted(found)) for of, found in out.items()}


def _apart(found: list[Code]) -> list[Code]:
    """Each ends where the next begins at the latest: what was told late may have made one stop of two."""
    ends = [code.end_us for code in found]
    for n, after in enumerate(found[1:]):
        end_us = ends[n]
        ends[n] = after.start_us if end_us is None else min(end_us, after.start_us)
    return [code._replace(end_us=end) for code, end in zip(found, ends, strict=True)]


def _id(unit: sa.ColumnElement[str], us: int) -> sa.ColumnElement[str]:
    return unit + code_id("", us)


def stands(connection: Connection, unit: str, us: int) -> bool:
    """Whether the unit stood by itself at a moment."""
    i = intervals.c
    mine = (i.work_unit == unit, i.until_position.is_(None), i.start_us <= us)
    found = sa.select(i.state).where(*mine).order_by(i.start_us.desc()).limit(1)
    return connection.scalar(found) in ASKED


def stop_end_us(connection: Connection, unit: str, us: int) -> int | None:
    """When the stop ended that was going on at a moment; None where it goes on."""
    found: int | None = connection.scalar(_end_after(sa.literal(unit), sa.literal(us)))
    return found


def _stop_end(
    unit: sa.ColumnElement[str], id: sa.ColumnElement[str]
) -> sa.ScalarSelect[int | None]:
    """As `stop_end_us`, of the moment that a code's id tells of."""
    return _end_after(unit, start_in(unit, id)).correlate(folds, records).scalar_subquery()


def start_in(unit: sa.ColumnElement[str], id: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """The moment that a code's id tells of; NULL for the id of another unit's, as collations mix them."""
    mine = sa.func.substr(id, 1, sa.func.length(unit) + 1) == unit + "@"
    at = sa.cast(sa.func.substr(id, sa.func.length(unit) + 2), sa.BigInteger)
    return sa.case((mine, at))


def _end_after(unit: sa.ColumnElement[str], us: sa.ColumnElement[int]) -> sa.Select[Any]:
    i = intervals.c
    return sa.select(sa.func.min(i.start_us)).where(
        i.work_unit == unit, i.until_position.is_(None), i.start_us > us, i.state.not_in(ASKED)
    )


def _code(start_us: int, version: int, body: Mapping[str, str], by: str, stop: int | None) -> Code:
    until = body["until"]
    until_us = None if until is None else microseconds(datetime.fromisoformat(until))
    end_us = stop if until_us is None else until_us
    return Code(start_us, end_us, body["reason"], body["comment"], by, version, until_us)
