"""Reads the configuration with everything that only the command line knows: which collectors and
which simulator there are, and where the Redis is when no URL names one."""

import argparse
from pathlib import Path
from typing import Any

import collectors
from cli.embedded_redis import local_url
from simulator.settings import Settings as SimulatorSettings
from simulator.trace import Trace, TraceFaults, read
from store.config import Config, ConfigFaults, load, with_redis


class Doing(argparse.ArgumentParser):
    """One of the things that a command does: where it is done can be said behind it, too.

    For `add_subparsers(parser_class=Doing)`. What is not said here is as it was said before it.
    """

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        where = named.get("prog", "").rpartition(" ")[0]
        for name in ("--config", "--data"):
            self.add_argument(name, type=Path, default=argparse.SUPPRESS, help=f"as of `{where}`")


DEMO = Path(__file__).resolve().parent.parent / "config.toml"


def settings(path: Path) -> Config:
    """The configuration in `path`, whose redis.url is set. Raises ConfigFaults."""
    config = load(path, settings_of=_settings_of, simulator=SimulatorSettings)
    return with_redis(config, config.redis.url or local_url(config.data_dir))


def redis_is_ours(path: Path) -> bool:
    """Whether no URL names a Redis, neither here nor in url_file, so that Takt starts its own."""
    return load(path, settings_of=_settings_of, simulator=SimulatorSettings).redis.url is None


def trace_of(config: Config) -> Trace | None:
    """What the simulated machines of `config` do; None where they make their day up, or are none.

    Raises ConfigFaults.
    """
    played = config.simulator
    if played is None or played.trace_file is None:
        return None
    machines = [machine.id for line in played.lines for machine in line.machines]
    try:
        return read(config.path.parent / played.trace_file, machines)
    except TraceFaults as faults:
        raise ConfigFaults(faults.lines) from faults


def _settings_of(protocol: str) -> Any:
    return collectors.load(protocol).Settings
