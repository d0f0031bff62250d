"""Live push: what changed on a screen goes to everybody who looks at it, as one shared JSON.

A topic is one screen ("andon:press-line"). It keeps the newest row of each of its elements with
the version in which it changed; a client that has seen version n gets what is newer than n, built
once for all clients that have seen n. First change → settle → flush → hold for the window. Each
flush to a client is acknowledged by it before the next, which paces the slow ones.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from dash import ctx
from dash.exceptions import WebsocketDisconnected

from dashboard.hub import Hub, now_us
from dashboard.identity import who
from dashboard.wire import Wire
from mes.equipment import Plant
from mes.snapshot import Snapshot
from store.live import dump

log = logging.getLogger("takt.live")

BEAT_S = 1.0  # a screen hears at least this often that it is live
AT_ONCE = 2  # flushes that may follow closely after a quiet time: a burst rarely comes whole
CLIENT_S = 0.001  # a window is at least this long for each client: what all of them cost is bounded
ACK_S = 10.0  # a client that does not acknowledge for so long is let go
NOWHERE = "not_found"  # the screen of a page that is none: it hears that it is live, and no more
TOPICS_MAX = 500  # topics kept at once; idle ones go first
CACHE_MAX = 64  # distinct "seen" versions a topic keeps JSON for

Row = Mapping[str, str]
Plants = tuple[str, ...]  # the work units of the part of the plant that somebody sees
RowsOf = Callable[[Snapshot], Mapping[str, Row]]


class Topic:
    """The rows of one screen of one part of the plant, and when each field of them changed."""

    def __init__(self, rows_of: RowsOf, plant: Plant) -> None:
        self.rows_of, self.plant = rows_of, plant
        self.clients = 0
        self.version = 0
        self.rows: dict[str, Row] = {}
        self._changed: dict[str, dict[str, int]] = {}  # row → field → version it changed in
        self._newest: dict[str, int] = {}  # row → newest of these
        self._json: dict[int, str] = {}
        self._news = asyncio.Event()

    def refresh(self, now: Snapshot) -> bool:
        """Compute the rows anew; True where something changed."""
        rows = self.rows_of(now if now.plant is self.plant else replace(now, plant=self.plant))
        changed = [key for key, row in rows.items() if self.rows.get(key) != row]
        if not changed:
            return False
        self.version += 1
        self._json.clear()
        for key in changed:
            old, new = self.rows.get(key, {}), rows[key]
            fields = [name for name, value in new.items() if old.get(name) != value]
            self._changed.setdefault(key, {}).update(dict.fromkeys(fields, self.version))
            self._newest[key] = self.version
            self.rows[key] = new
        return True

    def flush(self) -> None:
        """Wake everybody who waits for something new, or to be told that there is nothing."""
        self._json.clear()
        news, self._news = self._news, asyncio.Event()
        news.set()

    def message(self, seen: int, head: Mapping[str, object]) -> str:
        """What is newer than version `seen`, as JSON text quoted in JSON: built once for all."""
        found = self._json.get(seen)
        if found is None:
            rows = {k: self._since(k, seen) for k, v in self._newest.items() if v > seen}
            found = dump(dump({"v": self.version, **head, "rows": rows}))
            if len(self._json) < CACHE_MAX:
                self._json[seen] = found
        return found

    def _since(self, key: str, seen: int) -> Row:
        row = self.rows[key]
        return {f: row[f] for f, v in self._changed[key].items() if v > seen and f in row}

    async def news(self) -> None:
        await self._news.wait()


class Broadcast:
    """All topics of a process, and the one task that refreshes and flushes them."""

    def __init__(
        self,
        hub: Hub,
        screens: Mapping[str, Callable[[Snapshot, str | None], Mapping[str, Row]]],
        *,
        window_s: float,
        settle_s: float,
    ) -> None:
        self.hub = hub
        self.flushes = 0
        self.messages = 0
        self._screens = screens
        self._window_s, self._settle_s = window_s, settle_s
        self._topics: dict[tuple[str, Plants], Topic] = {}
        self._undrawn: set[tuple[str, Plants]] = set()  # topics whose rows failed: told once each
        self._dirty = asyncio.Event()
        hub.listen(lambda _: self._dirty.set())

    @property
    def clients(self) -> int:
        return sum(topic.clients for topic in self._topics.values())

    def topic(self, name: str, scope: Iterable[str] | None = None) -> Topic:
        """The topic `name` ("<screen>" or "<screen>:<id>") of the plant within `scope`, None for all
        of it; that of NOWHERE where there is none.

        Behind a # stands when the page was drawn, which makes no other topic. Everybody who sees the
        same part of the plant shares one.
        """
        plant = self.hub.plant if scope is None else self.hub.plant_within(scope)
        name = name.partition("#")[0]
        screen, _, id = name.partition(":")
        if screen not in self._screens or (id and not plant.has(id)):
            name = screen = NOWHERE
            id = ""
        key = (name, tuple(plant.work_units))
        if key not in self._topics:
            self._make_room()
            rows_of = self._screens[screen]
            self._topics[key] = Topic(lambda now: rows_of(now, id or None), plant)
            self._topics[key].refresh(self.hub.snapshot())
        return self._topics[key]

    def _make_room(self) -> None:
        idle = [name for name, topic in self._topics.items() if not topic.clients]
        for name in idle[: max(0, len(self._topics) + 1 - TOPICS_MAX)]:
            del self._topics[name]

    async def run(self) -> None:
        """Refresh and flush until cancelled: on every change, and at every beat."""
        loop = asyncio.get_running_loop()
        beat = loop.time() + BEAT_S
        owed = 0.0  # when the windows of all flushes so far will have passed, one after the other
        while True:
            try:
                await asyncio.wait_for(self._dirty.wait(), max(0.0, beat - loop.time()))
                await asyncio.sleep(self._settle_s)  # the rest of a burst goes out with it
            except TimeoutError:
                pass
            self._dirty.clear()
            due = loop.time() >= beat
            if due:
                beat = loop.time() + BEAT_S
            self._flush(all_of_them=due)
            window_s = max(self._window_s, self.clients * CLIENT_S)
            owed = max(owed, loop.time()) + window_s
            hold_s = owed - (AT_ONCE - 1) * window_s - loop.time()
            await asyncio.sleep(max(0.0, hold_s - self._settle_s))

    def _flush(self, *, all_of_them: bool) -> None:
        now = self.hub.snapshot()
        for name, topic in list(self._topics.items()):
            if not topic.clients:
                continue
            try:
                if topic.refresh(now) or all_of_them:
                    topic.flush()
                self._undrawn.discard(name)
            except Exception:
                if name not in self._undrawn:
                    log.exception("%s: cannot be drawn", name)
                self._undrawn.add(name)
        self.flushes += 1

    def head(self) -> dict[str, object]:
        """What every message says of itself: when it was made, and whether Redis is there."""
        out: dict[str, object] = {"t": now_us() // 1000, "ok": self.hub.online}
        if not self.hub.online:
            out |= {"why": "Takt cannot reach its data", "since": self.hub.changed_us // 1000}
        return out

    async def serve(self) -> None:
        """Feed one page until it goes: the body of the persistent websocket callback."""
        ws, scope = ctx.websocket, who().person.scope  # whoever it was at the handshake
        wire = Wire(ws, id="live", prop="data-v", asked="data-topic")
        topic: Topic | None = None
        name, seen, text = None, 0, None
        try:
            while not ws.is_shutdown:
                # The acknowledgement, and at the same time the page's answer which screen it is.
                told = await wire.ask(text, timeout_s=ACK_S)
                text = None
                if told != name:
                    name, seen, topic = told, 0, self._move(topic, told, scope)
                elif topic is not None and topic.version == seen:
                    await topic.news()
                if topic is None:
                    await asyncio.sleep(0.1)  # the page is not drawn yet, or is none of ours
                    continue
                text = topic.message(seen, self.head())
                seen = topic.version
                self.messages += 1
        except (TimeoutError, WebsocketDisconnected):
            pass  # the page's own watchdog starts it again if it wakes
        finally:
            self._move(topic, None)

    def _move(self, old: Topic | None, name: object, scope: Iterable[str] = ()) -> Topic | None:
        new = self.topic(name, scope) if isinstance(name, str) else None
        if new is not None:
            new.clients += 1
            if new.clients == 1:  # nobody was looking, so nobody has kept its rows fresh
                new.refresh(self.hub.snapshot())
        if old is not None:
            old.clients -= 1
        return new
