"""What is planned now, held by a dashboard: read when it changed, looked up once between two edges."""

import asyncio
from collections.abc import Mapping

from cli.settings import DEMO, settings
from dashboard.planned import Planned
from mes.calendar import Calendar
from tests.shift_plans import H, pattern, shift, us

PLANT = settings(DEMO).plant


class Desk:
    """Answers with what it was given, and counts how often it was asked."""

    def __init__(self, *shifts: Mapping[str, object]) -> None:
        plan = pattern(*shifts, place=PLANT.id, valid_from="2026-01-05")
        self.answer: object = {
            place: Calendar(place, PLANT.id, PLANT.time_zone, patterns=[plan])
            for place in (PLANT.id, *PLANT.areas)
        }
        self.version = 1

    async def read(self, _question: object) -> tuple[int, object]:
        return self.version, self.answer


def planned(*shifts):
    found = Planned(Desk(*shifts), PLANT)  # type: ignore[arg-type]
    asyncio.run(found.look())
    return found


def test_each_area_is_told_its_shift_and_its_end():
    found = planned(shift("early", "06:00", "14:00"))
    noon = us("2026-11-23 11:00")  # 12:00 at the site
    now = found.at(noon)
    assert set(now) == set(PLANT.areas)
    assert {(s.shift.id, s.until_us) for s in now.values()} == {("early", noon + 2 * H)}
    assert found.at(noon + H // 2) is now
    after = found.at(noon + 2 * H)
    assert {(s.shift, s.until_us) for s in after.values()} == {(None, noon + 18 * H)}


def test_a_clock_that_is_set_back_is_looked_up_anew():
    found = planned(shift("early", "06:00", "14:00"))
    assert found.at(us("2026-11-23 14:00"))["assembly"].shift is None
    assert found.at(us("2026-11-23 11:00"))["assembly"].shift is not None


def test_before_the_first_pattern_nothing_is_known():
    found = planned(shift("early", "06:00", "14:00"))
    assert found.at(us("2026-01-04 11:00")) == {}
    assert found.at(us("2026-01-04 23:00"))["assembly"].shift is None


def test_without_calendars_nothing_is_known():
    assert Planned(Desk(), PLANT).at(us("2026-11-23 11:00")) == {}  # type: ignore[arg-type]
