"""Plays a trace on real servers, and tells what collectors and engine have put on record of it."""

import asyncio
import json
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cli.settings import DEMO, settings, trace_of
from mes.timeline import window
from simulator import truth
from simulator.play import Player
from simulator.trace import Row
from store.log.database import url_of
from store.log.migrate import open_database
from store.log.reading import line, pieces
from store.log.tables import counts, folds
from tests.own_redis import wait_until
from tests.ports import free_port, free_ports
from tests.running_plant import RunningPlant
from tests.traces import Account, write

POLL_S = 0.1  # of a Modbus device
PUBLISHED_S = 0.3  # a device that is heard of so long after the last row has told of it before


@dataclass
class Replayed:
    """accounts: machine → what is on record of it, in seconds of the trace; wall_s: how long it
    was played."""

    accounts: dict[str, Account]
    wall_s: float


def replayed(
    folder: Path, rows: Sequence[Row], *, speed: float, modbus: Sequence[str] = ()
) -> Replayed:
    """Play `rows` from before the first to behind the last; then read the records.

    modbus: the machines that are behind a Modbus server of their own; the others are behind one
    OPC UA server.
    """
    write(rows, folder / "trace.csv.gz")
    machines = sorted({row.machine for row in rows})
    opcua = [machine for machine in machines if machine not in modbus]
    config = folder / "config.toml"
    config.write_text(config_text(folder / "data", opcua, modbus, speed))
    return asyncio.run(_replayed(RunningPlant(folder, config=config), machines, speed))


async def _replayed(plant: RunningPlant, machines: Sequence[str], speed: float) -> Replayed:
    async with _served(plant, machines) as player:
        await _play(player)
        await asyncio.to_thread(_end_engine, plant)
    from_us, until_us = _played(plant.data / "truth")
    database = open_database(url_of(plant.data, None))
    try:
        with database.read() as connection:
            found = {
                machine: _account(connection, machine, from_us, until_us, speed)
                for machine in machines
            }
    finally:
        database.close()
    return Replayed(found, (until_us - from_us) / 1e6)


@asynccontextmanager
async def _served(plant: RunningPlant, machines: Sequence[str]):
    """The player of a plant whose servers are read and whose counters stand at their beginning."""
    config = settings(plant.config)
    player = Player(config.simulator, plant.data / "truth", trace_of(config))
    await player.start()
    try:
        plant.start("redis")
        await asyncio.to_thread(wait_until, plant.redis.answers, what="Redis answering")
        plant.start("collect", "engine")

        def counted() -> bool:
            views = plant.views()
            return all(m in views and views[m].counting_since_us for m in machines)

        await asyncio.to_thread(wait_until, counted, seconds=60.0, what="every counter read")
        yield player
    finally:
        await player.close()
        plant.end()


async def _play(player: Player) -> None:
    """Play until the last row has been served."""
    stop = asyncio.Event()
    playing = asyncio.create_task(player.play(stop))
    while player.plant.next_s < float("inf") and not playing.done():
        await asyncio.sleep(0.02)
    stop.set()
    await playing


def _end_engine(plant: RunningPlant) -> None:
    """Wait until the engine has folded all that was played, and let it put that on record."""
    done_us = time.time_ns() // 1000 + round(PUBLISHED_S * 1e6)

    def heard() -> bool:
        return all(min(view.contacts.values()) >= done_us for view in plant.views().values())

    wait_until(heard, seconds=30.0, what="every device heard of after the last row")
    plant.signal("engine", signal.SIGTERM)
    plant.processes["engine"].wait(20)


def _played(folder: Path) -> tuple[int, int]:
    """When the first and the last row came true, by the wall."""
    times = [r.us for r in truth.read(folder) if r.what in ("state", "good", "reject")]
    return times[0], times[-1]


def _account(
    connection: sa.Connection, machine: str, from_us: int, until_us: int, speed: float
) -> Account:
    """What is on record of a machine in the time of the replay."""
    good, reject = pieces(connection, counts.c.work_unit == machine) or (0, 0)
    out = Account(good, reject)
    known = sa.select(folds.c.known_us).where(folds.c.work_unit == machine)
    told = line(connection, machine, from_us=from_us, until_us=until_us)
    for one in window(told, from_us, until_us, known_us=connection.execute(known).scalar() or 0):
        assert one.end_us is not None
        seconds = (one.end_us - one.start_us) / 1e6 * speed
        out.stay(one.state, seconds, alarm=one.fault != "")
    return out


def config_text(data: Path, opcua: Sequence[str], modbus: Sequence[str], speed: float) -> str:
    """A plant of these machines, read by the demo's tag maps and played from trace.csv.gz."""
    return "\n".join(_config(data, opcua, modbus, speed)) + "\n"


def _config(data: Path, opcua: Sequence[str], modbus: Sequence[str], speed: float) -> Iterator[str]:
    yield f"data_dir = {json.dumps(str(data))}"
    yield '[site]\nid = "site"\nname = "Site"\nenterprise = "Takt"\ntime_zone = "UTC"'
    yield '[[areas]]\nid = "hall"\nname = "Hall"'
    yield '[[work_centers]]\nid = "line"\nname = "Line"\narea = "hall"'
    for machine in (*opcua, *modbus):
        yield f'[[work_units]]\nid = "{machine}"\nname = "{machine}"\nwork_center = "line"'
        yield "ideal_cycle_s = 60.0"
    demo = DEMO.read_text(encoding="utf-8")
    yield from re.findall(r"(?ms)^\[\[tag_maps\..*?(?=^\[|^# ---)", demo)
    yield f"[dashboard]\nport = {free_port()}"
    yield f'[simulator]\nspeed = {speed}\ntrace_file = "trace.csv.gz"'
    if opcua:
        endpoint = f"opc.tcp://127.0.0.1:{free_port()}/hall"
        yield f'[[simulator.lines]]\nprotocol = "opcua"\nkind = "press"\nendpoint = "{endpoint}"'
        yield f"machines = [{', '.join(_played_as(machine) for machine in opcua)}]"
        yield f'[[collectors.opcua]]\nid = "hall-plc"\nwork_units = {json.dumps(list(opcua))}'
        yield f'tags = "press"\nendpoint = "{endpoint}"'
    for machine, port in zip(modbus, free_ports(len(modbus)), strict=True):
        yield '[[simulator.lines]]\nprotocol = "modbus"\nkind = "station"'
        yield f"machines = [{_played_as(machine, port=port)}]"
        yield f'[[collectors.modbus]]\nid = "{machine}-plc"\nwork_units = ["{machine}"]'
        yield f'tags = "station"\nhost = "127.0.0.1"\nport = {port}\npoll_interval_s = {POLL_S}'


def _played_as(machine: str, **more: int) -> str:
    rest = "".join(f", {name} = {value}" for name, value in more.items())
    return f'{{ id = "{machine}", cycle_s = 60.0{rest} }}'
