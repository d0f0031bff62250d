"""What machines there are, as tables: their faults, how often they stop, what they measure.

Rates are mean seconds of work between two of a kind, tuned for a plant worth looking at: on ten
machines something happens every twenty seconds, and availability lies between 75 and 85 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.settings import Kind


@dataclass(frozen=True, slots=True)
class Fault:
    code: int
    weight: float  # how often, relative to the machine's other faults
    min_s: float
    max_s: float
    aborts: bool  # goes through Aborted and Clearing; else it is an ordinary stop


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One kind of machine. `measure` is the name of the tag that the tool's wear shifts."""

    faults: tuple[Fault, ...]
    micro_stop_every_s: float
    jam_every_s: float
    changeover_every_s: float
    idle_every_s: float
    outside_every_s: float  # the ends of a line wait for the world outside
    tool_pieces: int  # life of a tool
    power_kw: float  # while it works
    rest_kw: float  # while it does not
    measure: str
    nominal: float
    sd: float
    wear_shift: float  # of the measure, over the life of a tool
    decimals: int
    reject_ratio: float


KINDS: Mapping[Kind, KindRow] = {
    "press": KindRow(
        faults=(
            Fault(101, 4, 60, 240, aborts=True),
            Fault(204, 3, 20, 75, aborts=False),
            Fault(217, 2, 150, 480, aborts=True),
            Fault(305, 1, 120, 420, aborts=False),
        ),
        micro_stop_every_s=200,
        jam_every_s=1800,
        changeover_every_s=6000,
        idle_every_s=9000,
        outside_every_s=3600,
        tool_pieces=900,
        power_kw=42.0,
        rest_kw=6.5,
        measure="diameter",
        nominal=25.0,
        sd=0.004,
        wear_shift=0.018,
        decimals=4,
        reject_ratio=0.012,
    ),
    "station": KindRow(
        faults=(
            Fault(12, 4, 60, 150, aborts=False),
            Fault(31, 3, 60, 300, aborts=True),
            Fault(44, 2, 60, 180, aborts=False),
        ),
        micro_stop_every_s=260,
        jam_every_s=3300,
        changeover_every_s=9000,
        idle_every_s=14_000,
        outside_every_s=2400,
        tool_pieces=1400,
        power_kw=3.2,
        rest_kw=0.6,
        measure="torque",
        nominal=8.0,
        sd=0.09,
        wear_shift=-0.28,
        decimals=3,
        reject_ratio=0.008,
    ),
}
