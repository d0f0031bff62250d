"""When a figure of ours agrees with a given one.

A published figure is rounded: ours agrees when it is within half a unit of the last printed digit.
A recomputed figure is as exact as its digits: ours agrees to one part in a million.
"""

from decimal import Decimal
from typing import Any

ROUNDING = 1e-9  # relative; of binary arithmetic
EXACT = 1e-6


def agrees(ours: float | None, given: Any, *, printed: bool) -> bool:
    """Compare `ours` with a figure as it stands in the file: Decimal, int, or None for no data."""
    if ours is None or given is None:
        return ours is None and given is None
    off = abs(ours - float(given))
    if not printed:
        return off <= EXACT * max(1.0, abs(float(given)))
    return off <= half_a_digit(given) + ROUNDING * max(1.0, abs(float(given)))


def half_a_digit(given: int | float | Decimal) -> float:
    """Half a unit of the last printed digit.

    >>> half_a_digit(Decimal("97.80")), half_a_digit(90)
    (0.005, 0.5)
    """
    exponent = Decimal(str(given)).as_tuple().exponent
    return 0.5 * 10.0 ** min(int(exponent), 0)


def in_unit(name: str) -> tuple[str, float]:
    """Split a figure's name into its word and what ours, in seconds or 0..1, is multiplied by.

    >>> in_unit("oee_pct"), in_unit("good")
    (('oee', 100.0), ('good', 1.0))
    """
    scales = {"pct": 100.0, "s": 1.0, "min": 1 / 60, "h": 1 / 3600}
    word, _, unit = name.rpartition("_")
    return (word, scales[unit]) if word and unit in scales else (name, 1.0)
