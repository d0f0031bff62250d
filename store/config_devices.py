"""Turns [[collectors.<protocol>]] and their tags into devices, noting what does not fit together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mes.equipment import Device, Tag
from store.config_faults import Faults
from store.config_tables import DeviceTable, TagTable

SettingsOf = Callable[[str], Any]  # protocol → its pydantic model; ValueError for an unknown one

NO_UNIT = "?"  # stands for the units of a device that names none, so that its tags are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorConfig:
    """One device to read. `settings` is what the protocol's own model made of it."""

    protocol: str
    device: str
    work_units: tuple[str, ...]
    settings: Any


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag of one work unit as it stands in the file at `where`."""

    where: str
    keys: Mapping[str, Any]


class Devices:
    """What the collectors' tables come to."""

    def __init__(
        self,
        raw: Mapping[str, Any],
        faults: Faults,
        *,
        base: Path,
        settings_of: SettingsOf,
        unit_ids: list[str],
    ) -> None:
        self._faults, self._base, self._settings_of = faults, base, settings_of
        self._unit_ids = unit_ids
        self._maps = raw.get("tag_maps", {})
        self.devices: dict[str, Device] = {}
        self.tags: dict[str, dict[str, Tag]] = {}  # work unit → tag name → tag
        self.origins: dict[tuple[str, str], str] = {}  # work unit and tag name → where it stands
        self.heard: dict[str, tuple[float, str]] = {}  # work unit → slowest device's period [s]
        self.collectors: list[CollectorConfig] = []
        for protocol, entries in self._tables(raw.get("collectors", {})):
            for i, entry in enumerate(entries):
                self._collector(protocol, entry, f"collectors.{protocol}[{i}]")

    def _tables(self, found: Any) -> list[tuple[str, list[Any]]]:
        if not isinstance(found, dict):
            self._faults.add("collectors", found, "tables [[collectors.<protocol>]]")
            return []
        for name, entries in found.items():
            if not isinstance(entries, list):
                where = f"collectors.{name}"
                self._faults.add(where, entries, f"an array of tables [[{where}]]")
        return [(name, entries) for name, entries in found.items() if isinstance(entries, list)]

    def _collector(self, protocol: str, entry: Any, where: str) -> None:
        if not isinstance(entry, dict):
            self._faults.add(where, entry, "a table")
            return
        try:
            model = self._settings_of(protocol)
        except ValueError as error:
            self._faults.say(f"{where.rpartition('[')[0]}: {error}")
            return
        own = {key: entry[key] for key in DeviceTable.model_fields if key in entry}
        self._faults.one(DeviceTable, own, where)
        units, device = self._listed(entry, where), str(entry.get("id", ""))
        if device in self.devices:
            self._faults.add(f"{where}.id", device, "an id that no other collector has")
        rows = self._rows(entry, units, where)
        own = {k: v for k, v in entry.items() if k not in ("work_units", "tags")}
        own["tags"] = [self._theirs(row, device) for row in rows]
        for key in [k for k in own if k.endswith("_file") and isinstance(own[k], str)]:
            own[key] = str(self._base / own[key])
        settings = self._faults.one(
            model,
            own,
            where,
            origins={"tags": [row.where for row in rows]},
            also=TagTable.model_fields,
        )
        self.devices[device] = Device(
            id=device,
            protocol=protocol,
            address=getattr(settings, "address", ""),
            work_units=tuple(units),
        )
        if settings is not None:
            self._in_time(settings, device, units, rows)
            self.collectors.append(
                CollectorConfig(
                    protocol=protocol, device=device, work_units=tuple(units), settings=settings
                )
            )

    def _in_time(self, settings: Any, device: str, units: list[str], rows: list[TagRow]) -> None:
        """Note how often the units are heard; a watchdog that is faster barks at a sound device."""
        heard_s = getattr(settings, "heard_every_s", 1.0)
        for unit in units:
            self.heard[unit] = max(self.heard.get(unit, (0.0, "")), (heard_s, device))
        again_s = getattr(settings, "told_again_s", None)
        for row in rows:
            found = row.keys.get("watchdog_s")
            if again_s is not None and isinstance(found, int | float) and found <= again_s:
                self._faults.add(
                    f"{row.where}.watchdog_s",
                    found,
                    f"more than {again_s:g}: an unchanged value comes that seldom",
                )

    def _listed(self, entry: dict[str, Any], where: str) -> list[str]:
        units = entry.get("work_units")
        if not isinstance(units, list) or not units:
            self._faults.add(f"{where}.work_units", units, "a list of work unit ids")
            return []
        for i, unit in enumerate(units):
            if unit not in self._unit_ids:
                self._faults.unknown(f"{where}.work_units[{i}]", unit, self._unit_ids)
            elif unit in units[:i]:
                self._faults.add(f"{where}.work_units[{i}]", unit, "each work unit once")
        return list(dict.fromkeys(str(u) for u in units))

    def _rows(self, entry: dict[str, Any], units: list[str], where: str) -> list[TagRow]:
        """The tags of a device, one row for each of its units; none where that was a fault."""
        named, where = entry.get("tags"), f"{where}.tags"
        if isinstance(named, str):
            if not isinstance(self._maps, dict):
                return []  # told with the file itself
            if named not in self._maps:
                self._faults.unknown(where, named, self._maps)
                return []
            named, where = self._maps[named], f"tag_maps.{named}"
            if not isinstance(named, list):
                return []  # told likewise
        if not isinstance(named, list) or not named:
            self._faults.add(
                where, named or None, "the name of a table of [[tag_maps]], or a list of tags"
            )
            return []
        rows = []
        for i, tag in enumerate(named):
            at = f"{where}[{i}]"
            if not isinstance(tag, dict):
                self._faults.add(at, tag, "a table")
                continue
            if units and "work_unit" in tag and tag["work_unit"] not in units:
                self._faults.unknown(f"{at}.work_unit", tag["work_unit"], units)
                continue
            for unit in [str(tag["work_unit"])] if "work_unit" in tag else units or [NO_UNIT]:
                filled = {
                    k: v.replace("{unit}", unit) if isinstance(v, str) else v
                    for k, v in tag.items()
                }
                rows.append(TagRow(at, filled | {"work_unit": unit}))
        return rows

    def _theirs(self, row: TagRow, device: str) -> dict[str, Any]:
        """Keep what is Takt's own of a tag; give back what is the protocol's."""
        ours = {k: row.keys[k] for k in TagTable.model_fields if k in row.keys}
        made = self._faults.one(TagTable, ours, row.where)
        theirs = {k: v for k, v in row.keys.items() if k not in TagTable.model_fields}
        if made is None:
            return theirs | {"name": "?"}  # what is wrong with its name was told
        unit = str(row.keys["work_unit"])
        tags = self.tags.setdefault(unit, {})
        if made.name in tags:
            self._faults.add(
                f"{row.where}.name", made.name, "a name that no other tag of the unit has"
            )
        tags[made.name] = Tag(device=device, **made.model_dump())
        self.origins[unit, made.name] = row.where
        return theirs | {"name": made.name}
