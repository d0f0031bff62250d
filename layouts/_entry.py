"""What somebody has typed into a form of a plan, why it was refused, and who was there before him."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._document import field as input_field
from layouts._document import refusal
from layouts._html import Tag
from mes.records import Body
from mes.shifts import WEEK

BREAK_ROWS = 2  # empty ones that are offered beside those that there are
DAY_NAMES = dict(zip(WEEK, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Who was first: his name, when, and what he left; None: he took it away. signed: by whom it is."""

    name: str
    at: str
    body: Body | None
    signed: Component | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A form with what stands in it.

    version: of the record that the person saw, 0 where he saw none; faults: field → why it was
    refused, "" for what is of no field; key: of the form where it may have been done and nobody
    knows; body: what was typed, as it would be kept; signed: by whom the record is that it is about.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    rival: Rival | None = None
    body: Body | None = None
    key: str = ""
    signed: Component | None = None

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def fault(self, name: str) -> str:
        return self.faults.get(name, "")

    def rows(self, prefix: str) -> int:
        """How many rows "<prefix>-<n>-…" there are."""
        found = [name.removeprefix(f"{prefix}-") for name in self.values]
        numbers = [int(rest.split("-")[0]) for rest in found if rest.split("-")[0].isdigit()]
        return max(numbers, default=-1) + 1


def time_field(entry: Entry, label: str, name: str, **props: Any) -> Component:
    """A time of day, of 24 hours whatever the browser's language is."""
    return input_field(
        label, name, value=entry.value(name), fault=entry.fault(name), placeholder="hh:mm",
        pattern="([01]?[0-9]|2[0-4]):[0-5][0-9]", maxlength="5", autocomplete="off",
        inputmode="text", title="a time from 00:00 to 23:59", **props,
    )  # fmt: skip


def breaks(entry: Entry, prefix: str = "", *, spare: int = BREAK_ROWS) -> Tag:
    """Rows for breaks: those that there are and some more; an empty one is none."""
    rows = [
        html.Div(
            [
                _cell(entry, f"{prefix}break-{n}-start", "hh:mm", "at", maxlength="5"),
                _cell(entry, f"{prefix}break-{n}-minutes", "min", "minutes", maxlength="4"),
                _cell(entry, f"{prefix}break-{n}-name", "name", "name", maxlength="80"),
            ],
            className="break-row",
        )
        for n in range(_used(entry, prefix) + spare)
    ]
    return Tag("fieldset", Tag("legend", "Breaks: at, minutes, name"), *rows,
               refusal(entry.fault(f"{prefix}breaks")), **{"class": "fields"})  # fmt: skip


def _used(entry: Entry, prefix: str) -> int:
    rows = range(entry.rows(f"{prefix}break"))
    used = [n for n in rows if any(entry.value(f"{prefix}break-{n}-{c}") for c in _COLUMNS)]
    return max(used, default=-1) + 1


_COLUMNS = ("start", "minutes", "name")


def _cell(entry: Entry, name: str, placeholder: str, label: str, **props: str) -> Component:
    fault = entry.fault(name)
    return html.Label(
        [
            Tag("input", name=name, value=entry.value(name), placeholder=placeholder,
                autocomplete="off", **{"aria-label": f"break: {label}"}, **props),
            refusal(fault),
        ],
        className="field",
    )  # fmt: skip


def break_values(found: Sequence[Body], prefix: str = "") -> dict[str, str]:
    """The fields of breaks, from the body of a record."""
    return {
        f"{prefix}break-{n}-{column}": str(one[column])
        for n, one in enumerate(found)
        for column in _COLUMNS
    }


def lines(body: Body | None) -> list[tuple[str, str]]:
    """A record of a plan or of reasons in words: (what, how)."""
    if body is None:
        return []
    if "reasons" in body:
        return _tree_lines(body)
    if "means" in body:
        return [(f"fault {code}", words) for code, words in body["means"].items()]
    if "shifts" in body:
        shifts = [(shift["name"], _shift_words(shift)) for shift in body["shifts"]]
        return [("from", body["valid_from"]), *(shifts or [("shifts", "none")])]
    if "versions" in body:
        return [(one["valid_from"] or "ever", _planned(one)) for one in body["versions"][-3:]]
    if "kind" in body:
        out = [("what", f"{body['shift']} {body['kind']}")]
        if "start" in body:
            out.append(("times", f"{body['start']}–{body['end']}"))
            out.append(("breaks", break_words(body["breaks"])))
        return [*out, ("note", body["note"] or "none")]
    return [("date", body["date"]), ("name", body["name"])]


def _planned(one: Body) -> str:
    said = (f"{name} {one[name]}" for name in one if name != "valid_from" and one[name] is not None)
    return ", ".join(said)


def _tree_lines(body: Body) -> list[tuple[str, str]]:
    """A line for each kind of reason, with those below it."""
    rows = body["reasons"]
    out = []
    for first in (one for one in rows if not one.get("parent")):
        below = [_failed(one) for one in rows if one.get("parent") == first["id"]]
        out.append((_failed(first), ", ".join(below) or "nothing below it"))
    return [*out, ("strict", "yes" if body.get("strict") else "no")]


def _failed(one: Body) -> str:
    return f"{one['name']} (failed)" if one.get("fails") else str(one["name"])


def _shift_words(shift: Body) -> str:
    words = f"{shift['start']}–{shift['end']}, {days_words(shift['days'])}"
    return f"{words}; breaks {break_words(shift['breaks'])}" if shift["breaks"] else words


def break_words(found: Sequence[Body]) -> str:
    return ", ".join(f"{b['start']} {b['name']} {b['minutes']} min" for b in found) or "none"


def days_words(days: Sequence[str]) -> str:
    """ "Mon–Fri" of days that follow one another, else "Mon, Wed"."""
    numbers = sorted(WEEK.index(day) for day in days)
    named = [DAY_NAMES[WEEK[n]] for n in numbers]
    if len(numbers) == len(WEEK):
        return "every day"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{named[0]}–{named[-1]}"
    return ", ".join(named)


def rivalry(entry: Entry, keep: str) -> Component | None:
    """What the other has left beside what was typed. keep: where it leads to leave it at that."""
    if entry.rival is None:
        return None
    rival = entry.rival
    did = "has changed this" if rival.body is not None else "has taken this away"
    theirs, mine = dict(lines(rival.body)), dict(lines(entry.body))
    rows = [
        html.Tr(
            [html.Th(what), html.Td(theirs.get(what, "–")), html.Td(mine.get(what, "–"))],
            className="differs" if theirs.get(what) != mine.get(what) else None,
        )
        for what in dict.fromkeys((*theirs, *mine))
    ]
    head = html.Tr(
        [html.Th(""), html.Th([f"{rival.name}, {rival.at}", rival.signed]), html.Th("you typed")]
    )
    return html.Div(
        [
            html.P(
                [
                    html.B("Nothing was saved: "),
                    f"{rival.name} {did} at {rival.at}, after you opened it.",
                    " What you typed still stands below.",
                ]
            ),
            html.Table([html.Thead(head), html.Tbody(rows)], className="versus"),
            html.A("Leave it as it is on record", href=keep),
        ],
        className="rivalry",
        role="alert",
        **{"data-look": "help"},
    )
