"""What stands before the pages and the API, whoever asks. The order, from the outside in:

1. `headers.Told`: the security headers, on every answer, refusals and faults included.
2. `hosts.Hosts`: 400 for a name that is not Takt's.
3. `origin.SameOrigin`: 403 for another site's page.
4. `browser.Browser`: which browser it is; 403 for a callback without its token.
5. `rates.ApiRate`: 429 for who asks /api/ too often.
6. `bodies.Bodies`: 413, 408 for a body that is too large or too slow.

Then the server with what it has of its own. What costs least to refuse comes first. A websocket
passes here once, at its handshake: its messages are not touched. Before all of them stand
`connection.Connection` and, where proxies are trusted, uvicorn's forwarded headers.
"""

from functools import partial
from pathlib import Path
from typing import Any

from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import Request
from starlette.types import ASGIApp

from dashboard import api
from dashboard.bodies import Bodies
from dashboard.browser import Browser
from dashboard.headers import Told
from dashboard.hosts import Hosts
from dashboard.origin import SameOrigin
from dashboard.rates import ApiRate, Identify, Rate
from store.config_tables import DashboardTable

OFFLINE = "/assets/offline.html"


def guarded(
    app: Any, table: DashboardTable, *, key: bytes, identify: Identify | None = None
) -> ASGIApp:
    """The ASGI application to serve: the Dash app `app` behind all of the above.

    key: makes the pages' tokens; identify: as of `rates.ApiRate`.
    """
    inner: ASGIApp = Bodies(app.server, bytes_max=table.upload_bytes_max)
    inner = ApiRate(inner, Rate(table.api_requests_per_min, 60.0), identify)
    inner = Browser(inner, key)
    inner = SameOrigin(inner, public_url=table.public_url)
    return Told(Hosts(inner, table), partial(_pages, app))


async def _pages(app: Any) -> dict[str, str]:
    """The pages whose own scripts may run, as they are really sent; "" stands for Dash's.

    A page beside them that has a script in its text stands here with its path.
    """
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    before = set_current_request(request)
    try:
        index = app.index()
    finally:
        reset_current_request(before)
    offline = Path(app.config.assets_folder) / Path(OFFLINE).name
    return {
        "": index,
        OFFLINE: offline.read_text(encoding="utf-8"),
        "/api/docs": bytes((await api._docs()).body).decode(),
    }
