"""No secret in a log line, wherever it stood."""

import io
import logging

import pytest

from dashboard.masking import Masking, masked

SECRET = "s3cr3tT0kenOfADevice"


@pytest.mark.parametrize(
    "line",
    [
        f"GET /andon/press-shop?device={SECRET} HTTP/1.1",
        f"GET /welcome?link={SECRET} HTTP/1.1",
        f"GET /x?a=1&token={SECRET}&b=2",
        f'"WebSocket /_dash-ws-callback?device={SECRET}" [accepted]',
        f"https://id.example/callback?code={SECRET}&state={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"{{'authorization': 'Bearer {SECRET}', 'a': 'b'}}",
        f"(b'authorization', b'Basic {SECRET}=')",
        f"(b'cookie', b'takt_session={SECRET}; a={SECRET}')",
        f"Set-Cookie: takt_session={SECRET}; Path=/",
        f"X-CSRFToken: {SECRET}",
        f"sent bearer {SECRET}",
        f"cannot reach redis://user:{SECRET}@redis:6379/0",
        f"postgresql+psycopg://takt:{SECRET}@db/takt refused",
    ],
)
def test_what_is_secret_in_a_line_is_not_written(line):
    assert SECRET not in masked(line)
    assert "***" in masked(line)


@pytest.mark.parametrize(
    "line",
    [
        "press-1: state=running, code=7",
        "opc.tcp://127.0.0.1:14840/press-shop: nothing answers",
        "GET /api/v1/work-units?limit=4&after=press-4",
        "http://127.0.0.1:8050/ is live after 3.1 s",
    ],
)
def test_other_lines_stay_as_they_are(line):
    assert masked(line) == line


def test_a_traceback_is_masked_too():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Masking(logging.Formatter("%(levelname)s %(message)s")))
    log = logging.Logger("of this test")
    log.addHandler(handler)
    try:
        raise ValueError(f"/x?device={SECRET}")
    except ValueError:
        log.exception("asked for %s", f"/x?device={SECRET}")
    assert out.getvalue().startswith("ERROR asked for /x?device=***\nTraceback")
    assert SECRET not in out.getvalue()
