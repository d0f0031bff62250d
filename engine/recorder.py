"""Commits what the work centres of this process have found: all of it together, a few times a second.

While the database is away nothing is lost: what was found is held, up to PENDING_MAX facts, and
past that nobody reads on; the streams keep what comes meanwhile. A work centre whose facts cannot
be kept, by a fault of ours, is tried by itself and holds up nobody else.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from mes.events import Event, StateChanged
from mes.unit_view import UnitView
from store.log.database import away
from store.log.facts import NONE, Facts, Fold, NotOwner

log = logging.getLogger("takt.engine")

T = TypeVar("T")
COMMIT_S = 0.2  # between two commits
KEEP_S = 5.0  # a unit of which nothing was found is committed this often: where it was read to
AWAY_S = 1.0  # between two tries while the database is away
PENDING_MAX = 50_000  # facts
ILL_MAX = 5_000  # facts of a work centre that cannot be kept


@dataclass(slots=True)
class _Pending:
    center: str
    view: UnitView
    known_us: int | None
    facts: list[Event] = field(default_factory=list)
    since_s: float = 0.0


class Recorder:
    """Takes folds and keeps them. One for a process; its calls are for the loop that runs it."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._pending: dict[str, _Pending] = {}
        self._kept: dict[str, int] = {}  # unit → the serial of its commit that we go on from
        self._lost: set[str] = set()  # work centres that another engine has gone on with
        self._ill: dict[str, bool] = {}  # work centres that are tried alone: whether that was told
        self._waiting: Counter[str] = Counter()  # work centre → facts
        self._room = asyncio.Event()
        self._lock = asyncio.Lock()  # one transaction at a time
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._away = False

    async def begin(self, center: str, units: Sequence[str]) -> Mapping[str, UnitView]:
        """Take up a work centre: the views its units were committed with.

        What waits of it is dropped: whoever takes it up folds it again from there.
        """
        async with self._lock:
            self.drop(units)
            kept = await self._asked(lambda: self._facts.views(units))
            for unit in units:
                self._kept[unit] = kept[unit][0] if unit in kept else NONE
            self._lost.discard(center)
        return {unit: view for unit, (_, view) in kept.items()}

    def drop(self, units: Iterable[str]) -> None:
        """Forget what waits of `units`: it is folded again from where the database stands."""
        for unit in units:
            if (dropped := self._pending.pop(unit, None)) is not None:
                self._waiting[dropped.center] -= len(dropped.facts)
        self._make_room()

    async def adopt(self, center: str, views: Iterable[UnitView]) -> None:
        """Keep the first views of units that are not on record: from here on all is.

        Only then may anything be folded that screens see, or it would be missing on record.
        """
        folds = [
            Fold(center=center, after=NONE, view=view, known_us=None, facts=_as_it_stands(view))
            for view in views
        ]
        async with self._lock:
            await self._asked(lambda: self._facts.commit(folds))
            for fold in folds:
                self._kept[fold.view.id] = fold.after + 1

    async def put(
        self, center: str, view: UnitView, facts: Iterable[Event], *, known_us: int | None
    ) -> None:
        """Keep `view` and what was found on the way to it; waits where too much waits already.

        Raises NotOwner where another engine has gone on with the work centre.
        """
        while self._is_full(center):
            await self._room.wait()
        if center in self._lost:
            raise NotOwner([view.id])
        loop = asyncio.get_running_loop()
        had = self._pending.setdefault(view.id, _Pending(center, view, known_us))
        had.since_s = had.since_s or loop.time()
        had.view, had.known_us = view, known_us
        new = list(facts)
        had.facts += new
        self._waiting[center] += len(new)

    async def run(self) -> None:
        """Commit until cancelled; then what still waits, if that can be done at once."""
        try:
            while True:
                await asyncio.sleep(AWAY_S if self._away else COMMIT_S)
                await self._commit(everything=False)
        finally:
            await self._commit(everything=True)
            self._thread.shutdown()

    async def counted(self, since: Mapping[str, int]) -> Mapping[str, tuple[int, int]]:
        """Unit → good and reject pieces on record since a moment; what waits is kept before."""
        await self.settle()
        async with self._lock:
            return await self._asked(lambda: self._facts.counted(since))

    async def settle(self) -> None:
        """Keep what waits now, if the database is there."""
        await self._commit(everything=True)

    async def _commit(self, *, everything: bool) -> None:
        async with self._lock:
            centers = {pending.center for pending in self._pending.values()}
            await self._keep(self._due(everything, centers - self._ill.keys()))
            for ill in () if self._away else sorted(centers & self._ill.keys()):
                await self._keep(self._due(everything, {ill}))
        self._make_room()

    def _due(self, everything: bool, centers: set[str]) -> dict[str, _Pending]:
        """Take what is to be committed of these work centres off what waits."""
        now_s = asyncio.get_running_loop().time()
        found = {
            unit: pending
            for unit, pending in self._pending.items()
            if pending.center in centers
            and (pending.facts or everything or now_s - pending.since_s >= KEEP_S)
        }
        for unit in found:
            del self._pending[unit]
        return found

    async def _keep(self, due: Mapping[str, _Pending]) -> None:
        """Commit all of `due` or nothing; what was not kept waits on."""
        if not due:
            return
        folds = [
            Fold(
                center=p.center,
                after=self._kept.get(unit, NONE),
                view=p.view,
                known_us=p.known_us,
                facts=tuple(p.facts),
            )
            for unit, p in due.items()
        ]
        try:
            await self._asked(lambda: self._facts.commit(folds))
        except NotOwner as error:
            self._give_up(error, due)
        except asyncio.CancelledError:  # it may have been kept or not: who folds on finds out
            self._hold(due)
            raise
        except Exception as error:  # whatever it is, nothing of what was found is lost
            self._hold(due)
            why = away(error)
            if why is None:
                self._part({p.center for p in due.values()})
            elif not self._away:
                log.error("the database is away, what is found is held: %s", why)
            self._away = why is not None
        else:
            self._take_note(due)

    def _part(self, centers: set[str]) -> None:
        """These cannot be kept together: each by itself from now on, until it can."""
        for center in centers:
            if len(centers) == 1 and not self._ill.get(center):
                log.exception("%s cannot be kept, and is held: a fault in Takt", center)
            self._ill[center] = len(centers) == 1

    def _take_note(self, kept: Mapping[str, _Pending]) -> None:
        if self._away:
            log.info("the database is back; nothing was lost")
        self._away = False
        for unit, pending in kept.items():
            self._kept[unit] = self._kept.get(unit, NONE) + 1
            self._waiting[pending.center] -= len(pending.facts)
            self._ill.pop(pending.center, None)

    def _give_up(self, error: NotOwner, due: Mapping[str, _Pending]) -> None:
        """The work centres of these units are another engine's; the others are tried again."""
        lost = {due[unit].center for unit in error.units if unit in due}
        log.warning("another engine has gone on with %s", ", ".join(sorted(lost)))
        self._lost |= lost
        for unit, pending in due.items():
            if pending.center in lost:
                self._waiting[pending.center] -= len(pending.facts)
            else:
                self._put_back(unit, pending)

    def _hold(self, due: Mapping[str, _Pending]) -> None:
        for unit, pending in due.items():
            self._put_back(unit, pending)

    def _put_back(self, unit: str, pending: _Pending) -> None:
        """Before what was found of the unit meanwhile."""
        if (newer := self._pending.get(unit)) is not None:
            newer.facts[:0] = pending.facts
            newer.since_s = pending.since_s
        else:
            self._pending[unit] = pending

    def _make_room(self) -> None:
        self._room.set()
        self._room.clear()

    def _is_full(self, center: str) -> bool:
        mine = self._waiting[center] if center in self._ill else 0
        return mine > ILL_MAX or self._waiting.total() > PENDING_MAX

    async def _asked(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _as_it_stands(view: UnitView) -> tuple[Event, ...]:
    """What a view from before there were records says of the state."""
    if view.state_since_us is None:
        return ()
    return (StateChanged(view.id, view.state_since_us, "unknown", view.state),)
