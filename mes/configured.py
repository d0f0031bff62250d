"""What the configuration says of the equipment, taken on record: an id keeps its history when it moves.

A record of kind "equipment" is {"level", "name", "parent", "ideal_cycle_s"}: its versions tell where
a work unit was when. Another ideal cycle in the configuration is another version of the unit's
master data, from now on: what was before stays as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mes import master_data
from mes.equipment import Plant
from mes.master_data import EVER_US, MasterData
from mes.records import Change, Found, Invalid

Bodies = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """Take on record what the configuration says; `equipment`: id → body, of all there is."""

    equipment: Bodies
    reason: str = "as configured"

    @property
    def name(self) -> str:
        return "Configure"

    @property
    def right(self) -> str:
        return "configuration"

    def places(self, found: Found) -> tuple[str, ...]:
        return ("",)

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ()

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        out = []
        known = {record.id: record.body for record in found.records("equipment")}
        for id, body in self.equipment.items():
            if known.get(id) != body:
                out.append(Change("equipment", id, known.get(id), body))
                out += _cycle(found, id, known.get(id), body, now_us)
        gone = [id for id in known if id not in self.equipment]
        return (*out, *(Change("equipment", id, known[id], None) for id in gone))


def _cycle(
    found: Found, id: str, old: Mapping[str, Any] | None, new: Mapping[str, Any], now_us: int
) -> list[Change]:
    """The change of the unit's master data that another configured cycle brings, if any.

    Raises Invalid where the unit has as many versions as there may be.
    """
    cycle_s = new["ideal_cycle_s"]
    if cycle_s is None or (old is not None and old["ideal_cycle_s"] == cycle_s):
        return []
    record = found.record("master_data", id)
    if record is None or record.body is None:
        first = (MasterData(valid_from_us=EVER_US, ideal_cycle_s=cycle_s),)
        return [Change("master_data", id, None, master_data.to_plain(first))]
    had = master_data.from_plain(record.body)
    holds = master_data.at(had, now_us)
    if holds.ideal_cycle_s == cycle_s:
        return []
    renewed = replace(holds, valid_from_us=now_us, ideal_cycle_s=cycle_s)
    try:
        after = master_data.corrected(had, renewed)
    except ValueError as error:
        raise Invalid(
            f"master_data {id}: {error}. Its ideal_cycle_s of {cycle_s:g} s in the configuration has no "
            "room: take out versions that are needed no more, or configure the cycle as it was"
        ) from error
    return [Change("master_data", id, record.body, master_data.to_plain(after))]


def equipment_of(plant: Plant) -> Bodies:
    """Id → body of everything that the configuration names, from the enterprise down."""

    def body(level: str, name: str, parent: str, cycle_s: float | None = None) -> dict[str, Any]:
        return {"level": level, "name": name, "parent": parent, "ideal_cycle_s": cycle_s}

    out = {plant.id: body("site", plant.name, plant.enterprise)}
    for area in plant.areas.values():
        out[area.id] = body("area", area.name, plant.id)
    for center in plant.work_centers.values():
        out[center.id] = body("work_center", center.name, center.area)
    for unit in plant.work_units.values():
        out[unit.id] = body("work_unit", unit.name, unit.work_center, unit.ideal_cycle_s)
    return out
