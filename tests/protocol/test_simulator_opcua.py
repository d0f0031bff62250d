"""The simulator's OPC UA server, read by a real client."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import Client, ua

from simulator.opcua_server import NAMESPACE, OpcUaServer
from tests.ports import free_port

pytestmark = pytest.mark.protocol
NODES = {
    "press-1.good": "UInt16",
    "press-1.state": "Int32",
    "press-1.starved": "Boolean",
    "press-1.power": "Double",
    "press-2.good": "UInt16",
}
FIRST = {"press-1.good": 65_535, "press-1.state": 6, "press-1.starved": False, "press-1.power": 1.5}
AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


@asynccontextmanager
async def served():
    """A server with FIRST in it, and a client that is connected to it."""
    server = OpcUaServer(f"opc.tcp://127.0.0.1:{free_port()}/shop", NODES)
    await server.start(FIRST, AT)
    try:
        async with Client(server.endpoint) as client:
            yield server, client
    finally:
        await server.stop()


async def read(client: Client, node: str) -> ua.DataValue:
    index = await client.get_namespace_index(NAMESPACE)
    return await client.get_node(f"ns={index};s={node}").read_data_value(False)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def in_a_loop(test: Callable[[OpcUaServer, Client], Awaitable[None]]) -> None:
    async def go() -> None:
        async with served() as (server, client):
            await test(server, client)

    asyncio.run(go())


def test_values_have_their_type_and_the_time_they_came_true() -> None:
    async def test(server: OpcUaServer, client: Client) -> None:
        for node, value in FIRST.items():
            found = await read(client, node)
            assert found.Value.Value == value
            assert found.Value.VariantType.name == NODES[node]
            assert found.StatusCode.is_good()
            assert found.SourceTimestamp == AT
        waiting = await read(client, "press-2.good")
        assert waiting.StatusCode.name == "BadWaitingForInitialData"
        assert waiting.Value.Value is None

    in_a_loop(test)


def test_only_what_changed_is_told_and_in_order() -> None:
    class Seen:
        def __init__(self) -> None:
            self.values: list[tuple[Any, datetime]] = []

        def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
            item = data.monitored_item.Value
            self.values.append((value, item.SourceTimestamp))

    async def test(server: OpcUaServer, client: Client) -> None:
        seen = Seen()
        subscription = await client.create_subscription(20, seen)
        index = await client.get_namespace_index(NAMESPACE)
        await subscription.subscribe_data_change(
            client.get_node(f"ns={index};s=press-1.good"), queuesize=10
        )
        await until(lambda: len(seen.values) == 1)
        for n, value in enumerate((0, 0, 1)):
            await server.write({"press-1.good": value}, AT + timedelta(seconds=n))
        await until(lambda: len(seen.values) == 3)
        assert seen.values == [
            (65_535, AT),
            (0, AT),
            (1, AT + timedelta(seconds=2)),
        ]
        await subscription.delete()

    in_a_loop(test)


def test_a_status_stays_until_it_is_taken_back() -> None:
    async def test(server: OpcUaServer, client: Client) -> None:
        await server.set_status("press-1.power", ua.StatusCodes.BadSensorFailure)
        found = await read(client, "press-1.power")
        assert (found.StatusCode.name, found.Value.Value) == ("BadSensorFailure", None)
        await server.set_status("press-1.power", ua.StatusCodes.UncertainLastUsableValue)
        await server.write({"press-1.power": 2.5}, AT)
        found = await read(client, "press-1.power")
        assert (found.StatusCode.name, found.Value.Value) == ("UncertainLastUsableValue", 2.5)
        await server.set_status("press-1.power", None)
        found = await read(client, "press-1.power")
        assert (found.StatusCode.name, found.Value.Value) == ("Good", 2.5)

    in_a_loop(test)


def test_a_frozen_node_keeps_its_value_and_catches_up() -> None:
    async def test(server: OpcUaServer, client: Client) -> None:
        server.freeze("press-1.good")
        await server.write({"press-1.good": 3, "press-1.state": 11}, AT)
        assert (await read(client, "press-1.good")).Value.Value == 65_535
        assert (await read(client, "press-1.state")).Value.Value == 11
        await server.thaw()
        assert (await read(client, "press-1.good")).Value.Value == 3

    in_a_loop(test)


def test_its_endpoint_and_address_space_are_as_clients_expect() -> None:
    async def test(server: OpcUaServer, client: Client) -> None:
        assert [e.EndpointUrl for e in await client.get_endpoints()] == [server.endpoint]
        assert await client.nodes.server_state.read_value() == ua.ServerState.Running
        limits = ua.NodeId(
            ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
        )
        assert await client.get_node(limits).read_value() > 0
        index = await client.get_namespace_index(NAMESPACE)
        folder = client.get_node(f"ns={index};s=press-1")
        names = {(await node.read_browse_name()).Name for node in await folder.get_children()}
        assert names == {"good", "state", "starved", "power"}

    in_a_loop(test)


def test_it_can_be_stopped_and_started_again_on_its_port() -> None:
    async def go() -> None:
        server = OpcUaServer(f"opc.tcp://127.0.0.1:{free_port()}/shop", NODES)
        for value in (1, 2):
            await server.start({"press-1.good": value}, AT)
            async with Client(server.endpoint) as client:
                assert (await read(client, "press-1.good")).Value.Value == value
            await server.stop()

    asyncio.run(go())
