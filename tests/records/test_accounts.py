"""Three days of a plant with a night on which the clock goes back, on both databases: every shift closes, and
OEE and losses are those of a calculation of its own, second by second, from what was told.
"""

import datetime as dt
import random
from collections import Counter
from functools import reduce
from operator import add

import pytest

from cli.settings import DEMO, settings
from mes.events import Counted, FaultRaised, StateChanged
from mes.losses import Account
from mes.unit_view import UnitView
from store.actions import Actions
from store.configured import take_on_record
from store.first_calendar import first_calendar
from store.log.accounts import accounts, basis, known_us, settled_us
from store.log.facts import NONE, Facts, Fold
from store.log.standings import standings
from store.log.tables import folds
from tests.shift_plans import us

S, MIN, HOUR = 1_000_000, 60_000_000, 3_600_000_000
START, END = (
    us("2026-10-24 04:00"),
    us("2026-10-27 05:00"),
)  # Saturday 06:00 to Tuesday 06:00, Berlin
SHIFTS = {  # by hand, in UTC: from, to, the break of half an hour
    "Sat early": ("2026-10-24 04:00", "2026-10-24 12:00", "2026-10-24 08:00"),
    "Sat late": ("2026-10-24 12:00", "2026-10-24 20:00", "2026-10-24 16:00"),
    "Sat night": ("2026-10-24 20:00", "2026-10-25 05:00", "2026-10-25 00:00"),  # of nine hours
    "Sun early": ("2026-10-25 05:00", "2026-10-25 13:00", "2026-10-25 09:00"),
    "Sun late": ("2026-10-25 13:00", "2026-10-25 21:00", "2026-10-25 17:00"),
    "Sun night": ("2026-10-25 21:00", "2026-10-26 05:00", "2026-10-26 01:00"),
    "Mon early": ("2026-10-26 05:00", "2026-10-26 13:00", "2026-10-26 09:00"),
    "Mon late": ("2026-10-26 13:00", "2026-10-26 21:00", "2026-10-26 17:00"),
    "Mon night": ("2026-10-26 21:00", "2026-10-27 05:00", "2026-10-27 01:00"),
}
STATES = ("running", "stopped", "starved", "changeover", "idle", "unknown", "held")
DELAYS = ("stopped", "held", "starved", "blocked", "waiting", "maintenance", "manual")
UNITS = ("press-1", "press-2", "station-1")


def told(unit, rng):
    """Events at whole seconds: a state after the other, and pieces while it runs."""
    at, state, out = START, "unknown", []
    while at < END:
        new = rng.choice([s for s in STATES if s != state] + ["running"] * 4)
        if new != state:
            out.append(StateChanged(unit, at, state, new))
            if new in ("stopped", "held") and rng.random() < 0.7:
                out.append(FaultRaised(unit, at, rng.choice(("101", "217"))))
        state = new
        until = min(END, at + rng.choice((20, 200, 299, 300, 301, 900, 4000)) * S)
        if state == "running":
            out += [
                Counted(unit, us_, rng.randrange(9), rng.random() < 0.1)
                for us_ in range(at + S, until, 37 * S)
            ]
        at = until
    return out


@pytest.fixture
def plant():
    return settings(DEMO).plant


@pytest.fixture
def days(database, plant):
    """What was told of each unit; it is committed in many parts."""
    take_on_record(database, plant)
    first_calendar(database, Actions(database, plant), plant, dt.date(2026, 10, 28))
    events = {unit: told(unit, random.Random(unit)) for unit in UNITS}
    facts = Facts(database)
    for unit, mine in events.items():
        center = plant.work_units[unit].work_center
        for n, first in enumerate(range(0, len(mine), 97)):
            part = tuple(mine[first : first + 97])
            last = first + 97 >= len(mine)
            view = UnitView(id=unit).at(f"{n + 1}-0")
            known = END if last else part[-1].at_us
            fold = Fold(center=center, after=NONE + n, view=view, known_us=known, facts=part)
            facts.commit([fold])
    return events


def by_second(events, start, end, pause, cycle_s):
    """The same figures, counted second by second."""
    changes = [e for e in events if isinstance(e, StateChanged)]
    faults = {e.at_us: e.code for e in events if isinstance(e, FaultRaised)}
    spans = [
        (e.at_us, after.at_us if after else END, e.new, faults.get(e.at_us, ""), after is None)
        for e, after in zip(changes, [*changes[1:], None], strict=True)
    ]
    found, lost, pieces = Counter(), Counter(), Counter()
    for since, until, state, fault, goes_on in spans:
        busy = [
            at for at in range(max(since, start), min(until, end), S)
            if not pause <= at < pause + 30 * MIN
        ]  # fmt: skip
        seconds = len(busy)
        found["pbt"] += seconds
        micro = state in DELAYS and until - since < 300 * S and not goes_on
        if state == "running" or micro:
            found["apt"] += seconds
            found["micro"] += seconds * micro
        else:
            lost[state, fault, ""] += seconds
    for event in events:
        if isinstance(event, Counted):
            minute = event.at_us - event.at_us % MIN
            if start <= minute < end and not pause <= minute < pause + 30 * MIN:
                pieces["good"] += event.good
                pieces["reject"] += event.reject
    run = (pieces["good"] + pieces["reject"]) * cycle_s
    good = pieces["good"] * cycle_s
    return found, {cause: s for cause, s in lost.items() if s}, pieces, run, good


def test_every_shift_closes_and_agrees_with_a_calculation_by_the_second(database, plant, days):
    units = [plant.work_units[id] for id in UNITS]
    with database.read() as connection:
        by = basis(connection, plant)
        for name in SHIFTS:
            start, end, pause = map(us, SHIFTS[name])
            edges = [start, *range(start + HOUR, end, HOUR), end]
            hours = accounts(connection, plant, units, edges, by, {})
            wholes = accounts(connection, plant, units, (start, end), by, {})
            for unit in units:
                (whole,) = wholes[unit.id]
                assert reduce(add, hours[unit.id]) == whole
                _compare(whole, by_second(days[unit.id], start, end, pause, unit.ideal_cycle_s))
                assert whole.pbt_us == (end - start) - 30 * MIN, name


def _compare(whole, told):
    found, lost, pieces, run, good = told
    assert whole.pbt_us == found["pbt"] * S
    assert (whole.apt_us, whole.micro_us) == (found["apt"] * S, found["micro"] * S)
    assert {cause: us_ / S for cause, us_ in whole.lost.items() if us_} == lost
    assert (whole.good, whole.reject) == (pieces["good"], pieces["reject"])
    assert sum(loss.us for loss in whole.losses) + whole.good_us == whole.pbt_us
    assert whole.oee.availability == pytest.approx(found["apt"] / found["pbt"], abs=1e-12)
    assert whole.oee.effectiveness == pytest.approx(run / found["apt"], abs=1e-12)
    assert whole.oee.oee_index == pytest.approx(good / found["pbt"], abs=1e-12)


def test_a_standing_is_the_account_of_its_shift(database, plant, days):
    start, end, _ = map(us, SHIFTS["Mon night"])
    until = end - S
    with database.write() as (connection, *_):
        connection.execute(folds.update().values(known_us=until))
    with database.read() as connection:
        by = basis(connection, plant)
        units = [plant.work_units[id] for id in UNITS]
        known = known_us(connection, units, {})
        found = standings(connection, plant, by, {})
        whole = accounts(connection, plant, units, (start, until), by, {})
    assert settled_us(known.values()) == until
    assert set(found) >= set(UNITS)
    for id in UNITS:
        one = found[id]
        assert (one.shift, one.start_us, one.until_us, one.end_us) == ("Night", start, until, end)
        assert one.account == whole[id][0]
        assert one.busy_us == 450 * MIN
        assert one.plan == pytest.approx(450 * 60 / plant.work_units[id].ideal_cycle_s)
        assert (one.line[0].start_us, one.line[-1].end_us) == (start, until)
    silent = found["press-3"]  # of which nothing was ever told
    assert silent.account.pbt_us == 0 and silent.account.oee.oee_index is None
    assert sum((found[id].account for id in UNITS), Account()).pbt_us == 3 * (450 * MIN - S)


def test_a_shift_that_has_just_begun_is_empty(database, plant, days):
    with database.read() as connection:
        found = standings(connection, plant, basis(connection, plant), {})
    for id in UNITS:
        assert (found[id].shift, found[id].start_us, found[id].until_us) == ("Early", END, END)
        assert found[id].account == Account()
