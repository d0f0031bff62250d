"""OPC UA publish responses against asyncua's own decoder; values, node ids and settings."""

import struct
import uuid
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

import collectors
from collectors._opcua_publish import Row, decode, rows_of
from collectors._opcua_values import node_id, parse_node, quality, reading, source_time
from collectors.opcua import OpcUaTag, Settings

INTEGERS = {"SByte": 7, "Byte": 8, "Int16": 15, "UInt16": 16, "Int32": 31, "UInt32": 32}
INTEGERS |= {"Int64": 63, "UInt64": 64}
times = st.datetimes(datetime(1601, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))


@st.composite
def variants(draw: st.DrawFn) -> ua.Variant:
    kinds = ["Boolean", "Float", "Double", "String", *INTEGERS]
    kind = draw(st.sampled_from([*kinds, "DateTime", "Array", "ByteString", "LocalizedText"]))
    if kind == "Array":
        return ua.Variant(draw(st.lists(st.integers(0, 9), min_size=1)), ua.VariantType.Int32)
    if kind in INTEGERS:
        bits = INTEGERS[kind]
        low = -(2**bits) if bits % 8 else 0
        value: Any = draw(st.integers(low, 2**bits - 1))
    else:
        value = draw(
            {
                "Boolean": st.booleans(),
                "Float": st.floats(width=32),
                "Double": st.floats(),
                "String": st.none() | st.text(),
                "DateTime": times,
                "ByteString": st.binary(),
                "LocalizedText": st.builds(ua.LocalizedText, st.text()),
            }[kind]
        )
    return ua.Variant(value, getattr(ua.VariantType, kind))


@st.composite
def items(draw: st.DrawFn) -> ua.MonitoredItemNotification:
    server = draw(st.none() | times)
    picoseconds = st.none() | st.integers(0, 9999)
    data = ua.DataValue(
        draw(st.none() | variants()),
        draw(st.none() | st.builds(ua.StatusCode, st.integers(0, 2**32 - 1))),
        draw(st.none() | times),
        server,
        draw(picoseconds) if server is None else None,  # asyncua has these in another order
        draw(picoseconds),
    )
    return ua.MonitoredItemNotification(draw(st.integers(0, 2**32 - 1)), data)


def response(notifications: list[Any], **more: Any) -> ua.PublishResponse:
    found = ua.PublishResponse()
    found.Parameters.SubscriptionId = more.get("subscription", 3)
    found.Parameters.AvailableSequenceNumbers = more.get("available", [])
    found.Parameters.Results = more.get("results", [])
    found.Parameters.NotificationMessage.SequenceNumber = more.get("sequence", 5)
    found.Parameters.NotificationMessage.NotificationData = notifications
    return found


numbers = st.integers(0, 2**32 - 1)
notifications = st.builds(
    lambda found: ua.DataChangeNotification(MonitoredItems=found), st.lists(items(), max_size=6)
)
responses = st.builds(
    lambda found, available, subscription, sequence, results: response(
        found,
        available=available,
        subscription=subscription,
        sequence=sequence,
        results=[ua.StatusCode(code) for code in results],
    ),
    st.lists(notifications, max_size=3),
    st.lists(numbers, max_size=3),
    numbers,
    numbers,
    st.lists(numbers, max_size=2),
)


def by_asyncua(body: bytes) -> tuple[int, int, list[Row]]:
    found = struct_from_binary(ua.PublishResponse, Buffer(body)).Parameters
    data = found.NotificationMessage.NotificationData or []
    rows = [row for one in data for row in rows_of(one)]
    return found.SubscriptionId, found.NotificationMessage.SequenceNumber, rows


def same(one: list[Row], other: list[Row], *, server: bool = True) -> bool:
    def plain(row: Row) -> tuple[Any, ...]:
        nan = isinstance(row[1], float) and isnan(row[1])
        return (
            row[0],
            type(row[1]),
            "nan" if nan else row[1],
            *row[2 : 5 if server else 4],
        )

    return [plain(r) for r in one] == [plain(r) for r in other]


@given(responses)
@settings(max_examples=100, deadline=None)
def test_it_reads_what_asyncua_reads(found: ua.PublishResponse) -> None:
    body = struct_to_binary(found)
    read = decode(body)
    usual = (*range(1, 13), None)
    data = found.Parameters.NotificationMessage.NotificationData
    values = [item.Value.Value for one in data for item in one.MonitoredItems]
    if all(v is None or (v.VariantType.value in usual and not v.is_array) for v in values):
        assert read is not None, "the usual kind is read here"
    if read is not None:
        subscription, sequence, rows = by_asyncua(body)
        assert (read.subscription, read.sequence) == (subscription, sequence)
        assert same(read.rows or [], rows)


@given(responses, st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_damaged_is_left_or_read_as_asyncua_reads_it(
    found: ua.PublishResponse, data: st.DataObject
) -> None:
    body = bytearray(struct_to_binary(found))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["change", "cut", "insert", "number"])):
            case "change":
                body[at] = data.draw(st.integers(0, 255))
            case "cut":
                del body[at : at + data.draw(st.integers(1, 9))]
            case "insert":
                body[at:at] = data.draw(st.binary(min_size=1, max_size=9))
            case "number":
                body[at : at + 4] = struct.pack("<i", data.draw(st.integers(-3, 2**31 - 1)))
        if not body:
            return
    read = decode(bytes(body))
    if read is not None:
        subscription, sequence, rows = by_asyncua(bytes(body))
        assert (read.subscription, read.sequence) == (subscription, sequence)
        # asyncua takes a source's picoseconds for the beginning of the server's time
        assert same(read.rows or [], rows, server=False)


@given(st.binary(max_size=200))
def test_noise_is_never_read(noise: bytes) -> None:
    assert decode(noise) is None


def test_the_order_of_times_is_the_standards() -> None:
    """OPC 10000-6, 5.2.2.17: each picoseconds field follows its own time."""
    source, server = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
    data = ua.DataValue(ua.Variant(1, ua.VariantType.Byte), None, source, server)
    item = ua.MonitoredItemNotification(1, data)
    body = struct_to_binary(response([ua.DataChangeNotification([item])]))
    ticks = [struct.pack("<q", ua.datetime_to_win_epoch(t)) for t in (source, server)]
    value = b"\x03\x01"
    assert b"\x0d" + value + ticks[0] + ticks[1] in body
    body = body.replace(
        b"\x0d" + value + ticks[0] + ticks[1],
        b"\x3d" + value + ticks[0] + b"\x01\x02" + ticks[1] + b"\x03\x04",
    )
    at = body.index(b"\x01\x00\x2b\x03\x01") + 5
    (size,) = struct.unpack_from("<i", body, at)
    body = body[:at] + struct.pack("<i", size + 4) + body[at + 4 :]
    read = decode(body)
    assert read is not None
    assert read.rows == [(1, 1, 0, source, server)]


@pytest.mark.parametrize("data", [[], None])
def test_a_keep_alive_has_no_rows(data: Any) -> None:
    read = decode(struct_to_binary(response(data)))
    assert read is not None
    assert read.rows is None


def test_other_notifications_are_left_to_asyncua() -> None:
    change = ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    assert decode(struct_to_binary(response([change]))) is None


def test_the_severity_is_the_quality() -> None:
    assert [quality(n << 30) for n in range(4)] == ["good", "uncertain", "bad", "bad"]
    assert reading(5, 0) == (5, "good", "")
    assert reading(5, ua.StatusCodes.GoodClamped) == (5, "good", "")
    value, level, words = reading(5, ua.StatusCodes.UncertainInitialValue | 0x480)
    assert (value, level, words.split(":")[0]) == (5, "uncertain", "UncertainInitialValue")
    assert reading(5, ua.StatusCodes.BadSensorFailure)[:2] == (None, "bad")


@pytest.mark.parametrize(
    ("value", "kept", "words"),
    [
        (True, True, ""),
        (0, 0, ""),
        ("", "", ""),
        (ua.LocalizedText("läuft"), "läuft", ""),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00", ""),
        (None, None, "no value"),
        (float("nan"), None, "not a number"),
        (float("-inf"), None, "not a number"),
        ([1, 2], None, "an array"),
        (b"ab", None, "a bytes"),
        (uuid.UUID(int=1), None, "a UUID"),
    ],
)
def test_what_can_be_kept_and_what_not(value: Any, kept: Any, words: str) -> None:
    found, level, status = reading(value, 0)
    assert (found, type(found)) == (kept, type(kept))
    assert level == ("bad" if words else "good")
    assert words in status


def test_a_time_that_was_never_set_is_not_taken() -> None:
    received = datetime(2026, 1, 1, tzinfo=UTC)
    never, earlier = datetime(1601, 1, 1, tzinfo=UTC), received - timedelta(seconds=1)
    assert source_time(earlier, None, received) == earlier
    assert source_time(None, earlier, received) == earlier
    assert source_time(never, earlier, received) == earlier
    assert source_time(never, None, received) == received


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nsu=urn:a;s=Press 1.state", ua.NodeId("Press 1.state", 2)),
        ("nsu=urn:b%3Bx;s=a;b=c", ua.NodeId("a;b=c", 3)),
        ("ns=1;i=42", ua.NodeId(42, 1)),
        ("i=2258", ua.NodeId(2258, 0)),
        (
            "ns=3;g=12345678-1234-5678-1234-567812345678",
            ua.NodeId(uuid.UUID("1234567812345678" * 2), 3),
        ),
        ("ns=3;b=AQI=", ua.NodeId(b"\1\2", 3)),
    ],
)
def test_node_ids(text: str, expected: ua.NodeId) -> None:
    namespaces = ["http://opcfoundation.org/UA/", "urn:server", "urn:a", "urn:b;x"]
    assert node_id(parse_node(text), namespaces) == expected


@pytest.mark.parametrize(
    "text", ["", "state", "ns=2", "ns=2;x=1", "ns=70000;i=1", "i=abc", "i=4294967296", "g=1", "b=#"]
)
def test_what_is_no_node_id(text: str) -> None:
    with pytest.raises(ValueError, match="found "):
        parse_node(text)


def test_an_unknown_namespace() -> None:
    with pytest.raises(LookupError, match="urn:z"):
        node_id(parse_node("nsu=urn:z;s=a"), ["urn:a"])


TAG = {"work_unit": "u", "name": "t", "node": "ns=2;s=t"}
FILES = {f"{n}_file": "x" for n in ("certificate", "private_key", "server_certificate")}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoint": "http://h"}, "expected opc.tcp://"),
        ({"endpoint": "opc.tcp://"}, "expected opc.tcp://"),
        ({"endpoint": "opc.tcp://me:secret@h:1"}, "use user and password_file"),
        ({"tags": [TAG | {"node": "state"}]}, "found 'state'; expected nsu="),
        ({"user": "a"}, "go together"),
        ({"password_file": "a"}, "go together"),
        ({"security": "sign"}, "needs certificate_file, private_key_file, server_certificate_file"),
        ({"security": "Sign", **FILES}, "sign_and_encrypt"),
        (FILES, "certificates are given"),
        ({"publishing_interval_ms": 0}, "greater than or equal to 10"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_wrong_settings_are_refused(changes: dict[str, Any], words: str) -> None:
    given = {"id": "d", "endpoint": "opc.tcp://h:4840", "tags": [TAG]}
    with pytest.raises(ValueError, match=words):
        Settings.model_validate(given | changes)


def test_settings_and_their_defaults() -> None:
    found = Settings.model_validate({"id": "d", "endpoint": "opc.tcp://h:4840", "tags": [TAG]})
    assert (found.publishing_interval_ms, found.sampling_interval_ms, found.timeout_s) == (
        100,
        0,
        4,
    )
    assert (found.security, found.address) == ("none", "opc.tcp://h:4840")


def test_every_setting_is_explained() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/collectors.md").read_text("utf-8")
    own = {*Settings.model_fields, *OpcUaTag.model_fields}
    own -= {*collectors.Settings.model_fields, *collectors.TagSource.model_fields, "tags"}
    assert [name for name in sorted(own) if f"`{name}`" not in page] == []
