"""What differs between two bodies of a record, field by field, also within lists.

The items of a list are the same ones where they have the same id, name or begin; where they have
none of these, what is in one list and not in the other was added or removed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mes.records import Body


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()  # it was not there, or is not; None is a value
KEYS = (
    "id",
    "name",
    "valid_from",
    "start",
    "place",
    "date",
)  # what tells the items of a list apart


@dataclass(frozen=True, slots=True)
class Difference:
    """One of them. where: the fields from the outside in, an item of a list by what it is told by."""

    where: tuple[str, ...]
    old: Any
    new: Any

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        return "added" if self.old is ABSENT else "removed" if self.new is ABSENT else "changed"


def differences(old: Body | None, new: Body | None) -> tuple[Difference, ...]:
    """All of them, in order of the fields; None: there is no such record."""
    return tuple(_of_mappings((), old or {}, new or {}))


def _of_mappings(
    where: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Difference]:
    out = []
    for name in dict.fromkeys((*old, *new)):
        out += _of_values((*where, name), old.get(name, ABSENT), new.get(name, ABSENT))
    return out


def _of_values(where: tuple[str, ...], old: Any, new: Any) -> list[Difference]:
    if _same(old, new):
        return []
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return _of_mappings(where, old, new)
    if isinstance(old, list) and isinstance(new, list):
        return _of_lists(where, old, new)
    if _is_items(old) and new is ABSENT:
        return _of_lists(where, old, [])
    if _is_items(new) and old is ABSENT:
        return _of_lists(where, [], new)
    return [Difference(where, old, new)]


def _is_items(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and _key(value, []) is not None


def _same(old: Any, new: Any) -> bool:
    """True is not 1 here, as in JSON."""
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _of_lists(where: tuple[str, ...], old: Sequence[Any], new: Sequence[Any]) -> list[Difference]:
    key = _key(old, new)
    if key is not None:
        before, after = ({_text(item[key]): item for item in items} for items in (old, new))
        return _of_mappings(where, before, after) or [Difference(where, old, new)]
    gone, came = _less(old, new), _less(new, old)
    if not gone and not came:  # in another order
        return [Difference(where, old, new)]
    return [
        *(Difference(where, item, ABSENT) for item in gone),
        *(Difference(where, ABSENT, item) for item in came),
    ]


def _key(old: Sequence[Any], new: Sequence[Any]) -> str | None:
    """The field that tells the items apart, in both lists."""
    if not all(isinstance(item, Mapping) for item in (*old, *new)):
        return None
    for key in KEYS:
        if all(key in item for item in (*old, *new)) and all(
            len({_text(item[key]) for item in items}) == len(items) for items in (old, new)
        ):
            return key
    return None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _less(items: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Those of `items` that `others` has not, or not as often."""
    left, out = list(others), []
    for item in items:
        found = next((n for n, other in enumerate(left) if _same(item, other)), None)
        if found is None:
            out.append(item)
        else:
            del left[found]
    return out
