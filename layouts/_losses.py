"""Losses in words and looks, ranked, and as the columns of a waterfall."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mes.losses import MICRO, Account, Loss
from mes.reasons import Reasons
from mes.states import STATES
from mes.usual_reasons import USUAL

COLUMNS_MAX = 8  # losses that are drawn; the smallest of more stand together
SHOWN_US = 500_000  # what is shorter would be shown as 0:00
FACTORS = ("availability", "effectiveness", "quality")
_WORDS = {
    MICRO: "Micro-stops",
    "speed": "Speed",
    "no_cycle": "No cycle stated",
    "reject": "Rejects",
    "changeover": "Set-up",
    "unknown": "No data",
    "other": "Other",
}
_LOOKS = {"reject": "material", "unknown": "stale", "no_cycle": "stale"}


@dataclass(frozen=True, slots=True)
class Named:
    """A loss as people read it. look: a key of the theme; uncoded: a stop without a reason; parts: that
    could have been made meanwhile; cost: in the site's currency; None where nobody said of a unit.
    """

    factor: str
    word: str
    look: str
    us: int
    uncoded: bool = False
    parts: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What losses are called. texts: fault codes in words."""

    texts: Mapping[str, str] = field(default_factory=dict)
    reasons: Reasons = field(default_factory=lambda: Reasons(USUAL))


@dataclass(frozen=True, slots=True)
class Lost:
    """A unit's losses; cycle_s, cost_per_h: of its master data."""

    losses: Sequence[Loss]
    cycle_s: float | None = None
    cost_per_h: float | None = None


def named(found: Iterable[Lost], words: Words) -> list[Named]:
    """The losses that there are, the largest first; those that are called the same stand together."""
    out: dict[tuple[str, str, str, bool], list[tuple[int, Lost]]] = {}
    for unit in found:
        for one in unit.losses:
            key = (one.factor, _word(one, words), _look(one.cause), one.uncoded)
            out.setdefault(key, []).append((one.us, unit))
    all_ = (_named(*key, parts) for key, parts in out.items())
    return sorted((n for n in all_ if abs(n.us) >= SHOWN_US), key=lambda n: (-n.us, n.word))


def _named(
    factor: str, word: str, look: str, uncoded: bool, parts: Sequence[tuple[int, Lost]]
) -> Named:
    us = sum(us for us, _ in parts)
    made = cost = None
    if all(unit.cycle_s for us, unit in parts if us):
        made = sum(us / 1e6 / unit.cycle_s for us, unit in parts if unit.cycle_s)
    if all(unit.cost_per_h is not None for us, unit in parts if us):
        cost = sum(us / 3.6e9 * unit.cost_per_h for us, unit in parts if unit.cost_per_h)
    return Named(factor, word, look, us, uncoded, made, cost)


def _word(one: Loss, words: Words) -> str:
    if one.reason or one.fault:
        return code_word(one.fault, one.reason, words)
    state = STATES.get(one.cause)
    return _WORDS.get(one.cause) or (state.word.capitalize() if state else one.cause)


def code_word(fault: str, reason: str, words: Words) -> str:
    """Why a machine stood: the reason where there is one, else what the machine said."""
    if not reason:
        return fault_word(fault, words.texts)
    found = words.reasons.get(reason)
    above = words.reasons.get(found.parent).name if found.parent else ""
    return f"{above}: {found.name[:1].lower()}{found.name[1:]}" if above else found.name


def fault_word(code: str, texts: Mapping[str, str]) -> str:
    said = texts.get(code) or f"fault {code}"
    return said[:1].upper() + said[1:]


def _look(cause: str) -> str:
    state = STATES.get(cause)
    return _LOOKS.get(cause) or (state.look if state else "idle")


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of the waterfall, between two parts of planned busy time (0 to 1)."""

    loss: Named
    low: float
    high: float


def columns(account: Account, losses: Sequence[Named]) -> list[Column]:
    """From planned busy time down to the good time, by factor and then by size."""
    drawn = list(losses)
    if len(drawn) > COLUMNS_MAX:
        rest = [one for one in drawn[COLUMNS_MAX - 1 :] if one.factor == FACTORS[0]]
        drawn = [one for one in drawn if one not in rest]
        drawn.append(Named(FACTORS[0], _WORDS["other"], "idle", sum(one.us for one in rest)))
    drawn.sort(key=lambda one: (FACTORS.index(one.factor), one.word == _WORDS["other"], -one.us))
    out, left = [], account.pbt_us
    for one in drawn:
        after = left - one.us
        low, high = sorted((left / account.pbt_us, after / account.pbt_us))
        out.append(Column(one, max(0.0, low), min(1.0, high)))
        left = after
    return out


def minutes(us: int) -> str:
    """A length as minutes and seconds: "307:25"; with a minus where it is below 0."""
    s = round(abs(us) / 1e6)
    return f"{'−' if us < 0 and s else ''}{s // 60:,}:{s % 60:02}"


def texts(fault_texts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Fault codes in words, as far as all units that have a code mean the same by it."""
    out: dict[str, set[str]] = {}
    for one in fault_texts:
        for code, text in one.items():
            out.setdefault(code, set()).add(text)
    return {code: found.pop() for code, found in out.items() if len(found) == 1}
