"""The states a work unit can be in, and the profiles that map a machine's own codes to them.

Two tables. A state is a row of STATES: what it is called, which look it has, how bad it is, which
time element of ISO 22400 it makes (idle is planned and not allocated; unknown is neither).
A profile is a row of PROFILES: which code of which machine family means which state or mode.
PackML names and numbers: ISA-TR88.00.02 counts from 1 (Execute is 6); OPC 30060 gives the same
names other numbers (Execute is 4), so codes are always read through a profile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class State:
    """One state that a work unit can be in: a row of STATES."""

    key: str
    word: str
    look: str  # hue and shape: run, help, stop, material, idle
    rank: int  # 0 is worst: the order of a wall
    element: str = ""  # of ISO 22400 inside of planned busy time: apt, aust, adet; "" for neither
    stops: bool = (
        False  # the machine itself stands: people say why, and with a fault it is a failure
    )


STATES: Mapping[str, State] = {
    s.key: s
    for s in (
        State("stopped", "STOPPED", "stop", 0, "adet", stops=True),
        State("held", "HELD", "stop", 1, "adet", stops=True),
        State("starved", "STARVED", "material", 2, "adet"),
        State("blocked", "BLOCKED", "material", 3, "adet"),
        State("waiting", "WAITING", "material", 4, "adet"),
        State("maintenance", "SERVICE", "help", 5, "adet"),
        State("changeover", "CHANGEOVER", "help", 6, "aust"),
        State("manual", "MANUAL", "help", 7, "adet"),
        State("running", "RUNNING", "run", 8, "apt"),
        State("idle", "IDLE", "idle", 9),
        State("unknown", "UNKNOWN", "idle", 10),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one machine family says its state: code → state, code → mode."""

    key: str
    states: Mapping[str, str]
    modes: Mapping[str, str] = field(default_factory=dict)


# PackML state → ours. Held has an internal cause, Suspended an external one (starved or blocked).
_PACKML = {
    "clearing": "stopped",
    "stopped": "stopped",
    "starting": "idle",
    "idle": "idle",
    "suspended": "waiting",
    "execute": "running",
    "stopping": "stopped",
    "aborting": "stopped",
    "aborted": "stopped",
    "holding": "held",
    "held": "held",
    "unholding": "held",
    "suspending": "waiting",
    "unsuspending": "waiting",
    "resetting": "idle",
    "completing": "running",
    "complete": "idle",
}
_OPC_30060 = (  # its enumeration, from 0
    "stopped starting idle suspended execute stopping aborting aborted holding held unholding "
    "suspending unsuspending resetting completing complete clearing"
).split()
# TR88 defines modes 1 to 3; 4 is the first free one, and set-up is what it is used for most.
_MODES = {"1": "production", "2": "maintenance", "3": "manual", "4": "changeover"}

PROFILES: Mapping[str, Profile] = {
    p.key: p
    for p in (
        Profile(
            key="packml",
            states={str(n): _PACKML[name] for n, name in enumerate(_PACKML, start=1)},
            modes=_MODES,
        ),
        Profile(
            key="packml_opc30060",
            states={str(n): _PACKML[name] for n, name in enumerate(_OPC_30060)},
            modes=_MODES,
        ),
        Profile(key="running_bit", states={"0": "stopped", "1": "running"}),
    )
}


def code(value: object) -> str:
    """The text under which a profile lists a machine's code: 6, 6.0, True and "6" are alike."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip().lower()


def state_of(
    profile: Profile, *, state: object, mode: object = None, starved: bool, blocked: bool
) -> str:
    """The state that a machine's codes stand for; "unknown" for a code the profile lacks.

    A mode other than production wins over the state: a machine that runs in set-up is set up.
    Starved and blocked refine a state that waits for a neighbour.
    """
    if mode is not None:
        named = profile.modes.get(code(mode), "production")
        if named != "production":
            return named
    found = profile.states.get(code(state), "unknown")
    if found == "waiting" and (starved or blocked):
        return "starved" if starved else "blocked"
    return found
