"""The demo plant as it is delivered, on free ports in a folder of the test, one process per role.

Each role is a process of its own that a test can kill, freeze and start again.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from cli import embedded_redis
from cli.settings import DEMO
from mes.unit_view import UnitView, from_plain
from simulator import truth
from store import live
from tests.own_redis import OwnRedis, wait_until
from tests.ports import free_port, free_ports

ROLES = ("redis", "simulate", "collect", "engine", "dashboard")


def demo_config(
    folder: Path, *, speed: float = 1.0, port: int | None = None, calendar: bool = False
) -> Path:
    """The demo plant's configuration on free ports; returns its path.

    calendar: whether it has the demo's shifts; without, counts run on over the hours at which they
    change.
    """
    text = DEMO.read_text()
    ports = sorted(set(re.findall(r"\b(1[45]\d{3})\b", text)))
    for old, new in zip(ports, free_ports(len(ports)), strict=True):
        text = re.sub(rf"\b{old}\b", str(new), text)
    text = text.replace('data_dir = "data"', f"data_dir = {json.dumps(str(folder / 'data'))}")
    text = text.replace("# port = 8050", f"port = {port or free_port()}")
    text = text.replace("# api_requests_per_min = 600", "api_requests_per_min = 100000")
    text = text.replace("# speed = 1.0", f"speed = {speed}")
    if not calendar:
        text = text.replace("# demo_calendar = true", "demo_calendar = false")
    path = folder / "config.toml"
    path.write_text(text)
    return path


class RunningPlant:
    """The processes of one plant. `start` and `kill` take the names of ROLES.

    config: of another plant than the demo's; its data_dir is `folder` / "data".
    """

    def __init__(
        self,
        folder: Path,
        *,
        speed: float = 1.0,
        calendar: bool = False,
        config: Path | None = None,
    ) -> None:
        self.config = config or demo_config(folder, speed=speed, calendar=calendar)
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        port = tomllib.loads(self.config.read_text())["dashboard"]["port"]
        self.url = f"http://127.0.0.1:{port}"
        self.redis = OwnRedis(self.data)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *roles: str) -> None:
        for role in roles:
            argv = [sys.executable, "-m", "cli", role, "--config", str(self.config)]
            if role == "redis":
                argv = embedded_redis.command(self.data)
            with (self.data / f"{role}.log").open("ab") as log:
                self.processes[role] = subprocess.Popen(
                    argv, stdout=log, stderr=log, cwd=DEMO.parent, start_new_session=True
                )

    def kill(self, *roles: str) -> None:
        """kill -9, without a word of warning."""
        for role in roles:
            self.processes[role].kill()
            self.processes[role].wait(10)

    def stand_still(self) -> None:
        """Have the simulator serve what it has made, and make practically nothing more."""
        self.play_at(1e-6)

    def play_at(self, speed: float) -> None:
        """Have the simulator go on at another speed."""
        self.kill("simulate")
        text = re.sub(r"(?m)^speed = .*$", f"speed = {speed}", self.config.read_text())
        self.config.write_text(text)
        self.start("simulate")

    def signal(self, role: str, sign: signal.Signals) -> None:
        os.kill(self.processes[role].pid, sign)

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)
                process.kill()
                process.wait(10)

    def get(self, path: str, **headers: str) -> Any:
        """What the dashboard answers to `path`, None while it is away."""
        try:
            asked = urllib.request.Request(self.url + path, headers=headers)
            with urllib.request.urlopen(asked, timeout=2) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return json.loads(error.read())
        except (OSError, ValueError):
            return None

    def units(self) -> dict[str, Any]:
        found = self.get("/api/v1/work-units")
        return {unit["id"]: unit for unit in found["items"]} if found else {}

    def live(self, *ids: str) -> bool:
        """Whether all units, or those of `ids`, are live in the API."""
        units = self.units()
        wanted = ids or tuple(units)
        return bool(units) and all(units[id]["quality"] == "good" for id in wanted)

    def wait_live(self, *ids: str, seconds: float = 60.0) -> None:
        try:
            wait_until(lambda: self.live(*ids), seconds=seconds, what=f"{ids or 'every unit'} live")
        except AssertionError as error:
            found = {id: unit["quality"] for id, unit in self.units().items()}
            raise AssertionError(f"{error}: {found}, {self.get('/readyz')}") from error

    def wait_served(self, seconds: float = 60.0) -> None:
        """Until the dashboard answers, and can check who asks: Redis is there for it."""

        def checked() -> bool:
            found = self.get("/api/v1/people", Cookie="takt_session=nobody") or {}
            return found.get("error", {}).get("code") == "unauthorized"

        wait_until(checked, seconds=seconds, what="the dashboard")

    def wait_people(self, seconds: float = 60.0) -> None:
        """Until the demo's people are there and can sign in: the dashboard prints them then."""
        log = self.data / "dashboard.log"
        wait_until(
            lambda: log.exists() and "admin " in log.read_text(),
            seconds=seconds,
            what="the demo's people",
        )
        self.wait_served(seconds)

    def views(self) -> dict[str, UnitView]:
        client = self.redis.client()
        centers = [k.split("{")[1].split("}")[0] for k in client.scan_iter("takt:*:units")]
        rows = [row for center in centers for row in client.hgetall(live.units_key(center)).items()]
        return {unit: from_plain(live.load(text)) for unit, text in rows}

    def counts(self) -> dict[str, tuple[int, int]]:
        return {unit: (view.good, view.reject) for unit, view in self.views().items()}

    def truth(self, start: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """Good and reject pieces that were really made since the counters stood at `start`."""
        totals = truth.totals(self.data / "truth")
        return {
            unit: (totals[unit][0] - good, totals[unit][1] - reject)
            for unit, (good, reject) in start.items()
        }

    def first_counts(self) -> dict[str, tuple[int, int]]:
        """What each counter stood at when it was first read: counting begins there."""
        client, out = self.redis.client(), {}
        for key in client.scan_iter("takt:*:obs:*"):
            unit = key.rsplit(":", 1)[1]
            first: dict[str, int] = {}
            for _, fields in client.xrange(key, count=200):
                for name, reading in live.decode(unit, fields).readings.items():
                    if name in ("good", "reject"):
                        first.setdefault(name, int(reading.value))
            out[unit] = (first["good"], first["reject"])
        return out
