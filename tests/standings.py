"""A shift of a work unit by example, for tests of what is shown of it."""

from itertools import pairwise
from zoneinfo import ZoneInfo

from mes.calendar import Span, cut
from mes.hours_and_days import pieces
from mes.losses import Minute, account
from mes.master_data import MasterData
from mes.standing import Standing
from mes.timeline import Interval, window

MIN = 60_000_000


def standing(
    start_us: int, *, known_min: int = 307, target: float | None = 0.78, cycle_s: float | None = 6.0
) -> Standing:
    """Eight hours from `start_us`, of which `known_min` have passed: set-up, stops, a lunch, a silence."""

    def at(minute: float) -> int:
        return start_us + round(minute * MIN)

    plan = (
        Span(at(0), at(180), "busy", "early"),
        Span(at(180), at(210), "break", "early", None, "lunch"),
        Span(at(210), at(480), "busy", "early"),
    )
    told = (
        Interval(at(0), at(30), "changeover"),
        Interval(at(30), at(75), "running"),
        Interval(at(75), at(117), "stopped", "217"),
        Interval(at(117), at(125), "starved"),
        Interval(at(125), at(127), "stopped", "217"),
        Interval(at(127), at(230), "running"),
        Interval(at(230), at(238), "unknown"),
        Interval(at(238), at(300), "running"),
        Interval(at(300), None, "stopped", "300"),
    )
    made = [Minute(at(n), 8, int(n % 40 == 0)) for n in (*range(31, 75), *range(127, 300))]
    until_us = at(known_min)
    found = pieces(start_us, until_us, ZoneInfo("Europe/Berlin"))
    edges = (start_us, *(piece.end_us for piece in found))
    versions = (
        () if cycle_s is None
        else (MasterData(valid_from_us=0, ideal_cycle_s=cycle_s, oee_target=target),)
    )  # fmt: skip
    hours = [
        account(
            intervals=told,
            known_us=until_us,
            spans=cut(since, until, plan),
            minutes=[m for m in made if since <= m.minute_us < until],
            versions=versions,
        )
        for since, until in pairwise(edges)
    ]
    return Standing(
        shift="Early",
        edges=edges,
        end_us=at(480),
        busy_us=450 * MIN,
        hours=tuple(hours),
        line=window(told, start_us, until_us, known_us=until_us),
        target=target,
        cycle_s=cycle_s,
    )
