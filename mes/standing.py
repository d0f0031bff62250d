"""How a work unit stands in its shift: what live screens show of its OEE."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mes.calendar import Span
from mes.losses import Account, total
from mes.master_data import MasterData
from mes.oee import Oee
from mes.stops import Stop, Why, planned_stops, stops
from mes.timeline import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A unit's newest shift up to `until_us`, by the hour.

    edges: the shift's start, the full hours in it, and `until_us`; hours: the account between each
    two; end_us: the shift's planned end; busy_us: planned busy time of the whole shift; line: its
    states from start to `until_us`; why: tells the reasons of its stops; target: of the OEE, None where none is set; cycle_s: the planned
    run time per item now; told: the
    intervals of the shift, whole, known until `known_us`; versions: the unit's master data;
    cost_per_h: of planned busy time;
    left: stops of the day before the shift that have no reason yet; planned: what is, to `until_us`;
    is_shift: else another window, which `shift` names; days: the whole days before today, oldest first.
    """

    shift: str
    edges: tuple[int, ...]
    end_us: int
    busy_us: int
    hours: tuple[Account, ...]
    line: tuple[Interval, ...]
    target: float | None
    cycle_s: float | None
    told: Sequence[Interval] = ()
    known_us: int = 0
    versions: Sequence[MasterData] = ()
    cost_per_h: float | None = None
    why: Why = field(default_factory=Why)
    left: tuple[Stop, ...] = ()
    planned: tuple[Span, ...] = ()
    is_shift: bool = True
    days: tuple[Account, ...] = ()

    # Formed once: screens ask for them with every message.
    account: Account = field(init=False)  # the shift so far
    oee: Oee = field(init=False)
    stops: tuple[Stop, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "account", total(self.hours))
        object.__setattr__(self, "oee", self.account.oee)
        object.__setattr__(self, "stops", self._stops())

    def _stops(self) -> tuple[Stop, ...]:
        """The shift's stops in planned busy time, whole and in order; micro-stops are none."""
        found = stops(self.told, self.why, known_us=self.known_us, versions=self.versions)
        mine = (stop for stop in found if stop.start_us < self.until_us)
        return planned_stops(mine, self.planned, self.known_us)

    @property
    def start_us(self) -> int:
        return self.edges[0]

    @property
    def until_us(self) -> int:
        return self.edges[-1]

    @property
    def plan(self) -> float | None:
        """Good pieces of the whole shift at the target; None where no cycle is stated."""
        return self._pieces(self.busy_us)

    def expected(self, account: Account) -> float | None:
        """Good pieces that the planned busy time of `account` is for; None where no cycle is stated."""
        return self._pieces(account.pbt_us)

    def _pieces(self, busy_us: int) -> float | None:
        """At the target, or at the full cycle where none is set."""
        return None if not self.cycle_s else busy_us / 1e6 / self.cycle_s * (self.target or 1.0)
