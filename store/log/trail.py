"""The audit trail as one searches it: newest first, page by page, within somebody's scope.

Person, record and time are looked up by their indexes. For all else lines are looked at one by one,
LOOKS_MAX of them at most: then what was found so far comes back, and where to go on from.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.equipment import Plant
from mes.people import covers
from mes.records import AuditLine
from store.live import dump, load
from store.log.reading import is_text, signatures_in
from store.log.tables import audit

LOOKS_MAX = 50_000  # lines looked at for one page
TOGETHER = 2_000  # read at once
NO_LINE = 1 << 30  # behind every line of an entry


def place_path(plant: Plant, place: str) -> str:
    """A path as it is, or that of an id. What is configured no longer can be searched by its path."""
    try:
        return plant.path_of(place) if place and "/" not in place else place
    except ValueError:
        return place


class Cursor(NamedTuple):
    """A place in the trail: a line of an entry."""

    position: int
    line: int = NO_LINE

    def to_here(self) -> "Cursor":
        """`after` of all that is not older than this: this line is within."""
        return Cursor(self.position, min(self.line + 1, NO_LINE))

    def from_here(self) -> "Cursor":
        """`before` of all that is not newer than this: this line is within."""
        if self.line == 0:
            return Cursor(self.position + 1)
        return Cursor(self.position, self.line - 1)

    def __str__(self) -> str:
        return f"{self.position}" if self.line == NO_LINE else f"{self.position}-{self.line}"


def cursor_of(text: str) -> Cursor:
    """Of "POSITION" or "POSITION-LINE". Raises ValueError."""
    position, dash, line = text.partition("-")
    digits = position.isascii() and position.isdigit() and (not dash or line.isdigit())
    if not digits or len(text) > 28 or int(position) >= 1 << 63 or int(line or 0) > NO_LINE:
        raise ValueError(f"found {text!r}; expected the position of an entry")
    return Cursor(int(position), int(line)) if dash else Cursor(int(position))


def cursor_at(line: AuditLine) -> Cursor:
    return Cursor(line.position, line.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; everything that is said has to hold.

    scope: paths of the equipment that may be seen, None for all; site: its path, for what concerns
    no place of its own; place: a path, and what is below it; q: a text within the bodies, the
    reason, names and ids; until_us is no longer in it.
    """

    site: str
    scope: tuple[str, ...] | None = None
    person: str = ""
    kind: str = ""
    id: str = ""
    command: str = ""
    place: str = ""
    from_us: int | None = None
    until_us: int | None = None
    q: str = ""

    @property
    def looks(self) -> bool:
        """Whether it takes more than the indexes to tell."""
        all_ = self.scope is None or covers(self.scope, self.site)
        return bool(self.command or self.place or self.q) or not all_


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What fits within a part of the trail, newest first; the parts of neighbours meet and overlap in
    nothing, so that who goes from page to page, either way, meets each line once.

    older: `before` of the part below, None where the trail ends; newer: `after` of the part above,
    None for the newest. looked_to_us: LOOKS_MAX lines were looked at, as far as this time, and there
    may be more; else None.
    """

    lines: tuple[AuditLine, ...]
    older: Cursor | None
    newer: Cursor | None = None
    looked_to_us: int | None = None


def find(
    connection: Connection,
    wanted: Wanted,
    *,
    limit: int,
    before: Cursor | None = None,
    after: Cursor | None = None,
) -> Page:
    """The newest lines that are older than `before`, or the oldest that are newer than `after`."""
    if not all(is_text(t) for t in (wanted.person, wanted.kind, wanted.id)):
        return Page(lines=(), older=None)
    found: list[AuditLine] = []
    looked, at_us, needle = 0, 0, wanted.q.casefold()
    at = after or before
    most = LOOKS_MAX if wanted.looks else limit
    with connection.execute(_select(wanted, at, most + 1, newer=after is not None)) as rows:
        for row in rows:
            fits = _fits(row, wanted, needle)
            if fits and len(found) == limit:
                return _page(found, before, after, cursor_at(found[-1]))
            if looked == most:
                return _page(found, before, after, at, looked_to_us=at_us)
            looked, at, at_us = looked + 1, Cursor(row.position, row.line), row.at_us
            if fits:
                found.append(_line(row))
    return _page(found, before, after, None)


def _page(
    found: list[AuditLine],
    before: Cursor | None,
    after: Cursor | None,
    to: Cursor | None,
    *,
    looked_to_us: int | None = None,
) -> Page:
    """to: the last line of the part, in the direction it was read in; None: that of the trail."""
    if after is not None:
        lines, older = tuple(reversed(found)), after.from_here()
        return Page(lines=lines, older=older, newer=to, looked_to_us=looked_to_us)
    newer = None if before is None else before.to_here()
    return Page(lines=tuple(found), older=to, newer=newer, looked_to_us=looked_to_us)


def _select(wanted: Wanted, at: Cursor | None, most: int, *, newer: bool) -> sa.Select[Any]:
    """Read as it goes on: what is not looked at is not fetched."""
    c = audit.c
    where: list[sa.ColumnElement[bool]] = []
    for column, value in ((c.person, wanted.person), (c.kind, wanted.kind), (c.id, wanted.id)):
        if value:
            where.append(column == value)
    if wanted.from_us is not None:
        where.append(c.at_us >= wanted.from_us)
    if wanted.until_us is not None:
        where.append(c.at_us < wanted.until_us)
    if at is not None and newer:
        where += [c.position >= at.position, sa.or_(c.position > at.position, c.line < at.line)]
    elif at is not None:
        where += [c.position <= at.position, sa.or_(c.position < at.position, c.line > at.line)]
    order = (c.position, c.line.desc()) if newer else (c.position.desc(), c.line)
    found = sa.select(audit).where(*where).order_by(*order).limit(most)
    return found.execution_options(yield_per=TOGETHER)


def _fits(row: Any, wanted: Wanted, needle: str) -> bool:
    places = row.place.split() or [wanted.site]
    if wanted.scope is not None and not all(covers(wanted.scope, place) for place in places):
        return False
    if wanted.command and row.command != wanted.command:
        return False
    if wanted.place and not any(covers((wanted.place,), place) for place in places):
        return False
    if not needle:
        return True
    if any(needle in t.casefold() for t in (row.reason, row.id, row.person, row.name)):
        return True
    within = dump(needle)[1:-1]  # as it stands in JSON
    return any(within in (t or "").casefold() for t in (row.new, row.old))


def _line(row: Any) -> AuditLine:
    return AuditLine(
        position=row.position,
        line=row.line,
        at_us=row.at_us,
        person=row.person,
        name=row.name,
        device=row.device,
        command=row.command,
        kind=row.kind,
        id=row.id,
        places=tuple(row.place.split()),
        old=None if row.old is None else load(row.old),
        new=None if row.new is None else load(row.new),
        reason=row.reason,
        signatures=signatures_in(row.signatures),
    )
