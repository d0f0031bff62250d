"""The kinds of records that people edit, one row each, and the two commands that edit any of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mes import (
    access,
    maintenance,
    maintenance_plans,
    master_data,
    people,
    reason_trees,
    reasons,
)  # fmt: skip
from mes.records import Body, Change, Found, Invalid, Missing, current
from mes.shifts import Holiday, ShiftException, ShiftPattern

Ids = tuple[str, ...]
Planned = ShiftPattern | Holiday | ShiftException
SITE = ""  # as a place: the site itself


def _nothing(_found: Found, _id: str, _old: Body | None, _new: Body | None, _now_us: int) -> Ids:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of record: a row of KINDS.

    plural: what they are called in addresses; right: what it takes to change one; see: to read one;
    check: gives the body as it is kept, from (id, body), or raises ValueError; places: ids of the
    equipment it concerns, of (id, body); signatures: the meanings in which a change, of (found, id,
    old, new, now_us), has to be signed; of_site: it is read by who sees the whole site, and all others at the
    place that their id begins with (mes.sight); wide: it holds for all that is below its place.
    """

    key: str
    plural: str
    words: str
    right: str
    see: str
    check: Callable[[str, Body], Mapping[str, Any]]
    places: Callable[[str, Body], Ids]
    signatures: Callable[[Found, str, Body | None, Body | None, int], Ids] = _nothing
    removable: bool = True
    of_site: bool = False
    wide: bool = False


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:+-]{0,99}")


def _of_itself(id: str, _body: Body) -> Ids:
    return (id,)


def _of_site(_id: str, _body: Body) -> Ids:
    return (SITE,)


def _of_place(_id: str, body: Body) -> Ids:
    return (body["place"],)


def _before_at(id: str, _body: Body) -> Ids:
    return (id.partition("@")[0],)


def _named(planned: type[Planned], form: str) -> Callable[[str, Body], Mapping[str, Any]]:
    """A check of a calendar's record, whose id says what it is of: so there is one of each."""

    def check(id: str, body: Body) -> Mapping[str, Any]:
        plain = planned.from_plain(body).to_plain()
        wanted = form.format(**plain)
        if id != wanted:
            raise ValueError(f"id: found {id!r}; expected {wanted!r}, by what it says")
        return plain

    return check


def _person(id: str, body: Body) -> Mapping[str, Any]:
    """Ids with a colon are those of devices and tokens, and "takt" is Takt itself."""
    if id == "takt" or ":" in id:
        raise ValueError(f"id: found {id!r}; expected one that is no device's and not Takt's own")
    return people.checked_person(body)


def _master_data(_id: str, body: Body) -> Mapping[str, Any]:
    return master_data.to_plain(master_data.from_plain(body))


def _reason_tree(_id: str, body: Body) -> Mapping[str, Any]:
    return reasons.to_plain(reasons.from_plain(body))


def _by_command(_id: str, _body: Body) -> Mapping[str, Any]:
    """A stop's codes depend on each other: one command writes them all (mes.downtime)."""
    raise ValueError("stops are given reasons by POST /api/v1/work-units/{id}/stop-codes")


def _by_page(_id: str, _body: Body) -> Mapping[str, Any]:
    """Figures are frozen by Takt alone (mes.shift_report)."""
    raise ValueError("a shift's report is frozen by Takt, and signed or revised on its page")


def _past_is_signed(
    _found: Found, _id: str, old: Body | None, new: Body | None, now_us: int
) -> Ids:
    """Who changes what held in the past changes figures that were shown: a second person approves."""
    if old is None or new is None:
        return ()
    since = master_data.changed_from_us(master_data.from_plain(old), master_data.from_plain(new))
    return ("approved",) if since is not None and since < now_us else ()


def _meaning_is_signed(
    found: Found, place: str, _old: Body | None, new: Body | None, _now_us: int
) -> Ids:
    """Who says otherwise which stops were failures, or what faults meant, changes figures that were
    shown: a second person approves.
    """
    return ("approved",) if reason_trees.changed_meanings(found, place, new) else ()


KINDS: Mapping[str, Kind] = {
    k.key: k
    for k in (
        Kind(
            key="person",
            plural="people",
            words="a person with roles and scope",
            right="people",
            see="people",
            check=_person,
            places=_of_site,
            of_site=True,
            removable=False,  # an id is never given to somebody else: who has gone is not active
        ),
        Kind(
            key="device",
            plural="devices",
            words="a wall or a shared tablet, and the equipment that it shows",
            right="devices",
            see="devices",
            check=access.checked_device,
            places=_of_site,
            of_site=True,
        ),
        Kind(
            key="token",
            plural="tokens",
            words="a token of the API: what a program may do, and where",
            right="tokens",
            see="tokens",
            check=access.checked_token,
            places=_of_site,
            of_site=True,
        ),
        Kind(
            key="master_data",
            plural="master-data",
            words="ideal cycle and target of a work unit, by the time for which they hold",
            right="master_data",
            see="records",
            check=_master_data,
            places=_of_itself,
            signatures=_past_is_signed,
            removable=False,
        ),
        Kind(
            key="reason_tree",
            plural="reason-trees",
            words="why machines of a place stand, and which of their faults mean what",
            right="master_data",
            see="records",
            check=_reason_tree,
            places=_of_itself,
            signatures=_meaning_is_signed,
            wide=True,
        ),
        Kind(
            key="stop_code",
            plural="stop-codes",
            words="why a machine stood, from a moment on",
            right="downtime",
            see="records",
            check=_by_command,
            places=_before_at,
            removable=False,
        ),
        Kind(
            key=maintenance.PLAN,
            plural="maintenance-plans",
            words="work on a machine that is due again by time, pieces or its condition",
            right=maintenance.DO,
            see="records",
            check=maintenance_plans.checked,
            places=_before_at,
        ),
        Kind(
            key=maintenance.KIND,
            plural="maintenance-work-orders",
            words="work on a machine: asked for or planned, begun, done",
            right=maintenance.DO,
            see="records",
            check=maintenance.body_by_command,
            places=_before_at,
            removable=False,
        ),
        Kind(
            key="shift_report",
            plural="shift-reports",
            words="the figures of a shift as they were frozen, and who handed it over",
            right="sign",
            see="records",
            check=_by_page,
            places=lambda id, _body: (id.partition("@")[0],),
            removable=False,
        ),
        Kind(
            key="shift_pattern",
            plural="shift-patterns",
            words="the shifts of a week at a place, from a date on",
            right="calendar",
            see="records",
            check=_named(ShiftPattern, "{place}@{valid_from}"),
            places=_of_place,
            wide=True,
        ),
        Kind(
            key="holiday",
            plural="holidays",
            words="a date on which no shift starts at a place",
            right="calendar",
            see="records",
            check=_named(Holiday, "{place}@{date}"),
            places=_of_place,
            wide=True,
        ),
        Kind(
            key="shift_exception",
            plural="shift-exceptions",
            words="a shift of one date that is cancelled, changed or extra",
            right="exceptions",
            see="records",
            check=_named(ShiftException, "{place}@{date}:{shift}"),
            places=_of_place,
            wide=True,
        ),
        Kind(
            key="equipment",
            plural="equipment",
            words="what the configuration says of the equipment",
            right="configuration",
            see="records",
            check=lambda _id, body: body,
            places=_of_site,
            wide=True,
        ),
    )
}


# Who has one of these rights in a part of the site only can do nothing by it.
SITE_RIGHTS = frozenset(kind.right for kind in KINDS.values() if kind.places is _of_site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Make the record, or change it. version: the one that the person saw, 0 where he saw none."""

    kind: str
    id: str
    body: Body
    version: int | None
    reason: str = ""

    @property
    def name(self) -> str:
        return f"Set{camel(self.kind)}"

    @property
    def right(self) -> str:
        return kind_of(self.kind).right

    def places(self, found: Found) -> Ids:
        return _places(found, self.kind, self.id, self._checked())

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        if not _ID.fullmatch(self.id):
            raise Invalid(
                f"id: found {self.id!r}; expected up to 100 letters, digits and . _ - @ : +"
            )
        old = current(found, self.kind, self.id, self.version)
        new = self._checked()
        if self.kind == "person" and old is None and self.id != self.id.lower():
            raise Invalid(f"id: found {self.id!r}; expected small letters: people type them")
        _keep_an_admin(found, self.kind, self.id, new)
        return (Change(self.kind, self.id, old.body if old else None, new),)

    def signatures(self, found: Found, *, now_us: int) -> Ids:
        old = found.record(self.kind, self.id)
        before = old.body if old else None
        kind = kind_of(self.kind)
        return kind.signatures(found, self.id, before, self._checked(), now_us)

    def _checked(self) -> Mapping[str, Any]:
        check = kind_of(self.kind).check
        try:
            return check(self.id, self.body)
        except ValueError as error:
            raise Invalid(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Take the record away; what it was stays in the log."""

    kind: str
    id: str
    version: int | None
    reason: str = ""

    @property
    def name(self) -> str:
        return f"Remove{camel(self.kind)}"

    @property
    def right(self) -> str:
        return kind_of(self.kind).right

    def places(self, found: Found) -> Ids:
        return _places(found, self.kind, self.id, None)

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        if not kind_of(self.kind).removable:
            raise Invalid(f"{self.kind} {self.id} can be changed, not removed")
        old = current(found, self.kind, self.id, self.version)
        if old is None:
            raise Missing(f"no {self.kind} {self.id!r}")
        _keep_an_admin(found, self.kind, self.id, None)
        return (Change(self.kind, self.id, old.body, None),)

    def signatures(self, found: Found, *, now_us: int) -> Ids:
        old = found.record(self.kind, self.id)
        before = old.body if old else None
        return kind_of(self.kind).signatures(found, self.id, before, None, now_us)


def kind_of(key: str) -> Kind:
    """Raises Missing for a kind that there is not."""
    if key not in KINDS:
        raise Missing(f"no kind of record {key!r}; known: {', '.join(KINDS)}")
    return KINDS[key]


def _places(found: Found, kind: str, id: str, new: Body | None) -> Ids:
    """Where the record is, and where it shall be: a person needs the right in both places."""
    old = found.record(kind, id)
    bodies = [b for b in (old.body if old else None, new) if b is not None]
    return tuple(dict.fromkeys(p for b in bodies for p in kind_of(kind).places(id, b)))


def _keep_an_admin(found: Found, kind: str, id: str, new: Body | None) -> None:
    """Nobody locks everybody out: one active admin of the whole site has to stay."""
    if kind != "person":
        return
    old = found.record("person", id)
    if old is None or not _is_admin(old.body) or _is_admin(new):
        return
    if not any(_is_admin(r.body) for r in found.records("person") if r.id != id):
        raise Invalid(f"{id} is the last admin: make another one first")


def _is_admin(body: Body | None) -> bool:
    """Whether who the body tells of may change people: that takes the whole site, a path of one id."""
    if body is None or not body["active"] or "admin" not in body["roles"]:
        return False
    return any("/" not in path for path in body["scope"])


def camel(key: str) -> str:
    """The key of a kind as it stands in names: "ShiftPattern" of "shift_pattern"."""
    return "".join(word.capitalize() for word in key.split("_"))
