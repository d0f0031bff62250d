"""People: who may do what, and where. Two tables: ROLES, and RIGHTS with the roles that have each.

A person has roles, and a scope of paths of the equipment (ISA-95: site/area/work center/work unit);
a right holds at a path and everything below it. A device (a wall, a shared tablet) has a scope and
no role: it sees what is live there and nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ROLES = ("operator", "supervisor", "quality", "maintenance", "engineer", "manager", "admin")
SCOPES_MAX = 50  # paths of one person
NAME_MAX = 80

# How long a session of a role may be idle, and how long it lasts at all [s]; who has several roles
# gets the shortest of each.
SESSION_S: Mapping[str, tuple[int, int]] = {
    "operator": (30 * 60, 12 * 3600),
    "supervisor": (30 * 60, 12 * 3600),
    "quality": (60 * 60, 12 * 3600),
    "maintenance": (60 * 60, 12 * 3600),
    "engineer": (60 * 60, 12 * 3600),
    "manager": (60 * 60, 12 * 3600),
    "admin": (15 * 60, 8 * 3600),
}


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that somebody may do or see: a row of RIGHTS."""

    key: str
    words: str
    roles: frozenset[str]


def _right(key: str, words: str, roles: str) -> Right:
    return Right(key, words, frozenset(ROLES if roles == "all" else roles.split()))


RIGHTS: Mapping[str, Right] = {
    r.key: r
    for r in (
        _right("live", "see live screens", "all"),
        _right("records", "see timelines, counts, the calendar and master data", "all"),
        _right("account", "change the own password and PIN", "all"),
        _right("exceptions", "cancel, move or add a shift", "supervisor engineer manager admin"),
        _right(
            "downtime",
            "say why machines stood",
            "operator supervisor maintenance engineer manager admin",
        ),
        _right("maintenance_request", "ask for maintenance", "all"),
        _right(
            "maintenance",
            "do and plan maintenance",
            "supervisor maintenance engineer manager admin",
        ),
        _right("calendar", "change shift patterns and holidays", "engineer manager admin"),
        _right("master_data", "change ideal cycles, targets and reasons", "engineer manager admin"),
        _right("configuration", "change the equipment: the configuration alone does", ""),
        _right("sign", "sign a record", "supervisor quality maintenance engineer manager"),
        _right("audit", "see and export the audit trail", "supervisor quality manager admin"),
        _right("people", "see and change people, their roles and scope", "admin"),
        _right("devices", "see, admit and revoke walls and tablets", "admin"),
        _right("tokens", "see, make and revoke tokens of the API", "admin"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts: a person, a device, a token of the API, or Takt itself.

    id: as in the audit trail; scope: paths of the equipment; rights: what a token is narrowed to,
    None: everything that its roles have.
    """

    id: str
    name: str
    roles: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    rights: frozenset[str] | None = None

    def has(self, right: str) -> bool:
        """Whether the person has the right anywhere."""
        if self.rights is not None and right not in self.rights:
            return False
        return not RIGHTS[right].roles.isdisjoint(self.roles)

    def may(self, right: str, path: str) -> bool:
        """Whether the person has the right at `path`."""
        return self.has(right) and covers(self.scope, path)


def covers(scope: Iterable[str], path: str) -> bool:
    """Whether `path` is one of the paths of `scope`, or lies below one."""
    return any(path == one or path.startswith(f"{one}/") for one in scope)


def device(id: str, name: str, scope: Iterable[str]) -> Person:
    """A wall or tablet: it has no role, and of all rights that to see what is live."""
    return Person(id=id, name=name, roles=ROLES, scope=tuple(scope), rights=frozenset({"live"}))


def checked_person(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a person's record, complete. Raises ValueError."""
    named = checked_named(body, "roles", "subject")
    name, subject = named["name"], body.get("subject", "")
    if not name.isprintable():
        raise ValueError(f"name: found {name!r}; expected a text of one line, as it is printed")
    if not isinstance(subject, str) or len(subject) > 200:
        raise ValueError("subject: expected the person's id at the identity provider, or nothing")
    roles = texts(body, "roles", len(ROLES))
    if unknown := sorted(set(roles) - set(ROLES)):
        raise ValueError(f"roles: found {', '.join(unknown)}; expected some of {', '.join(ROLES)}")
    if named["active"] and not roles:
        raise ValueError(f"roles: found none; expected at least one of {', '.join(ROLES)}")
    return {**named, "roles": sorted(set(roles), key=ROLES.index), "subject": subject}


def checked_named(body: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """What people, devices and tokens have in common: {name, scope, active}.

    others: what else may stand in the body. Raises ValueError.
    """
    known = {"name", "scope", "active", *others}
    if extra := sorted(body.keys() - known):
        raise ValueError(f"found {', '.join(extra)}; expected {', '.join(sorted(known))}")
    name, active = body.get("name"), body.get("active", True)
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_MAX:
        raise ValueError(f"name: found {name!r}; expected 1 to {NAME_MAX} characters")
    if not isinstance(active, bool):
        raise ValueError(f"active: found {active!r}; expected true or false")
    scope = sorted(set(texts(body, "scope", SCOPES_MAX)))
    return {"name": name.strip(), "scope": scope, "active": active}


def texts(body: Mapping[str, Any], field: str, most: int) -> list[str]:
    """The list of at most so many texts that stands in a field; empty for none. Raises ValueError."""
    found = body.get(field, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"{field}: found {found!r}; expected a list of texts")
    if len(found) > most:
        raise ValueError(f"{field}: found {len(found)}; expected at most {most}")
    return found


def person_of(id: str, body: Mapping[str, Any]) -> Person:
    """The person that a record tells of."""
    return Person(id=id, name=body["name"], roles=tuple(body["roles"]), scope=tuple(body["scope"]))


def session_s(roles: Iterable[str]) -> tuple[int, int]:
    """How long a session may be idle, and how long it lasts [s]."""
    found = [SESSION_S[role] for role in roles] or [(15 * 60, 3600)]
    return min(idle for idle, _ in found), min(whole for _, whole in found)
