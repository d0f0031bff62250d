"""/healthz (this process lives), /readyz (it can show live data), /metrics (Prometheus text)."""

import asyncio
from collections.abc import Iterable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from dashboard.hub import Hub
from dashboard.identity import who
from dashboard.live import Broadcast
from dashboard.records import Desk, RecordsAway
from mes.snapshot import Snapshot
from store import live
from store.log.reading import known_until

TOLD_MAX_US = 5_000_000  # a collector tells each second; after this nobody knows
READY_S = 1.5  # an answer about readiness takes no longer
BEHIND_US = 20_000_000  # what is shown is on record after this


def register(server: FastAPI, hub: Hub, broadcast: Broadcast, desk: Desk) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Figures(hub, broadcast))

    @server.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """The process lives. Says nothing about the plant."""
        return {"status": "alive"}

    @server.get("/readyz", tags=["health"])
    async def readyz() -> JSONResponse:
        """Redis and the database answer, every work centre has an engine, what is shown is on
        record, and whoever may sign in first was told how; 503 otherwise.

        `live`: some work unit was heard in time. The reasons are told to whoever may see live data.
        """
        both = await asyncio.gather(_faults(hub), _unrecorded(hub, desk))
        faults, now = [*both[0], *both[1]], hub.snapshot()
        if (first_run := server.state.first_run) is not None and first_run.is_alive():
            faults.append("it is not yet told how to sign in first")
        heard = hub.online and any(
            now.quality(unit) in ("good", "uncertain") for unit in now.plant.work_units.values()
        )
        body: dict[str, object] = {"status": "not ready" if faults else "ready", "live": heard}
        if who().person.has("live"):
            body["faults"] = faults
        return JSONResponse(body, status_code=503 if faults else 200)

    @server.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _faults(hub: Hub) -> list[str]:
    centers = dict.fromkeys(unit.work_center for unit in hub.plant.work_units.values())
    try:
        async with asyncio.timeout(READY_S):
            owners = [await hub.redis.get(live.lease_key(center)) for center in centers]
    except live.UNAVAILABLE as error:
        return [f"Redis does not answer: {error or 'no answer in time'}"]
    faults = [f"no engine owns {c}" for c, o in zip(centers, owners, strict=True) if not o]
    return faults if hub.online else [*faults, "the reader of this process is not connected"]


async def _unrecorded(hub: Hub, desk: Desk) -> list[str]:
    try:
        async with asyncio.timeout(READY_S):
            known_us = await desk.read(known_until)
    except (RecordsAway, TimeoutError):
        return ["the database does not answer"]
    heard = [us for view in hub.views.values() for us in view.contacts.values()]
    if heard and max(heard) - (known_us or 0) > BEHIND_US:
        return ["what is shown is not on record: see the log of the engine"]
    return []


class _Figures(Collector):
    """Figures of this process, read off when they are asked for."""

    def __init__(self, hub: Hub, broadcast: Broadcast) -> None:
        self._hub, self._broadcast = hub, broadcast

    def collect(self) -> Iterable[Metric]:
        hub, push = self._hub, self._broadcast
        now = hub.snapshot(who().person.scope)
        yield GaugeMetricFamily("takt_redis_up", "1 while Redis is there", hub.online)
        yield GaugeMetricFamily("takt_screens", "open screens with a live connection", push.clients)
        yield CounterMetricFamily(
            "takt_views_read", "views and links read from Redis", hub.received
        )
        yield CounterMetricFamily("takt_flushes", "rounds of live push", push.flushes)
        yield CounterMetricFamily("takt_messages", "messages sent to screens", push.messages)
        yield from self._units(now)
        links = GaugeMetricFamily("takt_device_up", "1 while a device answers", labels=["device"])
        for device in now.plant.devices:
            link = hub.links.get(device)
            fresh = link is not None and now.now_us - (link.told_us or 0) < TOLD_MAX_US
            up = hub.online and fresh and link is not None and link.state == "live"
            links.add_metric([device], float(up))
        yield links

    def _units(self, now: Snapshot) -> Iterable[Metric]:
        good = CounterMetricFamily("takt_good_pieces", "good pieces", labels=["work_unit"])
        reject = CounterMetricFamily("takt_reject_pieces", "rejected pieces", labels=["work_unit"])
        live_ = GaugeMetricFamily("takt_unit_live", "1 while heard in time", labels=["work_unit"])
        age = GaugeMetricFamily("takt_unit_age_seconds", "since last heard", labels=["work_unit"])
        for unit in now.plant.work_units.values():
            view = now.view(unit)
            live_.add_metric([unit.id], float(now.quality(unit) != "stale"))
            if view.counting_since_us is not None:
                good.add_metric([unit.id], view.good)
                reject.add_metric([unit.id], view.reject)
            if view.received_time_us is not None:
                age.add_metric([unit.id], (now.now_us - view.received_time_us) / 1e6)
        yield from (good, reject, live_, age)
