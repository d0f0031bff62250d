"""The chain of the log: each entry's hash covers the entry and the hash before it.

An entry that was changed, put in or taken out by hand no longer fits; `verify` names it. What was
cut off at the end shows against an anchor: position and hash of an older head, kept elsewhere.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.observation import moment
from store.live import dump
from store.log.tables import head, log

FIRST = bytes(32)  # the hash before the first entry
READ_ROWS = 5_000  # read together


class Entry(NamedTuple):
    """One entry as it stands in the log."""

    position: int
    recorded_at_us: int
    kind: str
    subject: str
    body: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class New:
    """An entry that is to be appended: `body` is JSON."""

    kind: str
    subject: str
    body: str


def link(before: bytes, position: int, at_us: int, kind: str, subject: str, body: str) -> bytes:
    """The hash of an entry that follows one with the hash `before`."""
    said = dump([position, at_us, kind, subject, body]).encode()
    return hashlib.sha256(before + said).digest()


def append(
    connection: Connection, entries: Iterable[New], *, after: int, before: bytes, at_us: int
) -> list[Entry]:
    """Append `entries` behind position `after` with the hash `before`, in a transaction that holds
    the head; returns them as they stand.
    """
    rows = []
    for entry in entries:
        after += 1
        before = link(before, after, at_us, entry.kind, entry.subject, entry.body)
        rows.append(Entry(after, at_us, entry.kind, entry.subject, entry.body, before))
    if rows:
        connection.execute(log.insert(), [row._asdict() for row in rows])
        connection.execute(head.update().values(position=after, hash=before))
    return rows


def entries(
    connection: Connection,
    *,
    after: int = 0,
    until: int | None = None,
    kind: str | None = None,
    has: str | None = None,
) -> Iterator[Entry]:
    """The entries behind position `after`, up to `until`, in order; has: a part of their bodies."""
    while True:
        found = sa.select(log).where(log.c.position > after)
        if until is not None:
            found = found.where(log.c.position <= until)
        if kind is not None:
            found = found.where(log.c.kind == kind)
        if has is not None:
            found = found.where(log.c.body.contains(has, autoescape=True))
        rows = connection.execute(found.order_by(log.c.position).limit(READ_ROWS)).all()
        for row in rows:
            yield Entry._make((*row[:5], bytes(row.hash)))
        if len(rows) < READ_ROWS:
            return
        after = rows[-1].position


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the walk found: `faults` in words, empty where the chain holds up to `position`."""

    position: int
    hash: bytes
    entries: int
    faults: tuple[str, ...]


FAULTS_MAX = 100  # told at most


def words_of(entry: Entry) -> str:
    """Which entry it is: position, kind, subject, time."""
    try:
        at = moment(entry.recorded_at_us).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError:
        at = f"{entry.recorded_at_us} µs"
    return f"entry {entry.position} ({entry.kind}, {entry.subject}, recorded at {at})"


class Walk:
    """Walks along a chain, entry by entry, and takes note of what does not fit."""

    def __init__(self, position: int = 0, hash: bytes = FIRST) -> None:
        self.position, self.hash = position, hash
        self.entries = self.found = 0
        self.faults: list[str] = []

    def step(self, entry: Entry) -> None:
        """Take `entry`. One that was changed is named, and the walk goes on from what it says."""
        self.entries += 1
        wanted = self.position + 1
        if entry.position > wanted:
            missing = (
                f"entry {wanted} is"
                if entry.position == wanted + 1
                else f"entries {wanted} to {entry.position - 1} are"
            )
            self.say(f"{missing} missing before {words_of(entry)}")
        elif entry.position < wanted:
            self.say(f"{words_of(entry)} stands where entry {wanted} belongs: it was put in")
            return
        elif link(self.hash, *entry[:5]) != entry.hash:
            self.say(f"{words_of(entry)} is not what was written: its hash does not fit")
        self.position, self.hash = entry.position, entry.hash

    def end(self, position: int, hash: bytes) -> None:
        """Compare with the head that the database names."""
        if self.position != position:
            self.say(f"the log ends with entry {self.position}, its head names {position}")
        elif self.hash != hash:
            self.say(f"the head names another hash than entry {position} has")

    def anchored(self, anchors: Iterable[tuple[int, bytes]], seen: Mapping[int, bytes]) -> None:
        """Compare with older heads; seen: the hashes met at their positions."""
        for position, hash in anchors:
            if position > self.position:
                self.say(
                    f"entries {self.position + 1} to {position} were cut off at the end: "
                    f"entry {position} was anchored"
                )
            elif position in seen and seen[position] != hash:
                self.say(f"entry {position} is not the one that was anchored: rewritten since")

    def say(self, words: str) -> None:
        """Take note of a fault; of more than FAULTS_MAX their number alone."""
        self.found += 1
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(words)

    def verdict(self) -> Verdict:
        return Verdict(self.position, self.hash, self.entries, tuple(self.faults))


def newest(connection: Connection) -> tuple[int, bytes]:
    """Position and hash of the newest entry; 0 and FIRST before there is one."""
    row: Any = connection.execute(sa.select(head)).one()
    return int(row.position), bytes(row.hash)
