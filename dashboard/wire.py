"""The websocket of one page: a message and the question that acknowledges it, in one frame.

It does what `set_props` and `get_prop` of Dash do, with the text made once for all pages instead
of once for each, in half the frames. It holds on to the inside of Dash 4.4
(dash/backends/ws.py), which is pinned; tests/unit/test_wire.py fails where that has changed.
"""

import asyncio
import itertools
import json
from typing import Any

from dash.backends.ws import DISCONNECTED
from dash.exceptions import WebsocketDisconnected

_turns = itertools.count(1)


class Wire:
    """Sends `prop` of the element `id` and asks for `asked`, as often as it is told to."""

    def __init__(self, ws: Any, *, id: str, prop: str, asked: str) -> None:
        self._ws, self._asked = ws, asked
        renderer, place = json.dumps(ws._renderer_id), json.dumps(id)
        self._set = (
            f'{{"type":"set_props","rendererId":{renderer},"payload":'
            f'{{"componentId":{place},"props":{{{json.dumps(prop)}:'
        )
        self._head = f'{{"type":"get_props_request","rendererId":{renderer},"requestId":"'
        self._tail = f'","payload":{{"componentId":{place},"properties":[{json.dumps(asked)}]}}}}'

    async def ask(self, quoted: str | None, *, timeout_s: float) -> Any:
        """Send the JSON text `quoted`, if any, and return what the page answers to the question.

        Raises TimeoutError, and WebsocketDisconnected where the page has gone.
        """
        ws, turn = self._ws, f"takt-{next(_turns)}"
        if ws.is_shutdown:
            raise WebsocketDisconnected
        text = f"{self._head}{turn}{self._tail}"
        if quoted is not None:
            text = f"[{self._set}{quoted}}}}}}},{text}]"
        answer = asyncio.get_running_loop().create_future()
        ws._pending_get_props[turn] = answer
        ws._outbound_queue.async_q.put_nowait(text)
        try:
            async with asyncio.timeout(timeout_s):
                found = await answer
        finally:
            ws._pending_get_props.pop(turn, None)
        if found == DISCONNECTED:
            raise WebsocketDisconnected
        return (found or {}).get(self._asked)
