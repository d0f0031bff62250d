"""Anchors: older heads of the log, kept in a file beside the database.

Whoever owns the database can cut off the newest entries, or write the chain anew: then it holds in
itself. An anchor tells, as far back as it is old. A line is "position hash time". Whoever can write
this file too can change it: copies elsewhere are worth more (`takt audit verify` prints the head).
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mes.observation import moment
from store.files import make_private, sync
from store.log import RecordsRefused

FILE = "anchors.log"  # below the data directory
LINES_MAX = 10_000  # kept; the oldest go
EVERY_S = 3600.0

_LINE = re.compile(r"(\d{1,18})[ :]([0-9a-f]{64})(?: (\S+))?")


class Anchor(NamedTuple):
    """Position and hash of an older head; at: when it was written down, "" where nobody says."""

    position: int
    hash: bytes
    at: str = ""


def parsed(text: str) -> Anchor:
    """Of "POSITION:HASH", or of a line of the file. Raises ValueError."""
    found = _LINE.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"anchor: found {text!r}; expected POSITION:HASH, the hash of 64 digits")
    return Anchor(int(found[1]), bytes.fromhex(found[2]), found[3] or "")


def read(path: Path) -> list[Anchor]:
    """What the file holds, in order; nothing where there is none. Raises RecordsRefused."""
    if not path.exists():
        return []
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            out.append(parsed(line))
        except ValueError as error:
            raise RecordsRefused(f"{path}, line {number}: {error}") from error
    return out


def keep(path: Path, position: int, hash: bytes, *, now_us: int) -> bool:
    """Write the head down, durably, unless it stands there as the last one; whether it was.

    A line that was torn by a power cut is left out.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    lines = [line for line in lines if _LINE.fullmatch(line)]
    if position == 0 or (lines and parsed(lines[-1])[:2] == (position, hash)):
        return False
    at = moment(now_us).isoformat(timespec="seconds").replace("+00:00", "Z")
    _write(path, [*lines, f"{position} {hash.hex()} {at}"][-LINES_MAX:])
    return True


def _write(path: Path, lines: Sequence[str]) -> None:
    half = path.with_suffix(".part")
    make_private(half)
    with half.open("w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    sync(path.parent)
