"""The live plane: how samples, views and links stand in Redis.

    takt:{<work center>}:obs:<unit>   stream of samples, one entry per sample, trimmed roughly
    takt:{<work center>}:last:<unit>  hash tag → [value, quality, source µs, received µs, status]
    takt:{<work center>}:units        hash unit → view with the position it was folded to
    takt:{<work center>}:view         stream of views as they change, newest per unit counts
    takt:{<work center>}:lease        which engine owns the work centre
    takt:{records}:view               stream of log positions, with the kinds of records they changed
    takt:{connections}:links          hash device → link     takt:{connections}:view  its stream

A key's braces are its hash tag: what is written together lies together in a cluster.
Redis is never the system of record; all of this can be lost and comes again.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mes.observation import Reading, Sample

UNAVAILABLE = (RedisError, OSError, TimeoutError)  # what a call raises while Redis is away
BLOCK_MS = 1000  # a reader waits this long for news before it looks round
VIEW_ENTRIES_MAX = 2000  # of a view stream: readers that fall further behind read the hash
TIME_MAX_US = 1 << 53  # the year 2255, and what every reader of JSON can hold
LINKS = "takt:{connections}:links"
LINKS_VIEW = "takt:{connections}:view"
RECORDS_VIEW = "takt:{records}:view"


def samples_key(center: str, unit: str) -> str:
    return f"takt:{{{center}}}:obs:{unit}"


def units_key(center: str) -> str:
    return f"takt:{{{center}}}:units"


def view_key(center: str) -> str:
    return f"takt:{{{center}}}:view"


def lease_key(center: str) -> str:
    return f"takt:{{{center}}}:lease"


def open_redis(url: str) -> "Redis[str]":
    """A client that fails at once where Redis is away: whoever uses it decides about trying again."""
    return Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,
        socket_connect_timeout=2,
        socket_timeout=BLOCK_MS / 1000 + 1.5,  # a hanging Redis is away before a page must say so
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )


async def tell_records(redis: "Redis[str]", position: int, kinds: Sequence[str]) -> None:
    """Tell every process that the log has reached `position`, which changed records of `kinds`."""
    said = {"p": str(position), "k": " ".join(kinds)}
    await redis.xadd(RECORDS_VIEW, said, maxlen=VIEW_ENTRIES_MAX, approximate=True)


def stop_if_cancelled() -> None:
    """Raise the CancelledError that redis-py may have swallowed; endless loops ask at each round.

    With redis 8.1 a task that is cancelled while its connection breaks goes on as if nothing were.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def dump(plain: Any) -> str:
    """JSON of plain values. Raises TypeError for what JSON cannot say."""
    return orjson.dumps(plain).decode()


def load(text: str) -> Any:
    """The plain values of JSON. Raises ValueError for what is none."""
    return orjson.loads(text)


def encode(sample: Sample) -> dict[str, str]:
    """The fields of a stream entry. They are always the same, which is what keeps streams small."""
    readings = {n: _plain(r) for n, r in sample.readings.items()}
    fields = {
        "s": str(sample.source_time_us),
        "r": str(sample.received_time_us),
        "d": sample.device,
        "v": dump(readings),
    }
    if sample.gap_since_us is not None:
        fields["g"] = str(sample.gap_since_us)
    if not sample.answered:
        fields["a"] = "0"
    if sample.historical:
        fields["h"] = "1"
    return fields


def _plain(reading: Reading) -> Any:
    value = reading.value
    if isinstance(value, float) and not math.isfinite(value):
        return [None, "bad", f"the device sent {value}, which is no number"]
    if reading.quality == "good":
        return value
    return [value, reading.quality, reading.status]


def decode(unit: str, fields: Mapping[str, str]) -> Sample:
    """The sample that `encode` wrote. Raises ValueError or KeyError for what it did not write."""
    times = [int(fields["s"]), int(fields["r"])]
    if not all(0 <= us < TIME_MAX_US for us in times):
        raise ValueError(f"found the times {times}; expected microseconds since the epoch")
    return Sample(
        work_unit=unit,
        device=fields["d"],
        source_time_us=int(fields["s"]),
        received_time_us=int(fields["r"]),
        readings={
            name: Reading(*value) if isinstance(value, list) else Reading(value)
            for name, value in load(fields["v"]).items()
        },
        gap_since_us=int(fields["g"]) if "g" in fields else None,
        answered=fields.get("a") != "0",
        historical=fields.get("h") == "1",
    )


def latest(sample: Sample) -> dict[str, str]:
    """The fields of the latest-value hash that a sample renews."""
    times = (sample.source_time_us, sample.received_time_us)
    return {
        name: dump([r.value, r.quality, *times, r.status]) for name, r in sample.readings.items()
    }


def last_of(samples: str) -> str:
    """The key of the latest-value hash beside a stream of samples."""
    return samples.replace("}:obs:", "}:last:")
