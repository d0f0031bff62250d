"""OEE and the KPIs around it, named as in ISO 22400-2.

Times are seconds, quantities are pieces (or any unit of which fractions may exist), ratios are
0..1 and never percent. A ratio without a denominator is None: "no data", never 0.

To roll up over units, shifts or products, add: `sum(parts, Oee())`. Elements are summed and each
ratio is formed once from the sums; a mean of percentages is not an OEE.
"""

import math
from dataclasses import dataclass, fields
from typing import Any, Self

_ROUNDING = 1e-9  # relative; sums of many intervals differ by this much from their whole


def _items(elements: Any) -> list[tuple[str, float | None]]:
    return [(f.name, getattr(elements, f.name)) for f in fields(elements)]


def _ratio(part: float | None, whole: float) -> float | None:
    return None if part is None or not whole else part / whole


def _above(part: float | None, whole: float) -> bool:
    return part is not None and part > whole * (1 + _ROUNDING)


class _Summable:
    """Fields that are finite and not negative, or None where not known, and can be added."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, value in _items(self):
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; expected a finite number, 0 or more")

    def __add__(self, other: Self) -> Self:
        """Add field by field; what is unknown in one part is unknown in the sum."""
        return type(self)(
            **{
                name: None if a is None or b is None else a + b
                for (name, a), (_, b) in zip(_items(self), _items(other), strict=True)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeElements(_Summable):
    """How work units spent an interval [s]. An element that was not recorded is 0.

    Set-up lies inside planned busy time and outside production time.
    """

    pbt_s: float = 0.0  # planned busy time: planned operation time less planned down time
    apt_s: float = 0.0  # actual production time
    aust_s: float = 0.0  # actual unit set-up time
    adet_s: float = 0.0  # actual unit delay time
    aubt_s: float = 0.0  # actual unit busy time
    aoet_s: float = 0.0  # actual order execution time
    calendar_s: float = 0.0  # all time, for TEEP

    @property
    def aupt_s(self) -> float:
        """Actual unit processing time: production and set-up."""
        return self.apt_s + self.aust_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(_Summable):
    """What came out, of one product or of several.

    The planned run times are sums over products, Σ(PRI·PQ) and Σ(PRI·GQ); they are None where
    pieces were made of a product whose PRI nobody stated.
    """

    produced: float = 0.0  # PQ
    good: float = 0.0  # GQ; rework is not good
    rework: float = 0.0  # RQ
    scrap: float = 0.0  # SQ
    planned_scrap: float = 0.0  # PSQ
    inspected: float = 0.0  # IP
    good_first_pass: float = 0.0  # GP
    planned_run_s: float | None = 0.0
    planned_run_good_s: float | None = 0.0

    @classmethod
    def of(cls, *, pri_s: float | None, produced: float, good: float, **quantities: float) -> Self:
        """Output of one product. `pri_s`: planned run time per item [s/piece], None: not stated.

        Raises ValueError for a PRI that is not above 0, and for a negative quantity.
        """
        if pri_s is not None and not 0 < pri_s < math.inf:
            raise ValueError(f"pri_s is {pri_s}; expected more than 0, or None where not stated")

        def planned(pieces: float) -> float | None:
            return 0.0 if not pieces else None if pri_s is None else pri_s * pieces

        return cls(
            produced=produced,
            good=good,
            planned_run_s=planned(produced),
            planned_run_good_s=planned(good),
            **quantities,
        )


@dataclass(frozen=True, slots=True)
class Oee:
    """The KPIs of one interval, or of a sum of intervals. Nothing is clamped: see `suspect`."""

    time: TimeElements = TimeElements()
    output: Output = Output()

    def __add__(self, other: "Oee") -> "Oee":
        return Oee(self.time + other.time, self.output + other.output)

    @property
    def availability(self) -> float | None:
        """APT / PBT."""
        return _ratio(self.time.apt_s, self.time.pbt_s)

    @property
    def effectiveness(self) -> float | None:
        """Σ(PRI·PQ) / APT. Above 1 it says that a PRI is wrong; it is returned as it is."""
        return _ratio(self.output.planned_run_s, self.time.apt_s)

    @property
    def quality_ratio(self) -> float | None:
        """GQ / PQ; of several products weighted by PRI, so that the three factors multiply.

        Where a PRI is not stated, pieces are counted.
        """
        if self.output.planned_run_s and self.output.planned_run_good_s is not None:
            return _ratio(self.output.planned_run_good_s, self.output.planned_run_s)
        return _ratio(self.output.good, self.output.produced)

    @property
    def oee_index(self) -> float | None:
        """Availability · effectiveness · quality ratio, formed once as Σ(PRI·GQ) / PBT.

        So a unit that stood still through its planned busy time has 0 and not "no data".
        """
        return _ratio(self.output.planned_run_good_s, self.time.pbt_s)

    @property
    def nee_index(self) -> float | None:
        """AUPT / PBT · effectiveness · quality ratio: as OEE, with set-up counted as used."""
        used = _ratio(self.time.aupt_s, self.time.pbt_s)
        produced = _ratio(self.output.planned_run_good_s, self.time.apt_s)
        return None if used is None or produced is None else used * produced

    @property
    def teep(self) -> float | None:
        """OEE index over all calendar time (not in ISO 22400)."""
        return _ratio(self.output.planned_run_good_s, self.time.calendar_s)

    @property
    def utilization_efficiency(self) -> float | None:
        """APT / AUBT."""
        return _ratio(self.time.apt_s, self.time.aubt_s)

    @property
    def allocation_efficiency(self) -> float | None:
        """AUBT / PBT."""
        return _ratio(self.time.aubt_s, self.time.pbt_s)

    @property
    def technical_efficiency(self) -> float | None:
        """APT / (APT + ADET)."""
        return _ratio(self.time.apt_s, self.time.apt_s + self.time.adet_s)

    @property
    def setup_rate(self) -> float | None:
        """AUST / AUPT."""
        return _ratio(self.time.aust_s, self.time.aupt_s)

    @property
    def throughput_pieces_per_s(self) -> float | None:
        """PQ / AOET."""
        return _ratio(self.output.produced, self.time.aoet_s)

    @property
    def scrap_ratio(self) -> float | None:
        """SQ / PQ."""
        return _ratio(self.output.scrap, self.output.produced)

    @property
    def actual_to_planned_scrap_ratio(self) -> float | None:
        """SQ / PSQ."""
        return _ratio(self.output.scrap, self.output.planned_scrap)

    @property
    def rework_ratio(self) -> float | None:
        """RQ / PQ."""
        return _ratio(self.output.rework, self.output.produced)

    @property
    def first_pass_yield(self) -> float | None:
        """GP / IP."""
        return _ratio(self.output.good_first_pass, self.output.inspected)

    @property
    def losses_s(self) -> tuple[float, float | None, float | None]:
        """Planned busy time lost to availability, to effectiveness and to quality [s].

        PBT less the three is Σ(PRI·GQ). One below 0 belongs to a figure that is suspect.
        """
        time, out = self.time, self.output
        run, good = out.planned_run_s, out.planned_run_good_s
        return (
            time.pbt_s - time.apt_s,
            None if run is None else time.apt_s - run,
            None if run is None or good is None else run - good,
        )

    @property
    def suspect(self) -> tuple[str, ...]:
        """What cannot be, in words for a person; empty where all is plausible."""
        time, out = self.time, self.output
        doubts = (
            (_above(out.good, out.produced), f"{out.good:g} good of {out.produced:g} produced"),
            (
                time.apt_s > 0 and _above(out.planned_run_s, time.apt_s),
                f"effectiveness is {self.effectiveness or 0:.3g}: PRI or production time is wrong",
            ),
            (out.produced > 0 and not time.apt_s, "pieces were produced in no production time"),
            (
                _above(time.apt_s, time.pbt_s),
                "production time is longer than planned busy time",
            ),
            (
                time.aubt_s > 0 and _above(time.aupt_s, time.aubt_s),
                "production and set-up are longer than busy time",
            ),
            (
                time.calendar_s > 0 and _above(time.pbt_s, time.calendar_s),
                "planned busy time is longer than the calendar time",
            ),
            (_above(out.good_first_pass, out.inspected), "more pieces passed than were inspected"),
        )
        return tuple(words for doubtful, words in doubts if doubtful)


def oee(*, apt_s: float, pbt_s: float, pri_s: float | None, produced: float, good: float) -> Oee:
    """Compute the OEE of one work unit and one product over one interval.

    apt_s: actual production time [s]; pbt_s: planned busy time [s];
    pri_s: planned run time per item [s/piece], None where nobody stated it;
    produced (PQ), good (GQ) [pieces].

    Effectiveness above 1 and good above produced are returned as they are and named in
    `suspect`: hiding them would hide what is wrong. Raises ValueError for a negative argument.

    Source: ISO 22400-2, KPIs Availability, Effectiveness, Quality ratio, OEE index.

    >>> oee(apt_s=360, pbt_s=400, pri_s=1, produced=300, good=294).oee_index
    0.735
    """
    return Oee(
        TimeElements(apt_s=apt_s, pbt_s=pbt_s), Output.of(pri_s=pri_s, produced=produced, good=good)
    )
