"""OPC UA node ids, values and status codes, as Takt understands them. Pure."""

import base64
import binascii
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

from asyncua import ua

from mes.observation import Quality, Value

_NODE = re.compile(
    r"(?:nsu=(?P<uri>[^;]+);|ns=(?P<ns>\d{1,5});)?(?P<kind>[isgb])=(?P<id>.+)", re.DOTALL
)
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)  # what is older is a clock that was never set


class NodeAddress(NamedTuple):
    """A node id as written in a configuration; `uri` is None where it gives the number."""

    uri: str | None
    namespace: int
    identifier: int | str | bytes | uuid.UUID


def parse_node(text: str) -> NodeAddress:
    """Read "nsu=<uri>;s=…", "ns=2;i=…", "i=…" (also g= and b=).

    Raises ValueError saying what was expected.
    """
    found = _NODE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"found {text!r}; expected nsu=<namespace uri>;s=<name> or ns=2;i=1001")
    uri, index, kind, name = found["uri"], int(found["ns"] or 0), found["kind"], found["id"]
    if index > 65_535:
        raise ValueError(f"found {text!r}; a namespace index is at most 65535")
    if uri is not None:
        uri = uri.replace("%3B", ";").replace("%3b", ";").replace("%25", "%")
    try:
        return NodeAddress(uri, index, _identifier(kind, name))
    except (ValueError, binascii.Error) as error:
        expected = {"i": "a number of at most 32 bits", "g": "a GUID", "b": "base64"}[kind]
        raise ValueError(f"found {text!r}; after {kind}= comes {expected}") from error


def _identifier(kind: str, name: str) -> int | str | bytes | uuid.UUID:
    match kind:
        case "i":
            number = int(name)
            if not 0 <= number < 2**32:
                raise ValueError(name)
            return number
        case "g":
            return uuid.UUID(name)
        case "b":
            return base64.b64decode(name, validate=True)
        case _:
            return name


def node_id(address: NodeAddress, namespaces: Sequence[str]) -> ua.NodeId:
    """The node id on a server that has `namespaces`. Raises LookupError for one it has not."""
    index = address.namespace
    if address.uri is not None:
        if address.uri not in namespaces:
            raise LookupError(address.uri)
        index = namespaces.index(address.uri)
    kinds = {int: "Numeric", str: "String", uuid.UUID: "Guid", bytes: "ByteString"}
    kind = getattr(ua.NodeIdType, kinds[type(address.identifier)])
    return ua.NodeId(address.identifier, index, kind)  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def status_words(code: int) -> str:
    """A status code's name and the standard's words for it."""
    name, words = ua.status_codes.get_name_and_doc(code & 0xFFFF0000)
    return f"{name}: {words}" if words and words != name else str(name)


def quality(code: int) -> Quality:
    """The quality by a status code's severity; the reserved severity counts as bad."""
    return ("good", "uncertain", "bad", "bad")[code >> 30]


def reading(value: Any, code: int) -> tuple[Value, Quality, str]:
    """Value, quality and words of one data value with status `code`.

    A bad status has no value: a server sends the last known or a null one with it, and neither is
    true now. What Takt cannot keep (arrays, structures, not-a-number) is bad as well, with words.
    """
    level = quality(code)
    if level == "bad":
        return None, "bad", status_words(code)
    kept, trouble = plain(value)
    if trouble:
        return None, "bad", trouble
    return kept, level, "" if level == "good" else status_words(code)


def plain(value: Any) -> tuple[Value, str]:
    """A variant's value as Takt keeps it, or None and the words for why not."""
    if isinstance(value, float):
        return (value, "") if isfinite(value) else (None, f"{value} is not a number")
    if isinstance(value, bool | int | str):
        return value, ""
    if value is None:
        return None, "the device gives no value"
    if isinstance(value, ua.LocalizedText):
        return value.Text or "", ""
    if isinstance(value, datetime):
        return value.isoformat(), ""
    if isinstance(value, list):
        return None, "an array: only single values can be kept; name one of its elements' nodes"
    return None, f"a {type(value).__name__}: only numbers, texts and true or false can be kept"


def source_time(source: datetime | None, server: datetime | None, received: datetime) -> datetime:
    """When the value was true: by the source, else by the server, else by receipt."""
    for found in (source, server):
        if found is not None and found >= _OLDEST:
            return found
    return received
