"""Builds the Dash app: pages from layouts/, one live callback for all of them, the API beside it."""

import asyncio
import inspect
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dash
from dash import Dash
from fastapi import FastAPI
from fastapi.responses import FileResponse

from dashboard import api, health
from dashboard.browser import TOKEN_COOKIE, TOKEN_HEADER
from dashboard.hub import Hub
from dashboard.live import NOWHERE, Broadcast
from dashboard.records import Desk
from layouts import _parts, andon, connections, not_found, overview, unit
from store.config import Config
from store.log.database import Database

log = logging.getLogger("takt.dashboard")

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SCREENS = {"overview": overview, "andon": andon, "unit": unit, "connections": connections}

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}<title>{%title%}</title>
<script>document.documentElement.dataset.theme =
location.pathname.startsWith("/andon/") ? "wall" : "{theme}"</script>
<link rel="preload" as="font" type="font/woff2" href="/assets/fonts/inter-latin.woff2" crossorigin>
<link rel="icon" href="/assets/favicon.svg"><link rel="manifest" href="/assets/manifest.webmanifest">
{%css%}
</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""


def create_app(config: Config, *, redis_url: str, database: Database) -> Dash:
    """The dashboard of one plant. Its reader and its push run for as long as the server does."""
    hub = Hub(redis_url, config.plant)
    desk = Desk(database, config.plant, hub.redis)
    broadcast = Broadcast(
        hub,
        {name: screen.rows for name, screen in SCREENS.items()} | {NOWHERE: not_found.rows},
        window_s=config.dashboard.window_ms / 1000,
        settle_s=config.dashboard.settle_ms / 1000,
    )
    server = FastAPI(
        title="Takt",
        lifespan=partial(_lifespan, hub, broadcast, desk),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    health.register(server, hub, broadcast)
    api.register(server, hub)
    server.get("/sw.js", include_in_schema=False)(_service_worker)
    app = Dash(
        "dashboard",
        server=server,
        backend="fastapi",
        use_pages=True,
        pages_folder="",
        assets_folder=str(ASSETS),
        assets_ignore=r"^sw\.js$",
        serve_locally=True,
        include_pages_meta=False,
        title="Takt",
        update_title=None,
        websocket_inactivity_timeout=0,
        websocket_batch_delay=0,
        websocket_allowed_origins=[url] if (url := config.dashboard.public_url) else [],
        csrf_token_name=TOKEN_COOKIE,
        csrf_header_name=TOKEN_HEADER,
    )
    app.index_string = INDEX.replace("{theme}", config.dashboard.theme)
    _pages(hub)
    app.layout = dash.page_container
    app.callback(websocket=True, persistent=True)(broadcast.serve)
    return app


def _pages(hub: Hub) -> None:
    """One page per screen. The first drawing has the data of its moment: no empty tile, no jump."""
    for screen in SCREENS.values():
        dash.register_page(
            screen.__name__,
            **{"path_template" if "<" in screen.PATH else "path": screen.PATH},
            name=screen.TITLE,
            title=f"{screen.TITLE} · Takt",
            order=screen.ORDER,
            layout=partial(_draw, hub, screen),
        )
    dash.register_page("not_found_404", layout=partial(_draw, hub, not_found))


def _draw(hub: Hub, screen: Any, /, id: str | None = None, **_query: str) -> Any:
    return _parts.island(screen.layout(hub.snapshot(), id))


async def _set_up_pages() -> None:
    """Have Dash register its page router now, and not during the first request.

    It does so in a hook of the first request to "/" or "/_dash-…" only: whoever opens another page
    first gets an index without the router's script, and stays without live data.
    """
    for hook in dash.get_app().backend._before_request_funcs:
        if inspect.isawaitable(pending := hook()):
            await pending


@asynccontextmanager
async def _lifespan(
    hub: Hub, broadcast: Broadcast, desk: Desk, _server: FastAPI
) -> AsyncIterator[None]:
    await _set_up_pages()
    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(broadcast.run())]
    for task in tasks:
        task.add_done_callback(_end_with)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hub.redis.aclose()
        desk.close()


def _end_with(task: asyncio.Task[None]) -> None:
    """A reader or a push that ends by a fault takes the process with it: it is started again.

    A dashboard that lives on without them would answer that it is well, and show nothing new.
    """
    if not task.cancelled() and (fault := task.exception()):
        log.critical("ended by a fault", exc_info=fault)
        os.kill(os.getpid(), signal.SIGTERM)


async def _service_worker() -> FileResponse:
    """The service worker, from the root: its scope is the folder it is served from."""
    return FileResponse(
        ASSETS / "sw.js",
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )
