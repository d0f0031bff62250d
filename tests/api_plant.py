"""A dashboard with records of two areas, and people of every role who see the site or one area.

`as_who("engineer")` sees the site; `as_who("engineer-press")` the press shop only.
"""

import asyncio
import datetime as dt
import itertools
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import httpx

from cli.settings import settings
from mes.downtime import CodeStop
from mes.events import Counted, Event, FaultRaised, StateChanged
from mes.kinds import Set
from mes.maintenance import RequestMaintenance
from mes.observation import microseconds, moment
from mes.people import ROLES
from mes.reasons import to_plain
from mes.records import Signature
from mes.unit_view import UnitView
from mes.usual_reasons import USUAL
from store import live
from store.actions import SYSTEM, Actions
from store.configured import take_on_record
from store.credentials import Credentials
from store.keys import plant_key
from store.log.database import url_of
from store.log.facts import NONE, Facts, Fold
from store.log.migrate import open_database
from store.log.reports import Reports
from store.sessions import Sessions
from tests.own_redis import wait_until
from tests.running_plant import RunningPlant

AREAS = ("press-shop", "assembly")
UNITS = {"press-1": "press-line", "station-1": "assembly-line-1"}
SHIFTS = [
    {"id": "early", "name": "Early", "days": ["mon", "tue", "wed", "thu", "fri"],
     "start": "06:00", "end": "14:00",
     "breaks": [{"name": "Breakfast", "start": "09:00", "minutes": 15}]},
]  # fmt: skip
BEGIN = "2026-03-02T05:00:00+00:00"  # a Monday: 06:00 in Berlin
MINUTE_US = 60_000_000
NEW = {"If-None-Match": "*"}
KEYS = (f"key-{n}" for n in itertools.count())


def at_us(minute: float) -> int:
    return microseconds(dt.datetime.fromisoformat(BEGIN)) + round(minute * MINUTE_US)


def text(minute: float) -> str:
    return moment(at_us(minute)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def pattern(place: str, valid_from: str = "2026-01-01") -> dict:
    return {"place": place, "valid_from": valid_from, "shifts": SHIFTS}


def holiday(place: str, date: str) -> dict:
    return {"place": place, "date": date, "name": "Closed"}


def cancelled(place: str, date: str) -> dict:
    return {"place": place, "date": date, "shift": "early", "kind": "cancelled", "note": ""}


class ApiPlant:
    """The running dashboard. What it keeps can also be written from here, past the API."""

    def __init__(self, folder: Path) -> None:
        self.running = RunningPlant(folder)
        self._clients: dict[str, httpx.Client] = {}
        self.running.start("redis", "dashboard")
        try:
            self._fill()
        except BaseException:
            self.running.end()
            raise

    def _fill(self) -> None:
        self.running.wait_served()
        self.running.wait_people()
        self.url = self.running.url
        config = settings(self.running.config)
        self.plant, self.data = config.plant, self.running.data
        assert tomllib.loads(self.running.config.read_text())["data_dir"] == str(self.data)
        self.database = open_database(url_of(self.data, None))
        self.actions = Actions(self.database, self.plant)
        self._keys = (f"made-{n}" for n in itertools.count())
        take_on_record(self.database, self.plant)
        self._people()
        self._calendar()
        self._facts()
        self._reasons()
        self._maintenance()

    def set(
        self, kind: str, id: str, body: dict, *, version: int | None = None, signed: bool = False
    ) -> None:
        """signed: somebody approves it."""
        command = Set(kind=kind, id=id, body=body, version=version)
        signature = Signature("manager-site", "manager-site", "approved", time.time_ns() // 1000)
        signatures = [signature] if signed else []
        self.actions.perform(command, SYSTEM, next(self._keys), signatures=signatures)

    def _people(self) -> None:
        for role in ROLES:
            for id, path in ((f"{role}-site", "north"), (f"{role}-press", "north/press-shop")):
                body = {"name": id, "roles": [role], "scope": [path], "active": True}
                self.set("person", id, body)
        wall = {"name": "Wall", "kind": "wall", "scope": ["north"], "active": True}
        self.set("device", "wall-1", wall)
        token = {"name": "ERP", "rights": ["records"], "scope": ["north"], "active": True}
        self.set("token", "erp", token)

    def _calendar(self) -> None:
        for place in ("north", *AREAS):
            self.set("shift_pattern", f"{place}@2026-01-01", pattern(place))
            self.set("holiday", f"{place}@2026-12-24", holiday(place, "2026-12-24"))
            one = cancelled(place, "2026-12-23")
            self.set("shift_exception", f"{place}@2026-12-23:early", one)

    def _facts(self) -> None:
        """Both units run from BEGIN on, are held from minute 60 to 70, and are known to 200."""
        folds = []
        for unit, center in UNITS.items():
            facts: list[Event] = [StateChanged(unit, at_us(0), "unknown", "running")]
            facts += [Counted(unit, at_us(minute + 0.5), 10, 1) for minute in range(60)]
            facts += [StateChanged(unit, at_us(60), "running", "stopped")]
            facts += [FaultRaised(unit, at_us(60), "101")]
            facts += [StateChanged(unit, at_us(70), "stopped", "running")]
            view = UnitView(id=unit, position="1-1", state="running", state_since_us=at_us(70))
            fold = Fold(
                center=center, after=NONE, view=view, known_us=at_us(200), facts=tuple(facts)
            )
            folds.append(fold)
        Facts(self.database).commit(folds)

    def _reasons(self) -> None:
        """Each area has a tree, the press shop's one in which 101 means something; what is said of
        minute 65 on is power.
        """
        for place in ("press-shop", "assembly"):
            faults = {"101": "part_stuck"} if place == "press-shop" else {}
            body = to_plain(replace(USUAL, faults=faults))
            self.set("reason_tree", place, body, signed=True)
        for unit in UNITS:
            command = CodeStop(unit=unit, from_us=at_us(65), until_us=at_us(70), why="power")
            self.actions.perform(command, SYSTEM, next(self._keys))
        reports = Reports(self.database, self.plant)
        assert reports.freeze(at_us(500)) == 0  # nothing is on record of the early shift's end
        assert reports.freeze(at_us(561)) == len(AREAS)  # and nothing comes

    def _maintenance(self) -> None:
        """Each unit has a plan of thirty days from BEGIN on, and a work order that is open."""
        for unit in UNITS:
            rule = {"by": "days", "every": 30}
            self.set(
                "maintenance_plan", f"{unit}@oil", {"work": "Oil", "rule": rule, "from": BEGIN}
            )
            command = RequestMaintenance(unit=unit, work="It leaks", stop_us=at_us(60))
            self.actions.perform(command, SYSTEM, next(self._keys))

    def as_who(self, id: str) -> httpx.Client:
        """Somebody who is signed in, as the browser of his would ask."""
        if id not in self._clients:
            headers = {
                "Cookie": f"takt_session={self.session(id)}",
                "Sec-Fetch-Site": "same-origin",
            }
            client = httpx.Client(base_url=self.url, trust_env=False, headers=headers, timeout=30)
            self._clients[id] = client
            wait_until(lambda: client.get("/api/v1/holidays").status_code != 401, what=id)
        return self._clients[id]

    def session(self, id: str) -> str:
        async def begin() -> str:
            redis = live.open_redis(self.running.redis.url)
            try:
                token, _ = await Sessions(redis).begin(
                    id, via="password", device="", browser="", limits_s=(3600, 36_000)
                )
                return token
            finally:
                await redis.aclose()

        return asyncio.run(begin())

    def token(self, id: str, *rights: str, scope: str = "north") -> str:
        """A token of the API."""
        secrets, secret = Credentials(plant_key(self.data)), f"{id}-{'x' * 40}"
        body = {"name": id, "rights": list(rights), "scope": [scope], "active": True}
        command = Set(kind="token", id=id, body=body, version=None)
        also = secrets.writing(f"token:{id}", "token", secret)
        self.actions.perform(command, SYSTEM, next(self._keys), also=also)
        return secret

    def end(self) -> None:
        for client in self._clients.values():
            client.close()
        self.database.close()
        self.running.end()


def put(
    client: httpx.Client, path: str, body: object, headers: dict[str, str] = NEW,
    key: str | None = None, **said: object,
) -> httpx.Response:  # fmt: skip
    """Keep `body` as the record at `path`, a new one unless `headers` say otherwise."""
    told = {"Idempotency-Key": key or next(KEYS), **headers}
    return client.put(f"/api/v1/{path}", json={"body": body, **said}, headers=told)


def post(client: httpx.Client, path: str, body: dict) -> httpx.Response:
    headers = {"Idempotency-Key": next(KEYS)}
    return client.post(f"/api/v1/{path}", json={"body": body}, headers=headers)


def delete(client: httpx.Client, path: str, version: int, key: str | None = None) -> httpx.Response:
    told = {"Idempotency-Key": key or next(KEYS), "If-Match": f'"{version}"'}
    return client.delete(f"/api/v1/{path}", headers=told)


def until_known(program: httpx.Client) -> None:
    """A new token is known to the dashboard within a second or so."""
    wait_until(
        lambda: program.get("/api/v1/holidays").status_code != 401,
        what="the dashboard knowing the token",
    )
