"""Requests to the API as nobody well-meaning sends them, drawn from a seed, and a client for them.

The client writes what it is given, byte by byte: no library puts right what is meant to be wrong.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

PLURALS = ("people", "devices", "tokens", "master-data", "shift-patterns", "holidays",
           "shift-exceptions", "equipment")  # fmt: skip
IDS = ("north@2026-12-24", "press-shop@2026-12-24", "assembly@2026-12-24", "assembly@2026-01-01",
       "press-1", "station-1", "admin-site", "operator-press", "wall-1", "erp", "assembly",
       "north@2026-12-23:early", "assembly@2026-12-23:early", "press-shop@2040-01-01")  # fmt: skip
ODD = (
    "%00", "a%00b", "..", "%2e%2e", "..%2f..%2fhealthz", "..%5c", "%2f", "//", ";", "a;b=c", "%",
    "%zz", "%c3%28", "%ed%a0%80", "%f0%9f%92%a5", "é".encode().hex(), "x" * 101, "x" * 3000, "-",
    "%0d%0aX-Odd:1", "%20", "+", "'%20OR%201=1--", "$%7b7*7%7d", "null", "__proto__", "0", "-1",
    "%E2%80%AE", "%EF%BC%8E%EF%BC%8E", "*", "{id}", "assembly%2F..%2Fpress-shop", "NaN",
    "press-1/..;/station-1", "press-1%3f", "STATION-1", "station-1%20", "ﬆation-1".encode().hex(),
)  # fmt: skip
NUMBERS = ("0", "-1", "1", "1000", "1001", "9" * 18, "9" * 19, "9" * 400, "1e9", "NaN", "1.0", "",
           "%00", "0x10", "١", "-0", " 1", "1_000", "inf", "true", "null")  # fmt: skip
MOMENTS = (
    "2026-03-02T05:00:00Z", "2026-03-02T06:00:00Z", "2026-03-03T00:00:00%2B05:45",
    "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00%2B23:59",
    "2199-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
    "2026-03-02T05:00:00", "2026-03-02T05:00:00+01:00", "2026-03-02T24:00:00Z",
    "2026-03-02T05:00:60Z", "2026-03-02T05:00:00-99:99", "2026-02-30T00:00:00Z", "now", "", "%00",
    "2026-03-02T05:00:00." + "1" * 40 + "Z", "1772427600", "2026-W10-1T05:00:00Z", "-" * 500,
    "2026-03-02T05:00:00%E2%88%9201:00", "%D9%A2026-03-02T05:00:00Z",
)  # fmt: skip
METHODS = ("GET",) * 30 + ("PUT",) * 30 + ("DELETE",) * 6 + (
    "HEAD", "OPTIONS", "TRACE", "PATCH", "POST", "CONNECT", "PROPFIND", "get", "M-SEARCH", "X" * 40,
)  # fmt: skip
VERSIONS = (
    *('If-Match: "1"', 'If-None-Match: *', 'If-Match: "2"') * 5,
    'If-Match: "1"', 'If-Match: "2"', "If-None-Match: *", "If-Match: *", 'If-Match: W/"1"',
    'If-Match: "1", "2"', 'If-Match: "1"\r\nIf-Match: "2"', 'If-Match: "' + "9" * 400 + '"',
    "If-Match: 1", "If-Match: ", 'If-Match: "-1"', 'If-Match: "1"\r\nIf-None-Match: *',
    'If-None-Match: "1"', 'If-Match: "\xff"', 'If-Match: "01"', "",
)  # fmt: skip
TYPES = ("application/json",) * 40 + (
    "text/plain", "application/json; charset=utf-16", "application/xml", "multipart/form-data", "",
    "application/x-www-form-urlencoded", "application/json, text/html", "\xff",
)  # fmt: skip


def bodies(random: Random) -> bytes:
    """A body of a change, more or less."""
    place = random.choice(("north", "press-shop", "assembly", "nowhere", "", "../north", "press-1"))
    date = random.choice(("2026-12-24", "2040-01-01", "9999-12-31", "2026-02-30", "٢٠٢٦-01-01", ""))
    body = random.choice(
        (
            {"place": place, "date": date, "name": random.choice(("Closed", "x" * 81, "\x00", ""))},
            {"place": place, "date": date, "shift": "early", "kind": "cancelled", "note": ""},
            {"place": place, "valid_from": date, "shifts": []},
            {"versions": [{"valid_from": None, "ideal_cycle_s": random.choice((6.0, -1, 1e308))}]},
            {"versions": [{"valid_from": "9999-12-31T23:59:59Z", "ideal_cycle_s": 1}] * 600},
            {"name": "Mallory", "roles": ["admin"], "scope": ["north"], "active": True},
            {"name": "ERP", "rights": ["people"], "scope": ["north"], "expires_us": 10**30},
            {"name": ["x"], "roles": {"admin": 1}, "scope": [["north"]], "active": "yes"},
            {"name": "W", "kind": ["wall"], "scope": None, "active": None, "rights": [["x"]]},
            {"level": "site", "name": "x", "parent": "x", "ideal_cycle_s": None},
            {}, [], None, 1, "x", {"body": {}},
        )
    )  # fmt: skip
    said = {"body": body, "reason": random.choice(("", "why", "r" * 1001, 5, None, "\x00"))}
    if random.random() < 0.03:
        by = {"person": "quality-site", "password": "wrong", "meaning": "approved"}
        said["signatures"] = random.choice(([by], [by] * 6, "x", [1], [{**by, "person": "\x00"}]))
    text = json.dumps(said)
    whole = text.encode()
    deep = random.choice((b"[", b'{"body":'))
    return random.choice(
        (
            *([whole] * 40),
            b"",
            b"{",
            whole.replace(b'"body"', b'"body": 1, "body"', 1),
            b'{"body": {"place": "north", "date": NaN, "name": Infinity}}',
            b'{"body": {"place": "north", "date": "2040-01-01", "name": "\\ud800"}}',
            b'{"body": {"\\udfff": 1}}',
            b'{"body": {"name": 1' + b"0" * 5000 + b"}}",
            b'{"body": {"name": 1e999, "x": -' + b"9" * 400 + b"}}",
            deep * 100_000 if random.random() < 0.1 else deep * 2_000,
            b'{"body": ' + b"[" * 900 + b"]" * 900 + b"}",
            "{\"body\": {\"name\": \"é\"}}".encode("utf-16"),
            b"\xff\xfe\x00",
            b"\xef\xbb\xbf" + whole,
            b'{"body": {"name": "' + b"x" * 100_000 + b'"}}',
        )
    )  # fmt: skip


def paths(random: Random) -> str:
    plural, id = random.choice(PLURALS), random.choice(IDS if random.random() < 0.8 else ODD)
    number, odd = random.choice(NUMBERS), random.choice(ODD)
    unit = random.choice(("press-1", "station-1", odd))
    what = random.choice(("timeline", "counts", "planned"))
    start, end = random.choice(MOMENTS), random.choice(MOMENTS)
    more = random.choice(
        ("", "", f"&limit={number}", f"&as_of={number}", f"&cut={odd}", "&cut=shift",
         f"&after={number}.{number}.{number}", f"&after={odd}", f"&{odd}={odd}", f"&from={end}")
    )  # fmt: skip
    name = random.choice(("limit", "after", "as_of", "x", "%00"))
    return "/api/v1/" + random.choice(
        (
            f"{plural}/{id}", f"{plural}/{id}", f"{plural}/{id}", f"{plural}/{id}/versions",
            f"{plural}?{name}={random.choice((number, odd))}", f"{plural}/{id}?as_of={number}",
            f"{plural}/{id}/versions?after={number}&limit={number}", f"{plural}/{odd}/{odd}",
            f"work-units/{unit}/{what}?from={start}&until={end}{more}",
            f"work-units/{unit}/{what}?from={start}&until={end}{more}",
            f"oee/{random.choice((unit, 'press-shop', 'north'))}?from={start}&until={end}{more}&by=hour",
            f"work-units/{unit}", f"work-units?limit={number}&after={odd}", f"log?{name}={number}",
            f"log/entries?after={number}&limit={number}", f"/{plural}//{id}", f"{odd}", f"drafts/{odd}",
            f"{plural}/{id}?" + "&".join(f"x{n}=1" for n in range(200)), f"{plural}/{id}#{odd}",
        )
    )  # fmt: skip


def well_meant(random: Random) -> tuple[str, bytes]:
    """A change that is right in itself, wherever it is and whoever asks for it."""
    place = random.choice(("north", "press-shop", "assembly", "nowhere"))
    date = f"2040-01-{random.randint(1, 9):02}"
    at = {"place": place, "date": date}
    name = random.choice(("Closed", "Shut", "é\u202e"))
    path, body = random.choice(
        (
            (f"holidays/{place}@{date}", {**at, "name": name}),
            (f"shift-exceptions/{place}@{date}:late",
             {**at, "shift": "late", "kind": "cancelled", "note": name}),
            (f"shift-patterns/{place}@{date}", {"place": place, "valid_from": date, "shifts": []}),
            ("people/mallory", {"name": name, "roles": ["admin"], "scope": ["north"]}),
        )
    )  # fmt: skip
    return f"/api/v1/{path}", json.dumps({"body": body, "reason": name}).encode()


@dataclass(frozen=True)
class Asked:
    """One request as it goes over the wire."""

    method: str
    path: str
    raw: bytes = field(repr=False)

    @property
    def is_http(self) -> bool:
        """Whether it can be read at all; else the connection is ended, with or without a word."""
        return self.path.isascii() and " " not in self.path


def requests(random: Random, host: str, cookies: list[str]) -> Iterator[tuple[str, Asked]]:
    """Endlessly: who asks (a value of `cookies`, "" for a stranger), and what."""
    keys = [f"key-{n}" for n in range(50)] + ["k" * 128, "k" * 129, "", "\xff", "a\tb"]
    while True:
        cookie, method, path = random.choice(cookies), random.choice(METHODS), paths(random)
        body = bodies(random) if method in ("PUT", "PATCH", "POST", "DELETE") else b""
        if method == "DELETE" and random.random() < 0.8:
            body = b""
        if method == "PUT" and random.random() < 0.3:
            path, body = well_meant(random)
        head = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Sec-Fetch-Site: same-origin"]
        if cookie:
            head.append(f"Cookie: takt_session={cookie}")
        if random.random() < 0.9:
            head.append(f"Idempotency-Key: {random.choice(keys)}")
        head += [random.choice(VERSIONS)] if random.random() < 0.9 else []
        if body:
            head += [f"Content-Type: {random.choice(TYPES)}", f"Content-Length: {len(body)}"]
        text = "\r\n".join(line for line in head if line) + "\r\n\r\n"
        yield (
            cookie,
            Asked(
                method, path, text.encode("utf-8" if "١" in path else "latin-1", "ignore") + body
            ),
        )


class Wire:
    """One connection that is kept, and opened anew where the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; status 0 where the server closed without a word."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=1 << 22)
        reader, writer = self._streams
        try:
            writer.write(asked.raw)
            await writer.drain()
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            status, body = int(first.split()[1]), b""
            if asked.method != "HEAD" and status not in (204, 304):
                body = await self._body(reader, headers)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
            return 0, {}, b""
        if headers.get("connection") == "close":
            await self.close()
        return status, headers, body

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if "content-length" in headers:
            return await reader.readexactly(int(headers["content-length"]))
        body, size = b"", 1
        while size and headers.get("transfer-encoding") == "chunked":
            size = int(await reader.readuntil(b"\r\n"), 16)
            body += (await reader.readexactly(size + 2))[:-2]
        return body

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
