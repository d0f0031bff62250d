"""Laws of the OEE and of reliability, for any elements."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mes.oee import Oee, Output, TimeElements
from mes.reliability import Reliability

seconds = st.floats(0, 1e7).map(lambda s: round(s, 3))
pieces = st.integers(0, 10**6)
pri = st.floats(0.01, 1e4)

times = st.builds(
    TimeElements,
    **dict.fromkeys(
        ("pbt_s", "apt_s", "aust_s", "adet_s", "aubt_s", "aoet_s", "calendar_s"), seconds
    ),
)
outputs = st.builds(
    Output.of, pri_s=st.none() | pri, produced=pieces, good=pieces, rework=pieces, scrap=pieces
)
intervals = st.builds(Oee, times, outputs)
KPIS = [
    name
    for name, member in vars(Oee).items()
    if isinstance(member, property) and name not in ("suspect", "losses_s")
]


def same(a: float | None, b: float | None) -> bool:
    return (a is None and b is None) or a == pytest.approx(b, rel=1e-9)


@given(intervals, st.sampled_from(KPIS))
def test_every_kpi_is_no_data_or_a_finite_number_of_at_least_zero(one: Oee, kpi: str) -> None:
    value = getattr(one, kpi)
    assert value is None or 0 <= value < math.inf


@given(times, st.lists(outputs, max_size=4))
def test_the_three_factors_multiply_to_the_index(time: TimeElements, made: list[Output]) -> None:
    one = Oee(time, sum(made, Output()))
    factors = (one.availability, one.effectiveness, one.quality_ratio)
    if one.oee_index is not None and None not in factors:
        assert one.oee_index == pytest.approx(math.prod(factors), rel=1e-9)


@given(intervals)
def test_set_up_never_makes_nee_smaller_than_the_index(one: Oee) -> None:
    if one.oee_index is not None and one.nee_index is not None:
        assert one.nee_index >= one.oee_index * (1 - 1e-9)


@given(intervals)
def test_the_losses_are_what_the_index_lacks(one: Oee) -> None:
    if one.oee_index is not None and None not in one.losses_s:
        left = one.time.pbt_s - sum(one.losses_s)
        scale = max(one.time.pbt_s, one.time.apt_s, one.output.planned_run_s or 0)
        assert left == pytest.approx(one.oee_index * one.time.pbt_s, abs=1e-9 * (1 + scale))


@given(st.lists(intervals, max_size=6), st.randoms(), st.sampled_from(KPIS))
def test_a_roll_up_does_not_depend_on_order_or_grouping(
    parts: list[Oee], random: object, kpi: str
) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    half = len(parts) // 2
    grouped = sum(shuffled[:half], Oee()) + sum(shuffled[half:], Oee())
    assert same(getattr(sum(parts, Oee()), kpi), getattr(grouped, kpi))


@given(intervals, st.integers(2, 5), st.sampled_from(KPIS))
def test_the_sum_of_equal_parts_has_the_ratios_of_one(one: Oee, times_: int, kpi: str) -> None:
    assert same(getattr(sum([one] * times_, Oee()), kpi), getattr(one, kpi))


@given(st.lists(intervals, min_size=1, max_size=5))
def test_a_roll_up_lies_between_its_best_and_its_worst_part(parts: list[Oee]) -> None:
    indices = [p.oee_index for p in parts if p.time.pbt_s]
    whole = sum((p for p in parts if p.time.pbt_s), Oee()).oee_index
    if whole is not None:
        assert min(indices) * (1 - 1e-9) <= whole <= max(indices) * (1 + 1e-9)


@given(st.floats(1, 1e7), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(1, 10**6))
def test_plausible_elements_raise_no_doubt(
    pbt_s: float, available: float, effective: float, passed: float, produced: int
) -> None:
    apt_s = pbt_s * available
    run_s = apt_s * effective
    if run_s / produced > 0:
        made = Output.of(pri_s=run_s / produced, produced=produced, good=int(produced * passed))
        assert Oee(TimeElements(pbt_s=pbt_s, apt_s=apt_s), made).suspect == ()


@given(seconds, seconds, st.integers(0, 1000), st.booleans())
def test_mtbf_and_mttr_give_the_inherent_availability(
    operating_s: float, repair_s: float, failures: int, iso: bool
) -> None:
    one = Reliability(
        operating_s=operating_s, repair_s=repair_s, failures=failures, iso_divisor=iso
    )
    if failures and operating_s:
        assert one.mtbf_s / (one.mtbf_s + one.mttr_s) == pytest.approx(one.inherent_availability)
    elif not failures:
        assert (one.mtbf_s, one.mttr_s) == (None, None)
