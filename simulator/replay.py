"""A plant whose machines do what a trace says: it stands in the place of `simulator.plant.Plant`.

No clock and no I/O. A machine's `cycle` is the number of its rows that were played, so that a
plant that was killed goes on behind the last row that it has on disk.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from simulator.machine import (
    CHANGEOVER,
    EXECUTE,
    HELD,
    IDLE,
    MAINTENANCE,
    MANUAL,
    STOPPED,
    SUSPENDED,
    Machine,
    Spec,
    Step,
    take_step,
)
from simulator.plant import Event, build
from simulator.settings import Settings
from simulator.trace import Row, Trace

# How a machine says each state that a trace can name: lasting until its next row.
SAID: Mapping[str, Step] = {
    "stopped": Step(STOPPED, None),
    "held": Step(HELD, None),
    "starved": Step(SUSPENDED, None, starved=True),
    "blocked": Step(SUSPENDED, None, blocked=True),
    "waiting": Step(SUSPENDED, None),
    "maintenance": Step(STOPPED, None, mode=MAINTENANCE),
    "changeover": Step(STOPPED, None, mode=CHANGEOVER),
    "manual": Step(EXECUTE, None, mode=MANUAL),
    "running": Step(EXECUTE, None),
    "idle": Step(IDLE, None),
}


@dataclass(slots=True)
class Replay:
    """Specs and machines by id; `rows` are in order of time, the first `played` of them done."""

    specs: Mapping[str, Spec]
    rows: tuple[Row, ...]
    machines: dict[str, Machine]
    at_s: float = 0.0
    played: int = 0

    @property
    def next_s(self) -> float:
        """When the next row is due; infinity behind the last one: machines stay as they are."""
        return self.rows[self.played].at_s if self.played < len(self.rows) else float("inf")

    def resume(self, machines: Iterable[Machine], at_s: float) -> "Replay":
        """This plant with its machines as they were left at `at_s`, and the rows they lack."""
        found = {machine.id: machine for machine in machines}
        seen: Counter[str] = Counter()
        left = []
        for row in self.rows:
            seen[row.machine] += 1
            if seen[row.machine] > found[row.machine].cycle:
                left.append(row)
        return Replay(self.specs, tuple(left), found, at_s)

    def advance(self, to_s: float) -> Iterator[Event]:
        """Play until `to_s`; yields one event a row, at once."""
        while self.next_s <= to_s:
            row = self.rows[self.played]
            self.played += 1
            self.at_s = max(self.at_s, row.at_s)
            machine = self.machines[row.machine] = _after(self.machines[row.machine], row)
            what = "good" if row.good else "reject" if row.reject else "state"
            yield Event(self.at_s, what, machine)
        self.at_s = max(self.at_s, to_s)


def replay(settings: Settings, trace: Trace) -> Replay:
    """The machines of `settings` before the first row: idle, counters at 0."""
    specs = build(settings).specs
    machines = {
        name: Machine(id=name, measure=spec.row.nominal, until_s=None)
        for name, spec in specs.items()
    }
    return Replay(specs, trace.rows, machines)


def _after(machine: Machine, row: Row) -> Machine:
    """The machine once it has done what `row` says."""
    if row.state:
        step = replace(SAID[row.state], fault=row.fault)
        machine = take_step(replace(machine, steps=(step,)), row.at_s)
    return replace(
        machine,
        good=machine.good + row.good,
        reject=machine.reject + row.reject,
        cycle=machine.cycle + 1,
    )
