"""The audit trail in words: what was done, and what of a record is different now."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from layouts._words import zone_word
from mes.differences import ABSENT, Difference
from mes.kinds import KINDS, camel
from mes.observation import moment

COMMANDS = {
    "SignedIn": "signed in",
    "SignedOut": "signed out",
    "LockedOut": "was locked out",
    "Configure": "took over the configuration",
    "SetPassword": "set the password",
    "RemovePassword": "took away the password",
    "SetPin": "set the PIN",
    "RemovePin": "took away the PIN",
    "SetBadge": "set the badge",
    "RemoveBadge": "took away the badge",
    "SetLink": "made a one-time link",
    "RemoveLink": "took away the one-time link",
    "RequestMaintenance": "asked for maintenance",
    "OrderMaintenance": "made the work order of a plan",
    "StartMaintenance": "began a work order",
    "FinishMaintenance": "finished a work order",
    "CancelMaintenance": "cancelled a work order",
}
_EDITS = {"set": "made or changed", "remove": "removed"}
_WAYS = {
    "password": "by password",
    "pin": "by PIN",
    "badge": "by badge",
    "oidc": "by the identity provider",
    "link": "by one-time link",
    "token": "by token",
}
_UNITS = {"s": "s", "min": "min", "pct": "%"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


def kind_words(kind: str) -> str:
    return kind.replace("_", " ")


def command_words(command: str) -> str:
    """Of a command alone: "made or changed a person", "start job order"."""
    if command in COMMANDS:
        return COMMANDS[command]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", command).lower()
    verb, _, kind = words.partition(" ")
    return f"{_EDITS[verb]}: {kind}" if verb in _EDITS else words


def known_commands() -> list[str]:
    """What can be searched for: the commands that there are today."""
    edits = [f"{verb}{camel(kind)}" for kind in KINDS for verb in ("Set", "Remove")]
    return sorted({*COMMANDS, *edits}, key=command_words)


def done_words(command: str, old: Any, new: Any) -> str:
    """What was done to the record: "made", "changed", "removed", or the command itself."""
    if command in COMMANDS or not command.startswith(("Set", "Remove")):
        return command_words(command)
    return "made" if old is None else "removed" if new is None else "changed"


def place_words(device: str) -> str:
    """Where somebody acted: "at cell-1"; away from a known device how he had signed in."""
    return _WAYS.get(device, f"at {device}") if device else ""


def full_time(us: int, zone: str) -> tuple[str, str]:
    """Date, and time with its zone, at the site: ("2026-11-22", "16:06:40 CET")."""
    try:
        at = moment(us).astimezone(ZoneInfo(zone))
    except (OverflowError, ValueError):
        return f"{us} µs", ""
    return f"{at:%Y-%m-%d}", f"{at:%H:%M:%S} {zone_word(us, zone)}"


def field_words(where: tuple[str, ...]) -> str:
    """The fields from the outside in: "shifts › early › start"."""
    return " › ".join(_field(name) for name in where)


def _field(name: str) -> str:
    if not name:
        return "from the beginning"
    if _MOMENT.fullmatch(name):
        return name
    stem, _, unit = name.rpartition("_")
    if stem and unit == "us":
        return stem.replace("_", " ")
    if stem and unit in _UNITS:
        return f"{stem.replace('_', ' ')} [{_UNITS[unit]}]"
    return name.replace("_", " ")


def value_words(value: Any, zone: str, field: str = "") -> str:
    """A value of a record as people read it; times are site time."""
    if value is ABSENT:
        return ""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and field.endswith("_us"):
        return " ".join(full_time(value, zone))
    if isinstance(value, str):
        return _text(value, zone)
    if isinstance(value, Mapping):
        inside = (f"{_field(k)}: {value_words(v, zone, k)}" for k, v in value.items())
        return ", ".join(inside) or "nothing"
    if isinstance(value, list):
        mappings = any(isinstance(item, Mapping) for item in value)
        inside = (value_words(item, zone) for item in value)
        return ("; " if mappings else ", ").join(inside) or "none"
    return str(value)


def _text(value: str, zone: str) -> str:
    if not value:
        return "empty"
    if not _MOMENT.fullmatch(value):
        return value
    try:
        at = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    return " ".join(full_time(round(at.timestamp()) * 1_000_000, zone))


def difference_words(one: Difference, zone: str) -> str:
    """As one line of text: "start: 06:00 → 05:30", "roles: + admin"."""
    name, field = field_words(one.where), one.where[-1] if one.where else ""
    old, new = value_words(one.old, zone, field), value_words(one.new, zone, field)
    if one.kind == "added":
        return f"{name}: + {new}"
    if one.kind == "removed":
        return f"{name}: − {old}"
    return f"{name}: {old} → {new}"
