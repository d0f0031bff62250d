"""Reading a plain JSON body, checked: each fault says where, what was found, what is expected.

`at` is where in the body a value stands: "start", "breaks[0].minutes". Everything here raises
ValueError for a value that is not as expected, and nothing else.
"""

import datetime as dt
import re
import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

Read = TypeVar("Read")

FIRST_DATE, LAST_DATE = dt.date(1970, 1, 1), dt.date(2199, 12, 31)
NAME_LETTERS, NOTE_LETTERS = 80, 500
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def fault(at: str, found: object, expected: str) -> ValueError:
    """The error to raise; `found` is shortened."""
    return ValueError(f"{at}: found {reprlib.repr(found)}; expected {expected}")


def members(
    body: object, required: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    """The body, if it is an object with all the required members and none that is unknown."""
    known = ", ".join((*required, *optional))
    if not isinstance(body, Mapping):
        raise ValueError(f"found {reprlib.repr(body)}; expected an object with {known}")
    for name in body:
        if name not in required and name not in optional:
            raise ValueError(f"found the unknown member {reprlib.repr(name)}; known: {known}")
    for name in required:
        if name not in body:
            raise ValueError(f"{name}: found nothing; expected an object with {known}")
    return body


def items(found: object, at: str, most: int, read: Callable[[Any], Read]) -> tuple[Read, ...]:
    """What `read` makes of each item of a list of at most `most`; its faults get the place."""
    if not isinstance(found, list | tuple):
        raise fault(at, found, "a list")
    if len(found) > most:
        raise ValueError(f"{at}: found {len(found)} items; expected at most {most}")
    values = []
    for index, item in enumerate(found):
        try:
            values.append(read(item))
        except ValueError as error:
            between = ": " if str(error).startswith("found ") else "."
            raise ValueError(f"{at}[{index}]{between}{error}") from None
    return tuple(values)


def id_(found: object, at: str) -> str:
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise fault(at, found, "an id: letters, digits, - and _, at most 63 of them")
    return found


def name(found: object, at: str) -> str:
    """A text of one line that says something."""
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        raise fault(at, found, "a text of one line")
    if len(found) > NAME_LETTERS:
        raise fault(at, found, f"at most {NAME_LETTERS} letters")
    return found


def note(found: object, at: str) -> str:
    """A text of any number of lines, or of none."""
    if not isinstance(found, str) or not found.replace("\n", "").isprintable():
        raise fault(at, found, "a text")
    if len(found) > NOTE_LETTERS:
        raise fault(at, found, f"at most {NOTE_LETTERS} letters")
    return found


def choice(found: object, at: str, known: Collection[str]) -> str:
    if not isinstance(found, str) or found not in known:
        raise fault(at, found, f"one of {', '.join(known)}")
    return found


def whole(found: object, at: str, least: int, most: int) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise fault(at, found, f"a whole number from {least} to {most}")
    return found


def time_of_day(found: object, at: str) -> dt.time:
    matched = _TIME.fullmatch(found) if isinstance(found, str) else None
    if not matched:
        raise fault(at, found, "a time from 00:00 to 23:59")
    return dt.time(int(matched[1]), int(matched[2]))


def date(found: object, at: str) -> dt.date:
    expected = f"a date from {FIRST_DATE} to {LAST_DATE}"
    if not isinstance(found, str) or not _DATE.fullmatch(found):
        raise fault(at, found, expected)
    try:
        day = dt.date.fromisoformat(found)
    except ValueError:
        raise fault(at, found, expected) from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise fault(at, found, expected)
    return day
