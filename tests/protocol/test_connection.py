"""Connections that ask for nothing, never finish asking, ask at length, or are too many."""

import socket
import threading
import time

import pytest
import uvicorn

from cli.dashboard import options
from dashboard import connection
from store.config_tables import DashboardTable
from tests.own_redis import wait_until
from tests.ports import free_port

HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n"
LATE_S = 1.0


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"fine"})


@pytest.fixture
def connect(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", LATE_S)
    port = free_port()
    table = DashboardTable(port=port, connections_max=10)
    server = uvicorn.Server(uvicorn.Config(app, **options(table)))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    opened = []

    def open_one(*parts: bytes) -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        for part in parts:
            opened[-1].sendall(part)
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
    server.should_exit = True
    thread.join(10)


def said(one: socket.socket) -> bytes:
    """Everything until the other end closes."""
    out = b""
    try:
        while part := one.recv(65_536):
            out += part
    except ConnectionResetError:
        pass
    return out


@pytest.mark.parametrize("begun", [b"", b"G", HEAD, HEAD + b"X: " + b"y" * 1000])
def test_a_request_that_does_not_come_is_not_waited_for(connect, begun):
    started = time.monotonic()
    assert said(connect(begun)) == b""
    assert LATE_S * 0.8 < time.monotonic() - started < LATE_S * 5


def test_a_head_that_drips_is_not_waited_for_nor_is_that_of_a_second_request(connect):
    one = connect(HEAD + b"\r\n")
    assert one.recv(1000).startswith(b"HTTP/1.1 200")
    started = time.monotonic()
    try:
        while time.monotonic() - started < LATE_S * 8:
            one.sendall(b"G")
            time.sleep(0.1)
    except OSError:
        pass
    assert time.monotonic() - started < LATE_S * 5


def test_a_head_that_is_too_long_is_refused(connect):
    long = b"GET /" + b"a" * connection.HEAD_BYTES_MAX
    assert said(connect(long)).startswith(b"HTTP/1.1 400")
    many = HEAD + b"X: y\r\n" * connection.HEAD_BYTES_MAX
    assert said(connect(many)).startswith(b"HTTP/1.1 400")


def test_a_websocket_stays_however_long_it_is_silent(connect):
    upgrade = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    one = connect(HEAD + upgrade)
    assert one.recv(1000).startswith(b"HTTP/1.1 101")
    one.settimeout(LATE_S * 2)
    with pytest.raises(TimeoutError):
        one.recv(1)


def test_more_connections_than_there_may_be_are_turned_away_and_room_comes_back(connect):
    held = [connect(HEAD) for _ in range(10)]

    def refused():
        answer = said(connect(HEAD + b"Connection: close\r\n\r\n"))
        return answer == b"" or answer.startswith(b"HTTP/1.1 503")

    wait_until(refused, what="a further one turned away")
    for one in held:
        one.close()

    def served():
        return connect(HEAD + b"Connection: close\r\n\r\n").recv(1000).startswith(b"HTTP/1.1 200")

    wait_until(served, what="room for another")
