"""What the pages of a plan show: one place's week and the records behind it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dash.development.base_component import Component

from layouts._desk import moment_of
from layouts._signature import printed
from mes.equipment import Plant
from mes.records import Record
from mes.week import Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows.

    plant: as the person sees it; place: the site or an area; patterns, holidays, exceptions: of the
    place and, of an area, of its site; names: person's id → name; may_plan, may_except: what the
    person may change here.
    """

    plant: Plant
    place: str
    now_us: int
    days: tuple[Day, ...]
    defined: bool = False
    patterns: Sequence[Record] = ()
    holidays: Sequence[Record] = ()
    exceptions: Sequence[Record] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    whole_site: bool = False
    may_plan: bool = False
    may_except: bool = False

    @property
    def monday(self) -> dt.date:
        return self.days[0].date

    @property
    def name(self) -> str:
        return name_of(self.plant, self.place)

    @property
    def address(self) -> str:
        return f"/calendar/{self.place}"

    @property
    def here(self) -> str:
        return f"{self.address}?week={self.monday}"

    def by(self, record: Record) -> str:
        """Who made it, and when."""
        at = moment_of(record.at_us, self.plant.time_zone, self.now_us)
        return f"{self.names.get(record.by, record.by)}, {at}"

    def signed(self, record: Record) -> Component | None:
        return printed(record.signatures, self.plant.time_zone)


def name_of(plant: Plant, place: str) -> str:
    return plant.name if place == plant.id else plant.areas[place].name


def since_of(record: Record) -> str:
    return str((record.body or {})["valid_from"])


def holding(patterns: Sequence[Record], place: str, day: str) -> Record | None:
    """The pattern that holds on a date: the place's own, else the site's."""
    found = [r for r in patterns if r.body and r.body["valid_from"] <= day]
    mine = [r for r in found if (r.body or {})["place"] == place]
    return max(mine or found, key=since_of, default=None)
