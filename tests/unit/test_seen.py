"""304 is answered to who has the very same answer, and to nobody else."""

import asyncio

from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.api.seen import Seen

BODIES = st.lists(st.binary(max_size=3), min_size=1, max_size=3)


def ask(parts, *, said=(), path="/api/v1/x", status=200, kind=b"application/json", own=None):
    """Status, headers and body of what comes of an answer in `parts`."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % sum(map(len, parts)))]
    headers += [(b"etag", own)] if own else []
    told = []

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    async def send(message):
        told.append(message)

    asked = [(b"if-none-match", one.encode()) for one in said]
    scope = {"type": "http", "method": "GET", "path": path, "headers": asked}
    asyncio.run(Seen(app)(scope, None, send))
    head = dict(told[0]["headers"])
    body = b"".join(message["body"] for message in told[1:])
    assert not told[-1].get("more_body", False)
    return told[0]["status"], head, body


@given(had=BODIES, now=BODIES)
@example(had=[b"1", b"2"], now=[b"12"])
def test_it_is_said_to_be_the_same_where_it_is(had, now):
    _, head, body = ask(had)
    assert body == b"".join(had)
    etag = head[b"etag"].decode()
    same = b"".join(had) == b"".join(now)
    status, head, body = ask(now, said=['"other"', f'"3", W/{etag}'])
    assert (status, body) == ((304, b"") if same else (200, b"".join(now)))
    assert (head[b"etag"].decode() == etag) == same
    assert (b"content-length" in head) != same
    assert ask(now, said=[etag.strip('"')])[0] == 200


def test_a_record_has_its_version():
    assert ask([b"{}"], own=b'"3"')[1][b"etag"] == b'"3"'
    assert ask([b"{}"], own=b'"3"', said=['"3"'])[::2] == (304, b"")
    assert ask([b"{}"], own=b'"4"', said=['"3"'])[::2] == (200, b"{}")
    assert ask([b"{}"], own=b'"4"', said=["*"])[0] == 304


def test_what_is_no_answer_in_json_goes_as_it_comes():
    for other in ({"status": 404}, {"kind": b"text/csv"}, {"path": "/healthz"}):
        status, head, body = ask([b"a", b"b"], said=["*"], **other)
        assert (status, body) == (other.get("status", 200), b"ab")
        assert b"etag" not in head
