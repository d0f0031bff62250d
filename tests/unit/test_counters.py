"""Counters: growth, roll-over, reset (F19, convention 18)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mes.counters import increment


@pytest.mark.parametrize(
    ("old", "new", "width_bits", "pieces"),
    [
        (10, 12, None, 2),
        (12, 12, 16, 0),
        (65_530, 4, 16, 10),  # rolls over at 65,535
        (65_535, 0, 16, 1),
        (999, 5, None, 5),  # no width declared: a reset
        (30_000, 5, 16, 5),  # not in the top quarter: a reset
        (999, 0, 16, 0),  # F19: reset 999 → 0
    ],
)
def test_published_examples(old, new, width_bits, pieces):
    assert increment(old, new, width_bits=width_bits) == pieces


@given(st.integers(0, 1 << 20), st.lists(st.integers(0, 5_000), max_size=50))
def test_a_counter_that_rolls_over_counts_what_was_made(start, steps):
    width, made, raw = 16, 0, start % (1 << 16)
    for step in steps:
        new = (raw + step) % (1 << width)
        made += increment(raw, new, width_bits=width)
        raw = new
    assert made == sum(steps)


@given(st.integers(0, 65_535), st.integers(0, 65_535), st.sampled_from([None, 16, 32]))
def test_never_negative(old, new, width_bits):
    assert increment(old, new, width_bits=width_bits) >= 0


def test_what_no_counter_can_show_is_refused_by_name():
    with pytest.raises(ValueError, match="old is -1"):
        increment(-1, 3)
    with pytest.raises(ValueError, match="new is 70000.*16 bits"):
        increment(3, 70_000, width_bits=16)
