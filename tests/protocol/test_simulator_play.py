"""The plant as it is played: what is served is in the log first, and a crash loses nothing."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client
from pymodbus.client import AsyncModbusTcpClient

from mes.observation import Value
from simulator import play
from simulator.opcua_server import NAMESPACE, OpcUaServer
from simulator.play import Player, run
from simulator.settings import Settings
from simulator.truth import read, totals
from tests.ports import free_ports

pytestmark = pytest.mark.protocol
ROOT = Path(__file__).parents[2]
STATIONS = ("station-1", "station-2")


def section(speed: float = 50, *, presses: bool = True) -> dict[str, Any]:
    """A press and two stations on ports of their own."""
    ports = free_ports(3)
    stations = {
        "protocol": "modbus",
        "kind": "station",
        "machines": [
            {"id": name, "cycle_s": 8, "port": port}
            for name, port in zip(STATIONS, ports, strict=False)
        ],
    }
    press = {
        "protocol": "opcua",
        "kind": "press",
        "endpoint": f"opc.tcp://127.0.0.1:{ports[2]}/shop",
        "machines": [{"id": "press-1", "cycle_s": 6}],
        "buffers": False,
    }
    return {"seed": 3, "speed": speed, "lines": [press, stations] if presses else [stations]}


async def good_of(settings: Settings) -> dict[str, int]:
    """The good counters of all stations, as a client reads them."""
    found = {}
    for machine in settings.lines[-1].machines:
        client = AsyncModbusTcpClient("127.0.0.1", port=machine.port, timeout=1, retries=0)
        assert await client.connect()
        found[machine.id] = (await client.read_input_registers(2, count=1)).registers[0]
        client.close()
    return found


async def until(holds: Callable[[], bool], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(0.01)


def made(folder: Path) -> int:
    return sum(record.what in ("good", "reject") for record in read(folder))


def test_what_is_served_is_what_the_log_says(tmp_path: Path) -> None:
    async def go() -> None:
        settings = Settings.model_validate(section())
        player, stop = Player(settings, tmp_path), asyncio.Event()
        await player.start()
        task = asyncio.create_task(player.play(stop))
        await until(lambda: made(tmp_path) >= 10)
        stop.set()
        await task
        truth = {name: good % 65_536 for name, (good, _) in totals(tmp_path).items()}
        async with Client(next(iter(player.opcua))) as client:
            index = await client.get_namespace_index(NAMESPACE)
            node = client.get_node(f"ns={index};s=press-1.good")
            shown = {"press-1": await node.read_value(), **await good_of(settings)}
            last = max(
                r.us for r in read(tmp_path) if r.machine.id == "press-1" and r.what == "good"
            )
            found = await node.read_data_value()
            assert round(found.SourceTimestamp.timestamp() * 1e6) == last
        await player.close()
        assert shown == truth

    asyncio.run(go())


def test_a_plant_goes_on_where_it_was_left(tmp_path: Path) -> None:
    async def go() -> None:
        settings = Settings.model_validate(section(presses=False))
        before = {}
        for _ in range(2):
            player, stop = Player(settings, tmp_path), asyncio.Event()
            await player.start()
            first = await good_of(settings)
            assert not before or first == before
            count = made(tmp_path)
            task = asyncio.create_task(player.play(stop))
            await until(lambda count=count: made(tmp_path) >= count + 3)
            stop.set()
            await task
            before = await good_of(settings)
            await player.close()

    asyncio.run(go())


def test_the_time_of_a_tag_never_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times: dict[str, list[datetime]] = {}
    write = OpcUaServer.write

    async def noted(self: OpcUaServer, values: Mapping[str, Value], source_time: datetime) -> None:
        for node in values:
            times.setdefault(node, []).append(source_time)
        await write(self, values, source_time)

    monkeypatch.setattr(OpcUaServer, "write", noted)

    async def go() -> None:
        for _ in range(2):
            stop = asyncio.Event()
            settings, count = Settings.model_validate(section(speed=37)), made(tmp_path)
            task = asyncio.create_task(run(settings, truth_dir=tmp_path, stop=stop))
            await until(lambda count=count: made(tmp_path) >= count + 4)
            stop.set()
            await task

    asyncio.run(go())
    assert times["press-1.power"] == sorted(times["press-1.power"])
    assert len(set(times["press-1.power"])) > 5


SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from simulator.play import run
from simulator.settings import Settings
asyncio.run(run(Settings.model_validate(json.loads(sys.argv[1])), truth_dir=Path(sys.argv[2])))
"""


def test_a_plant_that_is_killed_has_logged_all_it_showed_and_never_counts_back(
    tmp_path: Path,
) -> None:
    plan = section(speed=200, presses=False)
    settings = Settings.model_validate(plan)

    def begin() -> subprocess.Popen:
        command = [sys.executable, "-c", SCRIPT, json.dumps(plan), str(tmp_path)]
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})

    async def seen() -> dict[str, int]:
        async with asyncio.timeout(20):
            while True:
                with suppress(AssertionError):  # not listening yet
                    return await good_of(settings)
                await asyncio.sleep(0.02)

    async def go() -> None:
        highest = dict.fromkeys(STATIONS, 0)
        for _ in range(3):
            process = begin()
            try:
                await seen()
                count = made(tmp_path)
                async with asyncio.timeout(20):
                    while made(tmp_path) < count + 5:
                        shown = await seen()
                        assert all(shown[name] >= highest[name] for name in STATIONS)
                        highest = shown
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
            truth = totals(tmp_path)
            assert all(truth[name][0] % 65_536 >= highest[name] for name in STATIONS)

    asyncio.run(go())


def test_taken_ports_are_named_together_and_nothing_is_started(tmp_path: Path) -> None:
    async def go() -> None:
        settings = Settings.model_validate(section())
        taken = [settings.lines[0].addresses[0], settings.lines[1].addresses[1]]
        probes = [socket.create_server(address) for address in taken]
        with pytest.raises(OSError, match="If it plays already") as caught:
            await run(settings, truth_dir=tmp_path / "truth")
        for _, port in taken:
            assert str(port) in str(caught.value)
        assert str(settings.lines[1].addresses[0][1]) not in str(caught.value)
        assert not (tmp_path / "truth").exists()
        for probe in probes:
            probe.close()

    asyncio.run(go())


@pytest.mark.parametrize("how", ["stop", "cancel"])
def test_it_ends_when_it_is_told_to_and_gives_its_ports_back(tmp_path: Path, how: str) -> None:
    async def go() -> None:
        settings, stop = Settings.model_validate(section()), asyncio.Event()
        task = asyncio.create_task(run(settings, truth_dir=tmp_path, stop=stop))
        await until(lambda: made(tmp_path) >= 1)
        if how == "stop":
            stop.set()
            await task
        else:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        for line in settings.lines:
            for address in line.addresses:
                socket.create_server(address).close()

    asyncio.run(go())


def test_while_the_computer_sleeps_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift_us, now_us = 0, play._now_us
    monkeypatch.setattr(play, "_now_us", lambda: now_us() + shift_us)

    async def go() -> None:
        nonlocal shift_us
        settings = Settings.model_validate(section(speed=20, presses=False))
        player, stop = Player(settings, tmp_path), asyncio.Event()
        await player.start()
        task = asyncio.create_task(player.play(stop))
        await until(lambda: made(tmp_path) >= 2)
        before = made(tmp_path)
        shift_us = 3_600_000_000
        await until(lambda: made(tmp_path) > before)
        stop.set()
        await task
        await player.close()
        assert made(tmp_path) < before + 5
        times = [record.us for record in read(tmp_path)]
        assert times == sorted(times)
        assert max(b - a for a, b in pairwise(times)) > 3_590_000_000

    asyncio.run(go())
