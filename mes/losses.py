"""Where the time of a window went: ISO 22400 time elements and losses, added up without rounding.

Times are whole microseconds and planned run times whole nanoseconds, so that a sum is the same in
whatever order it is formed: a line, a day and a report of the same windows show the same digits.
Inside of planned busy time (PBT) every microsecond is production (APT), set-up (AUST), delay
(ADET), idle or unknown; what is outside counts for the calendar alone. To roll up, add.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any, NamedTuple

from mes.calendar import Span
from mes.energy import UJ_PER_KWH, MeteredMinute, sums
from mes.master_data import MasterData, at
from mes.oee import Oee, Output, TimeElements
from mes.reliability import Reliability
from mes.states import STATES, State
from mes.stops import ASKED, Why, is_micro, overlap_us
from mes.timeline import UNKNOWN, Interval

Cause = tuple[str, str, str]  # the state, the machine's fault code and the reason, "" for none
MICRO = "micro_stops"


class Minute(NamedTuple):
    """Pieces by the minute in which their counter showed them."""

    minute_us: int
    good: int
    reject: int


class Loss(NamedTuple):
    """Planned busy time that made no good piece. factor: of the OEE it is taken off; fault: a code;
    reason: the id of one.
    """

    factor: str  # availability, effectiveness, quality
    cause: str  # a state, or micro_stops, speed, no_cycle, reject
    fault: str
    reason: str
    us: int

    @property
    def uncoded(self) -> bool:
        """Whether it is of a stop of which nobody said why."""
        return self.cause in ASKED and not self.reason


class Failed(NamedTuple):
    """Stops by a failure, micro-stops left out: how many began in the window, and how long it stood."""

    failures: int
    repair_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How units spent a window. `lost` adds up to PBT less APT; `micro_us` is inside of APT."""

    calendar_us: int = 0
    pbt_us: int = 0
    apt_us: int = 0  # running, and micro-stops where they are no availability loss
    aust_us: int = 0
    adet_us: int = 0
    micro_us: int = 0
    good: int = 0  # in planned busy time
    reject: int = 0
    outside_good: int = 0  # outside of planned busy time
    outside_reject: int = 0
    run_ns: int | None = 0  # Σ PRI·PQ; None where pieces were made and nobody stated a PRI
    run_good_ns: int | None = 0  # Σ PRI·GQ
    metered_us: int = 0  # of so much time the energy is known; in planned busy time and outside
    energy_uj: int = 0
    idle_uj: int = 0  # that part of it while the machine did not run
    metered_good: int = 0  # good pieces of the minutes that were metered
    lost: Mapping[Cause, int] = field(default_factory=dict)  # of availability, by cause
    failed: Mapping[Cause, Failed] = field(
        default_factory=dict
    )  # that part of it, in which it failed

    def __add__(self, other: "Account") -> "Account":
        return total((self, other))

    @property
    def outside(self) -> int:
        """Pieces that were made outside of planned busy time: counted, and in no OEE."""
        return self.outside_good + self.outside_reject

    @property
    def counted(self) -> tuple[int, int]:
        """All good and reject pieces of the window, as counters show them."""
        return self.good + self.outside_good, self.reject + self.outside_reject

    @property
    def failures(self) -> int:
        return sum(one.failures for one in self.failed.values())

    @property
    def repair_us(self) -> int:
        return sum(one.repair_us for one in self.failed.values())

    @property
    def unknown_us(self) -> int:
        """Planned busy time of which nothing is known."""
        return sum(us for (state, *_), us in self.lost.items() if state == UNKNOWN)

    @property
    def stopped_us(self) -> int:
        """Stops of which people are asked why: all that are no micro-stops."""
        return sum(us for (state, *_), us in self.lost.items() if state in ASKED)

    @property
    def coded_us(self) -> int:
        """Those of `stopped_us` that have a reason."""
        return sum(us for (state, _, why), us in self.lost.items() if state in ASKED and why)

    @property
    def coded(self) -> float | None:
        """The part of stops that has a reason, 0..1; None where nothing stood."""
        return self.coded_us / self.stopped_us if self.stopped_us else None

    @property
    def energy_per_good_kwh(self) -> float | None:
        """kWh per good part; None where none was made while energy was metered."""
        return self.energy_uj / UJ_PER_KWH / self.metered_good if self.metered_good else None

    @property
    def oee(self) -> Oee:
        """Elements and KPIs. Until there are orders, a unit's busy time is its execution time."""
        busy_us = self.apt_us + self.aust_us + self.adet_us
        produced = self.good + self.reject
        return Oee(
            TimeElements(
                pbt_s=self.pbt_us / 1e6,
                apt_s=self.apt_us / 1e6,
                aust_s=self.aust_us / 1e6,
                adet_s=self.adet_us / 1e6,
                aubt_s=busy_us / 1e6,
                aoet_s=busy_us / 1e6,
                calendar_s=self.calendar_us / 1e6,
            ),
            Output(
                produced=produced,
                good=self.good,
                scrap=self.reject,
                inspected=produced,
                good_first_pass=self.good,
                planned_run_s=None if self.run_ns is None else self.run_ns / 1e9,
                planned_run_good_s=None if self.run_good_ns is None else self.run_good_ns / 1e9,
            ),
        )

    @property
    def reliability(self) -> Reliability:
        return Reliability(
            operating_s=self.apt_us / 1e6, repair_s=self.repair_us / 1e6, failures=self.failures
        )

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What planned busy time was lost to: with the good time, `good_us`, they make PBT.

        Speed may be below 0: then the PRI is wrong, or pieces were made while nobody saw it run.
        Where a PRI is not stated all production time stands as "no_cycle".
        """
        found = [Loss("availability", *cause, us) for cause, us in self.lost.items() if us]
        if self.micro_us:
            found.append(Loss("effectiveness", MICRO, "", "", self.micro_us))
        run_us, good_us = (self.run_ns or 0) // 1000, self.good_us
        slow = "speed" if self.run_ns is not None else "no_cycle"
        found.append(Loss("effectiveness", slow, "", "", self.apt_us - self.micro_us - run_us))
        found.append(Loss("quality", "reject", "", "", run_us - good_us))
        return tuple(found)

    @property
    def good_us(self) -> int:
        """Planned run time of the good pieces: what planned busy time was there for."""
        return (self.run_good_ns or 0) // 1000


def to_plain(one: Account) -> list[Any]:
    """An account as lists of numbers and texts, for JSON; `from_plain` reads it, and those of before
    there was energy.
    """
    lost = [[*cause, us] for cause, us in one.lost.items() if us]
    failed = [[*cause, *found] for cause, found in one.failed.items()]
    return [[getattr(one, name) for name in _SUMMED], lost, failed]


def from_plain(found: Sequence[Any]) -> Account:
    values, lost, failed = found
    return Account(
        **dict(zip(_SUMMED, values, strict=False)),
        lost={(state, fault, why): us for state, fault, why, us in lost},
        failed={(state, fault, why): Failed(*one) for state, fault, why, *one in failed},
    )


_SUMMED = [one.name for one in fields(Account) if one.name not in ("lost", "failed")]
_amounts = attrgetter(*_SUMMED)


def total(accounts: Iterable[Account]) -> Account:
    """The sum of accounts, an empty one of none; what is unknown in one is unknown in it."""
    found = list(accounts)
    if len(found) == 1:
        return found[0]
    lost: dict[Cause, int] = {}
    failed: dict[Cause, Failed] = {}
    for one in found:
        for cause, us in one.lost.items():
            lost[cause] = lost.get(cause, 0) + us
        for cause, more in one.failed.items():
            failed[cause] = _and(failed.get(cause), more)
    columns = zip(*map(_amounts, found), strict=True)
    sums: dict[str, Any] = {
        n: None if None in c else sum(c) for n, c in zip(_SUMMED, columns, strict=False)
    }
    return Account(**sums, lost=lost, failed=failed)


def _and(one: Failed | None, more: Failed) -> Failed:
    if one is None:
        return more
    return Failed(one.failures + more.failures, one.repair_us + more.repair_us)


def account(
    *,
    intervals: Sequence[Interval],
    known_us: int,
    spans: Sequence[Span],
    minutes: Iterable[Minute],
    versions: Sequence[MasterData],
    why: Why | None = None,
    since_us: int = 0,
    metered: Sequence[MeteredMinute] = (),
) -> Account:
    """The account of one work unit over the window that `spans` fill.

    intervals: its line of states, whole ones, in order; known_us: until when it is known;
    spans: of `Calendar.planned`; minutes: its pieces in the window; versions: its master data, ()
    where there is none; why: tells the reasons of its stops; since_us: when it was first heard of: what was planned before is not
    planned busy time of a unit that Takt did not have; metered: the energy of its minutes.
    """
    minutes = list(minutes)
    busy = [
        replace(span, start_us=max(span.start_us, since_us))
        for span in spans
        if span.kind == "busy" and span.end_us > since_us
    ]
    spent = _Spent(versions, why or Why())
    for one in intervals:
        spent.add(one, busy, known_us)
    window_us = spans[-1].end_us - spans[0].start_us if spans else 0
    pbt_us = sum(span.end_us - span.start_us for span in busy)
    unknown_us = pbt_us - spent.told_us
    if unknown_us:
        spent.lose((UNKNOWN, "", ""), unknown_us)
    made = _made(minutes, busy, versions)
    return Account(
        calendar_us=window_us,
        pbt_us=pbt_us,
        apt_us=spent.elements["apt"],
        aust_us=spent.elements["aust"],
        adet_us=spent.elements["adet"],
        micro_us=spent.micro_us,
        lost=spent.lost,
        failed=spent.failed,
        **made,
        **sums(metered, ((one.minute_us, one.good) for one in minutes)),
    )


class _Spent:
    """Adds up the states of one unit inside of its planned busy time."""

    def __init__(self, versions: Sequence[MasterData], why: Why) -> None:
        self._versions, self._why = versions, why
        self.elements = {"apt": 0, "aust": 0, "adet": 0, "": 0}
        self.lost: dict[Cause, int] = {}
        self.failed: dict[Cause, Failed] = {}
        self.told_us = self.micro_us = 0

    def add(self, one: Interval, busy: Sequence[Span], known_us: int) -> None:
        end_us = known_us if one.end_us is None else min(one.end_us, known_us)
        us = overlap_us(one.start_us, max(one.start_us, end_us), busy)
        if not us:
            return
        self.told_us += us
        state = STATES.get(one.state) or STATES[UNKNOWN]
        if state.element == "apt":
            self.elements["apt"] += us
        elif state.element == "adet" and is_micro(self._versions, one, known_us):
            if self._policy(one) == "effectiveness":
                self.elements["apt"] += us
                self.micro_us += us
            else:
                self.elements["adet"] += us
                self.lose((MICRO, "", ""), us)
        else:
            self.elements[state.element] += us
            self._say_why(state, one, end_us, busy)

    def _say_why(self, state: State, one: Interval, end_us: int, busy: Sequence[Span]) -> None:
        """Lose an interval under its reasons. It is one failure at most, of the time it began in."""
        begins = overlap_us(one.start_us, one.start_us + 1, busy)
        for part in self._why.parts(one, end_us):
            us = overlap_us(part.start_us, part.end_us, busy)
            cause = (state.key, one.fault, part.reason)
            self.lose(cause, us)
            fails = state.stops and self._why.fails(part.reason, fault=one.fault)
            if fails and (begins or us):
                self.failed[cause] = _and(self.failed.get(cause), Failed(begins, us))
                begins = 0  # the first part that is a failure says which one it is

    def lose(self, cause: Cause, us: int) -> None:
        if us:
            self.lost[cause] = self.lost.get(cause, 0) + us

    def _policy(self, one: Interval) -> str:
        return at(self._versions, one.start_us).micro_stop_factor


def _made(
    minutes: Iterable[Minute], busy: Sequence[Span], versions: Sequence[MasterData]
) -> dict[str, Any]:
    good = reject = outside_good = outside_reject = run_ns = run_good_ns = 0
    for one in minutes:
        if not overlap_us(one.minute_us, one.minute_us + 1, busy):
            outside_good, outside_reject = outside_good + one.good, outside_reject + one.reject
            continue
        good, reject = good + one.good, reject + one.reject
        if versions:
            pri_ns = round(at(versions, one.minute_us).ideal_cycle_s * 1e9)
            run_ns += pri_ns * (one.good + one.reject)
            run_good_ns += pri_ns * one.good
    stated = bool(versions) or not good + reject
    return {
        "good": good,
        "reject": reject,
        "outside_good": outside_good,
        "outside_reject": outside_reject,
        "run_ns": run_ns if stated else None,
        "run_good_ns": run_good_ns if stated else None,
    }
