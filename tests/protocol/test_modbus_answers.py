"""Modbus devices whose answers are late, wrong, half or not Modbus at all.

Whatever comes, a value is only ever taken from the answer to the request that asked for it: each
register of these devices holds a number that tells which table and address it is from.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest

from collectors import modbus
from tests.ports import free_port

pytestmark = pytest.mark.protocol


class Request(NamedTuple):
    transaction: int
    unit: int
    function: int
    address: int
    count: int
    turn: int  # requests before it on this connection


def frame(transaction: int, unit: int, body: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body


def right(asked: Request) -> bytes:
    """The answer of a good device: register n of function f holds 1000 × f + n."""
    numbers = range(asked.address, asked.address + asked.count)
    data = b"".join(struct.pack(">H", 1000 * asked.function + n) for n in numbers)
    body = bytes([asked.function, len(data)]) + data
    return frame(asked.transaction, asked.unit, body)


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
Device = Callable[[Answer], Awaitable[modbus.Settings]]


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    """Start a device that answers as it is told; it has two blocks to be read."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(answer: Answer) -> modbus.Settings:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.current_task())
            turn = 0
            try:
                while True:
                    head = await reader.readexactly(8)
                    transaction, _, length, unit, function = struct.unpack(">HHHBB", head)
                    address, count = struct.unpack(">HH", await reader.readexactly(length - 2))
                    await answer(Request(transaction, unit, function, address, count, turn), writer)
                    turn += 1
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort()

        port = free_port()
        servers.append(await asyncio.start_server(serve, "127.0.0.1", port))
        tags = [
            {"work_unit": "u", "name": "holding", "register": "holding", "address": 5},
            {"work_unit": "u", "name": "input", "register": "input", "address": 5},
        ]
        return modbus.Settings.model_validate(
            {"id": "plc", "host": "127.0.0.1", "port": port, "tags": tags}
            | {"poll_interval_s": 0.03, "timeout_s": 0.1}
        )

    yield start
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()


RIGHT = {"holding": 3005, "input": 4005}


def assert_never_mixed_up(found) -> None:
    for o in found:
        if o.quality == "good":
            assert o.value == RIGHT[o.tag]
        else:
            assert o.value is None
            assert o.status


async def test_the_devices_of_these_tests_can_be_read(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(right(asked))

    found, error = await collected(modbus, await device(answer), lambda f: len(f) >= 2)
    assert error is None
    assert {o.tag: o.value for o in found} == RIGHT


async def test_late_answers_are_nobodys(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        if asked.turn % 3 == 2:  # now and then one comes while the next is waited for
            await asyncio.sleep(0.13)
        writer.write(right(asked))

    found, error = await collected(modbus, await device(answer), within_s=1.5)
    assert error is None
    assert len(found) >= 2
    assert_never_mixed_up(found)


async def test_a_late_answer_without_a_number_ends_the_connection(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        if asked.turn == 3:
            await asyncio.sleep(0.13)
        writer.write(right(asked._replace(transaction=0)))

    found, error = await collected(modbus, await device(answer), within_s=3)
    assert "numbers no answers, and one of them was late" in str(error)
    assert_never_mixed_up(found)
    assert {o.tag for o in error.last} == {"holding", "input"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: right(a._replace(transaction=a.transaction + 7)),
        lambda a: right(a._replace(unit=a.unit + 1)),
        lambda a: b"",
    ],
    ids=["another transaction", "another device", "nothing"],
)
async def test_what_does_not_answer_us_is_no_answer(device, collected, wrong) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(wrong(asked))

    found, error = await collected(modbus, await device(answer), within_s=3)
    assert "left 3 polls unanswered" in str(error)
    assert "device_id (1)" in error.advice
    assert found == []
    assert error.last == []  # never known is not the same as bad


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a: right(a._replace(function=7 - a.function)),  # the other table's
        lambda a: right(a._replace(count=2)),
        lambda a: frame(a.transaction, a.unit, bytes([a.function, 0])),
        lambda a: frame(a.transaction, a.unit, bytes([a.function, 9, 1, 2])),
        lambda a: frame(a.transaction, a.unit, b"\x6e\x01\x02"),
        lambda a: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda a: right(a)[:9],
    ],
    ids=["other table", "two", "none", "cut short", "unknown function", "http", "half"],
)
async def test_what_is_not_our_answer_ends_the_connection(device, collected, wrong) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(right(asked) if asked.turn < 4 else wrong(asked))

    found, error = await collected(modbus, await device(answer), within_s=5)
    assert error is not None
    assert_never_mixed_up(found)
    assert {o.quality for o in error.last} == {"bad"}
    assert {o.status for o in error.last} == {str(error)}


async def test_unasked_answers_in_between_are_passed_by(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        stray = right(asked._replace(transaction=asked.transaction + 99, address=60))
        writer.write(stray + right(asked) + stray)

    found, error = await collected(modbus, await device(answer), within_s=0.6)
    assert error is None
    assert len(found) >= 2
    assert_never_mixed_up(found)


async def test_answers_in_crumbs_are_put_together(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        for byte in right(asked):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.001)

    found, error = await collected(modbus, await device(answer), lambda f: len(f) >= 2)
    assert error is None
    assert {o.tag: o.value for o in found} == RIGHT


async def test_one_block_that_never_answers_leaves_the_others_live(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        if asked.function == 4:
            writer.write(right(asked))

    found, error = await collected(modbus, await device(answer), within_s=1.5)
    assert error is None
    assert_never_mixed_up(found)
    bad = [o for o in found if o.quality == "bad"]
    assert {o.tag for o in bad} == {"holding"}
    assert bad[0].status == "no answer for holding registers 5–5 in 3 polls"
    assert [o for o in found if o.tag == "input"]


async def test_exception_answers_in_words(device, collected) -> None:
    async def answer(asked: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(asked.transaction, asked.unit, bytes([asked.function | 0x80, 6])))

    found, error = await collected(modbus, await device(answer), lambda f: len(f) >= 2)
    assert error is None
    assert found[0].status == "exception 6: device busy (holding registers 5–5)"
