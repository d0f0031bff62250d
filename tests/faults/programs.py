"""A program that uses the API, while what serves it is killed: each action once, however often asked."""

import datetime as dt
import subprocess
import sys
import threading
import time

import httpx

from cli.settings import DEMO
from tests.own_redis import wait_until


class Program(threading.Thread):
    """Names holidays, one after the other, each asked for until it is answered; `acknowledged` are
    the dates of those, with the version that the answer told.
    """

    def __init__(self, plant) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[str, int] = {}
        self.refused: list[str] = []
        self._url, self._token = plant.url, token_of(plant)
        self._ended = threading.Event()

    def run(self) -> None:
        turn = 0
        with httpx.Client(base_url=self._url, timeout=5, trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {self._token}"
            while not self._ended.is_set():
                turn += 1
                self._ask(client, turn)

    def _ask(self, client: httpx.Client, turn: int) -> None:
        date = (dt.date(2031, 1, 1) + dt.timedelta(days=turn)).isoformat()
        body = {"place": "north", "date": date, "name": f"Holiday {turn}"}
        headers = {"Idempotency-Key": f"program-{turn}", "If-None-Match": "*"}
        while not self._ended.is_set():
            try:
                answer = client.put(
                    f"/api/v1/holidays/north@{date}", json={"body": body}, headers=headers
                )
            except httpx.HTTPError:  # it was killed: done or not, it is asked again
                time.sleep(0.05)
                continue
            if answer.status_code in (200, 201):
                self.acknowledged[date] = answer.json()["version"]
                return
            if answer.status_code < 500:
                self.refused.append(f"{answer.status_code} {answer.text}")
                return
            time.sleep(0.05)

    def end(self) -> None:
        self._ended.set()
        self.join(30)


def token_of(plant) -> str:
    """A token of the API that may change the calendar, made at the command line."""
    argv = [sys.executable, "-m", "cli", "token", "--config", str(plant.config), "add", "program"]
    said = subprocess.run(
        [*argv, "--kind", "api", "--right", "calendar", "--right", "records"],
        cwd=DEMO.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    token = max(said.stdout.split(), key=len)
    headers = {"Authorization": f"Bearer {token}"}

    def known() -> bool:
        answer = httpx.get(f"{plant.url}/api/v1/holidays", headers=headers, trust_env=False)
        return answer.status_code == 200

    wait_until(known, what="the dashboard knowing the new token")  # it looks each second
    return token
