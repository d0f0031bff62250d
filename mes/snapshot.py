"""Everything that screens and the API show, at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mes.equipment import Plant, WorkUnit
from mes.link import Link
from mes.maintenance import Order
from mes.planned_shifts import Shift
from mes.standing import Standing
from mes.unit_view import Live, UnitView, live_quality, stale_at_us


@dataclass(frozen=True, slots=True)
class ShiftNow:
    """What is planned now: a shift or none, and until when; None: for as far as can be seen."""

    shift: Shift | None
    until_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The plant as it is known at `now_us`. A unit or device nobody has told of has no entry.

    shifts: area → what is planned there; an area without a calendar has no entry;
    standings: work unit → how it stands in its newest shift, as far as is on record;
    locks: work unit → the maintenance work order that locks it.
    """

    plant: Plant
    now_us: int
    views: Mapping[str, UnitView] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    shifts: Mapping[str, ShiftNow] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    locks: Mapping[str, Order] = field(default_factory=dict)

    def view(self, unit: WorkUnit) -> UnitView:
        """The unit's view; an empty one (state unknown, nothing counted) where none was told."""
        return self.views.get(unit.id) or UnitView(id=unit.id)

    def quality(self, unit: WorkUnit) -> Live:
        return live_quality(self.view(unit), unit, now_us=self.now_us)

    def stale_at_us(self, unit: WorkUnit) -> int:
        return stale_at_us(self.view(unit), unit)

    def shift(self, unit: WorkUnit) -> ShiftNow | None:
        """What is planned where the unit is; None where no calendar says."""
        return self.shifts.get(self.plant.area_of(unit).id)
