"""What a request says, read with care: versions, keys, bodies, moments. What is wrong raises Failed."""

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Query, Request
from starlette.datastructures import Headers

from dashboard.answers import only
from dashboard.api.errors import Failed
from dashboard.signing import Signing
from mes.observation import microseconds
from mes.people import Person
from mes.site_time import LAST_US
from store.actions import KEY_MAX, REASON_MAX

POSITION_MAX = (1 << 63) - 1
SIGNATURES_MAX = 5
DAY_US, MINUTE_US = 86_400_000_000, 60_000_000

AsOf = Annotated[
    int | None, Query(ge=0, le=POSITION_MAX, description="as it was known at this position")
]
Limit = Annotated[int, Query(ge=1, le=1000)]
From = Annotated[
    str,
    Query(alias="from", description="RFC 3339 with an offset", examples=["2026-01-01T00:00:00Z"]),
]
Until = Annotated[str, Query(description="RFC 3339 with an offset; not included")]

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ETAG = re.compile(r'"([1-9][0-9]{0,17})"')


async def only_known(request: Request) -> None:
    """Refuse what the endpoint does not know, or is told twice: it would be passed over in silence."""
    refuse_others(request, {f.alias for f in request.scope["route"].dependant.query_params})


def refuse_others(request: Request, known: Collection[str]) -> None:
    """Refuse parameters that are not in `known`, or are told twice."""
    found = [name for name, _ in request.query_params.multi_items()]
    for name in found:
        if name not in known:
            words = ", ".join(sorted(known)) or "none"
            raise Failed(422, f"found the unknown parameter {name[:40]!r}; known: {words}")
        if found.count(name) > 1:
            raise Failed(422, f"{name}: found it {found.count(name)} times; expected it once")


def moment_us(text: str, name: str) -> int:
    """A moment from 1970 to 2199 [µs since the epoch]."""
    try:
        if _MOMENT.fullmatch(text):
            us = microseconds(datetime.fromisoformat(text.upper()))
            if 0 <= us < LAST_US:
                return us
    except (ValueError, OverflowError):
        pass
    raise Failed(
        422,
        f"{name}: found {text[:40]!r}; expected RFC 3339 with an offset, of 1970 to 2199 "
        "(+ is written %2B in an address)",
    )


def window_us(from_: str, until: str, days_max: int) -> tuple[int, int]:
    start, end = moment_us(from_, "from"), moment_us(until, "until")
    if not start < end <= start + days_max * DAY_US:
        raise Failed(422, f"until: expected a moment after from, by {days_max} days at most")
    return start, end


def needs(person: Person, right: str) -> None:
    """Refuse who has not the right anywhere."""
    if not person.has(right):
        raise Failed(403, f"this takes the right {right!r}", code="forbidden")


def expected_version(headers: Headers) -> int:
    """The version that who asks has seen: If-Match, or 0 for If-None-Match: *."""
    match, none = headers.getlist("if-match"), headers.getlist("if-none-match")
    if not match and not none:
        words = "say which version you have seen: If-Match with the ETag that GET gave you"
        raise Failed(428, f"{words}, or If-None-Match: * for a new one")
    if len(match) + len(none) > 1 or none not in ([], ["*"]):
        raise Failed(422, "expected one version: If-Match with one ETag, or If-None-Match: *")
    if none:
        return 0
    if found := _ETAG.fullmatch(match[0].strip()):
        return int(found[1])
    raise Failed(422, f'If-Match: found {match[0][:40]!r}; expected one ETag such as "3"')


def key_of(headers: Headers, person: Person) -> str:
    """The key under which it is done once. Everybody has keys of his own: nobody meets another's."""
    if "idempotency-key" not in headers:
        raise Failed(422, "the header Idempotency-Key is missing: without it nothing is done once")
    said = only(headers, "idempotency-key") or ""
    if not 0 < len(said) <= KEY_MAX or not said.isascii() or not said.isprintable():
        words = f"expected one, of 1 to {KEY_MAX} visible ASCII characters"
        raise Failed(422, f"Idempotency-Key: {words}")
    return "api-" + hashlib.sha256(f"{person.id}\n{said}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the body of a change says."""

    body: Any = None
    reason: str = ""
    signings: tuple[Signing, ...] = ()


async def said_in(request: Request, *, body: bool) -> Said:
    """What a PUT (`body`) or DELETE says; a DELETE may say nothing."""
    raw = await request.body()
    if not raw and not body:
        return Said()
    _is_json(request.headers)
    found = _object(_parsed(raw), "the request", {"body", "reason", "signatures"})
    if body != ("body" in found):
        raise Failed(422, f"body: expected {'it' if body else 'none'}")
    reason = found.get("reason", "")
    if not isinstance(reason, str) or len(reason) > REASON_MAX:
        raise Failed(422, f"reason: expected a text of at most {REASON_MAX} characters")
    signatures = found.get("signatures", [])
    if not isinstance(signatures, list) or len(signatures) > SIGNATURES_MAX:
        raise Failed(422, f"signatures: expected a list of at most {SIGNATURES_MAX}")
    if body and not isinstance(found["body"], dict):
        raise Failed(422, "body: expected an object")
    return Said(body=found.get("body"), reason=reason, signings=tuple(map(_signing, signatures)))


def _is_json(headers: Headers) -> None:
    kind = (only(headers, "content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json" or headers.get("content-encoding", "identity") != "identity":
        raise Failed(415, "expected Content-Type: application/json, and no Content-Encoding")


def _parsed(raw: bytes) -> Any:
    """JSON as strict as it can be read: no member twice, no NaN, nothing that cannot be kept."""
    try:
        found = json.loads(
            raw.decode(), object_pairs_hook=_once, parse_constant=_no_number, parse_float=_float
        )
        orjson.dumps(found)  # refuses half characters, and numbers of more than 64 bits
    except (ValueError, TypeError, RecursionError) as error:
        raise Failed(422, f"this JSON cannot be kept: {str(error)[:200]}") from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands in an object twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"found {text}, which is no number")


def _float(text: str) -> float:
    if (found := float(text)) in (float("inf"), float("-inf")):
        raise ValueError("found a number that is too large")
    return found


def _object(found: Any, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(found, dict) or found.keys() - known:
        raise Failed(422, f"{where}: expected an object with {', '.join(sorted(known))} only")
    return found


def _signing(found: Any) -> Signing:
    members = ("person", "password", "meaning")
    _object(found, "signatures", set(members))
    texts = [found.get(name) for name in members]
    if not all(isinstance(text, str) and 0 < len(text) <= 1024 for text in texts):
        raise Failed(422, f"signatures: expected {', '.join(members)}, each a text")
    return Signing(id=texts[0], password=texts[1], meaning=texts[2])
