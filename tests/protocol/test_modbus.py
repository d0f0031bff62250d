"""Modbus TCP against pymodbus' server, with the way to it cut, frozen and slowed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from collectors import modbus
from tests.ports import free_port

pytestmark = pytest.mark.protocol
Serve = Callable[[int], Awaitable[ModbusTcpServer]]

REGISTERS = [7, 0, 0xF5C3, 0x4148, 0xFFFF, 0xFF9C, *range(100, 114)]
TAGS: list[dict[str, Any]] = [
    {"name": "count", "register": "input", "address": 0},
    {
        "name": "torque",
        "register": "input",
        "address": 2,
        "type": "float32",
        "word_order": "little",
    },
    {"name": "power", "register": "input", "address": 4, "type": "int32", "scale": 0.1},
    {"name": "starved", "register": "discrete", "address": 1},
]


def settings(port: int, tags: list[dict[str, Any]] = TAGS, **more: Any) -> modbus.Settings:
    given = {"id": f"plc-{port}", "host": "127.0.0.1", "port": port, "poll_interval_s": 0.05}
    given |= {"timeout_s": 0.3, "tags": [{"work_unit": "u"} | tag for tag in tags]} | more
    return modbus.Settings.model_validate(given)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a device with coils 0–15, discrete inputs 0–15 and 20 input and holding registers."""
    running: list[ModbusTcpServer] = []

    async def start(port: int) -> ModbusTcpServer:
        bits = [SimData(0, values=[False, True] * 8, datatype=DataType.BITS)]
        words = [SimData(0, values=REGISTERS, datatype=DataType.REGISTERS)]
        device = SimDevice(1, simdata=(bits, bits, words, words))
        running.append(ModbusTcpServer(device, address=("127.0.0.1", port)))
        await running[-1].serve_forever(background=True)
        return running[-1]

    yield start
    for server in running:
        await server.shutdown()


async def test_values_with_types_orders_and_scales(serve, collected) -> None:
    port = free_port()
    await serve(port)
    before = datetime.now(UTC)
    found, error = await collected(modbus, settings(port), lambda f: len(f) >= 4)
    assert error is None
    values = {o.tag: o.value for o in found[:4]}
    assert values == {"count": 7, "torque": pytest.approx(12.56), "power": -10.0, "starved": True}
    assert {type(values["count"]), type(values["starved"])} == {int, bool}
    for o in found[:4]:
        assert (o.quality, o.status, o.source_time) == ("good", "", o.received_time)
        assert before <= o.source_time <= datetime.now(UTC)


async def test_only_what_changed_is_told_and_the_rest_every_two_seconds(serve, wait_until) -> None:
    port = free_port()
    await serve(port)
    told: list[list[str]] = []
    emit = lambda found: told.append([o.tag for o in found])  # noqa: E731
    task = asyncio.create_task(modbus.collect(settings(port), emit))
    await wait_until(lambda: len(told) > 3)
    assert told[:3] == [["count", "torque", "power", "starved"], [], []]
    first_s = time.monotonic()
    await wait_until(lambda: any(told[1:]))
    assert 1.5 < time.monotonic() - first_s + 0.2 < 2.3
    task.cancel()
    await asyncio.wait({task})


async def test_an_exception_makes_bad_only_what_it_was_asked_for(serve, collected) -> None:
    port = free_port()
    await serve(port)
    tags = [*TAGS, {"name": "far", "register": "holding", "address": 500}]
    tags.append({"name": "over", "register": "holding", "address": 19, "type": "uint32"})
    found, error = await collected(modbus, settings(port, tags), lambda f: len(f) >= 6)
    assert error is None
    by_tag = {o.tag: o for o in found[:6]}
    assert by_tag["count"].quality == "good"
    assert (by_tag["far"].quality, by_tag["far"].value) == ("bad", None)
    assert by_tag["far"].status == ("exception 2: illegal data address (holding registers 500–500)")
    assert by_tag["over"].status.endswith("(holding registers 19–20)")


async def test_a_device_that_only_gives_exceptions_is_in_contact(serve, kept, wait_until) -> None:
    port = free_port()
    await serve(port)
    sink = kept(modbus, settings(port, [{"name": "far", "address": 500}]))
    await wait_until(lambda: sink.last("far") and sink.state == "live")
    await wait_until(lambda: sink.links[-1].troubles)
    assert "illegal data address" in sink.links[-1].troubles["u.far"]
    await wait_until(lambda: [s for s in sink.samples if not s.readings], what="a contact")


async def test_killed_and_restarted(serve, kept, wait_until, caplog) -> None:
    caplog.set_level("INFO", logger="collectors")
    port = free_port()
    server = await serve(port)
    sink = kept(modbus, settings(port))
    await wait_until(lambda: sink.value("count") == 7)
    await server.shutdown()
    took_s = await wait_until(lambda: sink.state == "lost")
    assert took_s < 1.5
    assert (sink.last("count").value, sink.last("count").quality) == (None, "bad")
    await wait_until(lambda: "nothing answers" in sink.links[-1].meaning)
    assert sink.links[-1].meaning == f"nothing answers at 127.0.0.1:{port}"
    assert "ConnectionRefusedError" in sink.links[-1].raw
    assert not sink.gaps
    answered_us = sink.links[-1].last_answer_us
    await serve(port)
    assert await wait_until(lambda: sink.value("count") == 7) < 6
    assert [(g.work_unit, g.gap_since_us) for g in sink.gaps] == [("u", answered_us)]
    after = sink.samples[sink.samples.index(sink.gaps[0]) + 1]
    assert after.readings["count"].value == 7
    levels = [r.levelname for r in caplog.records if r.name == "collectors"]
    assert levels == ["WARNING", "INFO"], caplog.text


async def test_a_frozen_device_is_bad_after_three_polls(serve, proxy, kept, wait_until) -> None:
    port = free_port()
    await serve(port)
    way = await proxy(port)
    sink = kept(modbus, settings(way.port))
    await wait_until(lambda: sink.value("count") == 7)
    way.freeze()
    took_s = await wait_until(lambda: sink.state == "lost")
    assert 0.6 < took_s < 3  # three polls of 0.3 s
    assert sink.last("count").quality == "bad"
    assert "left 3 polls unanswered" in sink.last("count").status
    way.thaw()
    await wait_until(lambda: sink.value("count") == 7)
    assert len(sink.gaps) == 1


async def test_a_cut_is_noticed_at_once(serve, proxy, kept, wait_until) -> None:
    port = free_port()
    await serve(port)
    way = await proxy(port)
    sink = kept(modbus, settings(way.port, poll_interval_s=0.1, timeout_s=5))
    await wait_until(lambda: sink.value("count") == 7)
    way.freeze()
    await asyncio.sleep(0.3)  # a request is on its way, and would wait five seconds
    await way.cut()
    assert await wait_until(lambda: sink.state == "lost") < 1.5
    assert "closed the connection" in sink.last("count").status


async def test_a_hanging_device_does_not_delay_another(serve, proxy, kept, wait_until) -> None:
    good, hanging = free_port(), free_port()
    await serve(good)
    await serve(hanging)
    way = await proxy(hanging)
    bad = kept(modbus, settings(way.port))
    await wait_until(lambda: bad.value("count") == 7)
    polls_s: list[float] = []
    task = asyncio.create_task(
        modbus.collect(settings(good), lambda found: polls_s.append(time.monotonic()))
    )
    await wait_until(lambda: polls_s)
    way.freeze()
    await wait_until(lambda: len(polls_s) > 40)
    task.cancel()
    await asyncio.wait({task})
    apart = sorted(b - a for a, b in pairwise(polls_s))
    assert apart[len(apart) // 2] == pytest.approx(0.05, abs=0.015)
    assert apart[-1] < 0.25, "as long as the other's time-out"
    off_s = sorted(abs((s - polls_s[0] + 0.025) % 0.05 - 0.025) for s in polls_s)
    assert off_s[len(off_s) // 2] < 0.01, "off the grid: drift adds up"


async def test_a_poll_that_overruns_skips_turns(serve, proxy, wait_until) -> None:
    port = free_port()
    await serve(port)
    way = await proxy(port)
    way.delay_s = 0.06  # there and back, for each of two blocks: 0.24 s a poll
    polls_s: list[float] = []
    given = settings(way.port, poll_interval_s=0.1, timeout_s=1)
    task = asyncio.create_task(modbus.collect(given, lambda _: polls_s.append(time.monotonic())))
    await wait_until(lambda: len(polls_s) >= 5)
    task.cancel()
    await asyncio.wait({task})
    apart = sorted(b - a for a, b in pairwise(polls_s))
    assert apart[0] > 0.2
    assert apart[1] == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize(
    ("host", "words"),
    [("127.0.0.1", "nothing answers at"), ("no-such-host.invalid", "is not known on this network")],
)
async def test_wrong_addresses_in_words(collected, host: str, words: str) -> None:
    _, error = await collected(modbus, settings(free_port(), host=host, timeout_s=5))
    assert words in str(error)
    assert "config.toml" in error.advice
    assert isinstance(error.__cause__, OSError)
