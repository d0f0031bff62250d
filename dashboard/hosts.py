"""Which names a browser may call Takt by.

A page of a stranger can have its own name point at this machine (DNS rebinding), and is then of the
same origin as Takt for the browser. What it cannot do is send another name in `Host`.
"""

import ipaddress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.answers import only, refuse
from store.config_tables import DashboardTable, host_of

UNKNOWN = "Takt is not known by this name: see allowed_hosts and public_url in [dashboard]"


def is_loopback(name: str) -> bool:
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def accepts_any(table: DashboardTable) -> bool:
    """Whether any name will do: others can reach Takt, and no name is given."""
    return not (is_loopback(table.host) or table.public_url or table.allowed_hosts)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


class Hosts:
    """ASGI middleware: 400 for requests to a name that is not Takt's.

    Names are those of `host`, `public_url` and `allowed_hosts`, and loopback's. Where others than
    this machine can reach Takt, any address will do as well: only a name can be rebound, and
    health checks ask by address.
    """

    def __init__(self, app: ASGIApp, table: DashboardTable) -> None:
        self.app = app
        self._any = accepts_any(table)
        self._any_address = not is_loopback(table.host)
        self._names = {table.host.lower(), *(name.lower() for name in table.allowed_hosts)}
        if table.public_url:
            self._names.add(host_of(table.public_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and not self._known(only(Headers(scope=scope), "host")):
            await refuse(scope, receive, send, status=400, message=UNKNOWN)
            return
        await self.app(scope, receive, send)

    def _known(self, host: str | None) -> bool:
        name = host_of(f"//{host}") if host else ""
        if not name:
            return False
        if self._any or name in self._names or is_loopback(name):
            return True
        return self._any_address and _address(name) is not None
