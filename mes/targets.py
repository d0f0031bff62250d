"""Planning a work unit: its ideal cycle, its target and what else its master data say, from a moment on.

One moment's plan is changed at a time, so that whoever plans sees one thing, and "from now on" is the
moment at which it is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mes import master_data
from mes.kinds import KINDS
from mes.master_data import EVER_US, MasterData
from mes.observation import rfc3339
from mes.records import Body, Change, Found, Invalid, Missing, current

KIND = "master_data"


class _Planned:
    """What both commands have in common: the unit whose master data they change."""

    unit: str
    version: int

    @property
    def right(self) -> str:
        return KINDS[KIND].right

    def places(self, found: Found) -> tuple[str, ...]:
        return (self.unit,)

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        old = current(found, KIND, self.unit, self.version)
        return (Change(KIND, self.unit, old.body if old else None, self._new(found, now_us)),)

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        record = found.record(KIND, self.unit)
        old = record.body if record else None
        new = self._new(found, now_us)
        return KINDS[KIND].signatures(found, self.unit, old, new, now_us)

    def _new(self, found: Found, now_us: int) -> Body:
        try:
            return master_data.to_plain(self._after(had(found, self.unit), now_us))
        except ValueError as error:
            raise Invalid(str(error)) from error

    def _after(self, versions: Sequence[MasterData], now_us: int) -> Sequence[MasterData]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWorkUnit(_Planned):
    """Have a work unit planned so from a moment on, until the next version that there is.

    said: members of a version (mes.master_data) without valid_from; from_us: None: from now on. The
    first version that a unit gets holds from ever. version: of the record that the person saw.
    """

    unit: str
    version: int
    said: Mapping[str, Any]
    from_us: int | None = None
    reason: str = ""
    name = "PlanWorkUnit"

    def _after(self, versions: Sequence[MasterData], now_us: int) -> Sequence[MasterData]:
        us = now_us if self.from_us is None else self.from_us
        if us <= EVER_US:
            raise ValueError("valid_from: expected a moment after 1970")
        row = {**self.said, "valid_from": rfc3339(us)}
        return master_data.corrected(versions, master_data.version_of(row, "said"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackPlan(_Planned):
    """Take back what was planned from a moment on: what held before goes on."""

    unit: str
    version: int
    from_us: int
    reason: str = ""
    name = "TakeBackPlan"

    def _after(self, versions: Sequence[MasterData], now_us: int) -> Sequence[MasterData]:
        if not versions:
            raise Missing(f"nothing is planned of {self.unit}")
        return master_data.without(versions, self.from_us)


def had(found: Found, unit: str) -> tuple[MasterData, ...]:
    """The versions that are on record; none where nobody planned the unit."""
    record = found.record(KIND, unit)
    return master_data.from_plain(record.body) if record and record.body else ()
