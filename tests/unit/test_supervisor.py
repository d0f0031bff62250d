"""The supervisor with collectors that misbehave in every way."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from collectors import Emit, Settings, SourceRejected, SourceUnavailable, supervisor
from collectors.supervisor import Watch, keep, keep_all
from mes.observation import Observation, Sample
from tests.protocol.conftest import Recorder as Keeping
from tests.protocol.conftest import until

Collect = Callable[[Settings, Emit], Awaitable[None]]


class Recorder(Keeping):
    @property
    def states(self) -> list[str]:
        """Each state once for as long as it held."""
        found = [link.state for link in self.links]
        return [s for i, s in enumerate(found) if i == 0 or s != found[i - 1]]


def module(collect: Collect) -> ModuleType:
    made = ModuleType("made")
    made.collect = collect  # type: ignore[attr-defined]
    return made


def value(tag: str = "t", unit: str = "u", *, late_s: float = 0.0, **more: Any) -> Observation:
    now = datetime.now(UTC)
    then = now - timedelta(seconds=late_s)
    given = {"value": 1, "source_time": then, "received_time": now} | more
    return Observation(work_unit=unit, tag=tag, **given)


Start = Callable[..., Recorder]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    tasks: list[asyncio.Task[None]] = []

    def begin(collect: Collect, *, units: tuple[str, ...] = ("u",), **more: Any) -> Recorder:
        sink = Recorder()
        options = {"delay_s": 0.01, "delay_max_s": 0.05} | more
        keeping = keep(
            module(collect), Settings(id="plc"), device="plc", units=units, sink=sink, **options
        )
        tasks.append(asyncio.create_task(keeping))
        return sink

    yield begin
    for task in tasks:
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        assert task.cancelled()


async def test_a_first_answer_is_marked_and_a_return_is_a_gap_of_each_unit(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="collectors")
    runs = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal runs
        runs += 1
        if runs in (2, 3, 4):
            raise SourceUnavailable("nothing answers", advice="Look.") from OSError("raw text")
        emit([value()])
        if runs == 1:
            await asyncio.sleep(0.02)
            raise SourceUnavailable("it was cut", advice="Look.")
        await asyncio.sleep(3600)

    sink = start(collect, units=("u", "v"))
    await until(lambda: runs == 5 and sink.links[-1].state == "live")
    marks = [s for s in sink.samples if s.gap_since_us is not None]
    assert [(m.work_unit, m.gap_since_us) for m in marks[:2]] == [("u", 0), ("v", 0)]
    gaps = marks[2:]
    answered_us = next(x.last_answer_us for x in sink.links if x.state == "lost")
    assert {g.gap_since_us for g in gaps} == {answered_us}
    assert [g.work_unit for g in gaps] == ["u", "v"]
    at = sink.samples.index(gaps[0])
    assert sink.samples[at + 2].readings, "the gap comes before the first data"
    assert gaps[0].source_time_us <= sink.samples[at + 2].source_time_us
    assert sink.links[-1].gaps == 1
    assert sink.states == ["live", "lost", "live"]
    told = [(r.levelname, r.getMessage()) for r in caplog.records]
    assert [level for level, _ in told] == ["WARNING", "INFO"], told
    assert "lost: it was cut. Look." in told[0][1]
    assert "back after" in told[1][1]
    lost = [link for link in sink.links if link.state == "lost"]
    assert [link.attempts for link in lost] == [1, 2, 3, 4]
    assert (lost[-1].meaning, lost[-1].raw) == ("nothing answers", "OSError: raw text")
    assert lost[-1].next_try_us is not None
    assert sink.links[-1].attempts == 0


async def test_a_bug_in_a_collector_is_a_loss_told_once_with_its_traceback(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    runs = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal runs
        runs += 1
        if runs < 4:
            raise KeyError("oops")
        emit([])
        await asyncio.sleep(3600)

    sink = start(collect)
    caplog.set_level(logging.INFO, logger="collectors")
    await until(lambda: sink.links and sink.links[-1].state == "live")
    assert len([r for r in caplog.records if r.exc_info]) == 1
    told = [r.getMessage().split(":")[1].split(" after")[0] for r in caplog.records]
    assert told == [" its collector failed", " not reached yet", " reached"]
    assert "fault in Takt" in sink.links[0].advice
    assert sink.links[0].raw == "KeyError: 'oops'"


@pytest.mark.parametrize("how", ["returns", "cancels itself"])
async def test_a_collector_that_just_ends_is_started_again(start: Start, how: str) -> None:
    runs = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal runs
        runs += 1
        if how == "cancels itself":
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    sink = start(collect)
    await until(lambda: runs >= 3)
    assert sink.links[-1].state == "lost"
    assert sink.samples == []


async def test_one_device_never_ends_or_delays_another() -> None:
    sink = Recorder()

    async def wild(settings: Settings, emit: Emit) -> None:
        raise RuntimeError("wild")

    async def stubborn(settings: Settings, emit: Emit) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                return

    async def steady(settings: Settings, emit: Emit) -> None:
        while True:
            emit([value()])
            await asyncio.sleep(0.02)

    watches = [
        Watch(module(c), Settings(id=c.__name__), c.__name__, ("u",))
        for c in (wild, stubborn, steady)
    ]
    task = asyncio.create_task(keep_all(watches, sink=sink))
    await until(lambda: len(sink.samples) > 30)
    apart_us = [b.received_time_us - a.received_time_us for a, b in pairwise(sink.samples)]
    assert max(apart_us) < 500_000
    start_s = time.monotonic()
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
    assert time.monotonic() - start_s < 1


async def test_refusals_are_told_once_and_tried_again_after_a_minute(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal runs
        runs += 1
        raise SourceRejected("it denies this user", advice="Check the password.")

    sink = start(collect)
    await until(lambda: sink.links)
    await asyncio.sleep(0.2)
    assert runs == 1, "no retry storm"
    link = sink.links[-1]
    assert link.state == "refused"
    assert link.advice == "Check the password. It is tried again every 60 s."
    assert link.next_try_us is not None
    assert 45e6 < link.next_try_us - link.since_us <= 60e6
    monkeypatch.setattr(supervisor, "REFUSED_RETRY_S", 0.01)
    again = start(collect)
    await until(lambda: runs >= 5)
    assert {x.state for x in again.links} == {"refused"}
    assert len([r for r in caplog.records if "refused" in r.getMessage()]) == 2  # one per device


async def test_the_delay_grows_to_its_limit(start: Start) -> None:
    tried_s: list[float] = []

    async def collect(settings: Settings, emit: Emit) -> None:
        tried_s.append(time.monotonic())
        raise SourceUnavailable("nothing answers", advice="Look.")

    start(collect, delay_s=0.02, delay_max_s=0.1)
    await until(lambda: len(tried_s) >= 7)
    apart = [b - a for a, b in pairwise(tried_s)]
    assert apart[0] < 0.07
    assert all(0.07 < d < 0.5 for d in apart[3:]), apart


async def test_contacts_only_for_units_without_a_sample_and_one_a_second(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "CONTACT_S", 0.3)

    async def collect(settings: Settings, emit: Emit) -> None:
        while True:
            emit([value(unit="busy")])
            emit([])
            await asyncio.sleep(0.05)

    sink = start(collect, units=("busy", "idle"))
    await asyncio.sleep(0.85)
    contacts = [s for s in sink.samples if not s.readings and s.gap_since_us is None]
    assert {s.work_unit for s in contacts} == {"idle"}
    assert 2 <= len(contacts) <= 3  # at 0 s, 0.3 s and 0.6 s
    assert all(s.gap_since_us is None for s in contacts)


async def test_a_connected_device_that_says_nothing_is_silent(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "TICK_S", 0.02)
    monkeypatch.setattr(Settings, "silent_after_s", 0.2)
    speak = asyncio.Event()

    async def collect(settings: Settings, emit: Emit) -> None:
        emit([])
        await speak.wait()
        emit([])
        await asyncio.sleep(3600)

    sink = start(collect)
    await until(lambda: sink.links and sink.links[-1].state == "silent", within_s=4)
    assert "answers nothing" in sink.links[-1].meaning
    assert sink.links[-1].last_answer_us is not None
    speak.set()
    await until(lambda: sink.links[-1].state == "live")
    assert not [s for s in sink.samples if s.gap_since_us]


async def test_the_link_comes_each_second_even_while_nothing_happens(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert supervisor.TICK_S * 2 <= 1
    monkeypatch.setattr(supervisor, "TICK_S", 0.05)

    async def collect(settings: Settings, emit: Emit) -> None:
        await asyncio.sleep(3600)

    sink = start(collect)
    await asyncio.sleep(0.45)
    assert 2 <= len(sink.links) <= 4
    assert {link.state for link in sink.links} == {"connecting"}


async def test_bad_tags_and_the_clock_are_in_the_link(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "TICK_S", 0.02)

    async def collect(settings: Settings, emit: Emit) -> None:
        emit([value(late_s=90), value("x", value=None, quality="bad", status="no such node")])
        emit([value(late_s=90)])
        await asyncio.sleep(3600)

    sink = start(collect)
    await until(lambda: len(sink.links) > 1)
    assert sink.links[-1].troubles == {"u.x": "no such node"}
    assert sink.links[-1].meaning.startswith("the device's clock is 90 s behind ours")


async def test_what_is_last_known_bad_is_kept_but_is_no_answer(start: Start) -> None:
    runs = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            emit([value()])
            bad = value(value=None, quality="bad", status="gone")
            raise SourceUnavailable("gone", advice="Look.", last=[bad])
        await asyncio.sleep(3600)

    sink = start(collect)
    await until(lambda: runs == 2)
    told = [s for s in sink.samples if s.readings]
    assert [s.readings["t"].quality for s in told] == ["good", "bad"]
    assert [s.answered for s in told] == [True, False]
    answered_us = sink.links[-1].last_answer_us
    assert answered_us is not None
    assert answered_us <= told[1].received_time_us


async def test_late_words_of_an_ended_collector_are_not_taken(start: Start) -> None:
    emits: list[Emit] = []

    async def collect(settings: Settings, emit: Emit) -> None:
        emits.append(emit)
        if len(emits) == 1:
            raise SourceUnavailable("gone", advice="Look.")
        await asyncio.sleep(3600)

    sink = start(collect)
    await until(lambda: len(emits) == 2)
    emits[0]([value()])
    assert sink.samples == []
    assert sink.links[-1].state == "lost"


async def test_a_sink_that_fails_does_not_end_the_collector(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Recorder):
        def append(self, samples: Sequence[Sample]) -> None:
            raise OSError("disk full")

        link = append  # type: ignore[assignment]

    told = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal told
        while True:
            emit([value()])
            told += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(
        keep(module(collect), Settings(id="p"), device="p", units=("u",), sink=Broken())
    )
    await until(lambda: told > 5)
    task.cancel()
    await asyncio.wait({task})
    assert len([r for r in caplog.records if "could not be kept" in r.getMessage()]) == 1


async def test_what_cannot_be_understood_is_logged_once_and_not_thrown_back(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    told = 0

    async def collect(settings: Settings, emit: Emit) -> None:
        nonlocal told
        while True:
            emit([value(source_time=datetime(2026, 1, 1))])
            told += 1
            await asyncio.sleep(0.01)

    sink = start(collect)
    await until(lambda: told > 5)
    assert sink.samples == []
    assert len([r for r in caplog.records if "cannot be understood" in r.getMessage()]) == 1


async def test_a_fault_of_one_supervisor_stays_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "REFUSED_RETRY_S", 0.01)
    sink = Recorder()

    async def steady(settings: Settings, emit: Emit) -> None:
        while True:
            emit([value()])
            await asyncio.sleep(0.01)

    good = Watch(module(steady), Settings(id="good"), "good", ("u",))
    task = asyncio.create_task(keep_all([good._replace(units=None), good], sink=sink))  # type: ignore[arg-type]
    await until(lambda: len(sink.samples) > 20 and len(caplog.records) > 2)
    assert {s.device for s in sink.samples} == {"good"}
    task.cancel()
    await asyncio.wait({task}, timeout=2)
    assert task.cancelled()
