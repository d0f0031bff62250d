"""The part of OPC UA's standard address space that a server of plain variables needs.

All 6,174 nodes take asyncua 1.5 s to put up; these 1,300 take 0.5 s. Left out are the newer types
(state machines, publish-subscribe, certificates), of which the simulator has no instance.
"""

from pathlib import Path

from asyncua import ua
from asyncua.server.internal_server import InternalServer
from asyncua.server.standard_address_space.standard_address_space import (
    create_standard_address_space_Services,
)

# The first edition's types and Server object; then OperationLimits with their type.
_KEPT = (range(3101), range(11_480, 11_721), range(12_157, 12_181))


class _Nodes:
    """Takes what asyncua's generated code adds."""

    def __init__(self) -> None:
        self.nodes: list[ua.AddNodesItem] = []
        self.references: list[ua.AddReferencesItem] = []

    def add_nodes(self, items: list[ua.AddNodesItem]) -> None:
        self.nodes += (i for i in items if any(i.RequestedNewNodeId.Identifier in r for r in _KEPT))

    def add_references(self, items: list[ua.AddReferencesItem]) -> None:
        self.references += items


class SmallServer(InternalServer):
    """asyncua's server with the small address space."""

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        found = _Nodes()
        create_standard_address_space_Services(found)
        service, todo, before = self.node_mgt_service, found.nodes, -1
        while len(todo) != before:  # a node may come ahead of its parent; some parents never come
            before = len(todo)
            todo = list(service.try_add_nodes(todo, check=False))
        for _ in service.try_add_references(found.references):
            pass  # to a node that was left out

    async def stop(self) -> None:
        """Stop at once: asyncua's own clock would be waited for up to a second."""
        if self.time_task is not None:
            self.time_task.cancel()
            self.time_task = None
        await super().stop()
