"""The simulator's Modbus devices, read by a real client."""

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from simulator.modbus_server import ModbusDevice
from tests.ports import free_port

pytestmark = pytest.mark.protocol
CONFIG = tomllib.loads((Path(__file__).parents[2] / "config.toml").read_text(encoding="utf-8"))
VALUES = {
    "state": 6,
    "mode": 1,
    "good": 65_535,
    "reject": 12,
    "fault": 44,
    "starved": False,
    "blocked": True,
    "speed": 7.4,
    "torque": 8.123,
    "power": 3.217,
}


def in_a_loop(test: Callable[[ModbusDevice, AsyncModbusTcpClient], Awaitable[None]]) -> None:
    async def go() -> None:
        device = ModbusDevice("127.0.0.1", free_port())
        await device.start(VALUES)
        client = AsyncModbusTcpClient("127.0.0.1", port=device.port, timeout=0.2, retries=0)
        try:
            assert await client.connect()
            await test(device, client)
        finally:
            client.close()
            await device.stop()

    asyncio.run(go())


async def shown(client: AsyncModbusTcpClient, tag: dict) -> float | bool:
    """The value of `tag` as its row of the tag map says."""
    if tag["register"] == "discrete":
        return (await client.read_discrete_inputs(tag["address"], count=1)).bits[0]
    kind = client.DATATYPE[tag.get("type", "uint16").upper()]
    words = await client.read_input_registers(tag["address"], count=kind.value[1])
    order = tag.get("word_order", "big")
    raw = client.convert_from_registers(words.registers, kind, word_order=order)
    return raw * tag.get("scale", 1)


def test_the_demo_tag_map_reads_what_is_shown() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        tags = CONFIG["tag_maps"]["station"]
        assert {tag["name"] for tag in tags} == VALUES.keys()
        for tag in tags:
            assert await shown(client, tag) == pytest.approx(VALUES[tag["name"]], abs=1e-6)
        device.write({"good": 0, "torque": -0.5, "blocked": False})
        for tag in tags:
            expected = {**VALUES, "good": 0, "torque": -0.5, "blocked": False}[tag["name"]]
            assert await shown(client, tag) == pytest.approx(expected, abs=1e-6)

    in_a_loop(test)


def test_registers_are_also_holding_registers_and_nothing_can_be_written() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        read = await client.read_holding_registers(0, count=10)
        assert read.registers == (await client.read_input_registers(0, count=10)).registers
        assert (await client.read_coils(0, count=2)).bits[:2] == [False, True]
        assert (await client.write_register(2, 1)).isError()
        assert (await client.write_coil(0, True)).isError()
        assert (await client.read_holding_registers(2, count=1)).registers == [65_535]

    in_a_loop(test)


def test_an_address_beyond_the_last_is_an_exception() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        assert (await client.read_input_registers(10, count=1)).exception_code == 2

    in_a_loop(test)


def test_trouble_with_an_exception_goes_by() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        device.trouble = "exception"
        assert (await client.read_input_registers(0, count=1)).exception_code == 4
        device.trouble = None
        assert (await client.read_input_registers(0, count=1)).registers == [6]

    in_a_loop(test)


def test_a_device_that_hangs_answers_nothing_on_a_connection_that_stays() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        device.trouble = "hang"
        with pytest.raises(ModbusException):
            await client.read_input_registers(0, count=1)
        assert client.connected
        device.trouble = None
        assert (await client.read_input_registers(0, count=1)).registers == [6]

    in_a_loop(test)


def test_a_device_that_drops_cuts_the_connection_and_takes_a_new_one() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        device.trouble = "drop"
        with pytest.raises(ModbusException):
            await client.read_input_registers(0, count=1)
        device.trouble = None
        other = AsyncModbusTcpClient("127.0.0.1", port=device.port, retries=0)
        assert await other.connect()
        assert (await other.read_input_registers(0, count=1)).registers == [6]
        other.close()

    in_a_loop(test)


def test_a_frozen_device_answers_with_old_values() -> None:
    async def test(device: ModbusDevice, client: AsyncModbusTcpClient) -> None:
        device.frozen = True
        device.write({"state": 11})
        assert (await client.read_input_registers(0, count=1)).registers == [6]

    in_a_loop(test)


def test_a_taken_port_is_an_oserror() -> None:
    async def go() -> None:
        first = ModbusDevice("127.0.0.1", free_port())
        await first.start()
        with pytest.raises(OSError, match=str(first.port)):
            await ModbusDevice("127.0.0.1", first.port).start()
        await first.stop()

    asyncio.run(go())
