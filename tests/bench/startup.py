"""How long `takt run` takes on a fresh data directory until a screen shows live data."""

import os
import re
import time
import tomllib
from pathlib import Path

from cli.settings import DEMO
from tests.bench.figures import Result
from tests.bench.processes import Processes, processes
from tests.ports import free_port

RUNS = 3
LIVE = re.compile(r"is live after ([\d.]+) s")
GOAL_S = 10.0  # from the command to a screen with live data
LIMIT_S = 90.0


def run(*, runs: int = RUNS) -> Result:
    out = Result("startup")
    told, whole = [], []
    for _ in range(runs):
        with processes() as children:
            config = children.folder / "config.toml"
            config.write_text(own_ports(DEMO), encoding="utf-8")
            began = time.monotonic()
            data, port = children.folder / "data", free_port()
            asked = ("run", "--config", config, "--data", data, "--port", port)
            children.start("takt", "cli", *asked)
            told.append(_until_live(children))
            whole.append(time.monotonic() - began)
    if max(whole) > GOAL_S:
        raise RuntimeError(f"live after {max(whole):.1f} s; expected {GOAL_S:.0f} s at most")
    out.add("takt run: by its own clock", "s", told)
    out.add("takt run: from the command", "s", whole)
    out.notes.append(f"the demo plant on an empty data directory; load {os.getloadavg()[0]:.1f}")
    return out


def own_ports(demo: Path) -> str:
    """The demo plant's configuration with every device on a port of its own."""
    text = demo.read_text(encoding="utf-8")
    devices = tomllib.loads(text)["collectors"]
    ports = [d["port"] for d in devices.get("modbus", ())]
    ports += [int(re.search(r":(\d+)", d["endpoint"]).group(1)) for d in devices.get("opcua", ())]
    for port in set(ports):
        text = re.sub(rf"\b{port}\b", str(free_port()), text)
    return text


def _until_live(children: Processes) -> float:
    end = time.monotonic() + LIMIT_S
    while not (found := LIVE.search(children.said("takt"))):
        children.alive()
        if time.monotonic() > end:
            raise RuntimeError(f"not live after {LIMIT_S:.0f} s:\n{children.said('takt')[-2000:]}")
        time.sleep(0.05)
    return float(found.group(1))
