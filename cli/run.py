"""`takt run`: everything, supervised, until SIGINT or SIGTERM."""

import asyncio
import os
import signal
import socket
import ssl
import sys
import time
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from json import loads
from pathlib import Path
from urllib.error import HTTPError

from cli import embedded_redis
from cli.held import held
from cli.role import LIFELINE, begin
from cli.settings import redis_is_ours, settings, trace_of
from cli.supervisor import Child, Supervisor
from store.config import Config

# Our own dashboard is asked directly, whatever proxy the plant has for the outside.
# Nor is its certificate looked at: it is made out to a name, and it is asked by its address.
_TRUSTING = ssl.create_default_context()
_TRUSTING.check_hostname, _TRUSTING.verify_mode = False, ssl.CERT_NONE
_DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_TRUSTING)
)
FIRST_SCREEN_S = 60.0  # after this it is said that the first screen is not live yet


def main(path: Path) -> int:
    started = time.monotonic()
    begin("takt")
    config = settings(path)
    trace_of(config)  # what is wrong with it is told before anything is started
    with held(config.data_dir, port=config.dashboard.port):
        if fault := _taken(config):
            raise OSError(fault)
        redis = _own_redis(config) if redis_is_ours(path) else None
        return asyncio.run(_run(config, redis=redis, started=started))


def _own_redis(config: Config) -> list[str]:
    """The command line of our Redis, none of which runs. Raises OSError saying what to do."""
    embedded_redis.end_orphan(config.data_dir)
    return embedded_redis.command(config.data_dir)


def _taken(config: Config) -> str:
    host, port = config.dashboard.host, config.dashboard.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return f"cannot listen on {host}:{port}: {error.strerror}; --port takes another one"
    return ""


async def _run(config: Config, *, redis: list[str] | None, started: float) -> int:
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    environ = os.environ | {LIFELINE: str(reading)}
    supervisor = Supervisor()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, supervisor.stop)
    if redis is not None:
        supervisor.add(Child("redis", redis, environ=environ))
    roles = ["simulate"] if config.simulator else []
    roles += ["collect", "engine", "dashboard"]
    for role in roles:
        argv = [sys.executable, "-m", "cli", role]
        supervisor.add(Child(role, argv, environ=environ, lifeline=reading))
    herald = asyncio.create_task(_herald(config, started))
    try:
        await supervisor.run()
    finally:
        herald.cancel()
        os.close(writing)
        os.close(reading)
    return supervisor.status


async def _herald(config: Config, started: float) -> None:
    """Print the address when the first screen shows live data and the dashboard is ready: so it
    stands below how to sign in first. What is told is when the screen was live.
    """
    scheme = "https" if config.dashboard.certificate_file else "http"
    url = f"{scheme}://{_reachable(config.dashboard.host)}:{config.dashboard.port}"
    late, live_s = False, None
    while True:
        live, ready = await asyncio.to_thread(_state, url)
        took_s = time.monotonic() - started
        live_s = (live_s or took_s) if live else None
        if live and ready:
            break
        await asyncio.sleep(1.0 if late else 0.1)
        if not late and not live and took_s > FIRST_SCREEN_S:
            late = True
            print(f"takt: {url}/ shows no live data yet; see {url}/connections", flush=True)
    print(f"takt: {url}/ is live after {live_s:.1f} s", flush=True)


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


def _state(url: str) -> tuple[bool, bool]:
    """Whether at least one work unit is live, and whether the dashboard is ready."""
    try:
        try:
            answer = _DIRECT.open(f"{url}/readyz", timeout=1)
        except HTTPError as refusal:  # not ready
            answer = refusal
        with answer:
            return bool(loads(answer.read())["live"]), answer.status == HTTPStatus.OK
    except (OSError, ValueError, KeyError, TypeError, HTTPException):
        return False, False
