"""What pages ask of Dash: only what one of its callbacks takes comes to it.

Dash takes what it is sent as its own renderer sends it; anything else would end as a fault of the
server. So it is looked at here before: a request is answered with 400 or 404, a websocket is closed.
Callbacks whose ids are patterns (MATCH, ALL) are not known here: Takt has none.
"""

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from dash.exceptions import DependencyException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.answers import refuse
from dashboard.rates import Rate, address

log = logging.getLogger("takt.dashboard")

UPDATE, SUITES = "/_dash-update-component", "/_dash-component-suites/"
LOCATION = "_pages_location"  # the page's address: its parts are texts, or not known
BINARY, NO_JSON, WRONG = 1003, 1007, 1008  # of a close; 1009, too long, is said below us
FRAME_TYPES = ("callback_request", "get_props_response", "heartbeat")
NAME_MAX = 100  # characters of what a frame names: a page, a request
LEVELS_MAX = 32  # lists and objects within each other
CALLS_MAX = 300  # in a minute of one websocket, which all pages of a browser share
TOLD = 10  # bad frames of one address that are logged in an hour

Specs = Mapping[str, Mapping[str, Any]]  # Dash's callbacks by output


class Calls:
    """ASGI middleware, within Dash's own. callbacks: those of the app, which are set up late."""

    def __init__(self, app: ASGIApp, callbacks: Callable[[], Specs]) -> None:
        self.app, self._callbacks = app, callbacks
        self._told = Rate(TOLD, 3600)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.app(scope, self._sound(scope, receive, send), send)
        elif scope["type"] == "http" and scope["path"].startswith(SUITES):
            await self._suite(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == UPDATE and scope["method"] == "POST":
            body = scope["state"].get("json_body")  # as Dash has read it: None for no JSON
            if fault := call_fault(body, self._callbacks()):
                await refuse(scope, receive, send, status=HTTPStatus.BAD_REQUEST, message=fault)
            else:
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _suite(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except (DependencyException, FileNotFoundError):
            await refuse(scope, receive, send, status=HTTPStatus.NOT_FOUND, message="no such file")

    def _sound(self, scope: Scope, receive: Receive, send: Send) -> Receive:
        """A `receive` that gives Dash sound frames alone: after another one the websocket ends."""

        calls = Rate(CALLS_MAX, 60.0)

        async def sound() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            code, fault = frame_fault(message, self._callbacks())
            if not code and "callback_request" in message["text"] and calls.hit("call", ""):
                code, fault = WRONG, f"more than {CALLS_MAX} calls in a minute"
            if not code:
                return message
            if not self._told.hit("frame", address(scope)):
                log.warning("a websocket of %s was closed: %s", address(scope), fault)
            await send({"type": "websocket.close", "code": code, "reason": fault})
            return {"type": "websocket.disconnect", "code": code, "reason": fault}

        return sound


def frame_fault(message: Message, callbacks: Specs) -> tuple[int, str]:
    """The code to close with, and the words, for a frame that Dash cannot take; (0, "") for others."""
    text = message.get("text")
    if text is None:
        return BINARY, "found bytes; expected text"
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return NO_JSON, "found no JSON"
    fault = _said_fault(said, callbacks)
    return (WRONG, fault) if fault else (0, "")


def _said_fault(said: Any, callbacks: Specs) -> str:
    if not isinstance(said, dict) or not _shallow(said, LEVELS_MAX):
        return "expected a flat JSON object"
    kind, payload = said.get("type"), said.get("payload")
    if kind not in FRAME_TYPES:
        return f"type: expected one of {', '.join(FRAME_TYPES)}"
    if not all(_is_name(said.get(name, "")) for name in ("requestId", "rendererId")):
        return f"requestId, rendererId: expected up to {NAME_MAX} plain characters"
    if kind == "get_props_response" and not isinstance(payload, dict | None):
        return "payload: expected a JSON object, or null"
    if kind == "callback_request":
        return call_fault(payload, callbacks, websocket=True)
    return ""


def call_fault(body: Any, callbacks: Specs, *, websocket: bool = False) -> str:
    """What is wrong with a call of a callback as the renderer sends it; "" for nothing."""
    if not isinstance(body, dict):
        return "expected a JSON object"
    output = body.get("output")
    spec = callbacks.get(output) if isinstance(output, str) else None
    if spec is None or "callback" not in spec or (websocket and not spec.get("websocket")):
        return "output: found none that is called this way"
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        return "changedPropIds: expected a list of texts"
    for name in ("inputs", "state"):
        if fault := _values_fault(body.get(name, []), spec[name]):
            return f"{name}: {fault}"
    return "" if spec.get("no_output") else _outputs_fault(body.get("outputs"), spec["output"])


def _values_fault(given: Any, expected: list[Any]) -> str:
    wanted = [(one["id"], one["property"]) for one in expected]
    if not isinstance(given, list) or [_place(one) for one in given] != wanted:
        return f"expected {', '.join(f'{id}.{prop}' for id, prop in wanted) or 'none'}"
    texts = [one.get("value") for one in given if one["id"] == LOCATION]
    return "" if all(isinstance(one, str | None) for one in texts) else "expected texts"


def _outputs_fault(given: Any, expected: Any) -> str:
    several = isinstance(expected, list | tuple)
    wanted = [
        (one.component_id, one.component_property) for one in (expected if several else [expected])
    ]
    found = given if several else [given]
    if isinstance(found, list) and [_place(one) for one in found] == wanted:
        return ""
    return f"outputs: expected {', '.join(f'{id}.{prop}' for id, prop in wanted)}"


def _place(one: Any) -> tuple[Any, Any] | None:
    return (one.get("id"), one.get("property")) if isinstance(one, dict) else None


def _is_name(found: Any) -> bool:
    return isinstance(found, str) and len(found) <= NAME_MAX and found.isprintable()


def _shallow(value: Any, levels: int) -> bool:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_shallow(one, levels - 1) for one in below)
