"""One machine: its state, and what it does next as a pure function of it.

Codes are PackML's as in ISA-TR88.00.02 (Execute is 6); modes are production 1, maintenance 2,
changeover 4. A machine follows steps of known length until it works again, or one of unknown
length until a neighbour lets it go on.
"""

from dataclasses import dataclass, replace

from simulator.draws import between, mostly_low, normal, uniform
from simulator.kinds import KINDS, Fault, KindRow
from simulator.settings import Kind

CLEARING, STOPPED, STARTING, IDLE, SUSPENDED, EXECUTE, STOPPING, ABORTING, ABORTED = range(1, 10)
HOLDING, HELD, UNHOLDING, SUSPENDING, UNSUSPENDING, RESETTING, COMPLETING, COMPLETE = range(10, 18)
PRODUCTION, MAINTENANCE, MANUAL, CHANGEOVER = range(1, 5)

BURST_PIECES = 16  # a bad lot of raw parts is this long


@dataclass(frozen=True, slots=True)
class Step:
    """A state held for `lasts_s`; None: until a neighbour lets it go on."""

    state: int
    lasts_s: float | None
    mode: int = PRODUCTION
    fault: int = 0
    starved: bool = False
    blocked: bool = False
    new_tool: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """What never changes about a machine. `seed` and `id` key all that it draws."""

    id: str
    kind: Kind
    cycle_s: float
    seed: int
    place: int  # in the plant, from 0
    first: bool = False  # in a line with buffers
    last: bool = False

    @property
    def row(self) -> KindRow:
        return KINDS[self.kind]

    def draw(self, *keys: object) -> float:
        return uniform(self.seed, self.id, *keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """All that is needed to go on from here. Counters never roll over here; registers do."""

    id: str
    state: int = IDLE
    mode: int = PRODUCTION
    fault: int = 0
    starved: bool = False
    blocked: bool = False
    good: int = 0
    reject: int = 0
    taken: int = 0  # pieces fetched from the buffer before it
    cycle: int = 0  # the cycle that runs, or is to come
    working: bool = False  # a piece is in the machine
    left_s: float = 0.0  # of the cycle, after the trouble that interrupts it
    paused: int = -1  # the cycle before which it last looked whether to pause
    tool_pieces: int = 0
    measure: float = 0.0  # of the newest piece
    until_s: float | None = 0.0  # when it acts next; None: it waits for a neighbour
    steps: tuple[Step, ...] = ()


def first_state(spec: Spec) -> Machine:
    """A machine as the plant finds it: somewhere in the life of its tool and of its counters.

    Every second counter is about to roll over at 65,536, so that it is seen within the hour.
    """
    good = (
        65_280 + int(spec.draw("good") * 200)
        if spec.place % 2 == 0
        else int(spec.draw("good") * 9e3)
    )
    worn = 0.985 if spec.place % 4 == 1 else spec.draw("tool") * 0.8
    return Machine(
        id=spec.id,
        good=good,
        reject=int(good * spec.row.reject_ratio),
        tool_pieces=int(worn * spec.row.tool_pieces),
        measure=spec.row.nominal,
        until_s=spec.draw("start") * spec.cycle_s,
        steps=(Step(STARTING, 1.5),),
    )


def take_step(machine: Machine, at_s: float) -> Machine:
    """The machine after the first of its steps has begun."""
    step, *rest = machine.steps
    return replace(
        machine,
        state=step.state,
        mode=step.mode,
        fault=step.fault,
        starved=step.starved,
        blocked=step.blocked,
        tool_pieces=0 if step.new_tool else machine.tool_pieces,
        until_s=None if step.lasts_s is None else at_s + step.lasts_s,
        steps=tuple(rest),
    )


def execute(machine: Machine, at_s: float, lasts_s: float, left_s: float) -> Machine:
    """The machine at work for `lasts_s`, after which trouble leaves it `left_s` of its cycle."""
    return replace(
        machine,
        state=EXECUTE,
        mode=PRODUCTION,
        fault=0,
        starved=False,
        blocked=False,
        working=True,
        until_s=at_s + lasts_s,
        left_s=left_s,
    )


def begin_cycle(machine: Machine, spec: Spec, at_s: float) -> Machine:
    """The machine with a new piece in it."""
    whole_s = cycle_time_s(spec, machine.cycle)
    share = between(0.1, 0.9, spec.seed, spec.id, "share", machine.cycle)
    before_s = whole_s * share if trouble(spec, machine.cycle) else whole_s
    machine = replace(machine, taken=machine.taken + 1)
    return execute(machine, at_s, before_s, whole_s - before_s)


def finish_cycle(machine: Machine, spec: Spec, at_s: float) -> tuple[Machine, bool]:
    """The machine with its piece made and counted, and whether the piece is good."""
    row, n = spec.row, machine.cycle
    wear = machine.tool_pieces / row.tool_pieces
    measure = normal(row.nominal + row.wear_shift * wear, row.sd, spec.seed, spec.id, "measure", n)
    bad = row.reject_ratio * (1 + 3 * wear * wear)
    if spec.draw("burst", n // BURST_PIECES) < 0.02:
        bad = 0.6
    good = spec.draw("reject", n) >= bad
    made = replace(
        machine,
        good=machine.good + good,
        reject=machine.reject + (not good),
        cycle=n + 1,
        working=False,
        tool_pieces=machine.tool_pieces + 1,
        measure=round(measure, row.decimals),
        until_s=at_s,
    )
    return made, good


def cycle_time_s(spec: Spec, cycle: int) -> float:
    """How long a cycle takes undisturbed: mostly a little longer than the best one."""
    return spec.cycle_s * (1 + mostly_low(-0.02, 0.12, spec.seed, spec.id, "cycle", cycle))


def trouble(spec: Spec, cycle: int) -> tuple[Step, ...]:
    """The steps that interrupt a cycle; none for most."""
    row = spec.row
    jam, micro = spec.cycle_s / row.jam_every_s, spec.cycle_s / row.micro_stop_every_s
    chance = spec.draw("trouble", cycle)
    if chance < jam or _OPENING.get((spec.place, cycle)) == "jam":
        return _jam(spec, cycle)
    if chance < jam + micro:
        lasts_s = mostly_low(5, 40, spec.seed, spec.id, "micro", cycle)
        return (Step(HOLDING, 0.4), Step(HELD, lasts_s), Step(UNHOLDING, 0.6))
    return ()


def pause(spec: Spec, machine: Machine) -> tuple[Step, ...]:
    """The steps between two cycles: tool change, changeover, no order, the world outside."""
    row, n = spec.row, machine.cycle
    if machine.tool_pieces >= row.tool_pieces:
        return _stand(spec, n, MAINTENANCE, 90, 240, new_tool=True)
    chance = spec.draw("pause", n)
    for every_s, steps in (
        (row.changeover_every_s, "changeover"),
        (row.idle_every_s, "idle"),
        (row.outside_every_s, "outside"),
    ):
        share = spec.cycle_s / every_s
        if chance < share or _OPENING.get((spec.place, n)) == steps:
            return _PAUSES[steps](spec, n)
        chance -= share
    return ()


# The first minutes are worth looking at, whatever the seed: (place in the plant, cycle) → what.
_OPENING = {(3, 2): "changeover", (0, 7): "jam", (8, 5): "jam"}

_START = (Step(RESETTING, 2.0), Step(IDLE, 1.5), Step(STARTING, 1.5))


def _jam(spec: Spec, cycle: int) -> tuple[Step, ...]:
    fault = _pick(spec.row.faults, spec.draw("fault", cycle))
    lasts_s = mostly_low(fault.min_s, fault.max_s, spec.seed, spec.id, "repair", cycle)
    code = fault.code
    if fault.aborts:
        clearing_s = between(4, 12, spec.seed, spec.id, "clearing", cycle)
        stop: tuple[Step, ...] = (
            Step(ABORTING, 0.4, fault=code),
            Step(ABORTED, lasts_s, fault=code),
            Step(CLEARING, clearing_s, fault=code),
            Step(STOPPED, 2.0),
        )
    else:
        stop = (Step(STOPPING, 0.6, fault=code), Step(STOPPED, lasts_s, fault=code))
    return stop + _START


def _pick(faults: tuple[Fault, ...], chance: float) -> Fault:
    point = chance * sum(fault.weight for fault in faults)
    for fault in faults:
        point -= fault.weight
        if point < 0:
            return fault
    return faults[-1]


def _stand(
    spec: Spec, cycle: int, mode: int, low_s: float, high_s: float, *, new_tool: bool = False
) -> tuple[Step, ...]:
    lasts_s = mostly_low(low_s, high_s, spec.seed, spec.id, "stand", cycle)
    return (
        Step(COMPLETING, 0.8),
        Step(COMPLETE, 1.5),
        Step(STOPPING, 0.6, mode=mode),
        Step(STOPPED, lasts_s, mode=mode, new_tool=new_tool),
        *_START,
    )


def _changeover(spec: Spec, cycle: int) -> tuple[Step, ...]:
    return _stand(spec, cycle, CHANGEOVER, 180, 600)


def _idle(spec: Spec, cycle: int) -> tuple[Step, ...]:
    lasts_s = mostly_low(60, 300, spec.seed, spec.id, "idle", cycle)
    return (
        Step(COMPLETING, 0.8),
        Step(COMPLETE, 1.5),
        Step(RESETTING, 1.5),
        Step(IDLE, lasts_s),
        Step(STARTING, 1.5),
    )


def _outside(spec: Spec, cycle: int) -> tuple[Step, ...]:
    """No parts come to the first of a line, or none leave its last."""
    if not (spec.first or spec.last):
        return ()
    flags = {"starved": spec.first, "blocked": spec.last and not spec.first}
    lasts_s = mostly_low(10, 120, spec.seed, spec.id, "outside", cycle)
    return (
        Step(SUSPENDING, 0.3, **flags),
        Step(SUSPENDED, lasts_s, **flags),
        Step(UNSUSPENDING, 0.5),
    )


_PAUSES = {"changeover": _changeover, "idle": _idle, "outside": _outside}
