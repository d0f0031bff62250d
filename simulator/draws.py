"""Chance as a pure function: the same keys always give the same draw.

Nothing has to be remembered between two draws, so a plant can go on after a crash from the
state of its machines alone, and what one machine draws never shifts what another one draws.
"""

from hashlib import blake2b
from statistics import NormalDist

_NORMAL = NormalDist()


def uniform(*keys: object) -> float:
    """A number in (0, 1), never 0 or 1 itself."""
    text = "|".join(map(str, keys)).encode()
    return (int.from_bytes(blake2b(text, digest_size=6).digest(), "big") + 0.5) / (1 << 48)


def between(low: float, high: float, *keys: object) -> float:
    """A number between `low` and `high`, all alike."""
    return low + (high - low) * uniform(*keys)


def mostly_low(low: float, high: float, *keys: object) -> float:
    """A number between `low` and `high` whose mean is a third of the way: most stops are short."""
    return low + (high - low) * uniform(*keys) ** 2


def normal(mean: float, sd: float, *keys: object) -> float:
    """A normally distributed number, cut at 3.5 standard deviations."""
    return mean + sd * min(3.5, max(-3.5, _NORMAL.inv_cdf(uniform(*keys))))
