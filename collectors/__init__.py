"""Sources of observations. One module per protocol; the file name is its name in config.toml.

A collector module has `Settings`, `async def collect(settings, emit)` and nothing that the rest
of Takt has to know. `Settings` is a pydantic model whose base is `collectors.Settings`: it is
built, and refuses what is wrong, before anything is opened. `collect` runs until it is cancelled
or raises SourceUnavailable (will be tried again) or SourceRejected (a person must act, and it is
only tried again now and then). It never reconnects by itself: `collectors.supervisor` does.

`emit` takes the observations of one answer of the device, an empty sequence where it answered and
nothing had changed: that it answered is news too. It never blocks and never raises. What is wrong
with one tag alone is an observation of quality "bad" whose status says so.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from types import ModuleType

from pydantic import BaseModel, ConfigDict

from mes.observation import Observation

Emit = Callable[[Sequence[Observation]], None]
PRIVATE = {"supervisor"}


class Source(BaseModel):
    """Base of everything a collector is configured with: frozen, and unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TagSource(Source):
    """Where one tag of one work unit is found. A protocol adds its address."""

    work_unit: str
    name: str


class Settings(Source):
    """What every collector has. A protocol adds its endpoint and `tags`, a tuple of TagSource.

    What an id may be made of is checked where the file is read, in `store.config_tables`.
    """

    id: str

    @property
    def address(self) -> str:
        """Where the device is, as a person would type it."""
        return self.id

    @property
    def silent_after_s(self) -> float:
        """A device that is connected and answers nothing for so long is shown as silent [s]."""
        return 2.5

    @property
    def heard_every_s(self) -> float:
        """A sound device is heard at least this often, though nothing changes [s]."""
        return 1.0

    @property
    def told_again_s(self) -> float | None:
        """A value that does not change comes again at least this often [s]; None: it does not."""
        return None


class SourceUnavailable(Exception):
    """The device does not answer now; trying again may help.

    `str()` of it says what that means, `advice` what to do; the raw error is its `__cause__`.
    `last` are observations to be kept that are no answer of the device: what is now known to be bad.
    """

    def __init__(self, meaning: str, *, advice: str, last: Sequence[Observation] = ()) -> None:
        super().__init__(meaning)
        self.advice = advice
        self.last = last


class SourceRejected(SourceUnavailable):
    """The device refuses us (credentials, certificate, namespace); only a person can help."""


def known() -> list[str]:
    """The protocols there are, by the names they have in a configuration."""
    names = (m.name for m in pkgutil.iter_modules(__path__))
    return sorted(n for n in names if not n.startswith("_") and n not in PRIVATE)


def load(name: str) -> ModuleType:
    """The collector module `name`. Raises ValueError listing the known ones."""
    if name not in known():
        raise ValueError(f"no collector {name!r}; known: {', '.join(known())}")
    return importlib.import_module(f"{__name__}.{name}")
