"""A served dashboard as strangers, proxies and programs find it: headers, names, limits, TLS, logs."""

import http.client
import json
import re
import socket
import ssl

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from dashboard.calls import CALLS_MAX
from dashboard.headers import policy
from tests.own_certificate import certificate
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant

SECRET = "s3cr3tT0kenOfADevice"
BEHIND = """[dashboard]
public_url = "https://mes.example"
trusted_proxies = ["127.0.0.1"]
upload_bytes_max = 10000
"""
SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def configured(plant: RunningPlant, table: str, **changes: str) -> RunningPlant:
    text = plant.config.read_text().replace("[dashboard]\n", table)
    for old, new in changes.items():
        text = re.sub(rf"(?m)^{old} = .*$", f"{old} = {new}", text)
    plant.config.write_text(text)
    return plant


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = configured(
        RunningPlant(tmp_path_factory.mktemp("guarded")), BEHIND, api_requests_per_min="8"
    )
    running.start("redis", "dashboard")
    try:
        running.wait_served()
        yield running
    finally:
        running.end()


def ask(plant, path, method="GET", *, headers=None, body=None, source="127.0.0.1", context=None):
    """Status, headers and text of an answer; headers as pairs, so that none is lost."""
    port = int(plant.url.rpartition(":")[2])
    where = {"timeout": 5, "source_address": (source, 0)}
    if context:
        client = http.client.HTTPSConnection("127.0.0.1", port, context=context, **where)
    else:
        client = http.client.HTTPConnection("127.0.0.1", port, **where)
    try:
        client.request(method, path, body=body, headers=headers or {}, encode_chunked=True)
        answer = client.getresponse()
        text = "" if answer.status == 101 else answer.read().decode()
        return answer.status, [(k.lower(), v) for k, v in answer.getheaders()], text
    finally:
        client.close()


def forwarded(client="198.51.100.7", **more):
    return {
        "Host": "mes.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": client,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def code(text):
    error = json.loads(text)["error"]
    assert set(error) == {"code", "message", "detail"}
    return error["code"]


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/", "GET", {}, 200),
        ("/andon/press-shop", "GET", {}, 200),
        ("/assets/takt.css", "GET", {}, 200),
        ("/assets/nothing.css", "GET", {}, 404),
        ("/sw.js", "GET", {}, 200),
        ("/api/docs", "GET", {}, 200),
        ("/healthz", "GET", {}, 200),
        ("/healthz", "POST", {}, 405),
        ("/", "GET", {"Host": "evil.example"}, 400),
        ("/", "POST", {"Origin": "http://evil.example"}, 403),
        ("/_dash-update-component", "POST", {}, 403),
    ],
)
def test_every_answer_has_the_security_headers(plant, path, method, headers, status):
    got, pairs, text = ask(plant, path, method, headers=headers)
    told = dict(pairs)
    assert got == status
    assert told["x-content-type-options"] == "nosniff"
    assert told["referrer-policy"] == "same-origin"
    assert told["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in told["permissions-policy"]
    scripts = re.search(r"script-src ([^;]*)", told["content-security-policy"])
    assert "frame-ancestors 'none'" in told["content-security-policy"]
    assert scripts is None or "unsafe" not in scripts[1]
    assert "strict-transport-security" not in told
    assert "server" not in told
    assert ("cache-control" in told) == (not path.startswith("/assets/"))
    if status in (400, 403):
        assert code(text) == {400: "bad_request", 403: "forbidden"}[status]


@pytest.mark.parametrize("path", ["/", "/unit/press-1", "/assets/offline.html", "/api/docs"])
def test_the_policy_fits_the_page_that_is_really_sent(plant, path):
    _, pairs, text = ask(plant, path)
    assert "<script>" in text
    assert dict(pairs)["content-security-policy"] == policy(text)


def test_behind_a_proxy_that_is_trusted_it_is_tls_and_the_client_is_who_asked_the_proxy(plant):
    _, pairs, _ = ask(plant, "/", headers=forwarded())
    assert dict(pairs)["strict-transport-security"].startswith("max-age=")
    cookies = [value for name, value in pairs if name == "set-cookie"]
    assert len(cookies) == 2 and all("; Secure" in cookie for cookie in cookies)
    statuses = [
        ask(plant, "/api/v1/work-units", headers=forwarded("198.51.100.8"))[0] for _ in range(9)
    ]
    assert statuses == [200] * 8 + [429]
    status, pairs, text = ask(plant, "/api/v1/work-units", headers=forwarded("198.51.100.8"))
    assert (status, code(text)) == (429, "too_many_requests")
    assert 1 <= int(dict(pairs)["retry-after"]) <= 60
    assert ask(plant, "/api/v1/work-units", headers=forwarded("198.51.100.9"))[0] == 200
    assert ask(plant, "/healthz", headers=forwarded("198.51.100.8"))[0] == 200


def test_what_another_address_says_it_forwards_is_not_believed(plant):
    _, pairs, _ = ask(plant, "/", headers=forwarded(), source="127.0.0.2")
    assert "strict-transport-security" not in dict(pairs)
    assert not [v for name, v in pairs if name == "set-cookie" and "Secure" in v]
    statuses = [
        ask(
            plant,
            "/api/v1/work-units",
            headers=forwarded(f"198.51.100.{20 + n}"),
            source="127.0.0.2",
        )[0]
        for n in range(9)
    ]
    assert statuses == [200] * 8 + [429]


def test_a_websocket_is_opened_for_our_own_pages_alone(plant):
    path = "/_dash-ws-callback"
    ours = {"Origin": "https://mes.example"}
    assert ask(plant, path, headers=forwarded(**SOCKET, **ours))[0] == 101
    assert ask(plant, path, headers={**SOCKET, **ours})[0] == 101  # a proxy with a Host of its own
    assert ask(plant, path, headers={**SOCKET, "Origin": plant.url})[0] == 101
    assert ask(plant, path, headers={**SOCKET, "Origin": "http://evil.example"})[0] == 403
    assert ask(plant, path, headers={**SOCKET, **ours, "Host": "evil.example"})[0] == 403
    assert ask(plant, path, headers={**SOCKET, **ours, "Sec-Fetch-Site": "cross-site"})[0] == 403
    assert ask(plant, path, headers={**SOCKET, "Cookie": "a=b"})[0] == 403
    assert ask(plant, path, headers=SOCKET)[0] == 403


def frame(**said):
    return json.dumps({"type": "callback_request", "requestId": "1", "rendererId": "a", **said})


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("x", 1007),
        ("[" * 5000, 1007),
        (b"\x00\xff", 1003),
        ("x" * (1 << 20) + "x", 1009),
        ("5", 1008),
        ("[]", 1008),
        ("[" * 40 + "]" * 40, 1008),
        (frame(type="nonsense"), 1008),
        (frame(), 1008),
        (frame(payload=[]), 1008),
        (frame(payload={"output": ["x"]}), 1008),
        (frame(payload={"output": "audit-page.children"}), 1008),  # by HTTP alone
        (frame(type="get_props_response", requestId=[]), 1008),
        (frame(type="get_props_response", payload=["data-topic"]), 1008),
    ],
)
def test_a_frame_that_no_page_sends_closes_the_websocket(plant, sent, code):
    address = plant.url.replace("http:", "ws:") + "/_dash-ws-callback"
    with connect(address, origin=plant.url, proxy=None, max_size=None) as socket:
        socket.send('{"type": "heartbeat"}')
        assert json.loads(socket.recv(5)) == {"type": "heartbeat_ack"}
        socket.send(sent)
        with pytest.raises(ConnectionClosed):
            socket.recv(5)
        assert socket.close_code == code
    log = (plant.data / "dashboard.log").read_text()
    assert "Traceback" not in log
    assert log.count("a websocket of 127.0.0.1 was closed") <= 10


def test_a_websocket_that_calls_without_end_is_closed(plant):
    told = json.loads(ask(plant, "/_dash-dependencies")[2])
    (live,) = [one for one in told if one.get("websocket")]
    call = {"output": live["output"], "inputs": [], "state": [], "changedPropIds": []}
    address = plant.url.replace("http:", "ws:") + "/_dash-ws-callback"
    with connect(address, origin=plant.url, proxy=None, max_size=None) as socket:
        for _ in range(CALLS_MAX + 1):
            socket.send(frame(payload=call))
        with pytest.raises(ConnectionClosed):
            [socket.recv(5) for _ in range(10 * CALLS_MAX)]
        assert (socket.close_code, socket.close_reason) == (1008, "more than 300 calls in a minute")
    assert ask(plant, "/healthz")[0] == 200


def callback(plant):
    """The headers of a page that may call."""
    _, pairs, _ = ask(plant, "/")
    cookies = dict(
        value.split(";")[0].split("=", 1) for name, value in pairs if name == "set-cookie"
    )
    sent = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Content-Type": "application/json",
        "Origin": plant.url,
    }
    return sent, {"X-CSRFToken": cookies["_csrf_token"]}


def drawing(**changes):
    """A call that draws the audit trail's page."""
    search = {"id": "_pages_location", "property": "search", "value": ""}
    call = {
        "output": "audit-page.children",
        "outputs": {"id": "audit-page", "property": "children"},
        "inputs": [search | changes.pop("search", {})],
        "changedPropIds": ["_pages_location.search"],
        "state": [],
    }
    return json.dumps(call | changes).encode()


def test_a_call_that_no_page_makes_is_a_bad_request(plant):
    sent, shown = callback(plant)
    path = "/_dash-update-component"
    assert ask(plant, path, "POST", headers=sent | shown, body=drawing())[0] == 200
    for body in (
        b"", b"x", b"null", b"[]", b"{}", b"[" * 5000, drawing(output="nothing.children"),
        drawing(output=["x"]), drawing(output="_pages_dummy.children"), drawing(outputs=[]),
        drawing(inputs=5), drawing(inputs=[]), drawing(state=[[]]), drawing(changedPropIds=[[]]),
        drawing(search={"value": ["x"]}), drawing(search={"id": "other"}),
    ):  # fmt: skip
        status, _, text = ask(plant, path, "POST", headers=sent | shown, body=body)
        assert (body, status, code(text)) == (body, 400, "bad_request")
    assert "Traceback" not in (plant.data / "dashboard.log").read_text()


@pytest.mark.parametrize("file", ["dash/x.js", "nothing/x.js", "dash/dcc/async-mathjax.js.map"])
def test_a_script_that_there_is_not_is_not_found(plant, file):
    status, _, text = ask(plant, f"/_dash-component-suites/{file}")
    assert (status, code(text)) == (404, "not_found")
    assert "Traceback" not in (plant.data / "dashboard.log").read_text()


def test_a_callback_needs_the_token_of_its_browser(plant):
    sent, shown = callback(plant)
    path = "/_dash-update-component"
    assert ask(plant, path, "POST", headers=sent, body=b"{}")[0] == 403
    assert ask(plant, path, "POST", headers=sent | shown, body=b"{}")[0] != 403
    stolen = sent | shown | {"Cookie": f"takt_browser={'a' * 32}"}
    assert ask(plant, path, "POST", headers=stolen, body=b"{}")[0] == 403


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(plant, chunked):
    def body(size):
        return iter([b"x" * size]) if chunked else b"x" * size

    path = "/api/v1/work-units"
    sent = {"X-Forwarded-For": f"203.0.113.{int(chunked)}"}
    status, pairs, text = ask(plant, path, "POST", headers=sent, body=body(10_001))
    assert (status, code(text), dict(pairs)["connection"]) == (413, "content_too_large", "close")
    assert ask(plant, path, "POST", headers=sent, body=body(9000))[0] == 405


def test_no_secret_is_in_the_log(plant):
    ask(plant, f"/andon/press-shop?device={SECRET}", headers={"Cookie": f"takt_session={SECRET}"})
    ask(plant, f"/api/v1/work-units/{SECRET}", headers={"Authorization": f"Bearer {SECRET}"})
    ask(plant, f"/_dash-ws-callback?device={SECRET}", headers={**SOCKET, "Origin": plant.url})
    ask(plant, f"/?device={SECRET}", "POST", headers={"Cookie": f"a={SECRET}"})
    ask(plant, f"/_dash-component-suites/{SECRET}?token={SECRET}")
    with socket.create_connection(("127.0.0.1", int(plant.url.rpartition(":")[2]))) as raw:
        raw.sendall(f"NONSENSE /?device={SECRET}\r\nAuthorization {SECRET}\r\n\r\n".encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")
    log = (plant.data / "dashboard.log").read_text()
    assert "Invalid HTTP request" in log
    assert SECRET not in log


TLS = '[dashboard]\ncertificate_file = "takt.crt"\nprivate_key_file = "takt.key"\n'


def test_with_a_certificate_it_speaks_tls_and_nothing_older_than_1_2(tmp_path):
    crt, _ = certificate(tmp_path)
    running = configured(RunningPlant(tmp_path), TLS)
    context = ssl.create_default_context(cafile=crt)
    running.start("redis", "dashboard")
    try:

        def answers():
            try:
                return ask(running, "/", context=context)
            except OSError:
                return None

        status, pairs, _ = wait_until(answers, seconds=20, what="the dashboard")
        assert status == 200
        assert all("; Secure" in value for name, value in pairs if name == "set-cookie")
        sent = {**SOCKET, "Origin": running.url.replace("http:", "https:")}
        assert ask(running, "/_dash-ws-callback", headers=sent, context=context)[0] == 101
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):
            ask(running, "/", context=context)
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(running, "/")
    finally:
        running.end()
