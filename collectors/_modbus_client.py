"""One Modbus TCP connection, on which an answer is only ever taken for its own request.

pymodbus matches answers by transaction id, but takes an id of 0 for any, forgets half an answer
when the next request goes out, and lets a request wait when the connection drops; so each of
these ends the connection here.
"""

import asyncio
from types import TracebackType
from typing import Any, Self

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from collectors import SourceUnavailable
from collectors._modbus_blocks import BITS, Block
from collectors._modbus_values import exception_words
from collectors._words import CHECK_DEVICE, unreachable

_FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}


class Missed(Exception):
    """No answer in time."""


class Refused(Exception):
    """The device answered with an exception; `str()` of it is that in words."""


class Connection:
    """Opens when entered. What it raises is SourceUnavailable once the connection is gone."""

    def __init__(self, host: str, port: int, device_id: int, timeout_s: float) -> None:
        self._where = f"{host}:{port}"
        self._device_id, self._timeout_s = device_id, timeout_s
        self._dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._doubtful = False  # an answer may still be on its way
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            timeout=timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_connect=self._traced,
        )
        self._client.set_max_no_responses(1_000_000)  # how many are too many is decided here
        self._reads = {
            "coil": self._client.read_coils,
            "discrete": self._client.read_discrete_inputs,
            "holding": self._client.read_holding_registers,
            "input": self._client.read_input_registers,
        }

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._client.ctx.call_create()  # connect() would hide the reason
        except OSError as error:
            raise unreachable(error, where=self._where, timeout_s=self._timeout_s) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        transport = self._client.ctx.transport
        self._client.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()  # a frozen device would hold a polite end up

    async def read(self, block: Block) -> list[int]:
        """The registers, or the bits as 0 and 1, of `block`.

        Raises Missed without an answer in time, Refused for an exception answer.
        """
        if self._dropped.done() or not self._client.connected:
            raise self._gone(f"{self._where} has closed the connection")
        if not _whole(self._client.ctx.recv_buffer):
            raise self._gone(f"{self._where} sent half an answer, or one that is not Modbus")
        request = asyncio.ensure_future(
            self._reads[block.register](block.address, count=block.count, device_id=self._device_id)
        )
        try:
            either: tuple[asyncio.Future[Any], ...] = (request, self._dropped)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not request.done():
                raise self._gone(f"{self._where} has closed the connection")
            return self._checked(request.result(), block)
        except ConnectionException as error:
            raise self._gone(f"{self._where} has closed the connection") from error
        except ModbusException as error:
            self._doubtful = True
            raise Missed from error
        finally:
            request.cancel()

    def _checked(self, answer: ModbusPDU, block: Block) -> list[int]:
        if self._doubtful and answer.transaction_id == 0:
            raise self._gone(f"{self._where} numbers no answers, and one of them was late")
        function = _FUNCTIONS[block.register]
        if isinstance(answer, ExceptionResponse) and answer.function_code & 0x7F == function:
            raise Refused(exception_words(answer.exception_code))
        bits = block.register in BITS
        data = [int(bit) for bit in answer.bits] if bits else list(answer.registers)
        fits = len(data) >= block.count if bits else len(data) == block.count
        if answer.function_code != function or not fits:
            raise self._gone(f"{self._where} answered another question than {block.words}")
        return data

    def _traced(self, connected: bool) -> None:
        if not connected and not self._dropped.done():
            self._dropped.set_result(None)

    def _gone(self, meaning: str) -> SourceUnavailable:
        return SourceUnavailable(meaning, advice=CHECK_DEVICE)


def _whole(received: bytes) -> bool:
    """True where `received` is nothing but whole frames: answers that nobody waits for."""
    while received:
        size = 6 + int.from_bytes(received[4:6], "big")
        if len(received) < max(size, 8) or received[2:4] != b"\0\0":
            return False
        received = received[size:]
    return True
