"""Hostile requests to the API: never a fault, never an action without a right, never a look outside.

TAKT_HOSTILE_REQUESTS=100000 asks for so many and prints, with -s, how many had which answer;
TAKT_HOSTILE_SEED draws others. TAKT_API_EXAMPLES: examples for each operation of the description.
"""

import asyncio
import json
import os
import time
from collections import Counter
from contextlib import suppress
from random import Random

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from mes.kinds import KINDS
from mes.people import Person
from store.log.tables import audit
from tests.api_plant import ApiPlant, holiday
from tests.hostile_requests import Wire, requests

COUNT = int(os.environ.get("TAKT_HOSTILE_REQUESTS", "500"))
SEED = int(os.environ.get("TAKT_HOSTILE_SEED", "1"))
EXAMPLES = int(os.environ.get("TAKT_API_EXAMPLES", "2"))
WIRES = 6
OUTSIDE = "Only-Assembly-Knows"
PEOPLE = {
    "operator-press": ("operator", "north/press-shop"),
    "supervisor-press": ("supervisor", "north/press-shop"),
    "engineer-press": ("engineer", "north/press-shop"),
    "admin-press": ("admin", "north/press-shop"),
    "quality-site": ("quality", "north"),
    "engineer-site": ("engineer", "north"),
}


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = ApiPlant(tmp_path_factory.mktemp("hostile"))
    body = {**holiday("assembly", "2026-12-24"), "name": OUTSIDE}
    running.set("holiday", "assembly@2026-12-24", body)
    exception = {"place": "assembly", "date": "2026-12-23", "shift": "early"}
    note = {**exception, "kind": "cancelled", "note": OUTSIDE}
    running.set("shift_exception", "assembly@2026-12-23:early", note)
    running.as_who("admin-site")
    yield running
    running.end()


@pytest.mark.timeout(60 + COUNT // 50)
def test_hostile_requests(plant):
    sessions = {plant.session(id): id for id in PEOPLE}
    host = plant.url.removeprefix("http://")
    made = requests(Random(SEED), host, ["", "x" * 43, *sessions, *sessions])
    statuses: Counter[int] = Counter()
    faults: list[str] = []

    async def work() -> None:
        wire = Wire("127.0.0.1", int(host.partition(":")[2]))
        while sum(statuses.values()) < COUNT:
            cookie, asked = next(made)
            statuses[0] += 1
            status, headers, body = await wire.ask(asked)
            statuses[0] -= 1
            statuses[status] += 1
            who = sessions.get(cookie, "")
            if fault := wrong(who, asked, status, headers, body):
                faults.append(f"{fault}: {who} {asked} {status} {body[:300]!r}")
        await wire.close()

    async def together() -> None:
        await asyncio.gather(*(work() for _ in range(WIRES)))

    began = time.monotonic()
    asyncio.run(together())
    took_s = time.monotonic() - began
    print(f"\n{COUNT} requests in {took_s:.0f} s:", dict(sorted(statuses.items())))
    assert not faults, "\n".join(faults[:20])
    assert {200, 401, 403, 404, 422} <= statuses.keys()
    assert not without_right(plant)
    assert "Traceback" not in (plant.data / "dashboard.log").read_text()
    assert "Traceback" not in (plant.data / "dashboard.log").read_text()


def wrong(who, asked, status, headers, body) -> str:
    """What must not be in an answer."""
    if status >= 500:
        return "a fault"
    if not asked.is_http and status in (0, 400):
        return ""
    if status == 0:
        return "no answer"
    if status in (301, 302, 303, 307, 308):
        return f"led to {headers.get('location')}"
    if OUTSIDE.encode() in body and PEOPLE.get(who, ("", ""))[1] != "north":
        return "seen from outside"
    if who == "" and status < 400 and "/work-units" not in asked.path:
        return "seen by a stranger"  # a visitor of the demo sees what is live
    if status >= 400 and body and headers.get("content-type") == "application/json":
        error = json.loads(body)["error"]
        if error.keys() != {"code", "message", "detail"}:
            return "another shape"
    elif status >= 400 and asked.method != "HEAD":
        return "no shape"
    return ""


def without_right(plant) -> list[str]:
    """What was done that its doer may not do."""
    out = []
    with plant.database.read() as connection:
        rows = connection.execute(sa.select(audit).where(audit.c.person != "takt")).all()
    for row in rows:
        role, scope = PEOPLE.get(row.person, ("", ""))
        person = Person(id=row.person, name=row.person, roles=(role,), scope=(scope,))
        paths = row.place.split()
        if not paths or not all(person.may(KINDS[row.kind].right, path) for path in paths):
            out.append(f"{row.person} {row.command} {row.kind} {row.id} at {row.place}")
    return out


def operations(plant):
    raw = plant.as_who("engineer-press").get("/api/openapi.json").json()
    raw["paths"] = {path: item for path, item in raw["paths"].items() if path.startswith("/api/v1")}
    schema = schemathesis.openapi.from_dict(raw)
    return [found.ok() for found in schema.get_all_operations()]


def as_described(operation, answer) -> None:
    said = (operation.label, answer.status_code, answer.text)
    assert answer.status_code < 500, said
    described = operation.definition.raw["responses"].keys()
    assert str(answer.status_code) in described or answer.status_code == 405, said
    operation.validate_response(answer)
    told = operation.definition.raw["responses"]["200"].get("headers", {})
    if answer.status_code in (200, 304) and "ETag" in told:
        assert answer.headers["etag"], said


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_description_says_what_is_answered(plant, mode):
    client = plant.as_who("engineer-site")
    sent = Counter()
    for operation in operations(plant):
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except schemathesis.errors.SchemathesisError:
            continue

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=strategy)
        def told(case):
            headers = {**client.headers, **dict(case.headers or {})}
            answer = case.call(base_url=plant.url, headers=headers)
            sent[answer.status_code] += 1
            as_described(case.operation, answer)

        with suppress(Unsatisfiable):  # of an operation that cannot be asked wrongly
            told()
    print(mode, dict(sorted(sent.items())))
    assert sum(sent.values()) > 20
