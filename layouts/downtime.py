"""Stops of a shift on a tablet: those without a reason first, a touch away from having one."""

from collections.abc import Iterable
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from layouts import _parts, not_found
from layouts._losses import fault_word
from layouts._oee_rows import NEVER, Standings, percent, standings, window_row
from layouts._slots import Row, Rows, age, filled, keyed, since, slot
from layouts._words import ms, plural, site_time, span
from layouts.oee import crumbs, known
from mes.equipment import Plant, WorkUnit
from mes.snapshot import Snapshot
from mes.standing import Standing
from mes.states import STATES
from mes.stops import MACHINE, Piece, Stop

TITLE = "Stops"
ORDER = 5
PATH = "/downtime/<id>"
STOPS = 40  # at most; seven fit on a tablet, each high enough for a glove, the rest is scrolled to

__all__ = ["ORDER", "PATH", "TITLE", "known", "layout", "rows"]


def layout(now: Snapshot, id: str | None = None) -> Component:
    if not known(now.plant, id):
        return not_found.no_place(now, f"downtime:{id}", id)
    assert id is not None
    tree = _parts.page(
        now,
        f"downtime:{id}",
        _head(now.plant, id),
        html.Div([_stop(n, id) for n in range(STOPS)], className="stops"),
        keyed(
            "coded", slot("none", html.P, className="stops-none"), slot("more", className="note")
        ),
        active="downtime",
    )
    return filled(tree, rows(now, id), now_us=now.now_us)


def _head(plant: Plant, id: str) -> Component:
    return html.Div(
        [
            html.Div([crumbs(plant, id, "downtime"), html.H1(f"Stops, {plant.name_of(id)}")]),
            keyed(
                "coded",
                html.Span([slot("part", html.B, className="value"), html.Small("coded")],
                          className="coded"),
                slot("left", className="left"),
                className="coded-head",
            ),
            html.Span(className="grow"),
            keyed("window", html.Span([slot("shift", html.B), " ", slot("from"), " ", slot("until")]),
                  html.Span(["on record ", age("age"), " ago"], className="oee-age"),
                  className="oee-window stops-window"),
            html.A("OEE and losses", href=f"/oee/{id}", className="act small"),
        ],
        className="head oee-head",
    )  # fmt: skip


def _stop(n: int, id: str) -> Component:
    return keyed(
        f"stop:{n}",
        html.Span([_parts.icon(), slot("unit", html.B)], className="who"),
        html.Span([slot("length", html.B, className="length"),
                   since("clock", className="length open"), slot("at", className="note")]),
        html.Span([slot("word", html.B), slot("fault", className="note")]),
        html.Span([slot("reason", html.B), slot("by", className="note")], className="why"),
        html.Span("›", className="go", **{"aria-hidden": "true"}),
        tag=html.A,
        className="stop",
        **{"data-action": "open-stop"},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    """A piece of a stop, on a line of its own."""

    unit: WorkUnit
    standing: Standing
    stop: Stop
    piece: Piece

    @property
    def us(self) -> int:
        return (self.piece.end_us or self.standing.known_us) - self.piece.start_us

    def rank(self) -> tuple[bool, bool, int]:
        """Without a reason first, of these what goes on, and then the newest."""
        return bool(self.piece.reason), self.piece.end_us is not None, -self.piece.start_us


def asked(found: Standings) -> list[_Shown]:
    """The pieces of stops that a reason is asked of, as one has to act on them; no micro-stops."""
    out = []
    for unit, one in zip(found.units, found.found, strict=True):
        for stop in (*one.left, *one.stops):
            out += [_Shown(unit, one, stop, piece) for piece in stop.pieces]
    return sorted(out, key=_Shown.rank)


def rows(now: Snapshot, id: str | None = None) -> Rows:
    if not known(now.plant, id):
        return {}
    shown = standings(now, now.plant.units_of(str(id)))
    found = asked(shown)
    out: Rows = {"window": window_row(now, shown), "coded": _coded(shown, found)}
    for n in range(STOPS):
        out[f"stop:{n}"] = _row(now, str(id), found[n] if n < len(found) else None, shown.stale_at)
    return out


def _coded(shown: Standings, found: Iterable[_Shown]) -> Row:
    pieces = list(found)
    left = [one for one in pieces if not one.piece.reason]
    before = [one for one in left if one.stop.start_us < one.standing.start_us]
    words = _without([one for one in left if one not in before], "of this shift")
    if before:
        words += f" · {_without(before, 'of the day before')}"
    more = len(pieces) - STOPS
    coded = shown.whole.coded
    return {
        "@data-stale-at": shown.stale_at,
        "@data-left": "yes" if left else "no",
        "part": "–" if coded is None else f"{percent(coded)} %",
        "left": words if pieces else "",
        "none": "" if pieces else _none(shown),
        "more": f"and {more} more" if more > 0 else "",
    }


def _without(found: list[_Shown], of: str) -> str:
    if not found:
        return f"every stop {of} has its reason"
    return f"{plural(len(found), 'stop', 'stops')} {of} without a reason, {span(_sum(found))}"


def _none(shown: Standings) -> str:
    if not shown.found:
        return "Nothing is on record yet, or no calendar says when a shift is."
    return "Nothing has stood in this shift but for micro-stops."


def _sum(found: Iterable[_Shown]) -> int:
    return sum(one.us for one in found)


def _row(now: Snapshot, place: str, one: _Shown | None, stale_at: str) -> Row:
    if one is None:
        empty = dict.fromkeys(("unit", "length", "at", "word", "fault", "reason", "by"), "")
        return {"@data-on": "no", "@href": "", "@data-look": "idle", "@data-coded": "yes",
                "@data-stale-at": NEVER, "@data-open": "no", "@data-stop": "", "clock@data-since": "", **empty}  # fmt: skip
    piece, open_ = one.piece, one.piece.end_us is None
    state = STATES[piece.state]
    return {
        "@data-on": "yes",
        "@data-look": state.look,
        "@data-coded": "yes" if piece.reason else "no",
        "@data-open": "yes" if open_ else "no",
        "@data-stale-at": stale_at if open_ else NEVER,
        "@data-stop": f"{one.unit.id}@{piece.start_us}",
        "@href": f"/stop/{one.unit.id}/{piece.start_us}?at={place}",
        "unit": one.unit.name,
        "length": "" if open_ else span(one.us),
        "clock@data-since": ms(piece.start_us) if open_ else "",
        "at": _at(now, piece),
        "word": state.word.capitalize(),
        "fault": fault_word(piece.fault, one.unit.fault_texts) if piece.fault else "",
        "reason": one.standing.why.reasons.get(piece.reason).name if piece.reason else "Why?",
        "by": _by(piece),
    }


def _by(piece: Piece) -> str:
    if not piece.reason:
        return "no reason yet"
    return "by the machine" if piece.by == MACHINE else ""  # who said it is no matter of a wall


def _at(now: Snapshot, piece: Piece) -> str:
    zone = now.plant.time_zone
    start = site_time(piece.start_us, now_us=now.now_us, zone=zone)
    if piece.end_us is None:
        return f"since {start}"
    return f"{start}–{site_time(piece.end_us, now_us=piece.end_us, zone=zone)}"
