"""What one would write first: the wall's figures with dcc.Interval and an HTTP callback each second.

It reads the same Redis by the same hub and has the same texts, in as little markup as will do: a
tile is one element with a child per figure.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI

from cli.settings import settings
from dashboard.app import ASSETS
from dashboard.hub import Hub
from layouts import andon
from tests.bench.plant import AREA

INTERVAL_MS = 1000


def create_app(config: Path) -> FastAPI:
    known = settings(config)
    hub = Hub(str(known.redis.url), known.plant)

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(hub.run())
        yield
        task.cancel()

    server = FastAPI(lifespan=lifespan)
    app = Dash(
        "interval_app",
        server=server,
        backend="fastapi",
        update_title=None,
        assets_folder=str(ASSETS),
        assets_ignore=r"\.js$",  # the same look, and no painter
    )
    app.layout = html.Div([dcc.Interval(id="beat", interval=INTERVAL_MS), html.Div(id="wall")])

    @app.callback(Output("wall", "children"), Input("beat", "n_intervals"))
    def draw(_turn: int | None) -> Any:
        rows = andon.rows(hub.snapshot(), AREA)
        return [_tile(key.partition(":")[2], row) for key, row in rows.items() if ":" in key]

    return server


def _tile(id: str, row: dict[str, str]) -> Any:
    texts = [html.Span(text) for name, text in row.items() if "@" not in name]
    told = {name[1:]: text for name, text in row.items() if name.startswith("@data-")}
    return html.Div([html.B(id), *texts], **{"data-unit": id}, **told)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    told = parser.parse_args()
    uvicorn.run(create_app(told.config), host="127.0.0.1", port=told.port, log_level="warning")


if __name__ == "__main__":
    main()
