"""Numbers, times and readings as they are shown."""

from typing import Any

import pytest

from layouts._desk import scope_words
from layouts._words import NOTHING, number, reading, sentence, site_time, span, zone_word
from tests.unit.test_layouts import plant

S = 1_000_000
NOW = 1_795_360_000 * S  # 22 November 2026, 16:06:40 in Berlin


def test_numbers_and_times() -> None:
    assert (number(1234567), number(None), number(6.05, 1)) == ("1,234,567", NOTHING, "6.0")
    assert (span(462 * S), span(3912 * S), span(-1)) == ("07:42", "1:05:12", "00:00")
    zone = "Europe/Berlin"
    assert site_time(NOW, now_us=NOW, zone=zone) == "16:06"
    assert site_time(NOW - 86_400 * S, now_us=NOW, zone=zone) == "21 Nov 16:06"
    assert site_time(None, now_us=NOW, zone=zone) == NOTHING
    assert (zone_word(NOW, zone), zone_word(NOW, "America/Sao_Paulo")) == ("CET", "UTC-03")
    assert (sentence("a", "", "b"), sentence("")) == ("A, b.", "")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (None, 1, NOTHING),
        (True, None, "true"),
        (65123, None, "65123"),
        (23.40000057220459, None, "23.4"),
        (0.0, None, "0"),
        (2.005, 3, "2.005"),
        (float("nan"), 1, "nan"),
        ("abc", 1, "abc"),
    ],
)
def test_reading(value: Any, decimals: int | None, text: str) -> None:
    assert reading(value, decimals) == text


def test_a_scope_is_told_by_what_people_call_it() -> None:
    here = plant()
    area, center = next(iter(here.areas.values())), next(iter(here.work_centers.values()))
    scope = [here.path_of(id) for id in (area.id, center.id, "m2")]
    assert scope_words(here, scope) == f"{area.name}, {center.name}, Machine 2"
    assert scope_words(here, [here.id]) == "everything"
    assert scope_words(here, ["site/gone"]) == "site/gone"
    assert scope_words(here, []) == "nothing"
