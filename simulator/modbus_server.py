"""A Modbus TCP device with the registers of a station, and the troubles that tests give it.

Registers are counted from 0, as on the wire. All registers of a device change at once, between
two requests. Input registers can be read as holding registers too, discrete inputs as coils;
nothing can be written.
"""

import asyncio
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from mes.observation import Value

Trouble = Literal["exception", "hang", "drop"]


@dataclass(frozen=True, slots=True)
class Register:
    """Where a tag lies and how it is packed; `scale` is the shown value of one step."""

    tag: str
    address: int
    format: Literal["H", "h", "i", "I", "f"] = "H"  # as in struct, two or four bytes
    little_words: bool = False  # CDAB
    scale: float = 1.0

    def words(self, value: Value) -> tuple[int, ...]:
        number = float(value or 0) / self.scale
        packed = struct.pack(f">{self.format}", number if self.format == "f" else round(number))
        found = struct.unpack(f">{len(packed) // 2}H", packed)
        return found[::-1] if self.little_words else found


STATION_REGISTERS = (
    Register("state", 0),
    Register("mode", 1),
    Register("good", 2),
    Register("reject", 3),
    Register("fault", 4),
    Register("speed", 5, scale=0.1),
    Register("torque", 6, "f", little_words=True),
    Register("power", 8, "i", scale=0.001),
)
STATION_DISCRETES = ("starved", "blocked")  # the first at address 0


class ModbusDevice:
    """One Modbus TCP server at `host`:`port` that answers to every device id.

    `trouble` strikes every request while it is set: "exception" answers with device failure,
    "hang" gives no answer, "drop" cuts all connections. `frozen` answers with old values.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        registers: tuple[Register, ...] = STATION_REGISTERS,
        discretes: tuple[str, ...] = STATION_DISCRETES,
    ):
        self.host, self.port = host, port
        self.trouble: Trouble | None = None
        self.frozen = False
        self._registers, self._discretes = registers, discretes
        self._words = [0] * max(r.address + len(r.words(0)) for r in registers)
        self._bits = [0] * -(-len(discretes) // 16)
        self._server: ModbusTcpServer | None = None

    async def start(self, values: Mapping[str, Value] | None = None) -> None:
        """Listen, with `values` already there.

        Raises OSError if the address cannot be had.
        """
        self.write(values or {})
        words = [SimData(0, values=list(self._words), datatype=DataType.REGISTERS, readonly=True)]
        bits = [SimData(0, values=[False] * 16 * len(self._bits), datatype=DataType.BITS)]
        device = SimDevice(id=0, simdata=(bits, bits, words, words), action=self._answer)
        server = ModbusTcpServer(device, address=(self.host, self.port))
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise OSError(f"{self.host}:{self.port} cannot be listened on") from error
        self._server = server

    async def stop(self) -> None:
        """Cut every connection and stop listening."""
        if self._server is not None:
            await self._server.shutdown()
            self._server = None

    def write(self, values: Mapping[str, Value]) -> None:
        """Answer with `values` (tag → value) from the next request on; others stay."""
        if self.frozen:
            return
        for register in self._registers:
            if register.tag in values:
                words = register.words(values[register.tag])
                self._words[register.address : register.address + len(words)] = words
        for place, tag in enumerate(self._discretes):
            if tag in values:
                word, bit = divmod(place, 16)
                self._bits[word] &= ~(1 << bit)
                self._bits[word] |= bool(values[tag]) << bit

    async def _answer(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        current: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Bring the registers that a request is about up to date, or make trouble."""
        if self.trouble == "exception":
            return ExcCodes.DEVICE_FAILURE
        if self.trouble is not None:
            if self.trouble == "drop" and self._server is not None:
                for connection in list(self._server.active_connections.values()):
                    cast(asyncio.Transport, connection.transport).abort()
            raise asyncio.CancelledError  # ends the request without an answer
        if written is not None:
            return ExcCodes.ILLEGAL_FUNCTION
        now = self._bits if function_code in (1, 2) else self._words
        current[: len(now)] = now
        return None
