"""Reads maintenance: orders, plans with how far they are, and how often and how long units failed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.equipment import Plant, WorkUnit
from mes.hours_and_days import day_of
from mes.losses import Account
from mes.maintenance import KIND, PLAN, UNFINISHED, Order, order_of
from mes.maintenance_plans import (
    DAY_US,
    Condition,
    Plan,
    Progress,
    minute_after,
    plan_of,
    progress,
    since_us,
)
from mes.observation import rfc3339
from store.log import reading
from store.log.accounts import Basis, Views, accounts
from store.log.reading import Records
from store.log.tables import counts, records

DAYS = 30  # over which failures are counted
ENDED_MAX = 20  # orders that are not open any more, of those that are listed

Held = Callable[[Plan], int | None]


@dataclass(frozen=True, slots=True)
class PlanNow:
    """A plan as it stands. newest: its newest order; progress: None while that is not finished."""

    plan: Plan
    newest: Order | None
    progress: Progress | None


def orders(connection: Connection, units: Collection[str]) -> list[Order]:
    """Orders of work units as one acts on them: what is not finished first, and the newest that are."""
    c = records.c
    lives = [c.body.contains(f'"state":"{state}"') for state in UNFINISHED]
    ended = (
        sa.select(c.id)
        .where(c.kind == KIND, c.until_position.is_(None), ~sa.or_(*lives))
        .order_by(c.position.desc())
    )
    found, last = Records(connection), []
    for id in connection.execute(ended).scalars():
        if id.partition("@")[0] in units:
            last.append(id)
            if len(last) == ENDED_MAX:
                break
    there = [*found.unfinished(), *(found.record(KIND, id) for id in last)]
    mine = [order_of(record) for record in there if record is not None]
    return sorted((one for one in mine if one.unit in units), key=Order.rank)


def order_of_stop(connection: Connection, unit: str, start_us: int) -> str:
    """The id of the newest order that was asked for in a stop, "" where there is none."""
    c = records.c
    ids = connection.execute(
        sa.select(c.id).where(
            c.kind == KIND,
            c.until_position.is_(None),
            c.body.contains(f'"stop":"{rfc3339(start_us)}"'),
            c.id.startswith(f"{unit}@", autoescape=True),
        ).order_by(c.position.desc())
    ).scalars()  # fmt: skip
    return next((id for id in ids if id.startswith(f"{unit}@")), "")


def newest_of(connection: Connection, plan: str) -> Order | None:
    """The newest order of a plan, by its number."""
    c, id, begin = records.c, reading.bytewise(connection, records.c.id), f"{plan}."
    mine = (c.kind == KIND, c.until_position.is_(None), id > begin, id < f"{plan}/")
    ids = connection.execute(sa.select(c.id).where(*mine)).scalars()
    numbers = [int(one.removeprefix(begin)) for one in ids]
    if not numbers:
        return None
    record = Records(connection).record(KIND, f"{begin}{max(numbers)}")
    return None if record is None else order_of(record)


def plans_now(
    connection: Connection, units: Collection[str], *, now_us: int, held: Held = lambda _plan: None
) -> list[PlanNow]:
    """The active plans of work units, what is nearest first. held: since when a plan's condition holds."""
    out = []
    for record in Records(connection).records(PLAN):
        plan = plan_of(record)
        if plan.unit not in units or not plan.active:
            continue
        newest = newest_of(connection, plan.id)
        since = since_us(plan, newest)
        found = None
        if since is not None:
            found = progress(
                plan,
                since,
                now_us=now_us,
                pieces=_pieces(connection, plan, since),
                held_since_us=held(plan),
            )
        out.append(PlanNow(plan, newest, found))
    return sorted(out, key=lambda one: (-(one.progress.share if one.progress else 1), one.plan.id))


def _pieces(connection: Connection, plan: Plan, since: int) -> int:
    if isinstance(plan.rule, Condition) or plan.rule.by != "pieces":
        return 0
    mine = (counts.c.work_unit == plan.unit, counts.c.minute_us >= minute_after(since))
    return sum(reading.pieces(connection, *mine) or (0, 0))


def window(now_us: int, time_zone: str) -> tuple[int, int]:
    """The last DAYS days: from a midnight of the site on, whose days are kept as sums."""
    return day_of(now_us - DAYS * DAY_US, ZoneInfo(time_zone))[0], now_us


def spent(
    connection: Connection,
    plant: Plant,
    units: Sequence[WorkUnit],
    by: Basis,
    views: Views,
    *,
    now_us: int,
) -> dict[str, Account]:
    """Work unit → how it spent the last DAYS days."""
    edges = window(now_us, plant.time_zone)
    found = accounts(connection, plant, units, edges, by, views)
    return {unit: account for unit, (account,) in found.items()}
