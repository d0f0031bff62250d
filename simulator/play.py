"""Plays the plant in wall time and serves it: the log first, then the servers.

While nobody played, nothing was made: a plant goes on from where it was left, and a pause of the
computer is one of the plant.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import floor
from pathlib import Path

from mes.observation import Value, moment
from simulator.kinds import KINDS
from simulator.machine import Machine
from simulator.modbus_server import ModbusDevice
from simulator.opcua_server import OpcUaServer
from simulator.plant import Plant, build
from simulator.replay import Replay, replay
from simulator.settings import Kind, OpcUaLine, Settings
from simulator.signals import SIGNAL_PERIOD_S, tags
from simulator.trace import Trace
from simulator.truth import Record, Writer

PAUSE_US = 5_000_000  # wall time lost in one go that counts as a pause

_log = logging.getLogger(__name__)


async def run(
    settings: Settings,
    *,
    truth_dir: Path,
    stop: asyncio.Event | None = None,
    trace: Trace | None = None,
) -> None:
    """Play the plant of `settings` until `stop` is set or the task is cancelled.

    trace: what its machines do; None: they make their day up.

    Raises OSError that names every address that is taken, before anything has been started.
    """
    for name in ("asyncua", "pymodbus"):  # what their clients do is no news here
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.ERROR)
    player = Player(settings, truth_dir, trace)
    await player.start()
    try:
        await player.play(stop or asyncio.Event())
    finally:
        await player.close()


class Player:
    """One plant and its servers: `opcua` by endpoint, `modbus` by machine."""

    def __init__(self, settings: Settings, truth_dir: Path, trace: Trace | None = None):
        self.settings = settings
        self.opcua: dict[str, OpcUaServer] = {}
        self.modbus: dict[str, ModbusDevice] = {}
        self._endpoint: dict[str, str] = {}  # machine → endpoint
        for line in settings.lines:
            ids = [machine.id for machine in line.machines]
            if isinstance(line, OpcUaLine):
                self.opcua[line.endpoint] = OpcUaServer(line.endpoint, opcua_nodes(line.kind, ids))
                self._endpoint |= dict.fromkeys(ids, line.endpoint)
            else:
                self.modbus |= {m.id: ModbusDevice(line.host, m.port) for m in line.machines}
        self._truth_dir = truth_dir
        self._truth: Writer | None = None
        self._trace = trace
        self.plant: Plant | Replay = replay(settings, trace) if trace else build(settings)
        self._from_us, self._from_s = 0, 0.0

    async def start(self) -> None:
        """Take up the log and open every server, or none. Raises OSError as `run` does."""
        _check_addresses(self.settings)
        self._truth = Writer(self._truth_dir, plant_key(self.settings, self._trace))
        if left := self._truth.left:
            self.plant = self.plant.resume(left.machines.values(), left.at_s)
        self._anchor()
        self._truth.begin(self._from_us, self._from_s, self.plant.machines.values())
        try:
            for name, device in self.modbus.items():
                await device.start(self._tags(name, self._from_s))
            for endpoint, server in self.opcua.items():
                first: dict[str, Value] = {}
                for name in (n for n, at in self._endpoint.items() if at == endpoint):
                    first |= _prefixed(name, self._tags(name, self._from_s))
                await server.start(first, moment(self._from_us))
        except BaseException:
            await self.close()
            raise
        _log.info(
            "%d machines play %s at %s; what really happens is kept in %s",
            len(self.plant.machines),
            self._trace or f"a day of seed {self.settings.seed}",
            ", ".join([*self.opcua, *(f"{d.host}:{d.port}" for d in self.modbus.values())]),
            self._truth_dir,
        )

    async def play(self, stop: asyncio.Event) -> None:
        """Let time pass until `stop` is set. What went by before is no time of the plant."""
        self._anchor()
        tick_s = SIGNAL_PERIOD_S * self.settings.speed
        shown, last_us = -1, _now_us()
        while not stop.is_set():
            now_us = _now_us()
            if not -PAUSE_US < now_us - last_us < PAUSE_US:
                self._anchor()
            last_us = now_us
            now_s = self._at_s(now_us)
            await self._advance(now_s)
            if (tick := floor(now_s / tick_s)) != shown:
                shown = tick
                for machine in self.plant.machines.values():
                    await self._serve(machine, now_s)  # never before an event that was served
            next_s = min(self.plant.next_s, (tick + 1) * tick_s)
            with suppress(TimeoutError):
                wait_us = self._wall_us(next_s) - _now_us()
                await asyncio.wait_for(stop.wait(), max(0.002, wait_us / 1e6))

    async def close(self) -> None:
        """Close every server and the log."""
        servers: list[OpcUaServer | ModbusDevice] = [*self.opcua.values(), *self.modbus.values()]
        await asyncio.gather(*(server.stop() for server in servers))
        if self._truth is not None:
            self._truth.close()
            self._truth = None

    async def _advance(self, to_s: float) -> None:
        """Play until `to_s`: what happened is on disk before any of it is served."""
        assert self._truth is not None, "play() comes after start()"
        events = list(self.plant.advance(to_s))
        self._truth.append(
            [Record(self._wall_us(e.at_s), e.at_s, e.what, e.machine) for e in events],
            self.plant.machines.values(),
        )
        for event in events:
            await self._serve(event.machine, event.at_s)

    async def _serve(self, machine: Machine, at_s: float) -> None:
        shown = tags(machine, self.plant.specs[machine.id], at_s)
        if device := self.modbus.get(machine.id):
            device.write(shown)
        else:
            server = self.opcua[self._endpoint[machine.id]]
            await server.write(_prefixed(machine.id, shown), moment(self._wall_us(at_s)))

    def _tags(self, name: str, at_s: float) -> dict[str, Value]:
        return tags(self.plant.machines[name], self.plant.specs[name], at_s)

    def _anchor(self) -> None:
        """Go on from where the plant is, from now."""
        self._from_us, self._from_s = _now_us(), self.plant.at_s

    def _at_s(self, us: int) -> float:
        return self._from_s + (us - self._from_us) / 1e6 * self.settings.speed

    def _wall_us(self, at_s: float) -> int:
        return self._from_us + round((at_s - self._from_s) / self.settings.speed * 1e6)


def opcua_nodes(kind: Kind, machines: Iterable[str]) -> dict[str, str]:
    """Node → name of its OPC UA type, for every tag of `machines`."""
    types = {
        "state": "Int32",
        "mode": "Int32",
        "good": "UInt16",
        "reject": "UInt16",
        "fault": "Int32",
        "starved": "Boolean",
        "blocked": "Boolean",
        "speed": "Double",
        KINDS[kind].measure: "Double",
        "power": "Double",
    }
    return {f"{machine}.{tag}": name for machine in machines for tag, name in types.items()}


def plant_key(settings: Settings, trace: Trace | None = None) -> dict[str, object]:
    """What makes a plant the same one: its log is gone on with, whatever its speed and ports."""
    played = {"trace": trace.digest} if trace else {}
    return {
        **played,
        "seed": settings.seed,
        "lines": [
            [line.kind, line.buffers, [[machine.id, machine.cycle_s] for machine in line.machines]]
            for line in settings.lines
        ],
    }


def _prefixed(name: str, shown: Mapping[str, Value]) -> dict[str, Value]:
    return {f"{name}.{tag}": value for tag, value in shown.items()}


def _now_us() -> int:
    return time.time_ns() // 1000


def _check_addresses(settings: Settings) -> None:
    """Raise OSError that names every address that cannot be listened on."""
    faults: dict[str, list[str]] = {}  # the system's words → addresses
    for host, port in (address for line in settings.lines for address in line.addresses):
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            faults.setdefault(error.strerror or str(error), []).append(f"{host}:{port}")
    if faults:
        found = "; ".join(f"{', '.join(where)} ({words})" for words, where in faults.items())
        raise OSError(
            f"the simulated plant cannot listen on {found}. If it plays already, stop that one; "
            "else give these lines other ports in [simulator], and their collectors the same"
        )
