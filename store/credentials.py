"""Credentials: what people and devices prove themselves with. Only hashes are kept.

Passwords and PINs are hashed with argon2id, with its makers' recommended parameters: slow, and each
with a salt of its own. Badges, tokens and links are looked up by what they are, so that theirs is an
HMAC with the key of this plant; tokens and links are random, 256 bits. So is that of the demo's
passwords and PINs until somebody changes them: they are derived from that key, and who has it needs
no hash. Fourteen slow ones were the longest part of a first start.

`SetCredential` through the one door writes them: `Credentials.writing` gives its `also`.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy.engine import Connection

from mes.records import Refused
from store.keys import derived
from store.log.tables import credentials

SLOW = ("password", "pin")
LINK_S = 24 * 3600  # a one-time link is good for so long
SEEDED_US = 0  # changed_at_us of what Takt derived by itself, and nobody has changed


class BadgeTaken(Refused):
    """A badge is one person's."""

    code = "badge_taken"


class LinkUsed(Refused):
    """A one-time link is good once."""

    code = "link_used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One credential as it is kept."""

    owner: str
    kind: str
    hash: str
    changed_at_us: int


def new_token() -> str:
    """256 random bits that can stand in an address."""
    return secrets.token_urlsafe(32)


class Credentials:
    """Makes and checks hashes, and finds them in the table. Hashing a password takes a while: from a
    server it is called in a thread."""

    def __init__(self, key: bytes) -> None:
        self._key = derived(key, "credentials")
        self._hasher = PasswordHasher()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    def hashed(self, kind: str, secret: str, *, derived: bool = False) -> str:
        """derived: the secret comes from the plant's own key."""
        if kind in SLOW and not derived:
            return self._hasher.hash(secret)
        return hmac.digest(self._key, f"{kind} {secret}".encode(), "sha256").hex()

    def verify(self, kept: Kept | None, secret: str) -> bool:
        """Whether `secret` is what is kept. For somebody who has none it takes as long, and is not."""
        if kept is not None and not kept.hash.startswith("$"):
            return hmac.compare_digest(kept.hash, self.hashed(kept.kind, secret, derived=True))
        try:
            right = self._hasher.verify(kept.hash if kept else self._nobodys, secret)
        except (Argon2Error, InvalidHashError):
            return False
        return right and kept is not None

    def writing(
        self,
        owner: str,
        kind: str,
        secret: str | None,
        *,
        now_us: int | None = None,
        link: str | None = None,
    ) -> Callable[[Connection], None]:
        """What keeps `secret` for `owner`, or takes away what is kept where it is None.

        The hash is made now, and not while the transaction holds up others. link: the one-time link
        that it is done by; if that was used meanwhile, LinkUsed is raised, BadgeTaken for the badge of
        somebody else, and nothing is kept.
        """
        derived = now_us == SEEDED_US
        hash = None if secret is None else self.hashed(kind, secret, derived=derived)
        at_us = time.time_ns() // 1000 if now_us is None else now_us

        def write(connection: Connection) -> None:
            c = credentials.c
            if link is not None and self.owner_of(connection, "link", link) != owner:
                raise LinkUsed("this link was used already")
            badge = secret if kind == "badge" else None
            if badge and self.owner_of(connection, kind, badge) not in (None, owner):
                raise BadgeTaken("Somebody else has this badge.")
            connection.execute(credentials.delete().where(c.owner == owner, c.kind == kind))
            if kind == "password":  # whoever has set one has used his link
                connection.execute(credentials.delete().where(c.owner == owner, c.kind == "link"))
            if hash is not None:
                row = {"owner": owner, "kind": kind, "hash": hash, "changed_at_us": at_us}
                connection.execute(credentials.insert(), [row])

        return write

    def owner_of(self, connection: Connection, kind: str, secret: str) -> str | None:
        """Whose badge, token or link it is; None for nobody's, and for a link that is too old."""
        c = credentials.c
        found = sa.select(credentials).where(c.kind == kind, c.hash == self.hashed(kind, secret))
        row = connection.execute(found).first()
        if row is None:
            return None
        if kind == "link" and row.changed_at_us + LINK_S * 1_000_000 < time.time_ns() // 1000:
            return None
        return str(row.owner)


def kept(connection: Connection, owner: str, kind: str) -> Kept | None:
    """What is kept of `kind` for `owner`."""
    c = credentials.c
    row = connection.execute(
        sa.select(credentials).where(c.owner == owner, c.kind == kind)
    ).one_or_none()
    return None if row is None else Kept(**row._mapping)


def all_kept(connection: Connection) -> list[Kept]:
    """All that is kept, by owner and kind."""
    c = credentials.c
    rows = connection.execute(sa.select(credentials).order_by(c.owner, c.kind))
    return [Kept(**row._mapping) for row in rows]
