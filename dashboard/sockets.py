"""The open websockets of this process, by who opened them: they close when that is another.

A websocket keeps the identity of its handshake. When somebody signs in or out in a browser, when a
session ends, or a device or person is changed, its sockets close with CODE; the page's worker opens
them anew, as whoever it is then. Codes 1000 and 4001 would be the last word of Dash's worker.
"""

import asyncio
import logging
from contextlib import suppress

from redis.asyncio import Redis
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.identity import Who
from store import live
from store.sessions import TOLD, Sessions

log = logging.getLogger("takt.access")

CODE = 4100
CHECK_S = 5.0  # sessions of open sockets are looked at this often
AWAY_S = 1.0


class _Socket:
    """One open websocket."""

    def __init__(self, who: Who, send: Send) -> None:
        self.who = who
        self._send = send
        self.open = True

    async def send(self, message: Message) -> None:
        if self.open:
            await self._send(message)

    async def close(self) -> None:
        if not self.open:
            return
        self.open = False
        with suppress(Exception):  # it may have gone by itself at this moment
            await self._send({"type": "websocket.close", "code": CODE, "reason": "identity"})


class Sockets:
    def __init__(self, redis: "Redis[str]", sessions: Sessions) -> None:
        self._redis, self._sessions = redis, sessions
        self._open: set[_Socket] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run `app` for a websocket of scope["state"]["who"]."""
        socket = _Socket(scope["state"]["who"], send)
        self._open.add(socket)
        try:
            await app(scope, receive, socket.send)
        finally:
            socket.open = False
            self._open.discard(socket)

    def close(
        self, *, browser: str = "", session: str = "", device: str = "", person: str = ""
    ) -> None:
        """Close, in this process, the sockets of whom any of these names."""
        for socket in list(self._open):
            who = socket.who
            if (
                (browser and who.browser == browser)
                or (session and who.session == session)
                or (device and who.device == device)
                or (person and who.person.id == person)
            ):
                task = asyncio.get_running_loop().create_task(socket.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    def changed(self, owners: set[str]) -> None:
        """Close those of whoever was changed on record: "person:anna", "device:wall-1"."""
        for owner in owners:
            kind, _, id = owner.partition(":")
            if kind == "device":
                self.close(device=id)
            elif kind == "person":
                self.close(person=id)

    async def run(self) -> None:
        """Do what other processes tell, and end what has ended by itself, until cancelled."""
        after, checked = "$", 0.0
        loop = asyncio.get_running_loop()
        while True:
            live.stop_if_cancelled()
            try:
                if after == "$":
                    newest = await self._redis.xrevrange(TOLD, count=1)
                    after = newest[0][0] if newest else "0-0"
                found = await self._redis.xread({TOLD: after}, block=live.BLOCK_MS)
                for _, entries in found or []:
                    after = entries[-1][0]
                    for _, said in entries:
                        self._told(said)
                if loop.time() - checked > CHECK_S:
                    checked = loop.time()
                    await self._check()
            except live.UNAVAILABLE:
                await asyncio.sleep(AWAY_S)  # the hub says that Redis is away

    def _told(self, said: dict[str, str]) -> None:
        known = ("browser", "session", "device", "person")
        self.close(**{what: who for what, who in said.items() if what in known})

    async def _check(self) -> None:
        ids = sorted({s.who.session for s in self._open if s.who.session})
        still = await self._sessions.still(ids)
        for id in ids:
            if id not in still:
                self.close(session=id)
