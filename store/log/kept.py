"""Accounts of whole hours and days of the past, kept so that a long window is read quickly.

A row holds as long as nothing else is told of its time, which deletes it in the same transaction, and
as long as its `basis`, a digest of the plan and the master data it was formed by, is that of today.
Who reads forms what is missing himself; so the rows are never needed, and never wrong.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.calendar import Span
from mes.hours_and_days import Piece
from mes.losses import Account, from_plain, to_plain
from mes.master_data import MasterData
from mes.reasons import Reasons
from store.live import dump, load
from store.log.tables import kept_accounts

Key = tuple[str, str, int]  # work unit, span, start
SPANS = ("day", "hour")
DAY_MAX_US = 25 * 3_600_000_000
SHAPE = 2  # of a body: what was kept in another one is formed anew


def digest(*what: object) -> str:
    """Of what an account was formed by: sixteen hexadecimal digits."""
    return hashlib.blake2b(repr(what).encode(), digest_size=8).hexdigest()


def basis_of(spans: Sequence[Span]) -> str:
    """The half of a basis that all units of an area share."""
    return digest(*spans)


def basis_of_unit(unit: str, versions: Sequence[MasterData], why: Reasons) -> str:
    """The half of a basis that is the unit's own: of its reasons what its faults mean, and which of
    them fail. What was said of single stops is not in it: that deletes the row.
    """
    faults = [(code, reason) for code, reason in sorted(why.tree.faults.items())
              if ":" not in code or code.startswith(f"{unit}:")]  # fmt: skip
    fails = sorted({one.id for one in (*why.gone, *why.tree.reasons) if why.get(one.id).fails})
    return digest(SHAPE, *versions, faults, fails)


def to_text(account: Account) -> str:
    return dump(to_plain(account))


def from_text(text: str) -> Account:
    return from_plain(load(text))


def read(
    connection: Connection, units: Sequence[str], wanted: Iterable[Piece]
) -> dict[Key, tuple[str, str]]:
    """(unit, span, start) → (basis, body) of the rows there are for whole hours and days."""
    c, out = kept_accounts.c, {}
    for span in SPANS:
        starts = [piece.start_us for piece in wanted if piece.span == span]
        if not starts:
            continue
        found = sa.select(c.work_unit, c.start_us, c.basis, c.body).where(
            c.work_unit.in_(units), c.span == span, c.start_us.between(min(starts), max(starts))
        )
        for unit, start_us, basis, body in connection.execute(found):
            out[unit, span, start_us] = (basis, body)
    return out


def keep(connection: Connection, rows: Iterable[tuple[str, Piece, str, Account]]) -> None:
    """Keep accounts, as (unit, whole hour or day, basis, account), in the place of what was there."""
    c = kept_accounts.c
    made = [
        {"work_unit": unit, "span": piece.span, "start_us": piece.start_us, "end_us": piece.end_us,
         "basis": basis, "body": to_text(account)}
        for unit, piece, basis, account in rows
    ]  # fmt: skip
    if not made:
        return
    b = sa.bindparam
    gone = kept_accounts.delete().where(
        c.work_unit == b("u"), c.span == b("p"), c.start_us == b("s")
    )
    connection.execute(
        gone, [{"u": m["work_unit"], "p": m["span"], "s": m["start_us"]} for m in made]
    )
    connection.execute(kept_accounts.insert(), made)


def forget(connection: Connection, touched: Mapping[str, int]) -> None:
    """Delete what reaches behind the moment from which on a unit is told otherwise."""
    if not touched:
        return
    c, b = kept_accounts.c, sa.bindparam
    gone = kept_accounts.delete().where(
        c.work_unit == b("u"),
        c.span == b("span"),
        c.start_us > b("low"),
        c.end_us > b("us"),
    )
    at = [{"u": unit, "us": us, "low": us - DAY_MAX_US} for unit, us in touched.items()]
    connection.execute(gone, [{**row, "span": span} for row in at for span in SPANS])


def prune(connection: Connection, before_us: int) -> None:
    """Delete hours that ended before a moment; their days stay."""
    c = kept_accounts.c
    gone = kept_accounts.delete().where(c.span == "hour", c.end_us < before_us)
    connection.execute(gone)
