"""Keeps collectors alive: tries again with a capped delay, and tells how each device stands.

One device never ends or delays another, whatever its collector does, short of blocking the loop.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from collectors import Emit, Settings, SourceRejected, SourceUnavailable
from collectors._health import Health
from mes.link import Link, LinkState, clock_words, duration_words
from mes.observation import Observation, Sample, microseconds, samples

CONTACT_S = 0.9  # a unit without a sample for so long gets a contact: keep-alives come each second
TICK_S = 0.5
REFUSED_RETRY_S = 60.0
STEADY_S = 10.0  # a connection that held for so long earns the short delay again
CLOSING_S = 3.0  # given to a collector to take its leave of the device
QUIET_TRIES = 3  # the first tries of a device that may still be starting, as Takt itself is

log = logging.getLogger("collectors")


class Sink(Protocol):
    """Where samples and links go. Neither call blocks."""

    def append(self, samples: Sequence[Sample]) -> None: ...

    def link(self, link: Link) -> None: ...


class Watch(NamedTuple):
    """One device to be kept: its protocol's module, its settings, the work units it serves."""

    module: ModuleType
    settings: Settings
    device: str
    units: tuple[str, ...]


async def keep_all(watches: Sequence[Watch], *, sink: Sink) -> None:
    """Keep several devices in one process, until cancelled."""
    async with asyncio.TaskGroup() as group:
        for w in watches:
            group.create_task(_keep_apart(w, sink), name=w.device)


async def _keep_apart(w: Watch, sink: Sink) -> None:
    """Keep one device so that even a fault of the supervisor itself stays its own."""
    while True:
        try:
            await keep(w.module, w.settings, device=w.device, units=w.units, sink=sink)
        except Exception:
            log.exception("%s: its supervisor failed, and is started again", w.device)
            await asyncio.sleep(REFUSED_RETRY_S)


async def keep(
    module: ModuleType,
    settings: Settings,
    *,
    device: str,
    units: Sequence[str],
    sink: Sink,
    delay_s: float = 0.5,
    delay_max_s: float = 5.0,
) -> None:
    """Keep one device connected, until cancelled.

    delay_s, delay_max_s: first and longest delay before it is tried again [s].
    """
    keeper = _Keeper(module, settings, device, tuple(units), sink)
    async with asyncio.TaskGroup() as group:
        group.create_task(keeper.tick())
        await keeper.run(delay_s, delay_max_s)


class _Keeper:
    def __init__(
        self,
        module: ModuleType,
        settings: Settings,
        device: str,
        units: tuple[str, ...],
        sink: Sink,
    ) -> None:
        self._module, self._settings, self._device = module, settings, device
        self._units, self._sink = units, sink
        self._health = Health()
        self._state: LinkState = "connecting"
        self._since_us = _now_us()
        self._words = ("", "", "")  # meaning, advice, raw
        self._next_try_us: int | None = None
        self._attempts = 0
        self._gaps = 0
        self._heard_s = time.monotonic()
        self._sampled_s = dict.fromkeys(units, 0.0)
        self._logged: set[str] = set()
        self._keeps = True  # the sink took what it was last given

    async def run(self, delay_s: float, delay_max_s: float) -> None:
        """Collect, and after each failure wait and try again."""
        delay = delay_s
        while True:
            started_s = time.monotonic()
            error = await self._attempt()
            if self._attempts == 0 and time.monotonic() - started_s > STEADY_S:
                delay = delay_s
            wait = REFUSED_RETRY_S if isinstance(error, SourceRejected) else delay
            wait *= random.uniform(0.8, 1.0)
            self._lost(error, wait)
            await asyncio.sleep(wait)
            delay = min(2 * delay, delay_max_s)

    async def _attempt(self) -> SourceUnavailable:
        """Run the collector until it ends, and say why it did."""
        running = True

        def emit(observations: Sequence[Observation]) -> None:
            if not running:
                return
            try:
                self._answered(observations)
            except Exception:
                self._log_fault("what its collector told cannot be understood")

        self._heard_s = time.monotonic()
        task = asyncio.create_task(self._collect(emit), name=f"{self._device} collector")
        try:
            await asyncio.wait({task})
        finally:
            running = False
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=CLOSING_S)
        return (
            SourceUnavailable("its collector was stopped from inside", advice=_FAULT_ADVICE)
            if task.cancelled()
            else task.result()
        )

    async def _collect(self, emit: Emit) -> SourceUnavailable:
        try:
            await self._module.collect(self._settings, emit)
        except SourceUnavailable as error:
            return error
        except Exception as error:
            self._log_fault("its collector failed")
            fault = SourceUnavailable(f"its collector failed: {error}", advice=_FAULT_ADVICE)
            fault.__cause__ = error
            return fault
        return SourceUnavailable("its collector ended by itself", advice=_FAULT_ADVICE)

    def _answered(self, observations: Sequence[Observation]) -> None:
        now_us, now_s = _now_us(), time.monotonic()
        batch: list[Sample] = []
        known = self._health.last_answer_us is not None
        if self._state not in ("live", "silent"):
            self._gaps += known
            ends_us = min([now_us, *(microseconds(o.received_time) for o in observations[:1])])
            since_us = self._health.last_answer_us or 0
            batch += [self._mark(unit, ends_us, since_us) for unit in self._units]
        batch += samples(observations, device=self._device)
        for sample in batch:
            self._sampled_s[sample.work_unit] = now_s
        for unit in self._units:
            if now_s - self._sampled_s[unit] >= CONTACT_S:
                self._sampled_s[unit] = now_s
                batch.append(self._mark(unit, now_us))
        self._health.answered(observations, now_us=now_us, now_s=now_s)
        self._heard_s, self._attempts, self._next_try_us = now_s, 0, None
        if batch:
            self._hand_over(self._sink.append, batch)
        if self._state != "live":
            self._log_back(now_us, known)
            self._become("live")

    def _mark(self, unit: str, now_us: int, gap_since_us: int | None = None) -> Sample:
        return Sample(
            work_unit=unit,
            device=self._device,
            source_time_us=now_us,
            received_time_us=now_us,
            gap_since_us=gap_since_us,
        )

    def _lost(self, error: SourceUnavailable, wait_s: float) -> None:
        """Take note that the device is away, for `wait_s` at least."""
        if error.last:
            last = samples(error.last, device=self._device, answered=False)
            self._hand_over(self._sink.append, last)
        self._attempts += 1
        self._next_try_us = _now_us() + round(wait_s * 1e6)
        self._health.lost()
        refused = isinstance(error, SourceRejected)
        kind: LinkState = "refused" if refused else "lost"
        advice = error.advice
        if refused:
            advice += f" It is tried again every {REFUSED_RETRY_S:.0f} s."
        cause = error.__cause__
        raw = f"{type(cause).__name__}: {cause}".removesuffix(": ") if cause else ""
        known = refused or self._health.last_answer_us is not None
        begins = not known and self._attempts < QUIET_TRIES
        if kind not in self._logged and not begins:
            self._logged.add(kind)
            level = logging.ERROR if refused else logging.WARNING
            said = kind if known else "not reached yet"
            log.log(level, "%s: %s: %s. %s (%s)", self._device, said, error, advice, raw or "-")
        self._become(kind, str(error), advice, raw)

    def _log_fault(self, words: str) -> None:
        """Log the exception that is being handled, once until the device is back."""
        if "fault" not in self._logged:
            self._logged.add("fault")
            log.exception("%s: %s", self._device, words)

    def _log_back(self, now_us: int, known: bool) -> None:
        if self._logged and self._state != "silent":
            away = duration_words((now_us - self._since_us) / 1e6)
            log.info("%s: %s after %s", self._device, "back" if known else "reached", away)
        self._logged.clear()

    def _become(self, state: LinkState, meaning: str = "", advice: str = "", raw: str = "") -> None:
        if state != self._state:
            self._since_us = _now_us()
        self._state, self._words = state, (meaning, advice, raw)
        self._publish()

    async def tick(self) -> None:
        """Publish the link each second, and notice a device that is connected but silent."""
        turn = 0
        while True:
            await asyncio.sleep(TICK_S)
            turn += 1
            silence_s = time.monotonic() - self._heard_s
            if self._state == "live" and silence_s > self._settings.silent_after_s:
                self._become(
                    "silent",
                    f"connected, but {self._settings.address} answers nothing",
                    "Its program or its network may stand still: look at the device itself.",
                )
            elif turn % 2 == 0:
                self._publish()

    def _publish(self) -> None:
        now_s = time.monotonic()
        skew_s = self._health.clock_skew_s(now_s=now_s)
        meaning, advice, raw = self._words
        link = Link(
            device=self._device,
            state=self._state,
            since_us=self._since_us,
            told_us=_now_us(),
            meaning=meaning or clock_words(skew_s),
            advice=advice,
            raw=raw,
            last_answer_us=self._health.last_answer_us,
            last_value_us=self._health.last_value_us,
            rate_per_s=self._health.rate_per_s(now_s=now_s),
            gaps=self._gaps,
            clock_skew_s=skew_s,
            next_try_us=self._next_try_us,
            attempts=self._attempts,
            troubles=self._health.troubles,
        )
        self._hand_over(self._sink.link, link)

    def _hand_over(self, take: Callable[[Any], None], what: Any) -> None:
        """Give the sink something. That it fails is logged once, until it takes something again."""
        try:
            take(what)
            self._keeps = True
        except Exception:
            if self._keeps:
                log.exception("%s: what it told could not be kept", self._device)
            self._keeps = False


_FAULT_ADVICE = "This is a fault in Takt, not in the device: please report it with the log."


def _now_us() -> int:
    return time.time_ns() // 1000
