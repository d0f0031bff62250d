"""`takt dashboard`: serve the screens and the API."""

from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from cli.first_run import in_background
from cli.records import records
from cli.role import begin
from cli.settings import settings
from dashboard.app import create_app
from dashboard.connection import HEAD_BYTES_MAX, Connection
from dashboard.guard import guarded
from dashboard.masking import mask_logs
from store.config_dashboard import load_certificate
from store.config_tables import DashboardTable
from store.keys import derived, plant_key


def main(path: Path) -> int:
    begin("dashboard")
    mask_logs()
    config = settings(path)
    with records(config) as database:
        first_run = in_background(config, database)
        app = create_app(config, redis_url=str(config.redis.url), database=database)
        app.server.state.first_run = first_run
        served = guarded(
            app,
            config.dashboard,
            key=derived(plant_key(config.data_dir), "callbacks"),
            identify=app.server.state.doorway.gate.identify,
        )
        uvicorn.run(served, **options(config.dashboard))
    return 0


def options(table: DashboardTable) -> dict[str, Any]:
    """How uvicorn serves it. Also its words go the way of ours, and none of them is an address."""
    out: dict[str, Any] = {
        "host": table.host,
        "port": table.port,
        "http": partial(Connection, connections_max=table.connections_max),
        "h11_max_incomplete_event_size": HEAD_BYTES_MAX,
        "log_config": None,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 2,
        "ws_max_size": 1 << 20,
        "ws_per_message_deflate": False,  # a fifth of the time, for messages of a kilobyte or two
        "proxy_headers": bool(table.trusted_proxies),
        "forwarded_allow_ips": list(table.trusted_proxies),
    }
    if table.certificate_file and table.private_key_file:
        context = load_certificate(table.certificate_file, table.private_key_file)
        out["ssl_context_factory"] = lambda _config, _default: context
    return out
