"""Reads config.toml: every fault at once, before anything is opened.

`load` gives a `Config` or raises `ConfigFaults` with one line for each fault, as
`config.toml: collectors.opcua[0].endpoint: found …; expected …`.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from mes.equipment import Plant
from store.config_access import AccessTable
from store.config_access import access as access_table
from store.config_dashboard import dashboard as dashboard_table
from store.config_devices import CollectorConfig, Devices, SettingsOf
from store.config_faults import Faults, masked
from store.config_plant import Equipment, ids
from store.config_tables import (
    DashboardTable,
    DatabaseTable,
    RedisTable,
    SiteTable,
    Table,
    TopTable,
)

T = TypeVar("T", bound=Table)


class ConfigFaults(ValueError):
    """The configuration is wrong; `faults` has one line for each fault, in order of the file."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration without faults.

    path: the file; data_dir: absolute, where Redis and records are kept; redis.url: None where
    no Redis is named and Takt starts its own; database.url: None for the file in data_dir; simulator: the simulator's own model, None where
    the file has no [simulator] or nobody asked for it. Numbers have the units of their names;
    their ranges stand with the fields in `store.config_tables` and the protocols' Settings.
    """

    path: Path
    data_dir: Path
    plant: Plant
    redis: RedisTable
    database: DatabaseTable
    dashboard: DashboardTable
    access: AccessTable
    collectors: tuple[CollectorConfig, ...]
    simulator: Any


def load(
    path: Path,
    *,
    settings_of: SettingsOf,
    simulator: Any = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """The configuration in `path`; the other arguments as of `interpret`.

    Raises ConfigFaults.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFaults([f"{path}: cannot be read: {error}"]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigFaults([f"{path}: is not TOML: {error}"]) from error
    return interpret(raw, path, settings_of=settings_of, simulator=simulator, environ=environ)


def interpret(
    raw: Mapping[str, Any],
    path: Path,
    *,
    settings_of: SettingsOf,
    simulator: Any = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """What the tables `raw` of the file `path` mean.

    settings_of: gives the settings model of a collector by protocol name;
    simulator: the model of the [simulator] table, None where nobody needs it;
    environ: TAKT_DATA, TAKT_PORT, REDIS_URL and DATABASE_URL win over the file.

    Raises ConfigFaults.
    """
    faults = Faults(path.name)
    top = faults.one(TopTable, raw, "")
    equipment = Equipment(raw, faults)
    devices = Devices(
        raw, faults, base=path.parent, settings_of=settings_of, unit_ids=ids(raw, "work_units")
    )
    site = faults.one(SiteTable, raw["site"], "site") if "site" in raw else None
    base = path.parent
    redis = _service(RedisTable, raw, faults, base, "redis", "REDIS_URL", environ)
    database = _service(DatabaseTable, raw, faults, base, "database", "DATABASE_URL", environ)
    dashboard = dashboard_table(raw, faults, base, environ.get("TAKT_PORT"))
    access = access_table(raw, faults, base)
    played = simulator and "simulator" in raw
    play = faults.one(simulator, raw["simulator"], "simulator") if played else None
    plant = equipment.plant(site, devices)
    if faults.lines or plant is None:
        raise ConfigFaults(faults.lines)
    assert top is not None and redis is not None and dashboard is not None
    assert database is not None and access is not None
    return Config(
        path=path,
        data_dir=Path(environ.get("TAKT_DATA") or path.parent / top.data_dir).resolve(),
        plant=plant,
        redis=redis,
        database=database,
        dashboard=dashboard,
        access=access,
        collectors=tuple(devices.collectors),
        simulator=play,
    )


def _service(
    model: type[T],
    raw: Mapping[str, Any],
    faults: Faults,
    base: Path,
    name: str,
    variable: str,
    environ: Mapping[str, str],
) -> T | None:
    """The table `name` with the URL that counts: by `variable`, else by the file, else in url_file."""
    found = raw.get(name, {})
    if not isinstance(found, dict):
        return faults.one(model, found, name)
    url, file = found.get("url"), found.get("url_file")
    if isinstance(url, str) and _has_password(url):
        faults.say(f"{name}.url: found a password; expected it in {variable} or in {name}.url_file")
    where = f"{name}.url"
    if environ.get(variable):
        url, where = environ[variable], f"{name}.url, by {variable}"
    elif isinstance(file, str):
        try:
            text = (base / file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            faults.add(f"{name}.url_file", file, "a file that can be read")
            text = None
        if url is None and text is not None:
            url, where = text, f"{name}.url_file: in {file}"
    wins = {} if url is None else {"url": url}
    return faults.one(model, {**found, **wins}, name, renamed={f"{name}.url": where})


def _has_password(url: str) -> bool:
    """Whether the URL holds a secret; the user of a database alone is none."""
    if url.startswith(("postgresql://", "postgres://")) and "password" not in url:
        before, at, _ = url.partition("://")[2].rpartition("@")
        return bool(at) and ":" in before
    return masked(url) != url


def with_redis(config: Config, url: str) -> Config:
    """The same configuration with the Redis that was found or started."""
    return replace(config, redis=config.redis.model_copy(update={"url": url}))
