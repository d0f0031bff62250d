"""OPC UA: subscribes to nodes; values arrive with the source's own time and status.

One subscription per device. Each publish response becomes one `emit`; where nothing changes the
server sends a keep-alive at least each second, and that it stays away is how a frozen one is
noticed.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from asyncua import Client, ua
from pydantic import AfterValidator, Field, model_validator

from collectors import Emit, SourceRejected, SourceUnavailable, TagSource
from collectors import Settings as Base
from collectors._opcua_client import connect, disconnect
from collectors._opcua_publish import Row, Rows, install, rows_of
from collectors._opcua_values import (
    node_id,
    parse_node,
    reading,
    source_time,
    status_words,
)
from collectors._opcua_words import explain, unknown_namespace
from mes.observation import Observation

BATCH = 1000  # monitored items created by one request, unless the server allows fewer
KEEP_ALIVE_S = 1.0
REFUSED_RETRY_S = 60.0  # a node that the server lacks may come with the next program
QUEUE_MIN = 10
FASTEST_MS = 10.0  # taken for a sampling interval of 0 when a queue is sized

log = logging.getLogger("collectors.opcua")
_MAX_ITEMS_PER_CALL = ua.NodeId(
    ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall  # type: ignore[arg-type]
)
logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it would say is said in our words


def _node(text: str) -> str:
    parse_node(text)
    return text


def _endpoint(text: str) -> str:
    scheme, _, rest = text.rpartition("://")
    if "@" in rest.partition("/")[0]:
        raise ValueError("no user or password in the endpoint: use user and password_file")
    try:
        complete = scheme == "opc.tcp" and urlsplit(text).hostname and urlsplit(text).port != 0
    except ValueError:  # what stands for a port is none
        complete = False
    if not complete:
        raise ValueError("expected opc.tcp://<host>:<port>/<path>")
    return text


class OpcUaTag(TagSource):
    """A node: `nsu=<namespace uri>;s=<name>`, `ns=2;i=1001`, also g= and b=.

    sampling_interval_ms: asked for of this node, at least 0 [ms]; None: the device's own.
    """

    node: Annotated[str, AfterValidator(_node)]
    sampling_interval_ms: float | None = Field(default=None, ge=0)


class Settings(Base):
    """One OPC UA server.

    endpoint: opc.tcp://<host>:<port>/<path>; a port that is not given is 4840;
    publishing_interval_ms: 10 to 1000 [ms]; sampling_interval_ms: at least 0 [ms], where 0 is as
    fast as the server has it; timeout_s: of an answer, 0.5 to 60 [s];
    user, password_file: together, or neither for an anonymous session;
    security: other than none needs all three files, and with none there are none of them.
    """

    endpoint: Annotated[str, AfterValidator(_endpoint)]
    publishing_interval_ms: float = Field(default=100, ge=10, le=1000)
    sampling_interval_ms: float = Field(default=0, ge=0)
    timeout_s: float = Field(default=4, ge=0.5, le=60)
    user: str | None = None
    password_file: Path | None = None
    security: Literal["none", "sign", "sign_and_encrypt"] = "none"
    certificate_file: Path | None = None
    private_key_file: Path | None = None
    server_certificate_file: Path | None = None
    tags: tuple[OpcUaTag, ...] = Field(min_length=1)

    @property
    def address(self) -> str:
        return self.endpoint

    @property
    def heard_every_s(self) -> float:
        return KEEP_ALIVE_S

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file go together")
        files = ("certificate_file", "private_key_file", "server_certificate_file")
        missing = [name for name in files if getattr(self, name) is None]
        if self.security != "none" and missing:
            raise ValueError(f"security = {self.security!r} needs {', '.join(missing)}")
        if self.security == "none" and len(missing) < len(files):
            raise ValueError('certificates are given, but security = "none"')
        return self


async def collect(settings: Settings, emit: Emit) -> None:
    """Subscribe to the tags of `settings` until cancelled."""
    client: Client | None = None
    politely = True  # take our leave of a server, unless it does not listen any more
    try:
        client = await connect(settings)
        subscription = _Subscription(settings, client, emit)
        await subscription.open()
        await subscription.watch()
    except SourceUnavailable as error:
        politely = isinstance(error, SourceRejected)
        raise
    except Exception as error:
        politely = isinstance(error, ua.UaError)
        raise explain(
            error,
            endpoint=settings.endpoint,
            timeout_s=settings.timeout_s,
            secured=settings.security != "none",
        ) from error
    finally:
        if client is not None:
            await disconnect(client, politely=politely)


class _Subscription:
    """One subscription with its monitored items. A tag's client handle is its place in `tags`."""

    def __init__(self, settings: Settings, client: Client, emit: Emit) -> None:
        self._settings, self._client, self._emit = settings, client, emit
        self._tags = settings.tags
        self._session = client.uaclient.session
        install(self._session)
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard_s = 0.0
        self._silence_max_s = settings.timeout_s
        self._subscription, self._batch = 0, BATCH
        client.connection_lost_callback = self._lost
        self._refused: dict[int, ua.NodeId] = {}  # by handle: asked for again now and then

    async def open(self) -> None:
        """Create the subscription and an item for each tag; a tag refused is told as bad."""
        nodes = await self._nodes()
        self._batch = await self._items_per_call()
        interval_ms = self._settings.publishing_interval_ms
        keep_alives = max(1, int(1000 * KEEP_ALIVE_S / interval_ms))
        result = await self._session.create_subscription(
            ua.CreateSubscriptionParameters(
                RequestedPublishingInterval=interval_ms,
                RequestedLifetimeCount=max(3 * keep_alives, int(30_000 / interval_ms)),
                RequestedMaxKeepAliveCount=keep_alives,
                MaxNotificationsPerPublish=0,
                PublishingEnabled=True,
                Priority=0,
            ),
            self._published,
        )
        keep_alive_s = result.RevisedPublishingInterval * result.RevisedMaxKeepAliveCount / 1000
        self._silence_max_s = max(self._settings.timeout_s - 0.5, 2 * keep_alive_s + 0.5)
        self._heard_s = asyncio.get_running_loop().time()
        self._subscription = result.SubscriptionId
        await self._create_items(dict(enumerate(nodes)))

    async def watch(self) -> None:
        """Return never; raise when the connection breaks or the server falls silent."""
        loop = asyncio.get_running_loop()
        retry_s = loop.time() + REFUSED_RETRY_S
        while True:
            left_s = self._heard_s + self._silence_max_s - loop.time()
            if left_s <= 0:
                raise SourceUnavailable(
                    f"{self._settings.endpoint} is connected, but has said nothing "
                    f"for {self._silence_max_s:.1f} s",
                    advice="The server or the network stands still: look at the device itself.",
                )
            if loop.time() >= retry_s:
                await self._create_items(dict(self._refused))
                retry_s = loop.time() + REFUSED_RETRY_S
            await asyncio.wait({self._broken}, timeout=min(left_s, retry_s - loop.time()))
            if self._broken.done():
                self._broken.result()

    async def _lost(self, error: Exception) -> None:
        self._break(error)

    def _break(self, error: Exception) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)

    async def _nodes(self) -> list[ua.NodeId]:
        namespaces = await self._client.get_namespace_array()
        try:
            return [node_id(parse_node(tag.node), namespaces) for tag in self._tags]
        except LookupError as error:
            uri = str(error.args[0])
            raise unknown_namespace(uri, namespaces, self._settings.endpoint) from None

    async def _items_per_call(self) -> int:
        (found,) = await self._session.read_attributes([_MAX_ITEMS_PER_CALL], ua.AttributeIds.Value)
        said = found.Value.Value if found.Value is not None else None
        return min(BATCH, said) if isinstance(said, int) and said > 0 else BATCH

    async def _create_items(self, nodes: Mapping[int, ua.NodeId]) -> None:
        """Create an item for each node, by handle; those refused are told as bad."""
        items = list(nodes.items())
        for first in range(0, len(items), self._batch):
            batch = items[first : first + self._batch]
            results = await self._session.create_monitored_items(
                ua.CreateMonitoredItemsParameters(
                    SubscriptionId=self._subscription,
                    TimestampsToReturn=ua.TimestampsToReturn.Both,
                    ItemsToCreate=[self._item(node, handle) for handle, node in batch],
                )
            )
            now, refused = datetime.now(UTC), []
            for (handle, node), result in zip(batch, results, strict=True):
                self._refused.pop(handle, None)
                if not result.StatusCode.is_good():
                    self._refused[handle] = node
                    refused.append(self._bad(handle, status_words(result.StatusCode.value), now))
            if refused:
                self._emit(refused)

    def _item(self, node: ua.NodeId, handle: int) -> ua.MonitoredItemCreateRequest:
        own_ms = self._tags[handle].sampling_interval_ms
        sampling_ms = self._settings.sampling_interval_ms if own_ms is None else own_ms
        publishing_ms = self._settings.publishing_interval_ms
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=handle,
                SamplingInterval=sampling_ms,
                QueueSize=max(QUEUE_MIN, int(2 * publishing_ms / (sampling_ms or FASTEST_MS))),
                DiscardOldest=True,
            ),
        )

    def _published(self, result: ua.PublishResult) -> None:
        """Take one publish response. What goes wrong must not end in asyncua's log."""
        try:
            self._take(result)
        except Exception as error:
            self._break(error)

    def _take(self, result: ua.PublishResult) -> None:
        """Turn a keep-alive, or notifications, into one `emit`."""
        received = datetime.now(UTC)
        self._heard_s = asyncio.get_running_loop().time()
        observations: list[Observation] = []
        for data in result.NotificationMessage.NotificationData or ():
            if isinstance(data, Rows):
                observations.extend(self._observations(data.rows, received))
            elif isinstance(data, ua.DataChangeNotification):
                observations.extend(self._observations(rows_of(data), received))
            elif isinstance(data, ua.StatusChangeNotification):
                self._break(ua.UaStatusCodeError(data.Status.value))  # type: ignore[no-untyped-call]
                return
        self._emit(observations)

    def _observations(self, rows: Iterable[Row], received: datetime) -> Iterator[Observation]:
        for handle, found, code, source, server in rows:
            if handle >= len(self._tags):
                continue
            value, quality, status = reading(found, code)
            tag = self._tags[handle]
            yield Observation(
                work_unit=tag.work_unit,
                tag=tag.name,
                value=value,
                source_time=source_time(source, server, received),
                received_time=received,
                quality=quality,
                status=status,
            )

    def _bad(self, handle: int, words: str, now: datetime) -> Observation:
        tag = self._tags[handle]
        return Observation(
            work_unit=tag.work_unit,
            tag=tag.name,
            value=None,
            source_time=now,
            received_time=now,
            quality="bad",
            status=words,
        )
