"""What stands before the pages, piece by piece: names, origins, tokens, rates, bodies, policies."""

import asyncio
import json
from typing import Any

import pytest

from dashboard import bodies
from dashboard.bodies import Bodies
from dashboard.browser import BROWSER, COOKIE, TOKEN_COOKIE, Browser, token
from dashboard.headers import hashes, policy
from dashboard.hosts import Hosts, accepts_any
from dashboard.origin import SameOrigin
from dashboard.rates import ApiRate, Rate, address
from store.config_tables import DashboardTable

KEY = b"k" * 32
ID = "a" * 32


def scope(path: str = "/", *, kind: str = "http", method: str = "GET", **more: Any) -> dict:
    headers = [
        (k.replace("_", "-").encode(), v.encode()) for k, v in more.pop("headers", {}).items()
    ]
    told = {"type": kind, "path": path, "scheme": "http", "headers": headers, "client": ("h", 1)}
    return {**told, **({"method": method} if kind == "http" else {}), **more}


async def ask(middleware: Any, scope: dict, *parts: bytes, wait_s: float = 0.0) -> Any:
    """The status, headers and error that `middleware` answers; 0 where a handshake is refused."""
    sent: list[dict] = []
    left = list(parts) or [b""]

    async def receive() -> dict:
        await asyncio.sleep(wait_s)
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    async def send(message: dict) -> None:
        sent.append(message)

    await middleware(scope, receive, send)
    if sent[0]["type"] == "websocket.close":
        return 0, [], None
    body = b"".join(message.get("body", b"") for message in sent[1:])
    error = json.loads(body)["error"] if body.startswith(b'{"error"') else body
    return sent[0]["status"], [(k.lower(), v.decode()) for k, v in sent[0]["headers"]], error


async def fine(scope: dict, receive: Any, send: Any) -> None:
    """An application that says back what it was sent, and who the browser is."""
    if scope["type"] == "websocket":
        await send({"type": "http.response.start", "status": 101, "headers": []})
        return
    body = (await receive())["body"] if scope["method"] == "POST" else b""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body or (BROWSER.get() or "").encode()})


LOCAL = DashboardTable()
OPEN = DashboardTable(host="0.0.0.0")
NAMED = DashboardTable(
    host="0.0.0.0", public_url="https://MES.example/", allowed_hosts=("takt.local",)
)


@pytest.mark.parametrize(
    ("table", "host", "status"),
    [
        (LOCAL, "127.0.0.1:8050", 200),
        (LOCAL, "localhost:8050", 200),
        (LOCAL, "LOCALHOST", 200),
        (LOCAL, "[::1]:8050", 200),
        (LOCAL, "evil.example", 400),
        (LOCAL, "127.0.0.1.evil.example", 400),
        (LOCAL, "localhost.evil.example:8050", 400),
        (LOCAL, "10.0.0.5", 400),
        (LOCAL, "x@127.0.0.1", 200),
        (LOCAL, "127.0.0.1@evil.example", 400),
        (LOCAL, "127.0.0.1:x", 400),
        (LOCAL, "", 400),
        (OPEN, "anything.example", 200),
        (NAMED, "mes.example", 200),
        (NAMED, "Takt.Local:8050", 200),
        (NAMED, "172.18.0.5:8050", 200),
        (NAMED, "evil.example", 400),
    ],
)
async def test_only_names_of_takt_are_answered(table, host, status):
    got, _, error = await ask(Hosts(fine, table), scope(headers={"host": host}))
    assert got == status
    assert status == 200 or error["code"] == "bad_request"


async def test_a_host_that_is_missing_or_told_twice_is_refused():
    assert (await ask(Hosts(fine, LOCAL), scope()))[0] == 400
    twice = scope() | {"headers": [(b"host", b"127.0.0.1"), (b"host", b"127.0.0.1")]}
    assert (await ask(Hosts(fine, LOCAL), twice))[0] == 400
    assert [accepts_any(table) for table in (LOCAL, OPEN, NAMED)] == [False, True, False]


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec_fetch_site": "same-origin", "cookie": "a=b"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "cross-site", "origin": "http://h:1", "host": "h:1"}, False),
        ({"origin": "http://h:1", "host": "h:1", "cookie": "a=b"}, True),
        ({"origin": "http://H:1", "host": "h:1"}, True),
        ({"origin": "https://mes.example", "host": "127.0.0.1:8050"}, True),
        ({"origin": "http://h:2", "host": "h:1"}, False),
        ({"origin": "null", "host": "h:1"}, False),
        ({"origin": "", "host": ""}, False),
        ({"origin": "http://[", "host": "h"}, False),
        ({}, True),
        ({"authorization": "Bearer x"}, True),
        ({"cookie": "takt_browser=x"}, False),
    ],
)
async def test_only_our_own_pages_and_programs_may_change_something(headers, passes):
    guard = SameOrigin(fine, public_url="https://mes.example")
    for method in ("POST", "PUT", "DELETE", "PATCH", "ANYTHING"):
        got, _, error = await ask(guard, scope(method=method, headers=headers))
        assert got == (200 if passes else 403)
        assert passes or error["code"] == "forbidden"
    socket, _, _ = await ask(guard, scope(kind="websocket", headers=headers))
    assert socket == (101 if passes else 0)
    assert (await ask(guard, scope(headers=headers)))[0] == 200  # who only reads is not asked


def told(headers: list) -> dict[str, str]:
    return {v.split("=")[0]: v for k, v in headers if k == b"set-cookie"}


async def test_a_page_gets_an_id_and_the_token_that_its_callbacks_show():
    guard = Browser(fine, KEY)
    status, headers, _ = await ask(guard, scope("/andon/press-shop"))
    cookies = told(headers)
    browser = cookies[COOKIE].split("=")[1].split(";")[0]
    assert status == 200
    assert "HttpOnly; SameSite=Lax" in cookies[COOKIE] and "Secure" not in cookies[COOKIE]
    assert "HttpOnly" not in cookies[TOKEN_COOKIE]
    assert cookies[TOKEN_COOKIE].startswith(f"{TOKEN_COOKIE}={token(KEY, browser)};")
    both = f"{COOKIE}={browser}; {TOKEN_COOKIE}={token(KEY, browser)}"
    status, headers, body = await ask(guard, scope(headers={"cookie": both}))
    assert (status, told(headers), body) == (200, {}, browser.encode())
    assert BROWSER.get() is None


@pytest.mark.parametrize(
    ("cookie", "shown", "status"),
    [
        (f"{COOKIE}={ID}", token(KEY, ID), 200),
        (f"{COOKIE}={ID}", token(b"another key", ID), 403),
        (f"{COOKIE}={ID}", token(KEY, "b" * 32), 403),
        (f"{COOKIE}={ID}", "", 403),
        (f"{COOKIE}={ID}", "\xe9", 403),
        (f"{COOKIE}=short", token(KEY, "short"), 403),
        ("", token(KEY, ""), 403),
    ],
)
async def test_a_callback_has_to_show_the_token_of_its_browser(cookie, shown, status):
    asked = scope(
        "/_dash-update-component",
        method="POST",
        headers={"cookie": cookie, "x_csrftoken": shown},
    )
    got, headers, error = await ask(Browser(fine, KEY), asked, b"{}")
    assert got == status
    if status == 403:
        assert error["code"] == "forbidden"
        assert TOKEN_COOKIE in told(headers)  # the next callback passes


async def test_over_tls_cookies_stay_there_and_programs_get_none():
    _, headers, _ = await ask(Browser(fine, KEY), scope(scheme="https"))
    assert all(cookie.endswith("; Secure") for cookie in told(headers).values())
    for path in ("/api/v1/work-units", "/healthz", "/assets/takt.css", "/metrics", "/sw.js"):
        assert not told((await ask(Browser(fine, KEY), scope(path)))[1])


async def test_a_websocket_knows_its_browser():
    asked = scope(kind="websocket", headers={"cookie": f"{COOKIE}={ID}"})
    await ask(Browser(fine, KEY), asked)
    assert asked["state"]["browser"] == ID


def test_a_rate_is_that_of_any_window_and_says_when_the_next_is_allowed():
    now = [0.0]
    rate = Rate(3, 60.0, clock=lambda: now[0])
    for now[0] in (0.0, 10.0, 20.0):
        assert rate.hit("sign-in", "a") == 0
    now[0] = 25.0
    assert rate.hit("sign-in", "a") == 35.0
    assert rate.hit("sign-in", "b") == rate.hit("api", "a") == 0
    now[0] = 60.0
    assert rate.hit("sign-in", "a") == 0
    assert rate.hit("sign-in", "a") == 10.0


def test_ever_new_callers_do_not_fill_the_memory_and_shut_nobody_out():
    rate = Rate(1, 60.0, callers_max=100)
    for n in range(1000):
        assert rate.hit("api", f"10.0.{n // 256}.{n % 256}") == 0
    assert len(rate) == 100
    assert rate.hit("api", "10.0.3.231") > 0


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_an_address_counts_as_that_of_one_caller(client, counted):
    assert address({"client": (client, 5)}) == counted
    assert address({"client": None}) == ""


async def test_who_asks_the_api_too_often_is_told_when_to_come_back():
    async def identify(scope: dict) -> str | None:
        return "token:7" if (b"authorization", b"Bearer right") in scope["headers"] else None

    guard = ApiRate(fine, Rate(2, 60.0), identify)
    asked = scope("/api/v1/work-units")
    assert [(await ask(guard, asked))[0] for _ in range(3)] == [200, 200, 429]
    status, headers, error = await ask(guard, asked)
    assert (status, error["code"]) == (429, "too_many_requests")
    assert 1 <= int(dict(headers)[b"retry-after"]) <= 60
    wrong = scope("/api/v1/work-units", headers={"authorization": "Bearer made-up"})
    right = scope("/api/v1/work-units", headers={"authorization": "Bearer right"})
    assert (await ask(guard, wrong))[0] == 429  # a made-up token is nobody
    assert (await ask(guard, right))[0] == 200
    assert (await ask(guard, scope("/healthz")))[0] == 200


CHUNKED = {"transfer_encoding": "chunked"}


@pytest.mark.parametrize(
    ("headers", "parts", "status"),
    [
        (CHUNKED, (b"x" * 6000, b"y" * 4000), 200),
        (CHUNKED, (b"x" * 6000, b"y" * 4001), 413),
        ({"content_length": "10000"}, (b"x" * 10_000,), 200),
        ({"content_length": "10001"}, (b"x",), 413),
        ({"content_length": "5"}, (b"x" * 20_000,), 413),
        ({"content_length": "-1"}, (b"x",), 413),
    ],
)
async def test_a_body_is_counted_as_it_comes(headers, parts, status):
    guard = Bodies(fine, bytes_max=10_000)
    got, answered, body = await ask(guard, scope(method="POST", headers=headers), *parts)
    assert got == status
    assert body == b"".join(parts) if status == 200 else (b"connection", "close") in answered
    assert guard._held == 0


async def test_a_body_that_drips_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(bodies, "BODY_S", 0.05)
    guard = Bodies(fine, bytes_max=10_000)
    asked = scope(method="POST", headers=CHUNKED)
    status, _, error = await ask(guard, asked, *[b"x"] * 50, wait_s=0.01)
    assert (status, error["code"]) == (408, "request_timeout")
    assert guard._held == 0


async def test_all_bodies_together_have_a_bound(monkeypatch):
    monkeypatch.setattr(bodies, "TOGETHER_MIN", 0)
    guard = Bodies(fine, bytes_max=1000)
    asked = scope(method="POST", headers=CHUNKED)
    slow = [
        asyncio.create_task(ask(guard, asked, b"x" * 900, b"", wait_s=0.05 * n)) for n in (1,) * 6
    ]
    statuses = sorted([(await one)[0] for one in slow])
    assert statuses == [200, 200, 200, 200, 503, 503]
    assert guard._held == 0


def test_a_policy_has_the_hash_of_each_script_that_stands_in_the_page():
    page = (
        '<script src="/a.js"></script><script>alert("é < b")</script>'
        '<script type="application/json">{"a": 1}</script><style>p {}</style>'
        '<script id="x" type="application/javascript">go()</script><script>go()</script>'
    )
    assert hashes("<script>alert('Hello, world.');</script>") == [
        "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    ]
    assert len(hashes(page)) == 2
    assert "script-src 'self' 'sha256-" in policy(page)
    scripts = policy(page).split("script-src")[1].split(";")[0]
    assert "unsafe" not in scripts and "data:" not in scripts
