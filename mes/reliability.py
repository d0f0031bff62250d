"""Reliability of work units: mean time between failures, mean time to repair.

Times are seconds. No failures is "no data" (None), never infinity. To roll up over units or
months, add: the ratios are formed once from the sums.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Operating time, repair time and failures of an interval, and what follows from them.

    `iso_divisor`: divide by failures + 1, as ISO 22400-2 (2014) prints it, where most
    tools divide by failures.
    """

    operating_s: float = 0.0
    repair_s: float = 0.0
    failures: int = 0
    iso_divisor: bool = False

    def __post_init__(self) -> None:
        for name in ("operating_s", "repair_s", "failures"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value}; expected a finite number, 0 or more")

    def __add__(self, other: "Reliability") -> "Reliability":
        if self.iso_divisor != other.iso_divisor:
            raise ValueError("iso_divisor differs; both parts must follow one convention")
        return Reliability(
            operating_s=self.operating_s + other.operating_s,
            repair_s=self.repair_s + other.repair_s,
            failures=self.failures + other.failures,
            iso_divisor=self.iso_divisor,
        )

    @property
    def mtbf_s(self) -> float | None:
        """Mean operating time between failures [s].

        >>> Reliability(operating_s=1000, repair_s=50, failures=5).mtbf_s
        200.0
        """
        return self._per_failure(self.operating_s)

    @property
    def mttr_s(self) -> float | None:
        """Mean time to repair [s]."""
        return self._per_failure(self.repair_s)

    @property
    def inherent_availability(self) -> float | None:
        """Operating time / (operating + repair time) = MTBF / (MTBF + MTTR).

        It is about failures alone. The availability of the OEE, APT / PBT, is in `mes.oee`.
        """
        whole = self.operating_s + self.repair_s
        return self.operating_s / whole if whole else None

    def _per_failure(self, time_s: float) -> float | None:
        return time_s / (self.failures + self.iso_divisor) if self.failures else None
