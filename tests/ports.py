"""Free ports of the loopback, for servers that a test starts."""

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """Free loopback ports, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
