"""Records in memory, for commands that are tried without a database."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from mes.maintenance import KIND as WORK_ORDER
from mes.maintenance import UNFINISHED
from mes.observation import microseconds
from mes.records import Change, Record
from mes.stops import KIND, Code, start_of


class Kept:
    """A `mes.records.Found` that takes changes. stop_end: when the stop of a moment ends."""

    def __init__(
        self,
        stop_end: Callable[[int], int | None] = lambda _us: None,
        stands: Callable[[int], bool] = lambda _us: True,
    ) -> None:
        self._stop_end, self._stands = stop_end, stands
        self._versions: dict[tuple[str, str], Record] = {}

    def take(self, changes: Iterable[Change]) -> None:
        for change in changes:
            key = (change.kind, change.id)
            version = self._versions[key].version + 1 if key in self._versions else 1
            assert change.old == (found.body if (found := self.record(*key)) else None)
            self._versions[key] = Record(kind=change.kind, id=change.id, version=version,
                                         body=change.new, by="olga", at_us=0, position=0)  # fmt: skip

    def record(self, kind: str, id: str) -> Record | None:
        found = self._versions.get((kind, id))
        return found if found and found.body is not None else None

    def records(self, kind: str) -> Sequence[Record]:
        there = [self.record(*key) for key in self._versions if key[0] == kind]
        return [record for record in there if record is not None]

    def made(self, kind: str, place: str) -> int:
        return sum(key[0] == kind and key[1].startswith(f"{place}@") for key in self._versions)

    def unfinished(self, work_unit: str) -> Sequence[Record]:
        mine = [r for r in self.records(WORK_ORDER) if (r.body or {})["unit"] == work_unit]
        return [record for record in mine if (record.body or {})["state"] in UNFINISHED]

    def stands(self, work_unit: str, us: int) -> bool:
        return self._stands(us)

    def stop_end_us(self, work_unit: str, us: int) -> int | None:
        return self._stop_end(us)

    def codes(self, work_unit: str, start_us: int, end_us: int) -> Sequence[Code]:
        out = []
        for record in self.records(KIND):
            body, start = record.body or {}, start_of(record.id)
            said = body["until"]
            until = None if said is None else microseconds(datetime.fromisoformat(said))
            end = self._stop_end(start) if until is None else until
            if start < end_us and (end is None or end > start_us):
                out.append(Code(start, end, body["reason"], body["comment"], record.by,
                                record.version, until))  # fmt: skip
        return sorted(out)
