"""What the page of a place's reasons shows: the tree that holds there, whose it is, and its faults."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from layouts._desk import moment_of
from mes.equipment import Plant, WorkUnit
from mes.reasons import ReasonTree
from mes.records import Record

FAULT_ROWS, NEW_FAULTS = 200, 3  # codes that are shown of a machine, and empty ones beside them
ANY = "*"  # in addresses, of any machine: no unit is called so


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows.

    plant: as the person sees it; tree: the one that holds at the place, with the faults of its
    machines; holder: whose it is, "" for the usual one; own: the place's own, on record; below:
    places below it that have their own; drawn: the version of the place's record that is newest,
    also of one that was taken away; unit: the machine whose faults are spoken of, None for any;
    by: who made what is on record; may: whether who looks may change it.
    """

    plant: Plant
    place: str
    now_us: int
    tree: ReasonTree = field(default_factory=lambda: ReasonTree(reasons=()))
    holder: str = ""
    own: Record | None = None
    below: Sequence[str] = ()
    drawn: int = 0
    unit: WorkUnit | None = None
    by: str = ""
    may: bool = False

    @property
    def address(self) -> str:
        return f"/reasons/{self.place}"

    @property
    def name(self) -> str:
        return self.plant.name_of(self.place)

    @property
    def version(self) -> int:
        return self.own.version if self.own else 0

    @property
    def about(self) -> str:
        """The machine whose faults are spoken of, as it stands in addresses and forms."""
        return self.unit.id if self.unit else ANY

    def made(self) -> str:
        """Who made the place's own tree, and when."""
        at = self.own.at_us if self.own else None
        return f"{self.by}, {moment_of(at, self.plant.time_zone, self.now_us)}"

    def units(self) -> Sequence[WorkUnit]:
        return self.plant.units_of(self.place)

    def codes(self) -> list[str]:
        """Codes of the machine that is spoken of: those it has a text for, and what else means
        something. Of too many, those that mean something come first.
        """
        if self.unit is None:
            return [key for key in self.tree.faults if not self._of_unit(key)][:FAULT_ROWS]
        begin = f"{self.unit.id}:"
        said = [key.removeprefix(begin) for key in self.tree.faults if key.startswith(begin)]
        known = list(dict.fromkeys((*self.unit.fault_texts, *said)))
        if len(known) > FAULT_ROWS:
            known = list(dict.fromkeys((*said, *known)))
        return known[:FAULT_ROWS]

    def means(self, code: str) -> str:
        """The reason that people gave to a code of the machine, "" for none."""
        return self.tree.faults.get(f"{self.unit.id}:{code}" if self.unit else code, "")

    def means_anywhere(self, code: str) -> str:
        """What it means as any machine's, where it is said of a machine."""
        return self.tree.faults.get(code, "") if self.unit else ""

    def text(self, code: str) -> str:
        """What the machine says by a code; of any machine what those say that know it."""
        units = (self.unit,) if self.unit else self.units()
        texts = dict.fromkeys(u.fault_texts[code] for u in units if code in u.fault_texts)
        return " / ".join(list(texts)[:3])

    def _of_unit(self, key: str) -> bool:
        return ":" in key and key.partition(":")[0] in self.plant.work_units


def reason_words(tree: ReasonTree, id: str) -> str:
    """A reason with the kind that it is of: "Jam: in the feed" is "Jam, In the feed"."""
    found = tree.get(id)
    if found is None:
        return id
    kind = tree.get(found.parent) if found.parent else None
    return f"{kind.name}, {found.name}" if kind else found.name


def places_of(plant: Plant) -> list[str]:
    """The places whose reasons one can look at: the site, areas and work centres that are there whole."""
    ids = (plant.id, *plant.areas, *plant.work_centers)
    return [id for id in ids if id not in plant.partial]
