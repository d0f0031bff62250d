"""Why machines stood: a tree of reasons for a place, and which fault of a machine means which reason.

A record's id is the place it holds for (a work centre, an area, the site), and the nearest one holds.
Its body is {"reasons": [{"id", "name", "parent", "fails"}, …], "faults": {"217": "die_jam"},
"strict": false}. There are two levels, so that a stop has its reason in three taps: the stop, the
first level, the second.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

FIRST_MAX, BELOW_MAX = (
    9,
    9,
)  # reasons of the first level, and below each of them: what a hand can hit
FAULTS_MAX = 2000
NAME_MAX = 40
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MEMBERS = {"id", "name", "parent", "fails"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. parent: of the first level, "" for one that is there itself; fails: the machine
    failed, so that a stop by it is a failure of MTBF and MTTR.
    """

    id: str
    name: str
    parent: str = ""
    fails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonTree:
    """The reasons of a place. faults: a machine's code, or "unit:code" → the reason it means;
    strict: a shift cannot be signed while stops in it have no reason.
    """

    reasons: tuple[Reason, ...]
    faults: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False

    def first(self) -> tuple[Reason, ...]:
        return self.below("")

    def below(self, id: str) -> tuple[Reason, ...]:
        return tuple(one for one in self.reasons if one.parent == id)

    def get(self, id: str) -> Reason | None:
        return next((one for one in self.reasons if one.id == id), None)

    def chosen(self, id: str) -> bool:
        """Whether a stop may be given this reason: one that has none below it."""
        return self.get(id) is not None and not self.below(id)

    def of_fault(self, unit: str, code: str) -> str:
        """The reason that a machine's fault means, "" where nobody said."""
        return self.faults.get(f"{unit}:{code}") or self.faults.get(code, "")


def from_plain(body: Mapping[str, Any]) -> ReasonTree:
    """The tree of a record's body. Raises ValueError."""
    if extra := sorted(body.keys() - {"reasons", "faults", "strict"}):
        raise ValueError(f"found {', '.join(extra)}; expected reasons, faults and strict")
    rows, faults, strict = body.get("reasons"), body.get("faults", {}), body.get("strict", False)
    if not isinstance(rows, list) or not rows:
        raise ValueError("reasons: expected a list of one at least")
    if not isinstance(strict, bool):
        raise ValueError(f"strict: found {strict!r}; expected true or false")
    reasons = tuple(_reason(row, n) for n, row in enumerate(rows))
    tree = ReasonTree(reasons=reasons, faults=_faults(faults), strict=strict)
    _is_tree(tree)
    for code, reason in tree.faults.items():
        if not tree.chosen(reason):
            words = "expected a reason that has none below it"
            raise ValueError(f"faults.{code}: found {reason!r}; {words}")
    return tree


def holder(trees: Container[str], places: Iterable[str]) -> str:
    """Whose tree holds: that of the first of `places`, from the unit up, that has one; "" for none."""
    return next((place for place in places if place in trees), "")


def to_plain(tree: ReasonTree) -> dict[str, Any]:
    """The body of a record; `from_plain` reads it."""
    return {
        "reasons": [asdict(one) for one in tree.reasons],
        "faults": dict(tree.faults),
        "strict": tree.strict,
    }


def said_otherwise(old: ReasonTree, new: ReasonTree) -> tuple[str, ...]:
    """What `new` says otherwise of stops that have been, in words: reasons that now fail or fail no
    more, faults that mean something else or nothing.

    What is new says nothing of what has been; a reason that is gone keeps what it was.
    """
    now = {one.id: one.fails for one in new.reasons}
    found = [one.name for one in old.reasons if now.get(one.id, one.fails) != one.fails]
    for code in dict.fromkeys((*old.faults, *new.faults)):
        meant = _meant(old.faults, code)
        if meant and meant != _meant(new.faults, code):
            found.append(f"fault {code}")
    return tuple(found)


def _meant(faults: Mapping[str, str], code: str) -> str:
    """As `of_fault`, of a code or unit:code."""
    return faults.get(code) or faults.get(code.partition(":")[2], "")


def _reason(row: object, n: int) -> Reason:
    where = f"reasons[{n}]"
    if not isinstance(row, dict) or row.keys() - _MEMBERS:
        raise ValueError(f"{where}: expected id, name, parent and fails")
    id, name = row.get("id"), row.get("name")
    parent, fails = row.get("parent", ""), row.get("fails", False)
    if not isinstance(id, str) or not _ID.fullmatch(id):
        words = "expected up to 40 small letters, digits, _ and -"
        raise ValueError(f"{where}.id: found {id!r}; {words}")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_MAX or not name.isprintable():
        raise ValueError(f"{where}.name: found {name!r}; expected 1 to {NAME_MAX} characters")
    if not isinstance(parent, str):
        raise ValueError(
            f"{where}.parent: found {parent!r}; expected the id of a reason, or nothing"
        )
    if not isinstance(fails, bool):
        raise ValueError(f"{where}.fails: found {fails!r}; expected true or false")
    return Reason(id, name.strip(), parent, fails)


def _faults(found: object) -> Mapping[str, str]:
    if not isinstance(found, dict) or not all(isinstance(r, str) for r in found.values()):
        raise ValueError("faults: expected an object, of the machine's code to the reason's id")
    if len(found) > FAULTS_MAX:
        raise ValueError(f"faults: found {len(found)}; expected at most {FAULTS_MAX}")
    if odd := [code for code in found if not 0 < len(code) <= 128]:
        raise ValueError(f"faults: found {odd[0][:40]!r}; expected a code, or unit:code")
    return dict(found)


def _is_tree(tree: ReasonTree) -> None:
    ids = [one.id for one in tree.reasons]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise ValueError(f"reasons: found {twice[0]!r} twice; expected each once")
    first = {one.id for one in tree.first()}
    if len(first) > FIRST_MAX:
        raise ValueError(f"reasons: found {len(first)} of the first level; expected {FIRST_MAX}")
    for one in tree.reasons:
        if one.parent and one.parent not in first:
            words = "expected the id of a reason of the first level"
            raise ValueError(f"reasons: {one.id}: parent: found {one.parent!r}; {words}")
    for id in first:
        if len(tree.below(id)) > BELOW_MAX:
            found = len(tree.below(id))
            raise ValueError(f"reasons: found {found} below {id}; expected at most {BELOW_MAX}")


@dataclass(frozen=True, slots=True)
class Reasons:
    """What is asked of a work unit's stops: the tree that holds there, and the names of reasons that
    there were.
    """

    tree: ReasonTree
    gone: Sequence[Reason] = ()

    def get(self, id: str) -> Reason:
        """A reason by its id; one that nobody knows any more goes by its id."""
        found = self.tree.get(id) or next((one for one in self.gone if one.id == id), None)
        return found or Reason(id, id)
