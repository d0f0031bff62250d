"""Modbus TCP: reads registers on a fixed grid of time. The protocol knows neither time nor quality:
a value's time is that of its poll, and it is bad while the device does not give it.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from pydantic import Field, model_validator

from collectors import Emit, SourceUnavailable, TagSource
from collectors import Settings as Base
from collectors._modbus_blocks import BITS, BITS_MAX, REGISTERS_MAX, Block, Register, Span, plan
from collectors._modbus_client import Connection, Missed, Refused
from collectors._modbus_values import Order, Type, decode, size
from mes.observation import Observation, Quality, Value

MISSES_MAX = 3  # polls without an answer until what was read is no longer held to be true
REPEAT_S = 2.0  # an unchanged value is told again: it was read, and a watchdog may wait for it

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would say is said in our words


class ModbusTag(TagSource):
    """Registers or a bit of a device; value = raw × scale + offset.

    register: the table it is in; address: counted from 0 as on the wire, 0 to 65,535;
    type: of registers, None for uint16; word_order, byte_order: of types longer than a register,
    and of each register's bytes; scale: not 0; length: of a string [characters], 1 to 250.
    """

    table: Register = Field(default="holding", alias="register")
    address: int = Field(ge=0, le=65_535)
    type: Type | None = None  # of registers: uint16 by default; bits are always bool
    word_order: Order = "big"
    byte_order: Order = "big"
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    length: int = Field(default=0, ge=0, le=2 * REGISTERS_MAX)

    @property
    def kind(self) -> Type:
        return "bool" if self.table in BITS else self.type or "uint16"

    @property
    def count(self) -> int:
        """Registers or bits that it takes."""
        return 1 if self.table in BITS else size(self.kind, self.length)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.table in BITS and self.type not in (None, "bool"):
            raise ValueError(f"a {self.table} is a bool, not {self.type}")
        if (self.kind == "string") != (self.length > 0):
            raise ValueError("length, in characters, goes with type = 'string' and with no other")
        if self.kind in ("bool", "string") and (self.scale, self.offset) != (1.0, 0.0):
            raise ValueError(f"a {self.kind} has no scale or offset")
        if self.scale == 0:
            raise ValueError("scale is 0: every value would be the offset")
        if self.address + self.count > 65_536:
            raise ValueError(f"address {self.address}: its {self.count} registers end past 65535")
        return self


class Settings(Base):
    """One Modbus TCP device.

    port: 1 to 65,535; device_id: 1 to 255, behind a gateway; poll_interval_s: 0.01 to 3600 [s];
    timeout_s: of an answer, 0.05 to 60 [s]; address_gap_max: registers or bits that may be read
    along to save a request, 0 to 2000.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65_535)
    device_id: int = Field(default=1, ge=1, le=255)
    poll_interval_s: float = Field(default=0.5, ge=0.01, le=3600)
    timeout_s: float = Field(default=1.0, ge=0.05, le=60)
    address_gap_max: int = Field(default=16, ge=0, le=BITS_MAX)
    tags: tuple[ModbusTag, ...] = Field(min_length=1)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def silent_after_s(self) -> float:
        return max(2.5 * self.poll_interval_s, self.poll_interval_s + self.timeout_s + 0.5)

    @property
    def heard_every_s(self) -> float:
        return self.poll_interval_s

    @property
    def told_again_s(self) -> float:
        return REPEAT_S + self.poll_interval_s


async def collect(settings: Settings, emit: Emit) -> None:
    """Poll the tags of `settings` until cancelled."""
    poller = _Poller(settings, emit)
    async with Connection(
        settings.host, settings.port, settings.device_id, settings.timeout_s
    ) as connection:
        try:
            await _on_grid(poller, connection, settings.poll_interval_s)
        except SourceUnavailable as error:
            error.last = poller.all_bad(str(error))
            raise


async def _on_grid(poller: "_Poller", connection: Connection, interval_s: float) -> None:
    """Poll at start, start + interval, …: without drift; turns that a poll overran are skipped."""
    loop = asyncio.get_running_loop()
    start_s, turn = loop.time(), 0
    while True:
        await poller.poll(connection)
        turn = max(turn + 1, math.ceil((loop.time() - start_s) / interval_s))
        await asyncio.sleep(start_s + turn * interval_s - loop.time())


class _Poller:
    """Reads the blocks of one device, and tells what changed since it last told."""

    def __init__(self, settings: Settings, emit: Emit) -> None:
        self._settings, self._emit, self._tags = settings, emit, settings.tags
        self._blocks = list(plan(_spans(settings.tags), gap_max=settings.address_gap_max))
        self._misses = dict.fromkeys(self._blocks, 0)
        self._missed_polls = 0
        self._found: dict[int, tuple[Value, Quality, str]] = {}  # by place of the tag
        self._told: dict[int, tuple[tuple[Value, Quality, str], float]] = {}  # what, when

    async def poll(self, connection: Connection) -> None:
        """Read every block, and tell what is new.

        Where something discrete has changed and there are several blocks, all are read again: the
        change may lie between two of them, and a state must not be told with the flags of another.
        Raises SourceUnavailable after three polls without an answer.
        """
        before = self._discrete()
        answered_at = await self._read(connection)
        if answered_at is not None and len(self._blocks) > 1 and before != self._discrete():
            answered_at = await self._read(connection) or answered_at
        if answered_at is not None:
            self._missed_polls = 0
            self._emit(self._news(answered_at))
            return
        self._missed_polls += 1
        if self._missed_polls >= MISSES_MAX:
            raise SourceUnavailable(
                f"{self._settings.address} is connected, but left {MISSES_MAX} polls unanswered",
                advice=f"Check that the device runs, and device_id ({self._settings.device_id}).",
            )

    def _discrete(self) -> list[tuple[Value, Quality, str] | None]:
        """What was found of states, flags and counters: all that is no measure."""
        return [
            self._found.get(place)
            for place, tag in enumerate(self._tags)
            if not tag.kind.startswith("float") and tag.scale == 1.0
        ]

    async def _read(self, connection: Connection) -> datetime | None:
        """Read every block once; when something answered last, None where nothing did."""
        answered_at: datetime | None = None
        for block in tuple(self._blocks):
            try:
                data = await connection.read(block)
            except Missed:
                self._miss(block)
                if answered_at is None:
                    break  # it answers nothing: asking for the rest would only take longer
                continue
            except Refused as refusal:
                self._spoil(block, _refusal_words(refusal, block))
            else:
                self._take(block, data)
            self._misses[block] = 0
            answered_at = datetime.now(UTC)
        return answered_at

    def all_bad(self, words: str) -> list[Observation]:
        """Every tag that was ever told, as bad."""
        now = datetime.now(UTC)
        return [self._observation(place, (None, "bad", words), now) for place in self._told]

    def _miss(self, block: Block) -> None:
        """Put a block that timed out behind the others, so that it does not hold them up."""
        self._blocks.remove(block)
        self._blocks.append(block)
        self._misses[block] += 1
        if self._misses[block] >= MISSES_MAX:
            self._spoil(block, f"no answer for {block.words} in {MISSES_MAX} polls")

    def _spoil(self, block: Block, words: str) -> None:
        for span in block.spans:
            self._found[span.tag] = (None, "bad", words)

    def _take(self, block: Block, data: Sequence[int]) -> None:
        for span in block.spans:
            tag = self._tags[span.tag]
            first = span.address - block.address
            try:
                value: Value = (
                    bool(data[first])
                    if span.register in BITS
                    else decode(
                        data[first : first + span.count],
                        tag.kind,
                        word_order=tag.word_order,
                        byte_order=tag.byte_order,
                        scale=tag.scale,
                        offset=tag.offset,
                        length=tag.length,
                    )
                )
                self._found[span.tag] = (value, "good", "")
            except ValueError as error:
                self._found[span.tag] = (None, "bad", str(error))

    def _news(self, now: datetime) -> list[Observation]:
        now_s = asyncio.get_running_loop().time()
        news = []
        for place, found in sorted(self._found.items()):
            told, told_s = self._told.get(place, (None, 0.0))
            if found != told or now_s - told_s >= REPEAT_S - self._settings.poll_interval_s / 2:
                self._told[place] = (found, now_s)
                news.append(self._observation(place, found, now))
        return news

    def _observation(
        self, place: int, found: tuple[Value, Quality, str], now: datetime
    ) -> Observation:
        tag, (value, quality, status) = self._tags[place], found
        return Observation(
            work_unit=tag.work_unit,
            tag=tag.name,
            value=value,
            source_time=now,
            received_time=now,
            quality=quality,
            status=status,
        )


def _spans(tags: Sequence[ModbusTag]) -> list[Span]:
    return [Span(t.table, t.address, t.count, place) for place, t in enumerate(tags)]


def _refusal_words(refusal: Refused, block: Block) -> str:
    """What the device said; with a hint where we asked for registers that no tag needs."""
    hint = "; perhaps it lacks one in between: try a smaller address_gap_max"
    return f"{refusal} ({block.words}{hint if block.has_gap else ''})"
