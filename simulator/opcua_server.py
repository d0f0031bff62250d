"""An OPC UA server of plain variables, and the troubles that tests give it.

A node `press-1.good` is the variable with that string id in the server's namespace, in the folder
`press-1`. It is written when its value changes, with the time at which the value came true.
"""

import gc
from collections.abc import Mapping
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

from asyncua import Server, ua

from mes.observation import Value
from simulator.address_space import SmallServer

NAMESPACE = "urn:takt:simulator"


class OpcUaServer:
    """One server at `endpoint` with `nodes`: string id → name of a built-in type ("UInt16").

    It offers no security and takes anonymous sessions only: it is for a plant that is played.
    A node that was never written is BadWaitingForInitialData.
    """

    def __init__(self, endpoint: str, nodes: Mapping[str, str], *, namespace: str = NAMESPACE):
        self.endpoint = endpoint
        self.namespace = namespace
        self._types = {node: ua.VariantType[name] for node, name in nodes.items()}
        self._ids: dict[str, ua.NodeId] = {}
        self._served: dict[str, tuple[Value, int]] = {}  # node → value and status code
        self._newest: dict[str, tuple[Value, datetime]] = {}
        self._status: dict[str, int] = {}
        self._frozen: set[str] = set()
        self._server: Server | None = None

    async def start(
        self, values: Mapping[str, Value] | None = None, source_time: datetime | None = None
    ) -> None:
        """Listen, with `values` already there.

        Raises OSError in the words of the system if the address cannot be had.
        """
        self._server = server = Server(iserver=SmallServer())
        collecting = gc.isenabled()
        gc.disable()  # a quarter of the time would go into looking for garbage where there is none
        try:
            await server.init()
        finally:
            if collecting:
                gc.enable()
        server.set_endpoint(self.endpoint)
        server.set_server_name("Takt simulator")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        await server.set_application_uri(f"{self.namespace}:{urlsplit(self.endpoint).port}")
        await self._add_nodes(server)
        self._served.clear()
        if values and source_time:
            await self.write(values, source_time)
        try:
            await server.start()
        except OSError:
            self._server = None
            raise

    async def _add_nodes(self, server: Server) -> None:
        index = await server.register_namespace(self.namespace)
        folders = {}
        waiting = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadWaitingForInitialData))
        for node, kind in self._types.items():
            folder = node.partition(".")[0]
            if folder not in folders:
                folders[folder] = await server.nodes.objects.add_folder(
                    _id(folder, index), ua.QualifiedName(folder, index)
                )
            self._ids[node] = _id(node, index)
            await folders[folder].add_variable(
                self._ids[node],
                ua.QualifiedName(node.partition(".")[2] or node, index),
                ua.get_default_value(kind),
                varianttype=kind,
            )
            await server.write_attribute_value(self._ids[node], ua.DataValue(StatusCode=waiting))

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def write(self, values: Mapping[str, Value], source_time: datetime) -> None:
        """Serve those of `values` (node → value) that differ from what is served.

        Raises KeyError for a node that the server does not have.
        """
        for node, value in values.items():
            self._newest[node] = value, source_time
            if node not in self._frozen:
                await self._serve(node, value, source_time)

    async def set_status(self, node: str, status: int | None) -> None:
        """Give `node` the status code `status`, now and with each value to come; None: Good again."""
        if status is None:
            self._status.pop(node, None)
        else:
            self._status[node] = status
        value, source_time = self._newest[node]
        await self._serve(node, value, source_time)

    def freeze(self, *nodes: str) -> None:
        """Serve no new values of `nodes`, or of all: connected but silent."""
        self._frozen |= set(nodes or self._types)

    async def thaw(self) -> None:
        """Serve again, beginning with the newest value of every frozen node."""
        frozen, self._frozen = self._frozen, set()
        for node in frozen & self._newest.keys():
            await self._serve(node, *self._newest[node])

    async def _serve(self, node: str, value: Value, source_time: datetime) -> None:
        status = self._status.get(node, ua.StatusCodes.Good)
        if self._served.get(node) == (value, status):
            return
        assert self._server is not None, "write() comes after start()"
        result = await self._server.iserver.aspace.write_attribute_value(
            self._ids[node],
            ua.AttributeIds.Value,
            ua.DataValue(
                ua.Variant(value, self._types[node]),
                StatusCode=ua.StatusCode(ua.UInt32(status)),
                SourceTimestamp=cast(ua.DateTime, source_time),
            ),
        )
        result.check()
        self._served[node] = value, status


def _id(text: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(text), ua.Int16(index))
