"""Open websockets of two processes: what one of them tells closes those of the other."""

import asyncio

from dashboard.access import _does
from dashboard.identity import NOBODY, Who
from dashboard.sockets import CODE, Sockets
from mes.people import Person
from store import live
from store.sessions import Sessions

ANNA = Person(id="anna", name="Anna", roles=("operator",), scope=("north",))


class Open:
    """A websocket that stays open until it is closed."""

    def __init__(self, sockets: Sockets, who: Who) -> None:
        self.closed = asyncio.Event()
        self.codes: list[int] = []
        scope = {"type": "websocket", "state": {"who": who}}
        self.task = asyncio.create_task(sockets.serve(self._app, scope, self._receive, self._send))

    async def _app(self, _scope, receive, send):
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.send", "text": "too late"})  # swallowed: it is closed

    async def _receive(self):
        await self.closed.wait()
        return {"type": "websocket.disconnect", "code": CODE}

    async def _send(self, message):
        assert message.get("text") != "too late"
        if message["type"] == "websocket.close":
            self.codes.append(message["code"])
            self.closed.set()


async def test_what_one_process_tells_closes_the_sockets_of_another(own_redis):
    redis = live.open_redis(own_redis.url)
    sessions = Sessions(redis)
    here, there = Sockets(redis, sessions), Sockets(live.open_redis(own_redis.url), sessions)
    running = asyncio.create_task(there.run())
    _, session = await sessions.begin(
        "anna", via="password", device="", browser="b1", limits_s=(60, 600)
    )
    who = Who(person=ANNA, session=session.id, via="password", browser="b1")
    mine = Open(there, who)
    other = Open(there, Who(person=NOBODY, browser="b2", via="demo"))
    wall = Open(there, Who(person=NOBODY, device="wall", via="device"))
    await asyncio.sleep(0.3)
    assert (len(here), len(there)) == (0, 3)
    await sessions.end(session)
    await asyncio.wait_for(mine.task, 2)
    assert mine.codes == [CODE]
    await sessions.tell(browser="b2")
    await asyncio.wait_for(other.task, 2)
    assert not wall.closed.is_set()
    there.changed({"device:wall", "token:x"})
    await asyncio.wait_for(wall.task, 2)
    assert len(there) == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await redis.aclose()
    await there._redis.aclose()


async def test_a_session_that_ran_out_closes_its_sockets(own_redis, monkeypatch):
    monkeypatch.setattr("dashboard.sockets.CHECK_S", 0.1)
    redis = live.open_redis(own_redis.url)
    sessions = Sessions(redis)
    sockets = Sockets(redis, sessions)
    running = asyncio.create_task(sockets.run())
    token, session = await sessions.begin(
        "anna", via="pin", device="t", browser="", limits_s=(1, 600)
    )
    open_one = Open(sockets, Who(person=ANNA, session=session.id, via="pin"))
    await asyncio.wait_for(open_one.task, 5)
    assert await sessions.find(token) is None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await redis.aclose()


async def test_what_an_open_page_asks_by_itself_keeps_no_session_alive(own_redis, monkeypatch):
    asks = {"type": "http", "method": "HEAD"}
    assert [_does(asks), _does({"type": "websocket"}), _does(asks | {"method": "GET"})] == [
        False, False, True,
    ]  # fmt: skip
    monkeypatch.setattr("store.sessions.RENEW_US", -1)
    redis = live.open_redis(own_redis.url)
    sessions = Sessions(redis)
    token, session = await sessions.begin(
        "anna", via="password", device="", browser="b", limits_s=(60, 600)
    )
    assert await sessions.renewed(session, (60, 600), seen=False)
    assert await sessions.find(token) == session
    assert await sessions.renewed(session, (60, 600))
    found = await sessions.find(token)
    assert found is not None
    assert found.seen_us > session.seen_us
    await redis.aclose()


async def test_sessions_have_their_limits(own_redis):
    redis = live.open_redis(own_redis.url)
    sessions = Sessions(redis)
    token, session = await sessions.begin(
        "anna", via="password", device="", browser="b", limits_s=(60, 600)
    )
    assert await sessions.renewed(session, (60, 600))
    found = await sessions.find(token)
    assert found == session
    assert token not in str(await redis.keys("*"))
    assert not await sessions.renewed(session, (60, 0))  # it lasts too long for the roles of now
    assert await sessions.find(token) is None
    for _ in range(60):
        await sessions.begin("bo", via="password", device="", browser="", limits_s=(60, 600))
    assert len(await sessions.of("bo")) == 50
    await sessions.end_all("bo", but=(await sessions.of("bo"))[0].id)
    assert len(await sessions.of("bo")) == 1
    await redis.aclose()
