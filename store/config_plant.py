"""Turns the tables of the equipment into a plant, noting what does not fit together."""

from collections.abc import Mapping, Sequence
from typing import Any

from mes.equipment import COUNTERS, Area, Plant, WorkCenter, WorkUnit
from mes.states import PROFILES, STATES, Profile
from store.config_devices import Devices
from store.config_faults import Faults
from store.config_tables import (
    AreaTable,
    ProfileTable,
    SiteTable,
    WorkCenterTable,
    WorkUnitTable,
)

KINDS = ("areas", "work_centers", "work_units")
CONTACT_S = 1.0  # that a device answered is told this often, however often it is heard
MARGIN = 1.5  # a unit is stale after at least so many periods of its slowest device


def ids(raw: Mapping[str, Any], kind: str) -> list[str]:
    """What is named anywhere, also in a table that is faulty itself: one mistake is told once."""
    rows = raw.get(kind)
    found = rows if isinstance(rows, list) else []
    named = [row.get("id") for row in found if isinstance(row, dict)]
    return [id for id in named if isinstance(id, str)]


class Equipment:
    """Areas, work centres and work units of a file, read on top of its devices."""

    def __init__(self, raw: Mapping[str, Any], faults: Faults) -> None:
        self._faults = faults
        self._areas = faults.each(AreaTable, raw, "areas")
        self._centers = faults.each(WorkCenterTable, raw, "work_centers")
        self._units = faults.each(WorkUnitTable, raw, "work_units")
        self._ids = {kind: ids(raw, kind) for kind in KINDS}
        self._profiles = dict(PROFILES) | self._own_profiles(raw)
        self._texts = raw.get("fault_texts", {})

    def _own_profiles(self, raw: Mapping[str, Any]) -> dict[str, Profile]:
        tables = raw.get("state_profiles", {})
        out = {}
        for key, table in tables.items() if isinstance(tables, dict) else ():
            where = f"state_profiles.{key}"
            if not isinstance(table, dict):
                continue  # told with the table of state profiles itself
            made = self._faults.one(ProfileTable, table, where)
            if made is None:
                continue
            for kind, extra in (("states", ()), ("modes", ("production",))):
                for code, word in getattr(made, kind).items():
                    known = (*STATES, *extra)
                    if word not in known:
                        self._faults.unknown(f"{where}.{kind}.{code}", word, known)
            out[key] = Profile(key=key, states=made.states, modes=made.modes)
        return out

    def plant(self, site: SiteTable | None, devices: Devices) -> Plant | None:
        """The whole plant; None without a site."""
        self._each_id_once()
        for where, center in self._centers:
            if center.area not in self._ids["areas"]:
                self._faults.unknown(f"{where}.area", center.area, self._ids["areas"])
        units: dict[str, WorkUnit] = {}
        for where, row in self._units:
            made = self._unit(row, where, devices)
            if made is not None:
                units[made.id] = made
                self._roles(made, devices)
                self._in_time(made, where, devices)
        if site is None:
            return None
        return Plant(
            **site.model_dump(),
            areas={a.id: Area(**a.model_dump()) for _, a in self._areas},
            work_centers={c.id: WorkCenter(**c.model_dump()) for _, c in self._centers},
            work_units=units,
            devices=devices.devices,
        )

    def _each_id_once(self) -> None:
        """A path to a screen is one id: areas, work centres and work units share them."""
        rows: Sequence[tuple[str, Any]] = [*self._areas, *self._centers, *self._units]
        had: dict[str, str] = {}
        for where, row in rows:
            if row.id in had:
                self._faults.add(f"{where}.id", row.id, f"an id that no other has: {had[row.id]}")
            had.setdefault(row.id, where)

    def _unit(self, unit: WorkUnitTable, where: str, devices: Devices) -> WorkUnit | None:
        known = self._ids["work_centers"]
        if unit.work_center not in known:
            self._faults.unknown(f"{where}.work_center", unit.work_center, known)
        # What is no table is told with the file itself.
        tables: Mapping[str, Any] = self._texts if isinstance(self._texts, dict) else {}
        if unit.fault_texts and unit.fault_texts not in tables and tables is self._texts:
            self._faults.unknown(f"{where}.fault_texts", unit.fault_texts, tables)
        profile = self._profiles.get(unit.state_profile)
        if profile is None:
            self._faults.unknown(f"{where}.state_profile", unit.state_profile, self._profiles)
            return None
        texts = tables.get(unit.fault_texts)
        return WorkUnit(
            id=unit.id,
            name=unit.name,
            short_name=unit.short_name or unit.name.upper(),
            work_center=unit.work_center,
            ideal_cycle_s=unit.ideal_cycle_s,
            expected_period_s=unit.expected_period_s,
            profile=profile,
            fault_texts={k: str(v) for k, v in texts.items()} if isinstance(texts, dict) else {},
            tags=devices.tags.get(unit.id, {}),
        )

    def _roles(self, unit: WorkUnit, devices: Devices) -> None:
        """State, mode, fault and each counter come from one tag only."""
        for role in ("state", "mode", "fault", "starved", "blocked", "power", *COUNTERS):
            names = [tag.name for tag in unit.tags.values() if tag.role == role]
            for name in names[1:]:
                self._faults.add(
                    f"{devices.origins[unit.id, name]}.role",
                    role,
                    f"a role that no other tag of the unit has: {names[0]}",
                )

    def _in_time(self, unit: WorkUnit, where: str, devices: Devices) -> None:
        """A unit whose device is heard too seldom would be stale though all is well."""
        heard_s, device = devices.heard.get(unit.id, (0.0, ""))
        least_s = MARGIN * max(heard_s, CONTACT_S) / 2
        if device and unit.expected_period_s < least_s:
            self._faults.add(
                f"{where}.expected_period_s",
                unit.expected_period_s,
                f"at least {least_s:g}: {device} is heard every {max(heard_s, CONTACT_S):g} s",
            )
