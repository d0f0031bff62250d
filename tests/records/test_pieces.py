"""Counts as they were known at each position of the log, on both databases."""

import random
from collections import Counter

import pytest

from mes.events import Counted, StateChanged
from mes.unit_view import UnitView
from store.log import RecordsRefused, archive
from store.log.facts import NONE, Facts, Fold
from store.log.pieces import counted

M = 60_000_000
T0 = 1_700_000_040_000_000  # a whole minute
UNITS = ("u", "u2", 'u"')


def history(database, rng, commits):
    """Commits in turn, late counts among them; returns position → unit → minute → pieces."""
    facts, serial = Facts(database), dict.fromkeys(UNITS, NONE)
    known = {unit: dict[int, list[int]]() for unit in UNITS}
    then = {0: {unit: {} for unit in UNITS}}
    for n in range(1, commits):
        unit = rng.choice(UNITS)
        events = [StateChanged(unit, T0 + n * M // 10, "", rng.choice(("a", "b")))]
        for _ in range(rng.randrange(4)):
            late = rng.choice((0, 0, 0, 3, 9))
            at_us = T0 + max(0, n // 10 - late) * M + rng.randrange(M)
            event = Counted(unit, at_us, rng.randrange(3), rng.randrange(2))
            events.append(event)
            row = known[unit].setdefault(at_us - at_us % M, [0, 0])
            row[0], row[1] = row[0] + event.good, row[1] + event.reject
        view = UnitView(id=unit).at(f"{n}-0")
        center = f"c{n % 2}"  # units move from one work centre to another
        facts.commit([Fold(center=center, after=serial[unit], view=view, known_us=T0,
                           facts=tuple(events))])  # fmt: skip
        serial[unit] += 1
        then[n] = {u: {m: tuple(v) for m, v in rows.items()} for u, rows in known.items()}
    return then


def in_window(minutes, start, end):
    inside = [pieces for minute, pieces in minutes.items() if start <= minute < end]
    return (sum(p[0] for p in inside), sum(p[1] for p in inside)) if inside else None


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_read_as_they_were_known_at_any_position(database, tmp_path, seed):
    rng = random.Random(seed)
    then = history(database, rng, 80)
    asked = Counter()
    with database.read() as connection:
        for position, units in then.items():
            for unit, minutes in units.items():
                start = T0 + rng.randrange(-2, 9) * M
                for window in ((T0 - M, T0 + 60 * M), (start, start + rng.randrange(1, 4) * M)):
                    want = in_window(minutes, *window)
                    assert counted(connection, unit, *window, position=position) == want, position
                    asked[want is None] += 1
        for unit, minutes in then[79].items():
            window = (T0 - M, T0 + 60 * M)
            assert counted(connection, unit, *window) == in_window(minutes, *window)
    assert min(asked.values()) > 10  # some and none, both were asked for


def test_of_an_archived_position_counts_are_right_or_refused(database, tmp_path):
    then = history(database, random.Random(9), 80)
    with database.read() as connection:
        entries = list(archive.whole_log(connection, tmp_path))
    archive.move(database, tmp_path, before_us=entries[40].recorded_at_us)
    told, right = 0, 0
    with database.read() as connection:
        for position, units in then.items():
            for minute in range(12):
                window = (T0 + minute * M, T0 + (minute + 1) * M)
                try:
                    found = counted(connection, "u", *window, position=position)
                except RecordsRefused:
                    told += 1
                    assert position < 40
                else:
                    right += 1
                    assert found == in_window(units["u"], *window)
    assert told
    assert right > told
