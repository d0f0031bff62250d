"""Builds the Dash app: pages from layouts/, one live callback for all of them, the API beside it."""

import asyncio
import inspect
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import dash
from dash import Dash
from fastapi import FastAPI
from fastapi.responses import FileResponse

from dashboard import api, audit_page, drafts, health, oee_page
from dashboard.access import Access, Gate
from dashboard.browser import TOKEN_COOKIE, TOKEN_HEADER
from dashboard.calls import Calls
from dashboard.doorway import UNAVAILABLE, Doorway
from dashboard.forms import (
    account,
    calendar,
    devices,
    login,
    maintenance,
    oidc,
    pattern,
    people,
    reasons,
    report,
    stop,
    switch,
    targets,
    work_order,
)
from dashboard.forms.parts import viewer_of
from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.live import NOWHERE, Broadcast
from dashboard.locks import Locks
from dashboard.missing import Missing
from dashboard.planned import Planned
from dashboard.records import Desk
from dashboard.register import Register
from dashboard.sockets import Sockets
from dashboard.standings import Standings
from layouts import _parts, andon, connections, downtime, not_found, oee, overview, unit
from store.attempts import Attempts
from store.config import Config
from store.credentials import Credentials
from store.drafts import Drafts
from store.keys import plant_key
from store.last_seen import LastSeen
from store.log.database import Database
from store.sessions import Sessions

log = logging.getLogger("takt.dashboard")

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SCREENS = {
    "overview": overview,
    "andon": andon,
    "unit": unit,
    "oee": oee,
    "downtime": downtime,
    "connections": connections,
}
FORMS = (
    login, account, people, devices, switch, oidc, calendar, pattern, targets, reasons,
    stop, report, work_order,
)  # fmt: skip
FORM_PAGES = {
    "account", "people", "devices", "calendar", "stop", "shift-report", "shift-reports",
    "maintenance", "work-order", "targets", "reasons",
}  # fmt: skip

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
    planned, locks = Planned(desk, config.plant), Locks(desk)
    standings = Standings(desk, config.plant, hub.views)
    hub.shifts_at, hub.standings, hub.locks = planned.at, standings.now, locks.now
    hub.told += [planned.told, standings.told, locks.told]
    doorway = _doorway(config, hub, desk)
    broadcast = Broadcast(
        hub,
        {name: screen.rows for name, screen in SCREENS.items()} | {NOWHERE: not_found.rows},
        window_s=config.dashboard.window_ms / 1000,
        settle_s=config.dashboard.settle_ms / 1000,
    )
    server = FastAPI(
        title="Takt",
        lifespan=partial(_lifespan, hub, broadcast, doorway, (planned, standings, locks)),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    server.state.doorway = doorway
    server.add_middleware(Missing, is_page=partial(_is_page, hub))
    server.add_middleware(Calls, callbacks=lambda: app.callback_map)
    server.add_middleware(Access, gate=doorway.gate)
    server.state.first_run = None  # a thread that makes whom to sign in as, and tells of it
    health.register(server, hub, broadcast, desk)
    _forms(server, config, hub, doorway)
    drafts.register(server, Drafts(hub.redis))
    api.register(server, hub, doorway)
    server.get("/sw.js", include_in_schema=False)(_service_worker)
    server.get("/favicon.ico", include_in_schema=False)(_icon)
    app: Dash = Dash(
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
        on_error=tell_fault,
    )
    app.index_string = INDEX.replace("{theme}", config.dashboard.theme)
    _pages(hub, doorway)
    audit_page.register(app, hub, doorway)
    app.layout = dash.page_container
    app.callback(websocket=True, persistent=True)(broadcast.serve)
    return app


def _forms(server: FastAPI, config: Config, hub: Hub, doorway: Doorway) -> None:
    """Pages that are plain HTML; some of them show what is live, too."""
    for form in FORMS:
        form.register(server, config, doorway)
    for page in (oee_page, maintenance):
        page.register(server, config, hub, doorway)


def tell_fault(error: Exception) -> None:
    """Log a fault of a callback, which Dash answers with 500 and tells nobody."""
    log.error("a fault in Takt, in what a page asked for", exc_info=error)
    raise error


def _pages(hub: Hub, doorway: Doorway) -> None:
    """One page per screen. The first drawing has the data of its moment: no empty tile, no jump."""
    for screen in SCREENS.values():
        dash.register_page(
            screen.__name__,
            **{"path_template" if "<" in screen.PATH else "path": screen.PATH},
            name=screen.TITLE,
            title=f"{screen.TITLE} · Takt",
            order=screen.ORDER,
            layout=partial(_draw, doorway, hub, screen),
        )
    dash.register_page("not_found_404", layout=partial(_draw, doorway, hub, not_found))


def _draw(doorway: Doorway, hub: Hub, screen: Any, /, id: str | None = None, **_query: str) -> Any:
    """The screen as who asks may see it: a part of the plant, and his name in its head."""
    asks = who()
    if not asks.person.has("live"):
        return None
    tree = screen.layout(hub.snapshot(asks.person.scope), id)
    return _parts.island(tree, viewer_of(doorway, asks))


def _is_page(hub: Hub, path: str) -> bool:
    """Whether something stands behind a page's address for who asks: there is no wall and no unit of
    elsewhere for him.
    """
    for screen in SCREENS.values():
        stem, parameter, _ = screen.PATH.partition("<")
        if parameter and path.startswith(stem):
            plant = hub.snapshot(who().person.scope).plant
            return bool(screen.known(plant, path.removeprefix(stem)))
    return path in {page["path"] for page in dash.page_registry.values()}


def _protected(path: str) -> bool:
    """Whether it is the address of a page for people who are signed in: every page that is no
    live screen. An address that is none gets the page that says so, as a live screen does.
    """
    first, *rest = path.split("/")[1:] if path.startswith("/") else [""]
    if first == "oee" and len(rest) > 1:  # a window that has passed
        return True
    live = {screen.PATH.split("/")[1] for screen in SCREENS.values()}
    pages = {page["path"].split("/")[1] for page in dash.page_registry.values() if page["path"]}
    return first not in live and first in (pages | FORM_PAGES)


def _doorway(config: Config, hub: Hub, desk: Desk) -> Doorway:
    secrets = Credentials(plant_key(config.data_dir))
    sessions = Sessions(hub.redis)
    sockets = Sockets(hub.redis, sessions)
    register = Register(desk, secrets)
    register.listen(sockets.changed)
    gate = Gate(
        register,
        sessions,
        sockets,
        LastSeen(hub.redis),
        site=config.plant.id,
        demo=config.access.demo,
        oidc=config.access.oidc_issuer is not None,
        theme=config.dashboard.theme,
        protected=_protected,
        online=lambda: hub.online,
    )
    return Doorway(desk, gate, secrets, Attempts(hub.redis))


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
    hub: Hub,
    broadcast: Broadcast,
    doorway: Doorway,
    looked_at: tuple[Planned | Standings | Locks, ...],
    _server: FastAPI,
) -> AsyncIterator[None]:
    await _set_up_pages()
    gate = doorway.gate
    await gate.register.renew()
    for one in looked_at:
        await one.look()
    runs = [hub.run, broadcast.run, gate.register.run, gate.sockets.run, gate.seen.run]
    runs += [one.run for one in looked_at]
    tasks = [asyncio.create_task(run()) for run in runs]
    for task in tasks:
        task.add_done_callback(_end_with)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(*UNAVAILABLE):
            await gate.seen.keep()
        await hub.redis.aclose()
        doorway.close()
        doorway.desk.close()


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


async def _icon() -> FileResponse:
    """For what asks for an icon by its old address: a page that names none, as a picture opened alone."""
    return FileResponse(ASSETS / "favicon.svg", media_type="image/svg+xml")
