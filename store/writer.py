"""Writes samples into the streams and links onto the board, whatever Redis does meanwhile.

Every entry has an explicit id before it is sent for the first time, so that a retry of an entry
that had arrived is refused by Redis instead of doubled. While Redis is away entries go to the
spool and are replayed in order. Bounds: PENDING_MAX samples in memory, the spool's bytes on disk.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redis.exceptions import ResponseError

from mes.equipment import Plant
from mes.link import Link, to_plain
from mes.observation import Sample
from store import live
from store.spool import Kept, Spool

log = logging.getLogger("takt.writer")

PENDING_MAX = 200_000  # samples in memory; past that new ones go, and it is said
BATCH_MAX = 500  # entries sent or spooled together
AWAY_S = 0.25  # between two tries, and two commits of the spool, while Redis is away
LINKS_ENTRIES_MAX = 500
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
REFUSED = "equal or smaller than the target stream top item"


class Entry(NamedTuple):
    """One entry on its way into a stream, and the latest values that it renews."""

    key: str
    id: str
    fields: Mapping[str, str]
    latest: Mapping[str, str]


class Writer:
    """The sink of every collector in one process: `append` and `link` never block nor raise."""

    def __init__(self, url: str, plant: Plant, *, entries_max: int, spool: Spool) -> None:
        self.spool = spool
        self.lost = 0  # samples that found no room in memory
        self._redis = live.open_redis(url)
        self._entries_max = entries_max
        self._center = {u.id: u.work_center for u in plant.work_units.values()}
        self._pending: list[Sample] = []
        self._links: dict[str, Link] = {}
        self._wake = asyncio.Event()
        self._last_id = (0, 0)
        self._up = True

    def append(self, samples: Sequence[Sample]) -> None:
        room = PENDING_MAX - len(self._pending)
        if len(samples) > room:
            if self.lost == 0:
                log.error("more than %d samples wait to be written: new ones go", PENDING_MAX)
            self.lost += len(samples) - room
        self._pending.extend(samples[:room])
        self._wake.set()

    def link(self, link: Link) -> None:
        self._links[link.device] = link
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; what is pending then goes to the spool."""
        try:
            while True:
                live.stop_if_cancelled()
                await self._wake.wait()
                self._wake.clear()
                batch, self._pending = self._pending[:BATCH_MAX], self._pending[BATCH_MAX:]
                if self._pending:
                    self._wake.set()
                await self._write([entry for s in batch if (entry := self._entry(s))])
        finally:
            self.spool.put(_kept([e for s in self._pending if (e := self._entry(s))]))
            await self._redis.aclose()

    async def _write(self, entries: list[Entry]) -> None:
        """Send, or keep for later; what is kept goes first."""
        try:
            if self._up and not len(self.spool):
                await self._send(entries)
            else:
                await self._keep(entries)
                entries = []
                await self._drain()
            await self._send_links()
        except live.UNAVAILABLE as error:
            if self._up:
                log.warning("Redis is away, values go to the spool: %s", error)
            self._up = False
            await self._keep(entries)
            await asyncio.sleep(AWAY_S)
            self._wake.set()
        else:
            if not self._up:
                log.info("Redis is back, nothing waits in the spool")
            self._up = True

    async def _keep(self, entries: list[Entry]) -> None:
        dropped = self.spool.dropped
        await asyncio.to_thread(self.spool.put, _kept(entries))
        if self.spool.dropped > dropped:
            log.error("the spool is full: %d oldest entries are lost", self.spool.dropped - dropped)

    async def _drain(self) -> None:
        while rows := await asyncio.to_thread(self.spool.oldest, BATCH_MAX):
            await self._send([_restored(kept) for _, kept in rows])
            await asyncio.to_thread(self.spool.forget, rows[-1][0])

    def _entry(self, sample: Sample) -> Entry | None:
        center = self._center.get(sample.work_unit)
        if center is None:
            return None
        try:
            fields, latest = live.encode(sample), live.latest(sample)
        except (TypeError, ValueError) as error:
            log.error("%s: a sample cannot be written: %s", sample.work_unit, error)
            return None
        return Entry(live.samples_key(center, sample.work_unit), self._next_id(), fields, latest)

    def _next_id(self) -> str:
        ms = time.time_ns() // 1_000_000
        last_ms, seq = self._last_id
        self._last_id = (ms, 0) if ms > last_ms else (last_ms, seq + 1)
        return f"{self._last_id[0]}-{self._last_id[1]}"

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
                if REFUSED not in why:
                    raise ResponseError(why)
                await self._again(together[n - 1])

    async def _again(self, entry: Entry) -> None:
        """A refused entry has arrived before, or its id lies behind the stream: then by a new id.

        The latter happens when the clock of this machine was set back.
        """
        there = await self._redis.xrange(entry.key, entry.id, entry.id)
        if there and there[0][1] == entry.fields:
            return
        newest = await self._redis.xrevrange(entry.key, count=1)
        ms, seq = (int(part) for part in newest[0][0].split("-"))
        self._last_id = max(self._last_id, (ms, seq))
        await self._redis.xadd(
            entry.key, entry.fields, id=self._next_id(), maxlen=self._entries_max
        )

    async def _send_links(self) -> None:
        if not self._links:
            return
        links, self._links = self._links, {}
        rows = {device: live.dump(to_plain(link)) for device, link in links.items()}
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(live.LINKS, mapping=rows)
        for device, text in rows.items():
            pipe.xadd(live.LINKS_VIEW, {"k": device, "j": text}, maxlen=LINKS_ENTRIES_MAX)
        await pipe.execute()


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


def _kept(entries: Sequence[Entry]) -> list[Kept]:
    """For the spool, without the mere contacts: that a device answered is no news afterwards."""
    return [(e.key, e.id, live.dump(e.fields)) for e in entries if e.latest or "g" in e.fields]


def _restored(kept: Kept) -> Entry:
    key, id, text = kept
    fields = live.load(text)
    return Entry(key, id, fields, live.latest(live.decode("", fields)))
