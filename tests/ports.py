"""Free ports of the loopback, for servers that a test starts.

They lie below those that the system gives to outgoing connections, so that nobody is given one
while its server is away for a moment, and every process that tests side by side has its own.
"""

import contextlib
import itertools
import os
import random
import socket

FIRST, EACH = 12_000, 4_000  # of the first process, and how many a process has
PROCESSES = 5  # side by side at most

_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
_turn = itertools.count(random.randrange(EACH))


def free_ports(count: int) -> list[int]:
    """Free loopback ports, all different."""
    mine = (FIRST + _process * EACH + next(_turn) % EACH for _ in range(EACH))
    found = list(itertools.islice(filter(_is_free, mine), count))
    assert len(found) == count, f"found {len(found)} free ports, expected {count}"
    return found


def free_port() -> int:
    return free_ports(1)[0]


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return True
    return False
