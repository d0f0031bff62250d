"""Who is there before anybody was admitted: an administrator with a one-time link, or the demo's people.

The demo's passwords belong to the key of its data directory: the same at each start, known nowhere
else, and gone with the directory.
"""

import time
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mes.access import SetCredential, check_pin
from mes.kinds import Set
from mes.people import ROLES
from mes.records import Conflict, Invalid
from store.actions import SYSTEM, Actions
from store.credentials import SEEDED_US, Credentials, kept, new_token
from store.keys import derived_digits, derived_word
from store.log.database import Database
from store.log.reading import Records
from store.log.tables import actions

NAMES = {
    "operator": "Olga Peters",
    "supervisor": "Samir Haddad",
    "quality": "Quynh Tran",
    "maintenance": "Mats Lindberg",
    "engineer": "Elena Rossi",
    "manager": "Mara Vogel",
    "admin": "Ada Okoye",
}
ADMIN = "admin"
PIN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Whom to sign in as; password and pin "" where somebody has changed them."""

    id: str
    name: str
    password: str
    pin: str


def demo_password(key: bytes, id: str) -> str:
    return derived_word(key, f"demo password {id}")


def demo_pin(key: bytes, id: str) -> str:
    for turn in range(100):
        pin = derived_digits(key, f"demo pin {id} {turn}", PIN_DIGITS)
        try:
            check_pin(pin)
            return pin
        except Invalid:
            continue
    raise AssertionError("a hundred PINs in a row were runs")


class FirstPeople:
    """Makes them where they are not there yet."""

    def __init__(
        self, database: Database, actions: Actions, secrets: Credentials, site: str
    ) -> None:
        self._database, self._actions = database, actions
        self._secrets, self._site = secrets, site

    def demo(self, key: bytes) -> list[DemoPerson]:
        """One person for each role; those who are there already stay as they are."""
        with self._database.read() as connection:
            people = Records(connection).records("person")
            known = {p.id: bool(p.body and p.body["active"]) for p in people}
            ours = sa.select(actions.c.key).where(actions.c.key.startswith("demo-"))
            done = set(connection.execute(ours).scalars())  # also where it was cut off in between
        for id in ROLES:
            if id not in known:
                self._person(id, NAMES[id], [id], f"demo-{id}")
            for kind, make in (("password", demo_password), ("pin", demo_pin)):
                if (action := f"demo-{id}-{kind}") not in done and known.get(id, True):
                    self._set(id, kind, make(key, id), action)
        with self._database.read() as connection:
            return [
                DemoPerson(
                    id,
                    NAMES[id],
                    demo_password(key, id) if _ours(connection, id, "password") else "",
                    demo_pin(key, id) if _ours(connection, id, "pin") else "",
                )
                for id in ROLES
            ]

    def link(self) -> str | None:
        """A one-time link for the administrator where nobody has a password yet; else None.

        Each call makes a new one, and the one before is no longer good.
        """
        with self._database.read() as connection:
            people = Records(connection).records("person")
            if any(kept(connection, f"person:{p.id}", "password") for p in people):
                return None
            if any(
                p.body and p.body["subject"] for p in people
            ):  # they come by an identity provider
                return None
        admins = [p.id for p in people if p.body and p.body["active"] and ADMIN in p.body["roles"]]
        if not admins:
            self._person(ADMIN, "Administrator", [ADMIN], "first-admin")
        return self.link_for(ADMIN if ADMIN in admins or not admins else admins[0])

    def link_for(self, id: str) -> str:
        """A new one-time link for the person `id`. Raises Missing, and Invalid for one who is not
        active.
        """
        token = new_token()
        self._set(id, "link", token, new_token(), now_us=time.time_ns() // 1000)
        return token

    def _person(self, id: str, name: str, roles: list[str], key: str) -> None:
        body = {"name": name, "roles": roles, "scope": [self._site]}
        with suppress(Conflict):  # another process was first
            self._actions.perform(Set(kind="person", id=id, body=body, version=0), SYSTEM, key)

    def _set(self, id: str, kind: str, secret: str, key: str, *, now_us: int = SEEDED_US) -> None:
        owner = f"person:{id}"
        also = self._secrets.writing(owner, kind, secret, now_us=now_us)
        self._actions.perform(SetCredential(owner=owner, credential=kind), SYSTEM, key, also=also)


def _ours(connection: Connection, id: str, kind: str) -> bool:
    found = kept(connection, f"person:{id}", kind)
    return found is not None and found.changed_at_us == SEEDED_US
