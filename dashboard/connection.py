"""One connection to the server, with bounds that uvicorn does not have.

uvicorn waits for ever for the first request of a connection, and for the end of one that began; and
takes any number of connections. tests/protocol/test_connection.py fails where its inside has changed.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0  # a request's line and headers have to be there by then
HEAD_BYTES_MAX = 32_768  # that are kept of one that is not whole yet
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n"
    b"retry-after: 5\r\nconnection: close\r\n\r\n"
)


class Connection(H11Protocol):
    """As uvicorn's, but it ends where no request comes, and where there are too many of its kind.

    connections_max counts websockets, too: one for each browser that shows a screen.
    """

    def __init__(self, *args: Any, connections_max: int, **named: Any) -> None:
        super().__init__(*args, **named)
        self._connections_max = connections_max
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._connections_max:
            transport.write(FULL)
            transport.close()
            return
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._rest()
        elif self._patience is None and self.timeout_keep_alive_task is None:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._rest()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(HEAD_S, self.timeout_keep_alive_handler)

    def _rest(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
