"""How often somebody may ask for something."""

import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.answers import refuse

CALLERS_MAX = 10_000  # callers that are remembered; who was not heard for longest is forgotten

Identify = Callable[[Scope], Awaitable[str | None]]


class Rate:
    """At most `count` within any `per_s` seconds, for each (what, who).

    Memory is bounded by `callers_max` times `count` moments. Whoever comes under ever new names only
    makes others be forgotten, and so be allowed; nobody is refused on his account.
    """

    def __init__(
        self,
        count: int,
        per_s: float,
        *,
        callers_max: int = CALLERS_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.count, self.per_s = count, per_s
        self._callers_max, self._clock = callers_max, clock
        self._hits: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._hits)

    def hit(self, what: str, who: str) -> float:
        """Count one; 0 where it is allowed, else in how many seconds the next one will be.

        What is refused is not counted.
        """
        wait_s = self.wait_s(what, who)
        if wait_s == 0:
            hits = self._hits.setdefault((what, who), deque())
            hits.append(self._clock())
            self._hits.move_to_end((what, who))
            while len(self._hits) > self._callers_max:
                self._hits.popitem(last=False)
        return wait_s

    def wait_s(self, what: str, who: str) -> float:
        """In how many seconds one more is allowed, 0 for now; nothing is counted."""
        hits = self._hits.get((what, who))
        if hits is None:
            return 0.0
        now = self._clock()
        while hits and hits[0] <= now - self.per_s:
            hits.popleft()
        return 0.0 if len(hits) < self.count else hits[0] + self.per_s - now


def address(scope: Scope) -> str:
    """Where a request comes from, for counting: an IPv4 address, or the /64 of an IPv6 one."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, 64), strict=False))
        found = found.ipv4_mapped
    return str(found)


class ApiRate:
    """ASGI middleware: 429 with Retry-After for who asks /api/ too often.

    `identify` says who it is by a token or a session that was checked, None where it does not know:
    then the address counts. An unchecked one must not count: it could be a new one each time.
    """

    def __init__(self, app: ASGIApp, rate: Rate, identify: Identify | None = None) -> None:
        self.app, self._rate, self._identify = app, rate, identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            known = await self._identify(scope) if self._identify else None
            wait_s = self._rate.hit("api", known or address(scope))
            if wait_s:
                after = {"Retry-After": str(math.ceil(wait_s))}
                message = f"more than {self._rate.count} requests in {self._rate.per_s:g} s"
                await refuse(scope, receive, send, status=429, message=message, headers=after)
                return
        await self.app(scope, receive, send)
