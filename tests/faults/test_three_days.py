"""Three days of simulated machines, with the night of nine hours, through Redis and an engine that is
killed on the way: API, page and report say what a calculation of its own makes of what happened.
"""

import re

import pytest
import sqlalchemy as sa

from cli.settings import settings
from mes.events import Counted, FaultRaised, StateChanged
from mes.kinds import Set
from mes.observation import Reading, Sample, rfc3339
from mes.states import state_of
from simulator.plant import build
from store import live
from store.actions import SYSTEM, Actions
from store.log.database import url_of
from store.log.migrate import open_database
from store.log.reports import Reports
from store.log.tables import folds
from tests.own_redis import wait_until
from tests.records.test_accounts import END, MIN, SHIFTS, START, S, by_second, us
from tests.running_plant import RunningPlant
from tests.visitor import as_person

LINE, AREA = ("station-1", "station-2", "station-3"), "assembly"
LONG_S = (END - START) // S + 600  # a little longer, so that all of it is known
KILLS = 4
PATTERN = {
    "place": "north",
    "valid_from": "2026-10-01",
    "shifts": [
        {"id": id, "name": id.title(), "start": start, "end": end,
         "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
         "breaks": [{"name": "Break", "start": pause, "minutes": 30}]}
        for id, start, end, pause in (("early", "06:00", "14:00", "10:00"),
                                      ("late", "14:00", "22:00", "18:00"),
                                      ("night", "22:00", "06:00", "02:00"))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("days"))
    running.start("redis", "dashboard")
    yield running
    running.end()


def machines(config):
    """Machine → second → how it was last in that second, from the simulator itself."""
    line = next(one for one in config.simulator.lines if one.machines[0].id == LINE[0])
    simulated = build(config.simulator.model_copy(update={"lines": (line,)}))
    seconds = {id: {0: machine} for id, machine in simulated.machines.items()}
    for event in simulated.advance(LONG_S):
        seconds[event.machine.id][int(event.at_s) + 1] = event.machine
    return seconds


def by_minute(seconds):
    """(second, machine) for each second in which something changed, and for each full minute."""
    last = None
    for second in sorted({*seconds, *range(0, LONG_S + 1, 60)}):
        last = seconds.get(second, last)
        yield second, last


def samples(unit, seconds):
    """What a collector would have read: states as they change, counters once a minute."""
    names, told = unit.by_role, None
    for second, m in by_minute(seconds):
        said = {"state": m.state, "mode": m.mode, "fault": m.fault, "starved": int(m.starved),
                "blocked": int(m.blocked)}  # fmt: skip
        if said == told and second % 60:
            continue
        told = dict(said)
        if second % 60 == 0:
            said |= {"good_count": m.good % 65536, "reject_count": m.reject % 65536}
        at_us = START + second * S
        readings = {names[role]: Reading(v) for role, v in said.items() if role in names}
        yield Sample(work_unit=unit.id, device=unit.devices[0], source_time_us=at_us,
                     received_time_us=at_us, readings=readings)  # fmt: skip


def truth(unit, seconds):
    """The same machine as what `by_second` counts: events at whole seconds."""
    out, state, fault, before, spoken = [], "", 0, None, True
    for second, m in by_minute(seconds):
        at_us = START + second * S
        new = state_of(
            unit.profile, state=m.state, mode=m.mode, starved=m.starved, blocked=m.blocked
        )
        if new != state:
            out.append(StateChanged(unit.id, at_us, state, new))
            state, since_us, spoken = new, at_us, False
        if m.fault and m.fault != fault and not spoken:
            out.append(FaultRaised(unit.id, since_us, str(m.fault)))
            spoken = True
        fault = m.fault
        if second % 60 == 0:
            if before is not None:
                made = (m.good - before.good, m.reject - before.reject)
                out.append(Counted(unit.id, at_us, *made))
            before = m
    return out


def feed(plant, config, seconds):
    """All of it into the streams, as the writer of a collector does."""
    pipe = plant.redis.client().pipeline(transaction=False)
    for id in LINE:
        unit = config.plant.work_units[id]
        for n, sample in enumerate(samples(unit, seconds[id])):
            pipe.xadd(live.samples_key(unit.work_center, id), live.encode(sample))
            if n % 2000 == 1999:
                pipe.execute()
    pipe.execute()


def known_us(database):
    with database.read() as connection:
        found = sa.select(sa.func.min(folds.c.known_us)).where(folds.c.work_unit.in_(LINE))
        return connection.execute(found).scalar() or 0


@pytest.mark.faults
@pytest.mark.timeout(180)
def test_every_shift_is_the_same_everywhere_and_as_it_was(plant):
    config = settings(plant.config)
    seconds = machines(config)  # while the dashboard begins
    plant.wait_served()
    plant.wait_people()
    database = open_database(url_of(plant.data, None))
    actions = Actions(database, config.plant)
    command = Set(kind="shift_pattern", id="north@2026-10-01", body=PATTERN, version=0)
    actions.perform(command, SYSTEM, "pattern")
    feed(plant, config, seconds)
    plant.start("engine")
    for part in range(1, KILLS + 1):
        reached = START + part * (END - START) // (KILLS + 1)
        wait_until(lambda us=reached: known_us(database) > us, seconds=60, what=f"part {part}")
        plant.kill("engine")
        plant.start("engine")
    wait_until(lambda: known_us(database) >= END, seconds=60, what="all of it on record")
    assert Reports(database, config.plant).freeze(END + 5 * MIN) >= len(SHIFTS)
    asks = as_person(plant, "supervisor")
    units = [config.plant.work_units[id] for id in LINE]
    true = {unit.id: truth(unit, seconds[unit.id]) for unit in units}
    worth_it(true)
    for name in SHIFTS:
        start, end, pause = map(us, SHIFTS[name])
        for unit in units:
            told = by_second(true[unit.id], start, end, pause, unit.ideal_cycle_s)
            agree(asks, unit.id, start, end, told)
        reported(asks, start, end)
    database.close()


def worth_it(true):
    """The three days are no easy ones."""
    for events in true.values():
        states = {event.new for event in events if isinstance(event, StateChanged)}
        assert states >= {"running", "stopped", "starved", "changeover"} or len(states) > 4, states
        assert sum(isinstance(event, FaultRaised) for event in events) > 30
        assert sum(event.good for event in events if isinstance(event, Counted)) > 10_000


def agree(asks, id, start, end, told):
    """API and page against the calculation by the second."""
    found, lost, pieces, run_s, good_s = told
    window = {"from": rfc3339(start), "until": rfc3339(end)}
    api = asks.get(f"/api/v1/oee/{id}", params=window).json()
    pbt_s = api["elements"]["pbt_s"]
    assert pbt_s == found["pbt"] == (end - start) / S - 1800
    assert sum(one["s"] for one in api["losses"]) + api["good_s"] == pytest.approx(pbt_s, abs=1)
    assert api["elements"]["apt_s"] == found["apt"]
    assert (api["pieces"]["good"], api["pieces"]["reject"]) == (pieces["good"], pieces["reject"])
    stood = {}
    for one in api["losses"]:
        if one["factor"] == "availability":
            key = (one["cause"], one["fault"] or "", "")
            stood[key] = stood.get(key, 0) + one["s"]
    assert stood == lost
    expected = (found["apt"] / pbt_s, run_s / found["apt"], good_s / run_s, good_s / pbt_s)
    names = ("availability", "effectiveness", "quality_ratio", "oee_index")
    assert [api["kpis"][name] for name in names] == [pytest.approx(one) for one in expected]
    page = asks.get(f"/oee/{id}/{rfc3339(start)}..{rfc3339(end)}").text
    assert digits(page, "index") == f"{good_s / pbt_s * 100:.1f}"
    assert digits(page, "apt") == f"{found['apt'] // 60}:{found['apt'] % 60:02}"


def reported(asks, start, end):
    """The report of the area has the digits of the API."""
    window = {"from": rfc3339(start), "until": rfc3339(end)}
    api = asks.get(f"/api/v1/oee/{AREA}", params=window).json()
    reports = asks.get("/api/v1/shift-reports?limit=1000").json()["items"]
    (mine,) = [
        r["id"] for r in reports if r["body"]["area"] == AREA and r["body"]["start_us"] == start
    ]
    page = asks.get(f"/shift-report/{mine}").text
    assert digits(page, "index") == f"{api['kpis']['oee_index'] * 100:.1f}"
    assert digits(page, "availability") == f"{api['kpis']['availability'] * 100:.1f}"


def digits(page, name):
    """What a person reads in the first slot of that name."""
    return re.search(rf'data-f="{name}"[^>]*>([^<]*)<', page)[1]
