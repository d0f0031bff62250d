"""What pages ask of Dash: a fault of ours is told to whoever reads the log."""

import logging

import httpx
from dash import Dash, Input, Output, html
from fastapi import FastAPI

from dashboard.app import tell_fault

CALL = {
    "output": "out.children",
    "outputs": {"id": "out", "property": "children"},
    "inputs": [{"id": "in", "property": "children", "value": 0}],
    "changedPropIds": ["in.children"],
}


async def test_a_fault_in_a_callback_is_logged_and_answered_as_one(caplog):
    app = Dash("test", server=FastAPI(), backend="fastapi", on_error=tell_fault)
    app.layout = html.Div([html.P(id="in"), html.P(id="out")])
    app.callback(Output("out", "children"), Input("in", "children"))(lambda by: 1 // by)
    transport = httpx.ASGITransport(app.server, raise_app_exceptions=False)
    async with (
        app.server.router.lifespan_context(app.server),
        httpx.AsyncClient(transport=transport, base_url="http://takt") as client,
    ):
        with caplog.at_level(logging.ERROR):
            answer = await client.post("/_dash-update-component", json=CALL)
    assert answer.status_code == 500
    (told,) = [r for r in caplog.records if r.name == "takt.dashboard"]
    assert told.exc_info[0] is ZeroDivisionError
