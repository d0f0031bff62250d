"""What the tags of a machine show: its state as codes, its counters as registers, and noise."""

from math import floor

from mes.observation import Value
from simulator.draws import normal
from simulator.machine import EXECUTE, HELD, STARTING, STOPPED, Machine, Spec, cycle_time_s

COUNTER_SIZE = 1 << 16  # a counter at 65,535 goes on at 0
SIGNAL_PERIOD_S = 0.5  # power differs from one period to the next, always


def tags(machine: Machine, spec: Spec, at_s: float) -> dict[str, Value]:
    """The value of every tag of `machine` at `at_s`, by the names of the tag maps.

    speed in pieces/min, power in kW, the measure (diameter in mm, torque in Nm) of its newest piece.
    """
    return {
        "state": machine.state,
        "mode": machine.mode,
        "good": machine.good % COUNTER_SIZE,
        "reject": machine.reject % COUNTER_SIZE,
        "fault": machine.fault,
        "starved": machine.starved,
        "blocked": machine.blocked,
        "speed": _speed(machine, spec),
        spec.row.measure: machine.measure,
        "power": power_kw(machine, spec, at_s),
    }


def power_kw(machine: Machine, spec: Spec, at_s: float) -> float:
    """Power to the watt: even in one period and odd in the next, so that it is never frozen."""
    period = floor(at_s / SIGNAL_PERIOD_S)
    wear = machine.tool_pieces / spec.row.tool_pieces
    if machine.state == EXECUTE:
        mean = spec.row.power_kw * (1 + 0.08 * wear)
    elif machine.state in (HELD, STARTING):
        mean = (spec.row.power_kw + spec.row.rest_kw) / 3
    elif machine.state == STOPPED:
        mean = spec.row.rest_kw * 0.6
    else:
        mean = spec.row.rest_kw
    watts = int(normal(mean, mean * 0.02, spec.seed, spec.id, "power", period) * 1000)
    return (watts // 2 * 2 + period % 2) / 1000


def _speed(machine: Machine, spec: Spec) -> float:
    if machine.state != EXECUTE:
        return 0.0
    return round(60 / cycle_time_s(spec, machine.cycle), 1)
