"""Who asks: what the access middleware found out, for whoever serves the request or the websocket."""

from contextvars import ContextVar
from dataclasses import dataclass

from mes.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks, and from where.

    device: id of the wall or tablet, "" for none; session: id of the session of a signed-in person;
    via: password, pin, badge, oidc or link (a person), token (a program), device, demo, stranger.
    """

    person: Person
    device: str = ""
    session: str | None = None
    via: str = "stranger"
    browser: str = ""

    @property
    def signed_in(self) -> bool:
        """Whether it is a person."""
        return self.session is not None

    @property
    def where(self) -> str:
        """What stands as the device in the audit trail."""
        return self.device or self.via


NOBODY = Person(id="", name="", rights=frozenset())
STRANGER = Who(person=NOBODY)

WHO: ContextVar[Who] = ContextVar("takt_who", default=STRANGER)


def who() -> Who:
    """Who asks for what is being served now, also during a websocket."""
    return WHO.get()
