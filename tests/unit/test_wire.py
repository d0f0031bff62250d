"""The wire against the inside of Dash that it holds on to, and what it sends."""

import asyncio
import json
import threading

import janus
import pytest
from dash.backends.ws import DISCONNECTED, DashWebsocketCallback
from dash.exceptions import WebsocketDisconnected

from dashboard.wire import Wire


async def pair():
    """A wire on Dash's own object, the queue it sends by, and what Dash keeps of open questions."""
    pending, queue = {}, janus.Queue()
    ws = DashWebsocketCallback(
        pending, 'a "page"', queue, threading.Event(), asyncio.get_running_loop()
    )
    return Wire(ws, id="live", prop="data-v", asked="data-topic"), queue, pending


async def test_a_message_and_its_question_go_in_one_frame():
    wire, queue, pending = await pair()
    asking = asyncio.create_task(wire.ask(json.dumps('{"v":1}'), timeout_s=5))
    said, asked = json.loads(await queue.async_q.get())
    assert said == {
        "type": "set_props",
        "rendererId": 'a "page"',
        "payload": {"componentId": "live", "props": {"data-v": '{"v":1}'}},
    }
    assert asked["type"] == "get_props_request"
    assert asked["payload"] == {"componentId": "live", "properties": ["data-topic"]}
    pending[asked["requestId"]].set_result({"data-topic": "overview"})
    assert await asking == "overview"
    assert not pending


async def test_without_a_message_it_only_asks():
    wire, queue, pending = await pair()
    asking = asyncio.create_task(wire.ask(None, timeout_s=5))
    asked = json.loads(await queue.async_q.get())
    pending[asked["requestId"]].set_result(None)
    assert await asking is None


async def test_a_page_that_does_not_answer_or_has_gone():
    wire, queue, pending = await pair()
    with pytest.raises(TimeoutError):
        await wire.ask(None, timeout_s=0.01)
    assert not pending
    await queue.async_q.get()
    asking = asyncio.create_task(wire.ask(None, timeout_s=5))
    asked = json.loads(await queue.async_q.get())
    pending[asked["requestId"]].set_result(DISCONNECTED)
    with pytest.raises(WebsocketDisconnected):
        await asking
