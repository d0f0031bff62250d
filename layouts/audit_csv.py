"""Lines of the audit trail as CSV (RFC 4180), for spreadsheets and programs.

UTF-8 with a byte order mark: without it spreadsheets take it for something else. A text that a
spreadsheet would compute begins with an apostrophe, so that it is shown and never run.
"""

import csv
import io
import json
from collections.abc import Sequence

from layouts._audit_words import difference_words, done_words, full_time
from layouts._signature import WORDS
from mes.differences import differences
from mes.observation import rfc3339
from mes.records import AuditLine, Body

BOM = "\ufeff"
HEAD = (
    "position", "line", "time_utc", "time_site", "person", "name", "device", "command", "done",
    "kind", "id", "place", "change", "reason", "signatures", "old", "new",
)  # fmt: skip
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def head() -> str:
    """The first line, the mark before it."""
    return BOM + row(HEAD)


def row(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return out.getvalue()


def _safe(cell: object) -> object:
    """Texts that a spreadsheet would compute are led by an apostrophe; numbers stay."""
    if isinstance(cell, str) and cell.lstrip(" \u00a0").startswith(_COMPUTED):
        return f"'{cell}"
    return cell


def line(found: AuditLine, zone: str) -> str:
    """One line of the trail; zone: of the site."""
    changed = differences(found.old, found.new)
    signed = [
        f"{WORDS.get(s.meaning, s.meaning)} {s.name} ({s.person}), "
        f"{' '.join(full_time(s.at_us, zone))}"
        for s in found.signatures
    ]
    return row(
        (
            found.position,
            found.line,
            rfc3339(found.at_us),
            " ".join(full_time(found.at_us, zone)),
            found.person,
            found.name,
            found.device,
            found.command,
            done_words(found.command, found.old, found.new),
            found.kind,
            found.id,
            " ".join(found.places),
            "\n".join(difference_words(one, zone) for one in changed),
            found.reason,
            "\n".join(signed),
            _json(found.old),
            _json(found.new),
        )
    )


def _json(body: Body | None) -> str:
    """A body as JSON, "" for none."""
    return "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def end(words: str) -> str:
    """A last line that says what is not in the file."""
    return row((words,))
