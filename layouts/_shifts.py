"""What every screen says of the shift that is planned now."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from layouts._slots import Row
from layouts._words import DAY_US, site_time
from mes.snapshot import ShiftNow, Snapshot


def until_words(shift: ShiftNow, now: Snapshot) -> str:
    """ "to 14:00" of a shift; "next at 06:00" where there is none and one is planned."""
    if shift.until_us is None:
        return ""
    at = _when(shift.until_us, now)
    return f"to {at}" if shift.shift else f"next at {at}"


def _when(us: int, now: Snapshot) -> str:
    """The time of day; with the weekday, or the date, where it is not soon."""
    ahead_us, zone = us - now.now_us, now.plant.time_zone
    if ahead_us < DAY_US:
        return site_time(us, now_us=us, zone=zone)
    at = datetime.fromtimestamp(us / 1e6, ZoneInfo(zone))
    return f"{at:%a %H:%M}" if ahead_us < 6 * DAY_US else f"{at.day} {at:%b}"


def shift_row(shift: ShiftNow | None, now: Snapshot) -> Row:
    """The fields "shift" and "shift_until" of a screen's head; empty where no calendar says."""
    if shift is None:
        return {"shift": "", "shift_until": ""}
    name = shift.shift.name if shift.shift else "No shift"
    return {"shift": name, "shift_until": until_words(shift, now)}


def in_words(shift: ShiftNow | None, now: Snapshot) -> str:
    """Both in one line: "Early, to 14:00"."""
    return ", ".join(word for word in shift_row(shift, now).values() if word)


def shared(shifts: Iterable[ShiftNow | None]) -> ShiftNow | None:
    """The shift that all of them are in; None where they differ, or none is known."""
    found = set(shifts)
    return found.pop() if len(found) == 1 else None
