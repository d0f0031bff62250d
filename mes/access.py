"""Access: what proves who somebody is, and what the audit trail says of coming and going.

No secret and no hash of one is ever in a command: those go beside it into the table of credentials,
in the same transaction. Here stands which credentials there are, what they must be like, and that
they were set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mes.people import RIGHTS, checked_named, covers, texts
from mes.records import Change, Found, Invalid, Missing

PASSWORD_MIN, PASSWORD_MAX = 12, 1024
PIN_MIN, PIN_MAX = 4, 8
BADGE_MAX = 128
SITE = ""

OWNERS = {
    "person": "people",
    "device": "devices",
    "token": "tokens",
}  # kind → right over its secrets
CREDENTIALS = ("password", "pin", "badge", "token", "link")
DEVICE_KINDS = ("wall", "tablet")


def check_password(password: str, *, id: str, name: str, at_least: int = PASSWORD_MIN) -> None:
    """Raises Invalid with the words for who chose it. Length counts, and nothing else is asked for.

    Source: NIST SP 800-63B, 5.1.1.2.
    """
    if len(password) < at_least:
        raise Invalid(
            f"the password has {len(password)} characters; at least {at_least} are needed"
        )
    if len(password) > PASSWORD_MAX:
        raise Invalid(f"the password has more than {PASSWORD_MAX} characters")
    plain = _plain(password)
    for own in (id, name):
        if plain == _plain(own) or plain == _plain(own) * 2:
            raise Invalid("the password is the person's own name")
    if len(set(password)) < 4:
        raise Invalid("the password is one character over and over")


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def check_pin(pin: str) -> None:
    """Raises Invalid with the words for who chose it."""
    if not pin.isascii() or not pin.isdigit() or not PIN_MIN <= len(pin) <= PIN_MAX:
        raise Invalid(f"a PIN has {PIN_MIN} to {PIN_MAX} digits")
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps <= {0} or steps == {1} or steps == {-1}:
        raise Invalid("a PIN is neither one digit over and over nor a run of digits")


def check_badge(badge: str) -> None:
    """Raises Invalid with the words for who read it."""
    if not 4 <= len(badge) <= BADGE_MAX or not badge.isprintable():
        raise Invalid(f"a badge gives 4 to {BADGE_MAX} characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCredential:
    """A credential was set anew, or taken away (`gone`).

    owner: "person:anna"; own: by the person himself, who has shown that he is it.
    """

    owner: str
    credential: str
    own: bool = False
    gone: bool = False
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{'Remove' if self.gone else 'Set'}{self.credential.capitalize()}"

    @property
    def right(self) -> str:
        return "account" if self.own else OWNERS[self.owner.partition(":")[0]]

    def places(self, found: Found) -> tuple[str, ...]:
        return () if self.own else (SITE,)

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        kind, _, id = self.owner.partition(":")
        record = found.record(kind, id)
        if kind not in OWNERS or record is None:
            raise Missing(f"no {kind} {id!r}")
        if self.credential not in CREDENTIALS:
            raise Invalid(f"credential: found {self.credential!r}; expected {CREDENTIALS}")
        if not self.gone and record.body is not None and not record.body["active"]:
            raise Invalid(f"{kind} {id} is not active: nothing lets it in before it is again")
        # The record as it stands, so that the audit trail shows whose credential it was.
        return (Change(kind, id, record.body, record.body),)

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the audit trail shall show, and nothing changes."""

    right = "live"
    how: str
    reason: str = ""

    @property
    def name(self) -> str:
        return type(self).__name__

    def places(self, found: Found) -> tuple[str, ...]:
        return ()

    def decide(self, found: Found, *, now_us: int) -> tuple[Change, ...]:
        return ()

    def signatures(self, found: Found, *, now_us: int) -> tuple[str, ...]:
        return ()


class SignedIn(_Told):
    """Somebody has signed in; `how`: password, pin, badge, oidc or link."""


class SignedOut(_Told):
    """Somebody has signed out."""


class LockedOut(_Told):
    """Somebody, or an address, has to wait after too many wrong attempts."""


def checked_device(_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a device's record, complete: {name, kind, scope, active}. Raises ValueError."""
    named, kind = checked_named(body, "kind"), body.get("kind", "wall")
    if kind not in DEVICE_KINDS:
        raise ValueError(f"kind: found {kind!r}; expected one of {', '.join(DEVICE_KINDS)}")
    return {**named, "kind": kind}


def checked_token(_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an API token's record: {name, scope, rights, active, expires_us}.

    Raises ValueError.
    """
    named = checked_named(body, "rights", "expires_us")
    rights = texts(body, "rights", len(RIGHTS))
    if unknown := sorted(set(rights) - RIGHTS.keys()):
        raise ValueError(
            f"rights: found {', '.join(unknown)}; expected some of {', '.join(RIGHTS)}"
        )
    if not rights:
        raise ValueError("rights: found none; expected one at least")
    expires = body.get("expires_us")
    if expires is not None and (not isinstance(expires, int) or expires <= 0):
        raise ValueError(f"expires_us: found {expires!r}; expected microseconds since the epoch")
    order = list(RIGHTS)
    return {**named, "rights": sorted(set(rights), key=order.index), "expires_us": expires}


def narrowed(scope: tuple[str, ...], within: tuple[str, ...]) -> tuple[str, ...]:
    """What of `scope` lies within the paths of `within`."""
    own = [one for one in scope if covers(within, one)]
    return tuple(own + [one for one in within if covers(scope, one) and one not in own])
