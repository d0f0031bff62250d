"""Writes samples into the streams and links onto the board, whatever Redis does meanwhile.

Every entry has an explicit id before it is sent for the first time, so that a retry of an entry
that had arrived is refused by Redis instead of doubled. While Redis is away, or hangs, entries go
to the spool and are replayed in order; one task talks to Redis and another to the disk, so that
neither waits for the other. Bounds: PENDING_MAX samples in memory, the spool's bytes on disk,
TROUBLES_MAX troubles of a link.
"""

import asyncio
import logging
import math
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from redis.exceptions import ResponseError

from mes.equipment import Plant
from mes.link import Link, to_plain
from mes.observation import Sample
from store import live
from store.spool import Disk, Entries, Entry, Spool, kept, restored

log = logging.getLogger("takt.writer")

PENDING_MAX = 200_000  # samples in memory; past that new ones go, and it is said
BATCH_MAX = 500  # entries sent together
KEPT_MAX = 1000  # entries spooled together
AWAY_S = 0.25  # between two tries, and two looks at what has to be spooled
PATIENCE_S = 1.0  # a call that takes longer counts as Redis being away
LINKS_ENTRIES_MAX = 500
TROUBLES_MAX = 50  # of a link that travel; one more says how many there are
TEXT_MAX = 1000  # characters of a link's text that travel
PROBE = "takt:{connections}:probe"  # never made: a write that does nothing
# One call for a work centre, so that who reads finds all of an answer of its devices at once.
# KEYS: streams and hashes; ARGV: the streams' bound, then for each command the place of its key,
# the entry's id ("" for a hash), the number of words that follow, and these.
_APPEND = """
local failed, at, n = {}, 2, 0
while at <= #ARGV do
  local key, id, last = KEYS[tonumber(ARGV[at])], ARGV[at + 1], at + 2 + tonumber(ARGV[at + 2])
  local answer
  if id == '' then
    answer = redis.pcall('HSET', key, unpack(ARGV, at + 3, last))
  else
    n = n + 1
    answer = redis.pcall('XADD', key, 'MAXLEN', '~', ARGV[1], id, unpack(ARGV, at + 3, last))
  end
  if type(answer) == 'table' and answer.err then
    failed[#failed + 1] = {n, answer.err}
  end
  at = last + 1
end
return failed
"""
HOPELESS = ("WRONGTYPE", "exhausted the last possible ID")  # no retry helps; a person must act
REFUSED = "equal or smaller than the target stream top item"


class Writer:
    """The sink of every collector in one process: `append` and `link` never block nor raise."""

    def __init__(self, url: str, plant: Plant, *, entries_max: int, spool: Spool) -> None:
        self.spool = spool
        self.lost = 0  # samples that found room neither in memory nor, at the end, on the disk
        self._redis = live.open_redis(url)
        self._disk = Disk(spool)
        self._entries_max = entries_max
        self._entries = Entries({u.id: u.work_center for u in plant.work_units.values()})
        self._pending: list[Sample] = []
        self._sending: list[Entry] = []  # taken from there; neither acknowledged nor durable yet
        self._links: dict[str, Link] = {}
        self._blocked: set[str] = set()  # keys that hold what is not ours: told once each
        self._wake = asyncio.Event()
        self._up = not len(spool)  # entries go straight to Redis; else the spool goes first
        self._keeping = False  # entries are on their way to the disk
        self._asked_s = math.inf  # since then Redis owes an answer
        self._away_since: int | None = None  # what the spool had dropped when Redis went
        self._overflowing = False

    def append(self, samples: Sequence[Sample]) -> None:
        room = max(0, PENDING_MAX - len(self._pending) - len(self._sending))
        if len(samples) > room:
            if not self._overflowing:
                log.error("more than %d samples wait to be written: new ones go", PENDING_MAX)
            self._overflowing = True
            self.lost += len(samples) - room
        self._pending.extend(samples[:room])
        self._wake.set()

    def link(self, link: Link) -> None:
        self._links[link.device] = _bounded(link)
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; what has not arrived by then goes to the spool."""
        if not self._up:
            self._wake.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._talk())
                group.create_task(self._guard())
        finally:
            self._keep_rest()
            await self._redis.aclose()

    async def _talk(self) -> None:
        """All that is said to Redis."""
        while True:
            live.stop_if_cancelled()
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._round()
            except live.UNAVAILABLE as error:
                self._set_away(error)
            finally:
                self._asked_s = math.inf
            if not self._up:
                live.stop_if_cancelled()
                await asyncio.sleep(AWAY_S)
            if self._pending or not self._up:
                self._wake.set()

    async def _round(self) -> None:
        if not self._up:
            await self._drain()
        self._asked_s = time.monotonic()
        if self._up and (entries := self._take(BATCH_MAX)):
            await self._send(entries)
            if self._up:  # else they were given up, and are the guard's
                self._sending = []
        self._asked_s = time.monotonic()
        await self._send_links()

    async def _guard(self) -> None:
        """Bring onto the disk what Redis does not take, however long its call hangs."""
        while True:
            live.stop_if_cancelled()
            await asyncio.sleep(AWAY_S)
            if self._up and time.monotonic() - self._asked_s > PATIENCE_S:
                self._set_away(f"it does not answer within {PATIENCE_S:g} s")
            self._keeping = True
            try:
                while not self._up and await self._keep():
                    live.stop_if_cancelled()
            finally:
                self._keeping = False

    async def _keep(self) -> bool:
        """Spool what waits, up to KEPT_MAX of it. False if nothing does, or the disk fails."""
        if not (entries := self._take(KEPT_MAX)):
            return False
        rows, dropped = kept(entries), self.spool.dropped

        def put() -> bool:
            self.spool.put(rows)
            self._sending = []  # here, so that a cancel does not keep them twice
            return True

        if not rows:
            self._sending = []
            return True
        done = await self._disk.ask("keeping entries", put)
        if self.spool.dropped > dropped and dropped == (self._away_since or 0):
            log.error("the spool is full: the oldest entries go")
        return done is not None

    def _keep_rest(self) -> None:
        rows = kept(self._take(len(self._sending) + len(self._pending)))
        try:
            self.spool.put(rows)
        except sqlite3.Error as error:
            self.lost += len(rows)
            log.error("%d samples are lost, the spool cannot keep them: %s", len(rows), error)

    async def _drain(self) -> None:
        """Send what is kept, in order. Once nothing is, entries go straight to Redis again."""
        await self._redis.xadd(PROBE, {"": ""}, nomkstream=True)
        while len(self.spool) or self._keeping:
            live.stop_if_cancelled()
            rows = await self._disk.ask("reading entries", partial(self.spool.oldest, BATCH_MAX))
            if rows is None:
                return
            if rows:
                await self._send([e for _, row in rows if (e := restored(row))])
                forget = partial(self.spool.forget, rows[-1][0])
                await self._disk.ask("forgetting entries", forget)
        self._up = True
        if self._away_since is not None:
            lost = self.spool.dropped - self._away_since
            log.info("Redis is back, nothing waits in the spool; %d entries were dropped", lost)
        self._away_since = None

    def _set_away(self, why: object) -> None:
        if self._away_since is None:
            log.warning("Redis is away, values go to the spool: %s", why)
            self._away_since = self.spool.dropped
        self._up = False
        self._wake.set()

    def _take(self, most: int) -> list[Entry]:
        """What is on its way, filled up to `most` with what waits."""
        batch = self._pending[: max(0, most - len(self._sending))]
        del self._pending[: len(batch)]
        self._sending = [*self._sending, *(e for s in batch if (e := self._entries.of(s)))]
        if self._overflowing and len(self._pending) + len(self._sending) < PENDING_MAX // 2:
            log.info("there is room for samples again, %d were lost so far", self.lost)
            self._overflowing = False
        return self._sending

    async def _send(self, entries: Sequence[Entry]) -> None:
        """Add `entries` to their streams, each once however often it is sent.

        What belongs to one work centre arrives in one call: its reader wakes once and finds all of
        it, instead of the first entry alone.
        """
        centers: dict[str, list[Entry]] = {}
        for entry in entries:
            centers.setdefault(entry.key.partition("}")[0], []).append(entry)
        if not centers:
            return
        pipe = self._redis.pipeline(transaction=False)
        for together in centers.values():
            keys, words = _appending(together)
            pipe.eval(_APPEND, len(keys), *keys, self._entries_max, *words)
        for together, failed in zip(centers.values(), await pipe.execute(), strict=True):
            for n, why in failed:
                if REFUSED in why:
                    await self._again(together[n - 1])
                elif any(words in why for words in HOPELESS):
                    self._give_up(together[n - 1], why)
                else:
                    raise ResponseError(why)

    def _give_up(self, entry: Entry, why: str) -> None:
        """Something foreign stands under the entry's key: others must not wait behind it."""
        self.lost += 1
        if entry.key not in self._blocked:
            log.error("%s cannot be written, its entries are lost: %s", entry.key, why)
        self._blocked.add(entry.key)

    async def _again(self, entry: Entry) -> None:
        """A refused entry has arrived before, or its id lies behind the stream: then by a new id.

        The latter happens when the clock of this machine was set back.
        """
        there = await self._redis.xrange(entry.key, entry.id, entry.id)
        if there and there[0][1] == entry.fields:
            return
        newest = await self._redis.xrevrange(entry.key, count=1)
        id = self._entries.id_after(newest[0][0])
        await self._redis.xadd(entry.key, entry.fields, id=id, maxlen=self._entries_max)

    async def _send_links(self) -> None:
        if not self._links:
            return
        links, self._links = self._links, {}
        rows = {device: live.dump(to_plain(link)) for device, link in links.items()}
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(live.LINKS, mapping=rows)
        for device, text in rows.items():
            pipe.xadd(live.LINKS_VIEW, {"k": device, "j": text}, maxlen=LINKS_ENTRIES_MAX)
        try:
            await pipe.execute()
        except live.UNAVAILABLE:
            self._links = links | self._links
            raise


def _appending(entries: Sequence[Entry]) -> tuple[list[str], list[str | int]]:
    """Keys and words of _APPEND: the entries, and once for each unit the newest of its tags."""
    places: dict[str, int] = {}
    words: list[str | int] = []
    newest: dict[str, dict[str, str]] = {}
    for key, id, fields, latest in entries:
        words += (places.setdefault(key, len(places) + 1), id, 2 * len(fields))
        for pair in fields.items():
            words += pair
        if latest:
            newest.setdefault(live.last_of(key), {}).update(latest)
    for key, tags in newest.items():
        words += (places.setdefault(key, len(places) + 1), "", 2 * len(tags))
        for pair in tags.items():
            words += pair
    return list(places), words


def _bounded(link: Link) -> Link:
    """The link with as much text as travels once a second."""
    first = islice(link.troubles.items(), TROUBLES_MAX)
    troubles = {_text(tag): _text(words) for tag, words in first}
    if more := len(link.troubles) - len(troubles):
        troubles["…"] = f"and {more:,} more {'tag' if more == 1 else 'tags'}"
    return replace(link, meaning=_text(link.meaning), raw=_text(link.raw), troubles=troubles)


def _text(words: str) -> str:
    """At most TEXT_MAX characters, and those that UTF-8 has."""
    short = words if len(words) <= TEXT_MAX else words[: TEXT_MAX - 1] + "…"
    return short.encode("utf-8", "replace").decode()
