"""The role-based equipment of a plant, named as in ISA-95, and the tags it is read by.

An id is apart from the path: a work unit that moves to another work centre keeps its history.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from mes.people import covers
from mes.states import Profile

Role = Literal[
    "state",  # the machine's state by its state profile
    "mode",  # its operation mode by its state profile
    "good_count",  # counters: they only grow, roll over or are reset
    "reject_count",
    "total_count",
    "fault",  # code of the fault it stands in; 0 or empty: none
    "starved",  # truthy while it waits for its upstream neighbour
    "blocked",  # truthy while it waits for its downstream neighbour
    "power",  # electric power: its unit is W, kW or MW
    "value",  # any other value: shown and kept, not interpreted
]
ROLES: tuple[str, ...] = get_args(Role)
COUNTERS = ("good_count", "reject_count", "total_count")
# A unit is as good as the worst of these: its state, its fault and its counts come from them.
TRUSTED: tuple[str, ...] = ("state", "mode", *COUNTERS, "fault", "starved", "blocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One value that a device gives of a work unit."""

    name: str
    device: str
    role: str = "value"
    unit: str = ""  # as printed behind the value: "kW", "mm"
    decimals: int | None = None  # shown digits; None: as it comes
    width_bits: int | None = None  # of a counter that rolls over
    watchdog_s: float | None = None  # it must be heard this often even while the device answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A part of the site that holds work centres, as people name it: press shop, paint shop."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCenter:
    """A line or a group of machines in one area: what one engine owns, folds and hands on.

    flow: "serial" where each unit works on what the one before it hands on, else "parallel".
    """

    id: str
    name: str
    area: str
    flow: str = "parallel"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkUnit:
    """One machine or station of a work centre, what is planned of it and how it is read.

    Each role that means something belongs to one of its tags; any number of tags are a "value".
    """

    id: str
    name: str
    short_name: str  # at most eight characters are read from ten metres
    work_center: str
    ideal_cycle_s: float  # planned run time per item (PRI) [s/piece]
    expected_period_s: float  # silence of twice this is stale
    profile: Profile
    fault_texts: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, Tag] = field(default_factory=dict)

    by_role: Mapping[str, str] = field(init=False)  # role → its tag, of roles that mean something

    def __post_init__(self) -> None:
        found = {tag.role: tag.name for tag in self.tags.values() if tag.role != "value"}
        object.__setattr__(self, "by_role", found)

    @property
    def silence_max_us(self) -> int:
        """How long a device may be silent before the unit is stale: twice its period [µs]."""
        return round(2e6 * self.expected_period_s)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices it is read by, each once, in order of its tags."""
        return tuple(dict.fromkeys(tag.device for tag in self.tags.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a collector talks to: one endpoint of one protocol."""

    id: str
    protocol: str
    address: str  # as a person would type it
    work_units: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One site with all that is below it, in the order of the configuration."""

    id: str
    name: str
    enterprise: str
    time_zone: str
    areas: Mapping[str, Area]
    work_centers: Mapping[str, WorkCenter]
    work_units: Mapping[str, WorkUnit]
    devices: Mapping[str, Device]
    currency: str = ""  # of what losses cost, as printed behind a number
    energy_price_per_kwh: float | None = None  # in that currency; None: nobody said
    partial: frozenset[str] = frozenset()  # places of which a part is not here: see `within`

    def units_of(self, id: str) -> tuple[WorkUnit, ...]:
        """The work units below the site, an area, work centre or work unit `id`.

        Raises ValueError that lists what is known for any other id.
        """
        if id == self.id:
            return tuple(self.work_units.values())
        known = (*self.areas, *self.work_centers, *self.work_units)
        if id not in known:
            raise ValueError(f"{id!r} is not known; known: {', '.join(known)}")
        return tuple(
            unit
            for unit in self.work_units.values()
            if id in (unit.id, unit.work_center, self.area_of(unit).id)
        )

    def has(self, id: str) -> bool:
        """Whether `id` is the site, or an area, a work centre or a work unit of it."""
        return id == self.id or id in self.areas or id in self.work_centers or id in self.work_units

    def path_of(self, id: str) -> str:
        """Where an area, work centre or work unit is, from the site down; "" and the site's own id
        stand for the site. Raises ValueError for what is not known.
        """
        if id in ("", self.id):
            return self.id
        if id in self.areas:
            return f"{self.id}/{id}"
        if id in self.work_centers:
            return f"{self.path_of(self.work_centers[id].area)}/{id}"
        if id in self.work_units:
            return f"{self.path_of(self.work_units[id].work_center)}/{id}"
        raise ValueError(f"{id!r} is neither site, area, work centre nor work unit")

    def within(self, scope: Iterable[str]) -> "Plant":
        """The plant as somebody sees it who may see the paths of `scope` and what is below them.

        A work centre or area above what he sees stays, with nothing else in it. The plant itself
        where the whole site is in the scope. Places that are there in part stand in `partial`: a sum
        over them would be another number under the same name.
        """
        paths = tuple(scope)
        if covers(paths, self.id):
            return self

        def seen(id: str) -> bool:
            return covers(paths, self.path_of(id))

        units = {id: unit for id, unit in self.work_units.items() if seen(id)}
        above = {unit.work_center for unit in units.values()}
        centers = {id: c for id, c in self.work_centers.items() if id in above or seen(id)}
        over = {center.area for center in centers.values()}
        return replace(
            self,
            areas={id: area for id, area in self.areas.items() if id in over or seen(id)},
            work_centers=centers,
            work_units=units,
            partial=frozenset(i for i in (self.id, *self.areas, *self.work_centers) if not seen(i)),
            devices={
                id: replace(device, work_units=mine)
                for id, device in self.devices.items()
                if (mine := tuple(unit for unit in device.work_units if unit in units))
            },
        )

    def area_of(self, unit: WorkUnit) -> Area:
        return self.areas[self.work_centers[unit.work_center].area]

    def name_of(self, id: str) -> str:
        """The name of the site, an area, work centre or work unit."""
        if id == self.id:
            return self.name
        for table in (self.areas, self.work_centers, self.work_units):
            if id in table:
                return str(table[id].name)
        raise ValueError(f"{id!r} is neither area, work centre nor work unit")
