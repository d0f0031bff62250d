"""The laws of the log, on SQLite and on PostgreSQL alike."""

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from mes.events import Counted, FaultRaised, StateChanged, StateFound
from mes.timeline import Interval, follow
from mes.unit_view import UnitView
from store.log import chain
from store.log.facts import NONE, Facts, Fold, NotOwner, facts_of
from store.log.reading import line
from store.log.tables import counts, head, intervals, log

S = 1_000_000
T0 = 1_700_000_000 * S


def fold(unit, after, position, *facts, center="line", known_s=0):
    view = UnitView(id=unit).at(position)
    known_us = T0 + known_s * S
    return Fold(center=center, after=after, view=view, known_us=known_us, facts=facts)


def state(unit, at_s, new):
    return StateChanged(unit, T0 + at_s * S, "", new)


def verdict(database):
    with database.read() as connection:
        walk = chain.Walk()
        for entry in chain.entries(connection):
            walk.step(entry)
        walk.end(*chain.newest(connection))
        return walk.verdict()


def test_what_was_found_and_where_it_was_read_to_are_kept_together(database):
    facts = Facts(database)
    facts.commit([fold("u", NONE, "5-0", Counted("u", T0, 2, 1), state("u", 0, "running"))])
    assert facts.views(["u", "v"]).keys() == {"u"}
    assert facts.views(["u"])["u"][1].position == "5-0"
    with database.read() as connection:
        (entry,) = chain.entries(connection)
        assert entry.position == 1
        assert facts_of(entry) == [Counted("u", T0, 2, 1), state("u", 0, "running")]
        assert connection.execute(sa.select(counts.c.good, counts.c.reject)).all() == [(2, 1)]
        assert line(connection, "u", from_us=0) == (Interval(T0, None, "running"),)
    assert verdict(database).faults == ()


def test_who_did_not_go_on_from_where_it_stands_keeps_nothing(database):
    facts, other = Facts(database), Facts(database)
    facts.commit([fold("u", NONE, "5-0", Counted("u", T0, 1, 0))])
    other.commit([fold("u", 1, "6-0", Counted("u", T0, 1, 0))])
    for again in (1, NONE):
        both = [fold("v", NONE, "1-0"), fold("u", again, "7-0", Counted("u", T0, 9, 9))]
        with pytest.raises(NotOwner) as error:
            facts.commit(both)
        assert error.value.units == {"u"}
    assert facts.views(["u", "v"]).keys() == {"u"}
    assert facts.views(["u"])["u"][1].position == "6-0"
    with database.read() as connection:
        assert connection.execute(sa.select(counts.c.good)).all() == [(2,)]
    assert verdict(database).entries == 2


def test_what_is_found_where_nothing_was_read_is_kept_once_too(database):
    """A silence: two engines find it at the same position of the stream."""
    one, two = Facts(database), Facts(database)
    one.commit([fold("u", NONE, "5-0", state("u", 0, "running"))])
    one.commit([fold("u", 1, "5-0", state("u", 9, "unknown"))])
    with pytest.raises(NotOwner):
        two.commit([fold("u", 1, "5-0", state("u", 9, "unknown"))])
    assert one.views(["u"])["u"][0] == 2


def test_writers_side_by_side_make_one_chain_without_a_hole(database):
    def write(name):
        facts, after = Facts(database), NONE
        for n in range(1, 21):
            facts.commit([fold(name, after, f"{n}-0", Counted(name, T0, 1, 0), center=name)])
            after = n

    threads = [threading.Thread(target=write, args=(f"u{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = verdict(database)
    assert (said.entries, said.position, said.faults) == (80, 80, ())
    with database.read() as connection:
        assert connection.execute(sa.select(counts.c.good)).scalars().all() == [20] * 4


def test_the_log_only_grows(database):
    Facts(database).commit([fold("u", NONE, "1-0", Counted("u", T0, 1, 0))])
    for statement in (log.update().values(body="[]"), log.delete()):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as (connection, *_):
            connection.execute(statement)
    assert verdict(database).faults == ()


def drop_triggers(connection):
    if connection.dialect.name == "sqlite":
        for name in ("log_never_changes", "log_never_shrinks"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        connection.exec_driver_sql("ALTER TABLE log DISABLE TRIGGER ALL")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (log.update().where(log.c.position == 2).values(body="[]"), ["entry 2 (facts, line"]),
        (log.update().where(log.c.position == 2).values(subject="x"), ["entry 2 (facts, x"]),
        (log.update().where(log.c.position == 2).values(recorded_at_us=1), ["entry 2 ("]),
        (
            log.update().where(log.c.position == 2).values(hash=b"\1" * 32),
            ["entry 2 (", "entry 3 ("],
        ),
        (
            log.delete().where(log.c.position == 2),
            ["entry 2 is missing before entry 3 (facts, line, recorded at 20"],
        ),
        (log.delete().where(log.c.position == 4), ["the log ends with entry 3, its head names 4"]),
        (head.update().values(position=9), ["the log ends with entry 4, its head names 9"]),
    ],
)
def test_what_was_changed_by_hand_is_named(database, tamper, words):
    facts, after = Facts(database), NONE
    for n in range(1, 5):
        facts.commit([fold("u", after, f"{n}-0", Counted("u", T0, n, 0))])
        after = n
    assert verdict(database).faults == ()
    with database.write() as (connection, *_):
        drop_triggers(connection)
        connection.execute(tamper)
    faults = verdict(database).faults
    assert len(faults) == len(words)
    assert all(w in fault for fault, w in zip(faults, words, strict=True))


def test_a_line_is_followed_entry_by_entry_and_read_as_it_was_known(database):
    told = [
        [state("u", 0, "running"), FaultRaised("u", T0 + 3 * S, "217")],
        [state("u", 10, "stopped")],
        [FaultRaised("u", T0 + 11 * S, "31")],
        [state("u", 20, "unknown")],
        [state("u", 20, "stopped")],  # it went on
        [state("u", 30, "running"), state("u", 40, "held"), state("u", 40, "running")],
        [StateFound("u", T0 + 5 * S, "held")],
        [state("u", 35, "idle")],
        [StateFound("u", T0 - 50 * S, "held")],
    ]
    facts, after, want, as_known = Facts(database), NONE, (), []
    for n, events in enumerate(told, start=1):
        facts.commit([fold("u", after, f"{n}-0", *events)])
        after = n
        for event in events:
            want = follow(want, event)
        as_known.append(want)
        with database.read() as connection:
            assert line(connection, "u", from_us=0) == want, n
    with database.read() as connection:
        for position, then in enumerate(as_known, start=1):
            found = line(connection, "u", from_us=0, position=position)
            assert [(i.start_us, i.end_us, i.state, i.fault) for i in found] == [
                (i.start_us, i.end_us, i.state, i.fault) for i in then
            ], position
        # nothing that was ever told is gone
        assert connection.execute(sa.select(sa.func.count()).select_from(intervals)).scalar() > len(
            want
        )
    # who takes over goes on the same way
    Facts(database).commit([fold("u", after, "99-0", state("u", 60, "stopped"))])
    with database.read() as connection:
        assert line(connection, "u", from_us=0) == follow(want, state("u", 60, "stopped"))


def test_a_window_of_a_line_is_what_touches_it(database):
    facts = Facts(database)
    facts.commit([fold("u", NONE, "1-0", *(state("u", n, f"s{n}") for n in range(10)))])
    with database.read() as connection:
        found = line(connection, "u", from_us=T0 + 3 * S, until_us=T0 + 5 * S)
        assert [i.state for i in found] == ["s3", "s4"]


def test_who_takes_a_unit_up_again_goes_on_from_what_others_told_meanwhile(database):
    one, two = Facts(database), Facts(database)
    one.commit([fold("u", NONE, "1-0", state("u", 0, "running"), state("u", 5, "held"))])
    two.views(["u"])
    two.commit([fold("u", 1, "2-0", state("u", 10, "stopped"), state("u", 20, "idle"))])
    one.views(["u"])
    one.commit([fold("u", 2, "3-0", state("u", 30, "running"))])
    with database.read() as connection:
        found = line(connection, "u", from_us=0)
    assert [(i.start_us - T0) // S for i in found] == [0, 5, 10, 20, 30]
    assert [i.end_us and (i.end_us - T0) // S for i in found] == [5, 10, 20, 30, None]
