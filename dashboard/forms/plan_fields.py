"""What was typed into the forms of a plan, as the bodies of records; and refusals, at their fields."""

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from itertools import chain, count
from typing import Any

from layouts._words import sentence
from mes.shifts import WEEK

Values = Mapping[str, str]
SHIFT_ROWS, BREAK_ROWS, HOLIDAY_ROWS = 12, 20, 50  # that are read
_PLACE = re.compile(r"((?:\w+(?:\[\d+\])?)(?:\.\w+(?:\[\d+\])?)*): (.*)", re.DOTALL)
_PLAIN = re.compile(
    r"found (?:'[^']*'|\"[^\"]*\"|-?[\d.e+]+|\[\]|nothing); expected (.*)", re.DOTALL
)


def time_of_day(typed: str) -> str:
    """ "6:00" as "06:00", "24:00" as "00:00"; all else as it is, to be refused."""
    typed = typed.strip().replace(".", ":")
    typed = f"0{typed}" if re.fullmatch(r"\d:\d\d", typed) else typed
    return "00:00" if typed == "24:00" else typed


def _whole(typed: str) -> int | str:
    typed = typed.strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else typed


def _breaks(form: Values, prefix: str) -> tuple[list[dict[str, Any]], list[int]]:
    """The breaks, and the rows in which they stand."""
    found, rows = [], []
    for n in range(BREAK_ROWS):
        at = f"{prefix}break-{n}-"
        typed = {name: form.get(at + name, "").strip() for name in ("start", "minutes", "name")}
        if any(typed.values()):
            found.append(
                {
                    "name": typed["name"] or "Break",
                    "start": time_of_day(typed["start"]),
                    "minutes": _whole(typed["minutes"]),
                }
            )
            rows.append(n)
    return found, rows


def slug(name: str) -> str:
    """An id from a name: "Frühschicht 2" is "fruhschicht-2"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63]


def exception_body(form: Values, place: str, names: Mapping[str, str]) -> dict[str, Any]:
    """names: id → name of the shifts that the pattern knows; an extra one may be called by either."""
    kind, typed = form.get("kind", ""), form.get("shift", "").strip()
    known = {name.casefold(): id for id, name in names.items()}
    id = typed if typed in names else known.get(typed.casefold(), slug(typed))
    body: dict[str, Any] = {
        "place": place,
        "date": form.get("date", ""),
        "shift": id if kind == "extra" else typed,
        "kind": kind,
        "note": form.get("note", "").strip(),
    }
    if kind != "cancelled":
        body |= {name: time_of_day(form.get(name, "")) for name in ("start", "end")}
        body["breaks"] = _breaks(form, "")[0]
    return body


def exception_faults(message: str, form: Values) -> dict[str, str]:
    rows = _breaks(form, "")[1]
    at, words = parted(message)
    if found := re.fullmatch(r"breaks\[(\d+)\]\.?(\w*)", at):
        return {f"break-{rows[int(found[1])]}-{found[2] or 'start'}": words}
    known = {"date", "shift", "kind", "start", "end", "note", "breaks"}
    return {at: words} if at in known else {"": words}


def pattern_body(form: Values, place: str) -> tuple[dict[str, Any], list[int]]:
    """The body of a pattern, and the rows of the form in which its shifts stand."""
    shifts: list[dict[str, Any]] = []
    rows = []
    taken = {form.get(f"shift-{n}-id", "") for n in range(SHIFT_ROWS)}
    for n in range(SHIFT_ROWS):
        at = f"shift-{n}-"
        name = form.get(f"{at}name", "").strip()
        if not name:
            continue
        id = form.get(f"{at}id", "").strip()
        if not id:
            id = free_id(slug(name) or "shift", taken)
            taken.add(id)
        days = form.get(f"{at}days", "").split()
        shifts.append(
            {
                "id": id,
                "name": name,
                "days": [day for day in WEEK if day in days],
                "start": time_of_day(form.get(f"{at}start", "")),
                "end": time_of_day(form.get(f"{at}end", "")),
                "breaks": _breaks(form, at)[0],
            }
        )
        rows.append(n)
    body = {"place": place, "valid_from": form.get("valid_from", ""), "shifts": shifts}
    return body, rows


def free_id(id: str, taken: Set[str], most: int = 63) -> str:
    """The id, or with a number behind it, of `most` characters at most; one that is not taken."""
    more = (f"{id[: most - len(str(n)) - 1]}-{n}" for n in count(2))
    return next(one for one in chain((id[:most],), more) if one not in taken)


def pattern_faults(message: str, form: Values, rows: Sequence[int]) -> dict[str, str]:
    at, words = parted(message)
    if at == "valid_from":
        return {at: words}
    found = re.fullmatch(r"shifts\[(\d+)\]\.?(.*)", at)
    if not found:
        return {"shifts" if at == "shifts" else "": words}
    row = rows[int(found[1])]
    rest = found[2]
    if pause := re.fullmatch(r"breaks\[(\d+)\]\.?(\w*)", rest):
        break_rows = _breaks(form, f"shift-{row}-")[1]
        return {f"shift-{row}-break-{break_rows[int(pause[1])]}-{pause[2] or 'start'}": words}
    return {f"shift-{row}-{rest}" if rest else f"shift-{row}": words}


def parted(message: str) -> tuple[str, str]:
    """A refusal as (where in the body, words for who typed it)."""
    found = _PLACE.fullmatch(message)
    at, words = (found[1], found[2]) if found else ("", message)
    plain = _PLAIN.fullmatch(words)
    return at, f"Please give {plain[1]}." if plain else sentence(words)
