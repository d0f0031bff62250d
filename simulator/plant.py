"""The plant: lines of machines with buffers between them, played from event to event.

No clock and no I/O: `advance` goes to a given time and tells what happened on the way, in order.
A plant is its machines; buffers follow from what the machine before a buffer has put in and the
one after it has taken.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from simulator.machine import (
    EXECUTE,
    SUSPENDED,
    SUSPENDING,
    UNSUSPENDING,
    Machine,
    Spec,
    Step,
    begin_cycle,
    execute,
    finish_cycle,
    first_state,
    pause,
    take_step,
    trouble,
)
from simulator.settings import Settings

BUFFER_PIECES_MAX = 8
BUFFER_PIECES_FIRST = 4


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: "state", "good" or "reject", and the machine right after it."""

    at_s: float
    what: str
    machine: Machine


@dataclass(slots=True)
class Plant:
    """Specs and machines by id, in order; `lines` are the ids of lines with buffers."""

    specs: Mapping[str, Spec]
    lines: tuple[tuple[str, ...], ...]
    machines: dict[str, Machine]
    at_s: float = 0.0
    _good_first: dict[str, int] = field(default_factory=dict)
    _around: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._good_first = {name: first_state(spec).good for name, spec in self.specs.items()}
        self._around = dict.fromkeys(self.specs, (None, None))
        for line in self.lines:
            before, after = (None, *line[:-1]), (*line[1:], None)
            self._around |= dict(zip(line, zip(before, after, strict=True), strict=True))

    def buffered(self, upstream: str, downstream: str) -> int:
        """Pieces between two neighbours."""
        put = self.machines[upstream].good - self._good_first[upstream]
        return BUFFER_PIECES_FIRST + put - self.machines[downstream].taken

    def short_of(self, name: str) -> tuple[bool, bool]:
        """Whether a machine is (starved, blocked): no piece to take, no room to put one."""
        before, after = self._around[name]
        return (
            before is not None and self.buffered(before, name) <= 0,
            after is not None and self.buffered(name, after) >= BUFFER_PIECES_MAX,
        )

    @property
    def next_s(self) -> float:
        """When something happens next; infinity if every machine waits."""
        times = (m.until_s for m in self.machines.values() if m.until_s is not None)
        return min(times, default=float("inf"))

    def resume(self, machines: Iterable[Machine], at_s: float) -> "Plant":
        """This plant with its machines as they were left at `at_s`."""
        found = {machine.id: machine for machine in machines}
        if found.keys() != self.specs.keys():
            raise ValueError(f"machines are {sorted(found)}; expected {sorted(self.specs)}")
        return Plant(self.specs, self.lines, {name: found[name] for name in self.specs}, at_s)

    def advance(self, to_s: float) -> Iterator[Event]:
        """Play until `to_s`; yields each event at once, in order of time.

        Machines due at the same instant act in the order of the configuration.
        """
        for name in self.machines:  # a neighbour may have been left between two events
            yield from _let_go(self, name, self.at_s)
        while self.next_s <= to_s:
            at_s = self.next_s
            self.at_s = at_s
            due = next(m for m in self.machines.values() if m.until_s == at_s)
            yield from _act(self, due, at_s)
            for name in filter(None, (due.id, *self._around[due.id])):
                yield from _let_go(self, name, at_s)
        self.at_s = max(self.at_s, to_s)


def build(settings: Settings) -> Plant:
    """The plant of `settings` on its first morning."""
    specs: dict[str, Spec] = {}
    lines: list[tuple[str, ...]] = []
    for line in settings.lines:
        ids = tuple(machine.id for machine in line.machines)
        for machine in line.machines:
            specs[machine.id] = Spec(
                id=machine.id,
                kind=line.kind,
                cycle_s=machine.cycle_s,
                seed=settings.seed,
                place=len(specs),
                first=line.buffers and machine.id == ids[0],
                last=line.buffers and machine.id == ids[-1],
            )
        if line.buffers:
            lines.append(ids)
    return Plant(specs, tuple(lines), {name: first_state(spec) for name, spec in specs.items()})


def _act(plant: Plant, machine: Machine, at_s: float) -> Iterator[Event]:
    """What a machine does now that its time has come."""
    spec, what = plant.specs[machine.id], "state"
    if machine.steps:
        after = take_step(machine, at_s)
    elif not machine.working:
        after = _begin(plant, machine, at_s)
    elif machine.left_s > 0 and machine.state == EXECUTE:
        after = take_step(replace(machine, steps=trouble(spec, machine.cycle)), at_s)
    elif machine.left_s > 0:
        after = execute(machine, at_s, machine.left_s, 0.0)
    else:
        made, good = finish_cycle(machine, spec, at_s)
        what = "good" if good else "reject"
        plant.machines[machine.id] = made
        after = _begin(plant, made, at_s)
        if after.state != EXECUTE:  # the piece and the stop are two things
            yield Event(at_s, what, made)
            what = "state"
    plant.machines[machine.id] = after
    yield Event(at_s, what, after)


def _begin(plant: Plant, machine: Machine, at_s: float) -> Machine:
    """The machine with its next piece, or on the way into a pause."""
    spec = plant.specs[machine.id]
    if machine.state == EXECUTE and machine.paused != machine.cycle:
        machine = replace(machine, paused=machine.cycle)
        if steps := pause(spec, machine):
            return take_step(replace(machine, steps=steps), at_s)
    starved, blocked = plant.short_of(machine.id)
    if starved or blocked:
        wait = [
            Step(state, lasts_s, starved=starved, blocked=blocked)
            for state, lasts_s in ((SUSPENDING, 0.3), (SUSPENDED, None))
        ]
        if machine.state != EXECUTE:  # only a machine that is at work can be suspended
            wait.insert(0, Step(EXECUTE, 0.2))
        return take_step(replace(machine, steps=tuple(wait)), at_s)
    return begin_cycle(machine, spec, at_s)


def _let_go(plant: Plant, name: str, at_s: float) -> Iterator[Event]:
    """Move a machine that waits for its neighbours, if what it waits for has changed."""
    machine = plant.machines[name]
    if machine.until_s is not None:
        return
    starved, blocked = plant.short_of(name)
    if not (starved or blocked):
        after = take_step(replace(machine, steps=(Step(UNSUSPENDING, 0.5),)), at_s)
    elif (starved, blocked) != (machine.starved, machine.blocked):
        after = replace(machine, starved=starved, blocked=blocked)
    else:
        return
    plant.machines[name] = after
    yield Event(at_s, "state", after)
