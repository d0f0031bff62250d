"""Reads config.toml: every fault at once, before anything is opened.

`load` gives a `Config` or raises `ConfigFaults` with one line for each fault, as
`config.toml: collectors.opcua[0].endpoint: found …; expected …`.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mes.equipment import COUNTERS, Area, Device, Plant, Tag, WorkCenter, WorkUnit
from mes.states import PROFILES, STATES, Profile
from store.config_faults import Faults
from store.config_tables import (
    AreaTable,
    DashboardTable,
    ProfileTable,
    RedisTable,
    SiteTable,
    TagTable,
    TopTable,
    WorkCenterTable,
    WorkUnitTable,
)

SettingsOf = Callable[[str], Any]  # protocol → its pydantic model; ValueError for an unknown one


class ConfigFaults(ValueError):
    """The configuration is wrong; `faults` has one line for each fault, in order of the file."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorConfig:
    """One device to read. `settings` is what the protocol's own model made of it."""

    protocol: str
    device: str
    work_units: tuple[str, ...]
    settings: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    path: Path
    data_dir: Path
    plant: Plant
    redis: RedisTable
    dashboard: DashboardTable
    collectors: tuple[CollectorConfig, ...]
    simulator: Any  # the simulator's own model, None where the file has no [simulator]


def load(
    path: Path,
    *,
    settings_of: SettingsOf,
    simulator: Any = None,
    environ: Mapping[str, str] = os.environ,
) -> Config:
    """The configuration in `path`.

    settings_of: gives the settings model of a collector by protocol name;
    simulator: the model of the [simulator] table, None where nobody needs it;
    environ: TAKT_DATA, TAKT_PORT and REDIS_URL win over the file.

    Raises ConfigFaults.
    """
    faults = Faults(path.name)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFaults([f"{path}: cannot be read: {error}"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigFaults([f"{path}: is not TOML: {error}"]) from error
    top = faults.one(TopTable, raw, "")
    reader = _Reader(raw, faults, base=path.parent, settings_of=settings_of)
    site = faults.one(SiteTable, raw.get("site", {}), "site")
    _secrets(raw, faults, path.parent)
    redis = faults.one(RedisTable, _with(raw, "redis", url=environ.get("REDIS_URL")), "redis")
    dashboard = faults.one(
        DashboardTable, _with(raw, "dashboard", port=environ.get("TAKT_PORT")), "dashboard"
    )
    played = simulator and "simulator" in raw
    play = faults.one(simulator, raw["simulator"], "simulator") if played else None
    plant, collectors = reader.plant(site), tuple(reader.collectors)
    if faults.lines or site is None or plant is None:
        raise ConfigFaults(faults.lines)
    assert top is not None and redis is not None and dashboard is not None
    return Config(
        path=path,
        data_dir=Path(environ.get("TAKT_DATA") or path.parent / top.data_dir).resolve(),
        plant=plant,
        redis=redis.resolved(path.parent),
        dashboard=dashboard,
        collectors=collectors,
        simulator=play,
    )


def _secrets(raw: Mapping[str, Any], faults: Faults, base: Path) -> None:
    """A password in the file, and a file of secrets that is not there, are faults."""
    redis = raw.get("redis")
    if not isinstance(redis, dict):
        return
    if "@" in str(redis.get("url", "")):
        faults.say("redis.url: found a password; expected it in REDIS_URL or in redis.url_file")
    file = redis.get("url_file")
    if isinstance(file, str) and not (base / file).is_file():
        faults.add("redis.url_file", file, "a file that can be read")


def _with(raw: Mapping[str, Any], table: str, **over: str | None) -> Any:
    found = raw.get(table, {})
    wins = {k: v for k, v in over.items() if v}
    return {**found, **wins} if isinstance(found, dict) else found


def _ids(rows: Any) -> list[str]:
    found = rows if isinstance(rows, list) else []
    return [str(row["id"]) for row in found if isinstance(row, dict) and "id" in row]


class _Reader:
    """Turns tables into equipment, noting what does not fit together."""

    def __init__(
        self, raw: Mapping[str, Any], faults: Faults, *, base: Path, settings_of: SettingsOf
    ) -> None:
        self.faults = faults
        self.base = base
        self.settings_of = settings_of
        self.areas = faults.each(AreaTable, raw, "areas")
        self.centers = faults.each(WorkCenterTable, raw, "work_centers")
        self.units = faults.each(WorkUnitTable, raw, "work_units")
        # What is named anywhere, also in a table that is faulty itself: one mistake is told once.
        self.ids = {k: _ids(raw.get(k)) for k in ("areas", "work_centers", "work_units")}
        self.profiles = dict(PROFILES) | self._profiles(raw)
        self.fault_texts = raw.get("fault_texts", {})
        self.tag_maps = raw.get("tag_maps", {})
        self.devices: dict[str, Device] = {}
        self.tags: dict[str, dict[str, Tag]] = {}  # work unit → tag name → tag
        self.collectors: list[CollectorConfig] = []
        for protocol, entries in self._tables(raw.get("collectors", {}), "collectors"):
            for i, entry in enumerate(entries):
                self._collector(protocol, entry, f"collectors.{protocol}[{i}]")

    def _tables(self, found: Any, where: str) -> list[tuple[str, list[Any]]]:
        if not isinstance(found, dict):
            self.faults.add(where, found, f"tables [[{where}.<name>]]")
            return []
        for name, entries in found.items():
            if not isinstance(entries, list):
                self.faults.add(
                    f"{where}.{name}", entries, f"an array of tables [[{where}.{name}]]"
                )
        return [(name, entries) for name, entries in found.items() if isinstance(entries, list)]

    def _profiles(self, raw: Mapping[str, Any]) -> dict[str, Profile]:
        out = {}
        for key, table in dict(raw.get("state_profiles", {})).items():
            where = f"state_profiles.{key}"
            made = self.faults.one(ProfileTable, table, where)
            if made is None:
                continue
            for kind, extra in (("states", ()), ("modes", ("production",))):
                for code, word in getattr(made, kind).items():
                    known = (*STATES, *extra)
                    if word not in known:
                        self.faults.unknown(f"{where}.{kind}.{code}", word, known)
            out[key] = Profile(key=key, states=made.states, modes=made.modes)
        return out

    def _collector(self, protocol: str, entry: Any, where: str) -> None:
        if not isinstance(entry, dict):
            self.faults.add(where, entry, "a table")
            return
        try:
            model = self.settings_of(protocol)
        except ValueError as error:
            self.faults.say(f"{where.rpartition('[')[0]}: {error}")
            return
        units = self._listed(entry, where)
        device = str(entry.get("id", ""))
        if device in self.devices:
            self.faults.add(f"{where}.id", device, "an id that no other collector has")
        rows, origins = self._tag_rows(entry, units, where)
        own = {k: v for k, v in entry.items() if k not in ("work_units", "tags")}
        own |= {
            "tags": [self._tags(row, at, device) for row, at in zip(rows, origins, strict=True)]
        }
        for key in [k for k in own if k.endswith("_file") and isinstance(own[k], str)]:
            own[key] = str(self.base / own[key])
        settings = self.faults.one(model, own, where, origins={("tags",): origins})
        self.devices[device] = Device(
            id=device,
            protocol=protocol,
            address=getattr(settings, "address", ""),
            work_units=tuple(units),
        )
        if settings is not None:
            self.collectors.append(
                CollectorConfig(
                    protocol=protocol, device=device, work_units=tuple(units), settings=settings
                )
            )

    def _listed(self, entry: dict[str, Any], where: str) -> list[str]:
        units = entry.get("work_units")
        if not isinstance(units, list) or not units:
            self.faults.add(f"{where}.work_units", units, "a list of work unit ids")
            return []
        for i, unit in enumerate(units):
            if unit not in self.ids["work_units"]:
                self.faults.unknown(f"{where}.work_units[{i}]", unit, self.ids["work_units"])
        return [str(u) for u in units]

    def _tag_rows(
        self, entry: dict[str, Any], units: list[str], where: str
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """The tags of a device, one row for each of its units, and where each stands in the file."""
        named = entry.get("tags")
        if isinstance(named, str):
            if named not in self.tag_maps:
                self.faults.unknown(f"{where}.tags", named, self.tag_maps)
                return [], []
            named, where = self.tag_maps[named], f"tag_maps.{named}"
        else:
            where = f"{where}.tags"
        if not isinstance(named, list) or not all(isinstance(t, dict) for t in named):
            self.faults.add(where, named, "the name of a table of [[tag_maps]], or a list of tags")
            return [], []
        rows, origins = [], []
        for i, tag in enumerate(named):
            for unit in [tag["work_unit"]] if "work_unit" in tag else units:
                filled = {
                    k: v.replace("{unit}", str(unit)) if isinstance(v, str) else v
                    for k, v in tag.items()
                }
                rows.append(filled | {"work_unit": unit})
                origins.append(f"{where}[{i}]")
        return rows, origins

    def _tags(self, row: dict[str, Any], where: str, device: str) -> dict[str, Any]:
        """Keep what is Takt's own of a tag; give back what is the protocol's."""
        ours = {k: row[k] for k in TagTable.model_fields if k in row}
        made = self.faults.one(TagTable, ours, where)
        if made is not None:
            tags = self.tags.setdefault(str(row["work_unit"]), {})
            if made.name in tags:
                self.faults.add(f"{where}.name", made.name, "a name no other tag of the unit has")
            tags[made.name] = Tag(device=device, **made.model_dump())
        theirs = {k: v for k, v in row.items() if k not in TagTable.model_fields}
        return theirs | {"name": row.get("name")}

    def plant(self, site: SiteTable | None) -> Plant | None:
        areas = self._unique(self.areas, "areas")
        centers = self._unique(self.centers, "work_centers")
        for i, center in enumerate(self.centers):
            if center.area not in self.ids["areas"]:
                self.faults.unknown(f"work_centers[{i}].area", center.area, self.ids["areas"])
        units: dict[str, WorkUnit] = {}
        for i, unit in enumerate(self.units):
            made = self._unit(unit, f"work_units[{i}]")
            if made is not None:
                units[made.id] = made
                self._roles(made)
        self._unique(self.units, "work_units")
        ids = [*areas, *centers, *units]
        for id in {i for i in ids if ids.count(i) > 1}:
            self.faults.add("ids", id, "an id used once among areas, work centres and work units")
        if site is None:
            return None
        return Plant(
            **site.model_dump(),
            areas={k: Area(**v.model_dump()) for k, v in areas.items()},
            work_centers={k: WorkCenter(**v.model_dump()) for k, v in centers.items()},
            work_units=units,
            devices=self.devices,
        )

    def _unit(self, unit: WorkUnitTable, where: str) -> WorkUnit | None:
        known = self.ids["work_centers"]
        if unit.work_center not in known:
            self.faults.unknown(f"{where}.work_center", unit.work_center, known)
        profile = self.profiles.get(unit.state_profile)
        if profile is None:
            self.faults.unknown(f"{where}.state_profile", unit.state_profile, self.profiles)
            return None
        texts: Mapping[str, Any] = {}
        if unit.fault_texts:
            if unit.fault_texts not in self.fault_texts:
                self.faults.unknown(f"{where}.fault_texts", unit.fault_texts, self.fault_texts)
            texts = self.fault_texts.get(unit.fault_texts, {})
        return WorkUnit(
            id=unit.id,
            name=unit.name,
            short_name=unit.short_name or unit.name.upper(),
            work_center=unit.work_center,
            ideal_cycle_s=unit.ideal_cycle_s,
            expected_period_s=unit.expected_period_s,
            profile=profile,
            fault_texts={str(k): str(v) for k, v in texts.items()},
            tags=self.tags.get(unit.id, {}),
        )

    def _roles(self, unit: WorkUnit) -> None:
        """State, mode, fault and each counter come from one tag only."""
        for role in ("state", "mode", "fault", "starved", "blocked", *COUNTERS):
            names = [t.name for t in unit.tags.values() if t.role == role]
            if len(names) > 1:
                self.faults.add(f"work unit {unit.id}: role {role}", ", ".join(names), "one tag")

    def _unique(self, rows: list[Any], where: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for i, row in enumerate(rows):
            if row.id in out:
                self.faults.add(f"{where}[{i}].id", row.id, "an id that no other has")
            out.setdefault(row.id, row)
        return out


def with_redis(config: Config, url: str) -> Config:
    """The same configuration with the Redis that was found or started."""
    return replace(config, redis=config.redis.model_copy(update={"url": url}))
