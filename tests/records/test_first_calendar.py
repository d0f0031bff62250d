"""The demo's calendar is made once, and what people do with it stays done."""

import datetime as dt

import pytest

from cli.settings import DEMO, settings
from mes.kinds import Remove
from store.actions import SYSTEM, Actions
from store.first_calendar import first_calendar
from store.log.reading import Records

PLANT = settings(DEMO).plant
SUNDAY = dt.date(2026, 11, 22)


@pytest.fixture
def start(database):
    """Start the demo on a date; gives the patterns on record."""

    def begin(today=SUNDAY):
        first_calendar(database, Actions(database, PLANT), PLANT, today)
        with database.read() as connection:
            return Records(connection).records("shift_pattern")

    return begin


def test_it_holds_around_the_clock_from_the_week_before(start):
    (pattern,) = start()
    assert pattern.id == "north@2026-11-09"
    assert pattern.by == "takt"
    assert [(s["start"], s["end"], len(s["days"])) for s in pattern.body["shifts"]] == [
        ("06:00", "14:00", 7),
        ("14:00", "22:00", 7),
        ("22:00", "06:00", 7),
    ]


def test_a_later_start_makes_no_other(start):
    assert start() == start(SUNDAY + dt.timedelta(days=40))


def test_one_that_was_taken_away_stays_away(start, database):
    (pattern,) = start()
    command = Remove(kind="shift_pattern", id=pattern.id, version=1)
    Actions(database, PLANT).perform(command, SYSTEM, "away")
    assert start() == []
    assert start(SUNDAY + dt.timedelta(days=40)) == []
