"""`takt dashboard`: serve the screens and the API."""

from pathlib import Path

import uvicorn

from cli.records import records
from cli.role import begin
from cli.settings import settings
from dashboard.app import create_app


def main(path: Path) -> int:
    begin("dashboard")
    config = settings(path)
    app = create_app(config, redis_url=str(config.redis.url), database=records(config))
    uvicorn.run(
        app.server,
        host=config.dashboard.host,
        port=config.dashboard.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
        ws_max_size=1 << 20,
        ws_per_message_deflate=False,  # a fifth of the time, for messages of a kilobyte or two
        proxy_headers=False,
    )
    return 0
