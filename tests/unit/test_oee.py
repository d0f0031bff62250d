"""OEE, NEE and reliability: the figures, what is no data, what is flagged."""

import pytest

from mes.oee import Oee, Output, TimeElements, oee
from mes.reliability import Reliability

MIN = 60.0
VECTOR = Oee(
    TimeElements(
        pbt_s=420 * MIN,
        apt_s=336 * MIN,
        aust_s=30 * MIN,
        adet_s=24 * MIN,
        aubt_s=390 * MIN,
        aoet_s=400 * MIN,
        calendar_s=480 * MIN,
    ),
    Output(
        produced=600,
        good=582,
        rework=6,
        scrap=12,
        planned_scrap=10,
        inspected=600,
        good_first_pass=570,
        planned_run_s=300 * MIN,
        planned_run_good_s=291 * MIN,
    ),
)


@pytest.mark.parametrize(
    ("kpi", "expected"),
    [
        ("availability", 336 / 420),
        ("effectiveness", 300 / 336),
        ("quality_ratio", 582 / 600),
        ("oee_index", 291 / 420),
        ("nee_index", 366 / 420 * 300 / 336 * 0.97),
        ("teep", 291 / 480),
        ("utilization_efficiency", 336 / 390),
        ("allocation_efficiency", 390 / 420),
        ("technical_efficiency", 336 / 360),
        ("setup_rate", 30 / 366),
        ("throughput_pieces_per_s", 600 / (400 * MIN)),
        ("scrap_ratio", 0.02),
        ("actual_to_planned_scrap_ratio", 1.2),
        ("rework_ratio", 0.01),
        ("first_pass_yield", 0.95),
    ],
)
def test_each_kpi_is_its_formula(kpi: str, expected: float) -> None:
    assert getattr(VECTOR, kpi) == pytest.approx(expected, rel=1e-12)
    assert getattr(Oee(), kpi) is None, "nothing recorded is no data"
    assert not VECTOR.suspect


def test_a_unit_that_stood_still_has_no_effectiveness_and_an_index_of_zero() -> None:
    still = oee(apt_s=0, pbt_s=100, pri_s=1, produced=0, good=0)
    assert still.availability == 0
    assert still.effectiveness is None
    assert still.quality_ratio is None
    assert still.oee_index == 0
    assert not still.suspect


def test_a_unit_that_was_not_planned_has_no_data() -> None:
    free = oee(apt_s=0, pbt_s=0, pri_s=1, produced=0, good=0)
    assert free.availability is None
    assert free.oee_index is None
    assert not free.suspect


def test_what_cannot_be_is_returned_as_it_is_and_flagged() -> None:
    odd = oee(apt_s=100, pbt_s=90, pri_s=2, produced=60, good=66)
    assert odd.effectiveness == 1.2
    assert odd.quality_ratio == 1.1
    assert odd.suspect == (
        "66 good of 60 produced",
        "effectiveness is 1.2: PRI or production time is wrong",
        "production time is longer than planned busy time",
    )


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (oee(apt_s=0, pbt_s=9, pri_s=1, produced=1, good=1), "in no production time"),
        (Oee(TimeElements(apt_s=8, aust_s=2, aubt_s=9, pbt_s=9)), "longer than busy time"),
        (Oee(TimeElements(pbt_s=9, calendar_s=8)), "longer than the calendar time"),
        (Oee(output=Output(inspected=1, good_first_pass=2)), "than were inspected"),
    ],
)
def test_each_doubt_has_words(odd: Oee, words: str) -> None:
    assert len(odd.suspect) == 1
    assert odd.suspect[0].endswith(words)


def test_production_without_planned_busy_time_is_flagged() -> None:
    assert oee(apt_s=5, pbt_s=0, pri_s=1, produced=1, good=1).suspect


def test_a_product_without_pri_leaves_quality_known_and_the_index_unknown() -> None:
    unstated = oee(apt_s=90, pbt_s=100, pri_s=None, produced=10, good=9)
    assert unstated.availability == 0.9
    assert unstated.quality_ratio == 0.9
    assert unstated.effectiveness is None
    assert unstated.oee_index is None
    assert unstated.losses_s == (10, None, None)
    assert Output.of(pri_s=None, produced=0, good=0) == Output(), "nothing made needs no PRI"


def test_one_unknown_part_makes_the_sum_unknown_and_keeps_the_pieces() -> None:
    whole = oee(apt_s=50, pbt_s=50, pri_s=1, produced=40, good=40) + oee(
        apt_s=50, pbt_s=50, pri_s=None, produced=10, good=5
    )
    assert whole.oee_index is None
    assert whole.quality_ratio == 0.9


def test_several_products_weigh_by_their_planned_run_time() -> None:
    time = TimeElements(pbt_s=100, apt_s=80)
    slow = Output.of(pri_s=10, produced=4, good=2)
    fast = Output.of(pri_s=1, produced=20, good=20)
    both = Oee(time, slow + fast)
    assert both.oee_index == (10 * 2 + 1 * 20) / 100
    assert both.quality_ratio == 40 / 60
    assert both.losses_s == (20, 20, 20)


def test_a_roll_up_sums_elements_and_does_not_average_ratios() -> None:
    short = oee(apt_s=1, pbt_s=10, pri_s=1, produced=1, good=1)
    long = oee(apt_s=90, pbt_s=90, pri_s=1, produced=90, good=90)
    assert sum([short, long], Oee()).oee_index == 0.91


@pytest.mark.parametrize("name", ["apt_s", "pbt_s", "produced", "good"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_a_bad_argument_is_refused_by_name(name: str, value: float) -> None:
    arguments = {"apt_s": 1.0, "pbt_s": 1.0, "produced": 1.0, "good": 1.0, name: value}
    with pytest.raises(ValueError, match=f"{value}; expected a finite number") as caught:
        oee(pri_s=None, **arguments)
    assert name in str(caught.value)


@pytest.mark.parametrize("pri_s", [0, -1, float("nan"), float("inf")])
def test_a_planned_run_time_is_above_zero_or_not_stated(pri_s: float) -> None:
    with pytest.raises(ValueError, match=r"pri_s is .* None where not stated"):
        Output.of(pri_s=pri_s, produced=1, good=1)


def test_reliability_divides_by_failures() -> None:
    month = Reliability(operating_s=1000, repair_s=50, failures=5)
    assert (month.mtbf_s, month.mttr_s) == (200, 10)
    assert month.inherent_availability == pytest.approx(200 / 210)


def test_reliability_in_the_iso_form_divides_by_one_more() -> None:
    month = Reliability(operating_s=1200, repair_s=60, failures=5, iso_divisor=True)
    assert (month.mtbf_s, month.mttr_s) == (200, 10)


@pytest.mark.parametrize("iso_divisor", [False, True])
def test_no_failures_is_no_data(iso_divisor: bool) -> None:
    calm = Reliability(operating_s=1000, iso_divisor=iso_divisor)
    assert calm.mtbf_s is None
    assert calm.mttr_s is None
    assert calm.inherent_availability == 1
    assert Reliability().inherent_availability is None


def test_reliability_rolls_up_by_sums_of_one_convention() -> None:
    units = [Reliability(operating_s=900, repair_s=100, failures=n) for n in (1, 3)]
    assert sum(units, Reliability()).mtbf_s == 450
    with pytest.raises(ValueError, match="iso_divisor differs"):
        units[0] + Reliability(iso_divisor=True)


@pytest.mark.parametrize("name", ["operating_s", "repair_s", "failures"])
def test_reliability_refuses_a_negative_argument_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1"):
        Reliability(**{name: -1})
