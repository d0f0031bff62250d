"""Counters of a machine: what an increment is when they grow, roll over or are reset."""


def increment(old: int, new: int, *, width_bits: int | None = None) -> int:
    """Pieces counted between two readings `old` and `new` of one counter, never negative.

    A smaller `new` is a roll-over only if the tag declares its width and `old` was in the top
    quarter of it; otherwise the counter was reset and `new` has been counted since.
    The first reading of all is never production: do not call this for it.

    Raises ValueError for a negative reading, and for one that is beyond the declared width.

    Source: conventions of this product, number 18.

    >>> increment(65_530, 4, width_bits=16), increment(999, 5), increment(10, 12)
    (10, 5, 2)
    """
    for name, value in (("old", old), ("new", new)):
        if value < 0:
            raise ValueError(f"{name} is {value}; a counter cannot be negative")
        if width_bits is not None and value >= 1 << width_bits:
            raise ValueError(f"{name} is {value}; it does not fit into {width_bits} bits")
    if new >= old:
        return new - old
    if width_bits is not None and old >= 3 << (width_bits - 2):
        return (1 << width_bits) - old + new
    return new
