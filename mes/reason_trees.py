"""Which tree of reasons holds where, and what a change of one says otherwise of stops that have been."""

from collections.abc import Iterator
from dataclasses import replace

from mes.reasons import Reason, ReasonTree, from_plain, holder, said_otherwise
from mes.records import Body, Found
from mes.usual_reasons import USUAL

KIND = "reason_tree"
LEVELS_MAX = 10  # above a work unit


def tree_of(found: Found, place: str) -> ReasonTree:
    """The reason tree that holds for a place, by the equipment on record."""
    trees = {record.id: record for record in found.records(KIND)}
    whose = holder(trees, upwards(found, place))
    return from_plain(trees[whose].body or {}) if whose else USUAL


def upwards(found: Found, place: str) -> Iterator[str]:
    """The place and those that it is part of, by the equipment on record."""
    for _ in range(LEVELS_MAX):
        yield place
        here = found.record("equipment", place)
        if here is None or here.body is None:
            return
        place = here.body["parent"]


def changed_meanings(found: Found, place: str, new: Body | None) -> tuple[str, ...]:
    """What is said otherwise, in words, where the tree of a place becomes `new`; None: it is taken away,
    and the one above holds. Measured against what holds there now, whosever it is, and against reasons
    that there were: to take a tree away and begin it anew is no way round.
    """
    held = tree_of(found, place)
    if new is None:
        above = found.record("equipment", place)
        after = tree_of(found, above.body["parent"]) if above and above.body else USUAL
    else:
        after = from_plain(new)
    known = {one.id: one for body in found.ever(KIND) for one in from_plain(body).reasons}
    gone = tuple(known[id] for id in known.keys() - {one.id for one in held.reasons})
    return said_otherwise(_of_place(found, place, held, gone), _of_place(found, place, after))


def _of_place(
    found: Found, place: str, tree: ReasonTree, gone: tuple[Reason, ...] = ()
) -> ReasonTree:
    """The tree with the faults of the place's own machines alone, and those of any machine."""

    def here(code: str) -> bool:
        unit = code.partition(":")[0]
        return found.record("equipment", unit) is None or place in upwards(found, unit)

    faults = {code: reason for code, reason in tree.faults.items() if here(code)}
    return replace(tree, faults=faults, reasons=(*tree.reasons, *gone))
