"""The publish responses of an OPC UA server, read with struct where they are of the usual kind.

Usual is: good results, data changes only, single values of numbers, bools and texts. For anything
else, and for anything damaged, `decode` has no answer, and asyncua's own decoder has the word.

Encoding: OPC 10000-6, 5.2; PublishResponse and DataChangeNotification: OPC 10000-4.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaStructParsingError

_I32 = struct.Struct("<i").unpack_from
_U32 = struct.Struct("<I").unpack_from
_I64 = struct.Struct("<q").unpack_from
_HEAD = struct.Struct("<4sqIIBi3s")  # type, time, handle, result, diagnostics, strings, header
_HEAD_SIZE = _HEAD.size
_RESPONSE = b"\x01\x00\x3d\x03"  # i=829
_DATA_CHANGE = b"\x01\x00\x2b\x03\x01"  # i=811, with a body of bytes
_STRING = 12
_FIXED = {
    kind: (struct.Struct("<" + form).unpack_from, struct.calcsize("<" + form))
    for kind, form in enumerate("?bBhHiIqQfd", start=1)
}
# A value with both times, and with or without a status, is read in one go: by mask and type.
_WHOLE = {
    bytes((mask, kind)): (struct.Struct(whole).unpack_from, struct.calcsize(whole), bool(status))
    for mask, status in ((0x0D, ""), (0x0F, "I"))
    for kind, form in enumerate("?bBhHiIqQfd", start=1)
    for whole in (f"<I2x{form}{status}qq",)
}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS_MAX = 2_650_467_744_000_000_000  # the end of 9999


# One value of one monitored item: its handle, value, status code, source time and server time.
Row = tuple[int, Any, int, datetime | None, datetime | None]


class Rows:
    """Stands in a publish result for the data changes that were read here."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows


class Published(NamedTuple):
    """One publish response. `rows` is None for a keep-alive."""

    subscription: int
    sequence: int
    rows: list[Row] | None


class _Unusual(Exception):
    pass


def decode(body: bytes) -> Published | None:
    """The publish response in `body`, or None where it is not of the usual kind."""
    try:
        return _response(body)
    except (_Unusual, struct.error, IndexError, UnicodeDecodeError):
        return None


def _response(b: bytes) -> Published:
    kind, _, _, result, diagnostics, strings, header = _HEAD.unpack_from(b)
    if kind != _RESPONSE or result or diagnostics or strings > 0 or header != b"\0\0\0":
        raise _Unusual
    at = _HEAD_SIZE
    (subscription,) = _U32(b, at)
    at = _skip(b, at + 4)  # the sequence numbers that can still be had
    at += 1  # whether there is more to come
    (sequence,) = _U32(b, at)
    _time(_I64(b, at + 4)[0], {})
    (count,) = _I32(b, at + 12)
    at += 16
    rows: list[Row] | None = None
    for _ in range(count):
        if b[at : at + 5] != _DATA_CHANGE:
            raise _Unusual
        (size,) = _I32(b, at + 5)
        at += 9
        rows = [] if rows is None else rows
        if size < 0 or _items(b, at, rows) != at + size:
            raise _Unusual
        at += size
    at = _skip(b, at)  # results of acknowledgements
    if _I32(b, at)[0] > 0 or at + 4 != len(b):
        raise _Unusual
    return Published(subscription, sequence, rows)


def _skip(b: bytes, at: int) -> int:
    """Where an array of 32-bit numbers at `at` ends."""
    (count,) = _I32(b, at)
    at += 4 + 4 * max(count, 0)
    if at > len(b):
        raise _Unusual
    return at


def _items(b: bytes, at: int, rows: list[Row]) -> int:
    """Read the data changes at `at` into `rows`. Returns where they end."""
    (count,) = _I32(b, at)
    at += 4
    if count < 0:
        raise _Unusual
    times: dict[int, datetime] = {}  # many values of one answer share their time
    for _ in range(count):
        whole = _WHOLE.get(b[at + 4 : at + 6])
        if whole is None:
            at = _item(b, at, rows, times)
            continue
        code = 0
        if whole[2]:
            handle, value, code, source, server = whole[0](b, at)
        else:
            handle, value, source, server = whole[0](b, at)
        at += whole[1]
        rows.append(
            (
                handle,
                value,
                code,
                times.get(source) or _time(source, times),
                times.get(server) or _time(server, times),
            )
        )
    if _I32(b, at)[0] > 0:  # diagnostics
        raise _Unusual
    return at + 4


def _item(b: bytes, at: int, rows: list[Row], times: dict[int, datetime]) -> int:
    """Read one data change of any shape."""
    (handle,) = _U32(b, at)
    mask = b[at + 4]
    if mask > 0x3F:
        raise _Unusual
    at += 5
    value: Any = None
    code = 0
    source = server = None
    if mask & 1:
        fixed = _FIXED.get(b[at])
        if fixed is not None:
            (value,) = fixed[0](b, at + 1)
            at += 1 + fixed[1]
        else:
            value, at = _text(b, at)
    if mask & 2:
        (code,) = _U32(b, at)
        at += 4
    if mask & 4:
        source = _time(_I64(b, at)[0], times)
        at += 8
    if mask & 16:
        at += 2
    if mask & 8:
        server = _time(_I64(b, at)[0], times)
        at += 8
    if mask & 32:
        at += 2
    rows.append((handle, value, code, source, server))
    return at


def _text(b: bytes, at: int) -> tuple[str | None, int]:
    if b[at] != _STRING:
        raise _Unusual
    (size,) = _I32(b, at + 1)
    at += 5
    if size == -1:
        return None, at
    if size < 0 or at + size > len(b):
        raise _Unusual
    return b[at : at + size].decode(), at + size


def _time(ticks: int, known: dict[int, datetime]) -> datetime:
    """The time of `ticks` of 100 ns since 1601."""
    found = known.get(ticks)
    if found is None:
        if not 0 <= ticks < _TICKS_MAX:
            raise _Unusual
        found = known[ticks] = _EPOCH + timedelta(microseconds=ticks // 10)
    return found


def rows_of(data: ua.DataChangeNotification) -> Iterator[Row]:
    """The rows of a notification that asyncua has decoded."""
    for item in data.MonitoredItems or ():
        found = item.Value
        yield (
            item.ClientHandle,
            None if found.Value is None else found.Value.Value,
            0 if found.StatusCode is None else found.StatusCode.value,
            found.SourceTimestamp,
            found.ServerTimestamp,
        )


def install(session: UaSession) -> None:
    """Have `session` read its publish responses with `decode` first."""

    async def publish(acks: list[ua.SubscriptionAcknowledgement]) -> ua.PublishResponse:
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = acks or []
        data = await session._send_request(request, timeout=0)
        found = decode(bytes(data)[: len(data)])
        if found is None:
            try:
                return struct_from_binary(ua.PublishResponse, data)
            except Exception as error:
                raise UaStructParsingError from error
        response = ua.PublishResponse()
        response.Parameters.SubscriptionId = found.subscription
        message = response.Parameters.NotificationMessage
        message.SequenceNumber = found.sequence
        message.NotificationData = None if found.rows is None else [Rows(found.rows)]
        return response

    session.publish = publish  # type: ignore[method-assign]
