"""Records: what people keep of a plant, and the one way in which any of it is changed.

A record is a JSON object of a kind, with an id and a version that counts its changes; no version
is ever written over. A command says what shall change; `decide` turns it into changes or refuses.
Commands carry the version that the person had before his eyes, so that nobody overwrites what he
has not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mes.stops import Code

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed an action, in which meaning; printed wherever the record is shown.

    Source: 21 CFR Part 11, 11.50: printed name, date and time, meaning.
    """

    person: str
    name: str
    meaning: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One version of a record. `body` is None where it was removed; who signed that change stands
    in `signatures`.
    """

    kind: str
    id: str
    version: int
    body: Body | None
    by: str
    at_us: int
    position: int
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one record; None: it was not there, or shall not be."""

    kind: str
    id: str
    old: Body | None
    new: Body | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One change as the audit trail tells of it; kind is "" where no record was concerned.

    name: as it was printed then; places: paths of the equipment that it concerns.
    """

    position: int
    line: int
    at_us: int
    person: str
    name: str
    device: str
    command: str
    kind: str
    id: str
    places: tuple[str, ...]
    old: Body | None
    new: Body | None
    reason: str
    signatures: tuple[Signature, ...]


class Found(Protocol):
    """What is on record, for those who decide."""

    def record(self, kind: str, id: str) -> Record | None:
        """The newest version; None where there is none, or it was removed."""

    def records(self, kind: str) -> Sequence[Record]:
        """The newest versions of all that are there."""

    def ever(self, kind: str) -> Sequence[Any]:
        """Every body that records of a kind ever had, oldest first."""

    def made(self, kind: str, place: str) -> int:
        """How many records of a kind there ever were at a place, by their ids."""

    def unfinished(self, work_unit: str) -> Sequence[Record]:
        """The unit's maintenance work orders that are open or started."""

    def codes(self, work_unit: str, start_us: int, end_us: int) -> Sequence[Code]:
        """What people said of the unit's stops between two moments, in order."""

    def stands(self, work_unit: str, us: int) -> bool:
        """Whether the unit stood by itself at a moment, as far as is on record."""

    def stop_end_us(self, work_unit: str, us: int) -> int | None:
        """When the stop ended that went on at a moment; None where it goes on."""


class Command(Protocol):
    """What a person asks for: a frozen dataclass whose fields are all that it says.

    One with an attribute `signed_by_performer` that is true is signed by who performs it himself, and
    nobody else.
    """

    @property
    def name(self) -> str:
        """What it is called in the audit trail, in the imperative."""

    @property
    def right(self) -> str:
        """The key of the right that it takes."""

    @property
    def reason(self) -> str: ...

    def places(self, found: Found) -> tuple[str, ...]:
        """Ids of the equipment it acts on; the person's scope must cover each."""

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        """The changes. Raises Refused."""

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        """The meanings in which it has to be signed, by a person each."""


class Refused(ValueError):
    """The command cannot be done; the words are for the person. `code` is for programs."""

    code = "refused"


class Invalid(Refused):
    """What the command says is wrong in itself."""

    code = "invalid"


class Missing(Refused):
    """There is no such thing."""

    code = "not_found"


class Forbidden(Refused):
    """The person has not the right, or not there."""

    code = "forbidden"


class Unsigned(Refused):
    """It takes a signature that is not there; `meanings` are those that are missing."""

    code = "signature_required"

    def __init__(self, words: str, meanings: tuple[str, ...]) -> None:
        super().__init__(words)
        self.meanings = meanings


class Conflict(Refused):
    """Somebody else was first. `record` is what he left; None where it is a reused key."""

    code = "conflict"

    def __init__(self, words: str, record: Record | None = None) -> None:
        super().__init__(words)
        self.record = record


def current(found: Found, kind: str, id: str, version: int | None) -> Record | None:
    """The record a command wants to change, if it is still the version that the person has seen.

    version: 0 where he saw none; None: whatever is there. Raises Conflict.
    """
    record = found.record(kind, id)
    stands = record.version if record else 0
    if version is None or version == stands:
        return record
    if record is None:
        raise Conflict(f"{kind} {id} is no longer there")
    if version == 0:
        raise Conflict(f"{kind} {id} is there already, made by {record.by}", record)
    raise Conflict(f"{kind} {id} was changed meanwhile, by {record.by}", record)
