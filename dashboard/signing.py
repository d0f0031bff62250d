"""Electronic signature: somebody proves who he is once more, and says what he signs for.

`sign` gives the `Signature` that goes into `Desk.perform(signatures=…)`. It is not kept anywhere
before that, so that it serves one action; in the log it stands in the action's own entry, under the
chain's hash, and cannot be taken out or put under another. That two people sign is asked for by the
record's kind (`mes.kinds`) and held by the one door.

Source: 21 CFR Part 11, 11.50, 11.70, 11.200: name, time and meaning; linked; id and password each time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from dashboard.doorway import Doorway
from mes.records import Forbidden, Invalid, Signature

MEANINGS = ("approved", "reviewed", "performed", "responsible")
MEANINGS_WORDS = ", ".join(MEANINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What somebody types to sign: his id, his password, and the meaning of his signature."""

    id: str
    password: str
    meaning: str

    def __repr__(self) -> str:  # a password stands in no log
        return f"Signing(id={self.id!r}, meaning={self.meaning!r})"


async def sign(
    doorway: Doorway, signing: Signing, scope: Scope, *, paths: Sequence[str] = ()
) -> Signature:
    """The signature of the person whose id and password these are.

    scope: of the request, for its address; paths: of the equipment that the record concerns. A PIN
    is not enough. Wrong ones count for the lock-out.

    Raises dashboard.doorway.Turned and Waiting, mes.records.Forbidden and Invalid.
    """
    if signing.meaning not in MEANINGS:
        raise Invalid(f"meaning: found {signing.meaning!r}; expected one of {MEANINGS_WORDS}")
    person = await doorway.by_secret(signing.id, "password", signing.password, scope)
    if not person.has("sign"):
        raise Forbidden(f"{person.name} may not sign")
    for path in paths:
        if not person.may("sign", path):
            raise Forbidden(f"{person.name} may not sign for {path}")
    return Signature(person.id, person.name, signing.meaning, time.time_ns() // 1000)
