"""OPC UA against asyncua's server, with the way to it cut and frozen."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import Server, ua

from collectors import SourceRejected, opcua
from tests.ports import free_port

pytestmark = pytest.mark.protocol
URI = "urn:takt:test"


VALUES: dict[str, Any] = {"count": 7, "speed": 1.5, "name": "die", "curve": [1, 2], "on": True}


class Plc:
    """A server in a thread of its own, with a node for each of VALUES."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int) -> None:
        self._loop, self.port = loop, port

    def _run(self, work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def start(self) -> None:
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)

    async def _start(self) -> None:
        self._server = Server()
        await self._server.init()
        self._server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}/plc")
        await self._server.register_namespace("urn:takt:other")
        index = await self._server.register_namespace(URI)
        objects = self._server.nodes.objects
        self._nodes = {
            name: await objects.add_variable(ua.NodeId(name, index), name, value)
            for name, value in VALUES.items()
        }
        await self._server.start()

    async def stop(self) -> None:
        await self._run(self._server.stop())

    async def add(self, name: str, value: Any) -> None:
        node = ua.NodeId(name, self._nodes["count"].nodeid.NamespaceIndex)
        await self._run(self._server.nodes.objects.add_variable(node, name, value))

    async def write(self, name: str, value: Any, status: int = 0, source: Any = None) -> None:
        data = ua.DataValue(
            ua.Variant(value),
            StatusCode=ua.StatusCode(status),
            SourceTimestamp=source or datetime.now(UTC),
        )
        await self._run(self._server.write_attribute_value(self._nodes[name].nodeid, data))


@pytest.fixture(scope="module")
def servers(server_loop) -> Iterator[Callable[[int], Plc]]:
    """Start a server. Starting takes long, so most tests share one."""
    running: list[Plc] = []

    def serve(port: int) -> Plc:
        running.append(Plc(server_loop, port))
        running[-1].start()
        return running[-1]

    yield serve
    for plc in running:
        asyncio.run_coroutine_threadsafe(plc._server.stop(), server_loop).result(10)


@pytest.fixture(scope="module")
def shared(servers: Callable[[int], Plc]) -> Plc:
    return servers(free_port())


@pytest.fixture
async def plc(shared: Plc) -> Plc:
    """The shared server, with every value as it was at first."""
    for name, value in VALUES.items():
        await shared.write(name, value)
    return shared


def settings(port: int, *names: str, uri: str = URI, **more: Any) -> opcua.Settings:
    tags = [{"work_unit": "u", "name": n, "node": f"nsu={uri};s={n}"} for n in names or ["count"]]
    given = {"id": "plc", "endpoint": f"opc.tcp://127.0.0.1:{port}/plc", "tags": tags}
    return opcua.Settings.model_validate(given | {"publishing_interval_ms": 50} | more)


async def test_values_with_quality_and_source_time(plc, collected, wait_until) -> None:
    names = ["count", "speed", "name", "on"]
    found, error = await collected(opcua, settings(plc.port, *names), lambda f: len(f) >= 4)
    assert error is None
    assert {o.tag: o.value for o in found} == {"count": 7, "speed": 1.5, "name": "die", "on": True}
    for o in found:
        assert (o.quality, o.status, o.work_unit) == ("good", "", "u")
        assert o.source_time.utcoffset() == timedelta(0)
        assert o.source_time <= o.received_time


async def test_the_source_time_is_the_devices_own(plc, kept, wait_until) -> None:
    sink = kept(opcua, settings(plc.port))
    await wait_until(lambda: sink.value("count") == 7)
    then = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    await plc.write("count", 8, source=then)
    await wait_until(lambda: sink.value("count") == 8)
    sample = sink.samples[-1]
    assert sample.source_time_us == int(then.timestamp()) * 1_000_000 + 678_901
    await wait_until(lambda: (sink.links[-1].clock_skew_s or 0) > 60)
    assert "behind ours" in sink.links[-1].meaning


async def test_uncertain_and_bad_are_told_with_their_words(plc, kept, wait_until) -> None:
    sink = kept(opcua, settings(plc.port, "speed"))
    await wait_until(lambda: sink.value("speed") == 1.5)
    await plc.write("speed", 2.5, ua.StatusCodes.UncertainLastUsableValue)
    await wait_until(lambda: sink.value("speed") == 2.5)
    reading = sink.last("speed")
    assert (reading.quality, reading.status.split(":")[0]) == (
        "uncertain",
        "UncertainLastUsableValue",
    )
    await plc.write("speed", 3.5, ua.StatusCodes.BadSensorFailure)
    await wait_until(lambda: sink.last("speed").quality == "bad")
    assert sink.value("speed") is None
    assert sink.last("speed").status.startswith("BadSensorFailure: ")
    await wait_until(lambda: "u.speed" in sink.links[-1].troubles)
    await plc.write("speed", 4.5)
    await wait_until(lambda: sink.value("speed") == 4.5)
    await wait_until(lambda: not sink.links[-1].troubles)


async def test_one_bad_node_does_not_stop_the_others(plc, collected) -> None:
    names = ["count", "missing", "curve", "speed"]
    found, error = await collected(opcua, settings(plc.port, *names), lambda f: len(f) >= 4)
    assert error is None
    by_tag = {o.tag: o for o in found}
    assert {n: by_tag[n].quality for n in names} == {
        "count": "good",
        "missing": "bad",
        "curve": "bad",
        "speed": "good",
    }
    assert by_tag["missing"].status.startswith("BadNodeIdUnknown: ")
    assert by_tag["curve"].status.startswith("an array")
    assert by_tag["missing"].value is by_tag["curve"].value is None


async def test_a_node_that_comes_later_is_found(plc, kept, wait_until, monkeypatch) -> None:
    monkeypatch.setattr(opcua, "REFUSED_RETRY_S", 0.2)
    sink = kept(opcua, settings(plc.port, "count", "later"))
    await wait_until(lambda: sink.last("later"))
    assert sink.last("later").quality == "bad"
    await plc.add("later", 5)
    await wait_until(lambda: sink.value("later") == 5)
    await wait_until(lambda: not sink.links[-1].troubles)


async def test_every_change_of_a_burst_is_told(plc, kept, wait_until) -> None:
    sink = kept(opcua, settings(plc.port))
    await wait_until(lambda: sink.value("count") == 7)
    for number in range(100, 150):
        await plc.write("count", number)
        await asyncio.sleep(0.005)
    await wait_until(lambda: sink.value("count") == 149)
    told = [s.readings["count"].value for s in sink.samples if "count" in s.readings]
    assert told == [7, *range(100, 150)]


async def test_nothing_changes_and_yet_it_is_in_contact(plc, kept, wait_until) -> None:
    sink = kept(opcua, settings(plc.port))
    await wait_until(lambda: sink.value("count") == 7)
    at = len(sink.samples)
    await wait_until(lambda: len(sink.samples) >= at + 2, within_s=3)
    assert [s.readings for s in sink.samples[at:]] == [{}] * (len(sink.samples) - at)
    assert sink.state == "live"


async def test_many_tags_are_subscribed_in_batches(plc, collected, monkeypatch) -> None:
    monkeypatch.setattr(opcua, "BATCH", 7)
    tags = [
        {"work_unit": "u", "name": f"t{i}", "node": f"nsu={URI};s={'count' if i % 2 else 'speed'}"}
        for i in range(30)
    ]
    given = settings(plc.port).model_copy(
        update={"tags": tuple(opcua.OpcUaTag.model_validate(t) for t in tags)}
    )
    found, error = await collected(opcua, given, lambda f: len(f) >= 30)
    assert error is None
    assert {o.tag: o.value for o in found} == {f"t{i}": 7 if i % 2 else 1.5 for i in range(30)}


async def test_killed_and_restarted(servers, kept, wait_until, caplog) -> None:
    caplog.set_level("INFO", logger="collectors")
    port = free_port()
    plc = await asyncio.to_thread(servers, port)
    sink = kept(opcua, settings(port))
    await wait_until(lambda: sink.value("count") == 7)
    await plc.stop()
    assert await wait_until(lambda: sink.state == "lost") < 2
    await wait_until(lambda: "nothing answers" in sink.links[-1].meaning)
    answered_us = sink.links[-1].last_answer_us
    at = len(sink.samples)
    again = await asyncio.to_thread(servers, port)
    await again.write("count", 9)
    took_s = await wait_until(lambda: sink.value("count") == 9, within_s=12)
    assert took_s < 9
    first, second = sink.samples[at : at + 2]
    assert (first.work_unit, first.gap_since_us) == ("u", answered_us)
    assert second.readings
    assert len(sink.gaps) == 1
    levels = [r.levelname for r in caplog.records if r.name == "collectors"]
    assert levels == ["WARNING", "INFO"], caplog.text


async def test_a_frozen_server_is_noticed(plc, proxy, kept, wait_until) -> None:
    way = await proxy(plc.port)
    sink = kept(opcua, settings(way.port))
    await wait_until(lambda: sink.value("count") == 7)
    way.freeze()
    await wait_until(lambda: sink.state == "silent", within_s=4)
    await wait_until(lambda: sink.state == "lost", within_s=4)
    silence_s = (sink.links[-1].since_us - sink.links[-1].last_answer_us) / 1e6
    assert silence_s < 4.5
    assert "has said nothing for 3.5 s" in sink.links[-1].meaning
    await plc.write("count", 10)
    way.thaw()
    took_s = await wait_until(lambda: sink.value("count") == 10, within_s=15)
    assert took_s < 10
    assert len(sink.gaps) == 1


async def test_a_cut_is_noticed_at_once(plc, proxy, kept, wait_until) -> None:
    way = await proxy(plc.port)
    sink = kept(opcua, settings(way.port))
    await wait_until(lambda: sink.value("count") == 7)
    await way.cut()
    assert await wait_until(lambda: sink.state == "lost") < 1
    assert "was cut" in sink.links[-1].meaning


async def test_a_frozen_server_does_not_hold_up_the_end(plc, proxy, kept, wait_until) -> None:
    way = await proxy(plc.port)
    task = asyncio.create_task(opcua.collect(settings(way.port), lambda found: None))
    await wait_until(lambda: way.connections == 1)
    await asyncio.sleep(0.3)
    way.freeze()
    task.cancel()
    assert await wait_until(task.done) < 2.5
    assert task.cancelled()


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("opc.tcp://127.0.0.1:{free}/plc", "nothing answers at opc.tcp://127.0.0.1:"),
        ("opc.tcp://no-such-host.invalid:4840", "is not known on this network"),
    ],
)
async def test_wrong_endpoints_in_words(collected, endpoint: str, words: str) -> None:
    wrong = settings(1).model_copy(update={"endpoint": endpoint.format(free=free_port())})
    _, error = await collected(opcua, wrong)
    assert words in str(error)
    assert "config.toml" in error.advice
    assert isinstance(error.__cause__, OSError)
    assert not isinstance(error, SourceRejected)


async def test_what_is_no_opc_ua_server_does_not_answer(collected) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    port = free_port()
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    _, error = await collected(opcua, settings(port, timeout_s=0.5))
    assert "did not answer within 0.5 s" in str(error)
    server.close()


async def test_a_wrong_namespace_names_those_there_are(plc, collected) -> None:
    _, error = await collected(opcua, settings(plc.port, uri="urn:typo"))
    assert isinstance(error, SourceRejected)
    assert "has no namespace 'urn:typo'; it has: " in str(error)
    assert URI in str(error)
    assert "nsu=" in error.advice
