"""One stop: why it was, in two touches, and its pieces, to be split, joined and moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import desk
from layouts._document import field as input_field
from layouts._document import hidden, note, post
from layouts._html import Tag
from layouts._losses import fault_word
from layouts._words import site_time, span
from mes.equipment import Plant, WorkUnit
from mes.reasons import Reason, Reasons
from mes.states import STATES
from mes.stops import MACHINE, Piece, Stop

FAVOURITES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A stop as it is drawn. chosen: the number of the piece that is spoken of; at: the place whose
    stops one came from; may: whether who looks may say why it was; may_ask: or ask for maintenance;
    order: the work order that the stop has; by: who said what of it, by name; again: as in `post`.
    """

    plant: Plant
    unit: WorkUnit
    stop: Stop
    chosen: int
    reasons: Reasons
    favourites: Sequence[str]
    now_us: int
    at: str
    may: bool
    may_ask: bool = False
    order: str = ""
    by: Mapping[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    again: str = ""

    @property
    def piece(self) -> Piece:
        return self.stop.pieces[self.chosen]

    def time(self, us: int | None) -> str:
        """A moment to the second, as one types it."""
        zone = self.plant.time_zone
        at = self.now_us if us is None else us
        return site_time(at, now_us=at, zone=zone, seconds=True)

    @property
    def seen(self) -> str:
        """What was said of the stop when it was drawn."""
        return seen_of(self.stop)


def seen_of(stop: Stop) -> str:
    """What was said of a stop, as a text: two are the same where nobody said anything meanwhile."""
    codes = {piece.code.start_us: piece.code.version for piece in stop.pieces if piece.code}
    return ",".join(f"{start}:{version}" for start, version in codes.items())


def page(
    shown: Shown, viewer: Component, *, said: str = "", look: str = "run", theme: str = "light"
) -> str:
    return desk(
        shown.plant,
        f"{shown.unit.name}: why?",
        viewer,
        _head(shown),
        note(said, look=look),
        _pieces(shown) if len(shown.stop.pieces) > 1 else None,
        html.Div([_why(shown), _edit(shown)], className="stop-page"),
        now_us=shown.now_us,
        theme=theme,
        active="downtime",
    )


def _head(shown: Shown) -> Component:
    piece, state = shown.piece, STATES[shown.piece.state]
    end_us = piece.end_us or shown.now_us
    until = f"to {shown.time(piece.end_us)}" if piece.end_us else "and goes on"
    fault = f"the machine says: {fault_word(piece.fault, shown.unit.fault_texts)} ({piece.fault})"
    return html.Div(
        [
            html.Div(
                [
                    html.H1(f"{shown.unit.name}, {state.word.lower()} {span(end_us - piece.start_us)}"),
                    html.Div(
                        [f"from {shown.time(piece.start_us)} {until}",
                         f" · {fault}" if piece.fault else ""],
                        className="note",
                    ),
                ]
            ),
            html.Span(className="grow"),
            html.Span(_said(shown, piece), className="stop-said", **{
                "data-coded": "yes" if piece.reason else "no"}),
            _maintenance(shown),
            html.A("All stops", href=f"/downtime/{shown.at}", className="act"),
        ],
        className="head",
    )  # fmt: skip


def _maintenance(shown: Shown) -> Component | None:
    if shown.order:
        return html.A(
            f"Work order {shown.order}", href=f"/work-order/{shown.order}", className="act"
        )
    if not shown.may_ask:
        return None
    href = f"/maintenance/{shown.unit.id}?stop={shown.stop.start_us}"
    return html.A("Ask for maintenance", href=href, className="act",
                  **{"data-action": "ask-maintenance"})  # fmt: skip


def _said(shown: Shown, piece: Piece) -> list[Any]:
    if not piece.reason:
        return [html.B("no reason yet")]
    by = "by the machine" if piece.by == MACHINE else f"by {shown.by.get(piece.by, piece.by)}"
    comment = piece.code.comment if piece.code else ""
    name = html.B(shown.reasons.get(piece.reason).name)
    return [name, f" {by}", f" · {comment}" if comment else ""]


def _pieces(shown: Shown) -> Component:
    whole = (shown.stop.end_us or shown.now_us) - shown.stop.start_us
    links = []
    for n, one in enumerate(shown.stop.pieces):
        us = (one.end_us or shown.now_us) - one.start_us
        reason = shown.reasons.get(one.reason).name if one.reason else "no reason yet"
        links.append(
            html.A(
                [html.B(reason), html.Span(f"{shown.time(one.start_us)} · {span(us)}")],
                href=_here(shown, one.start_us),
                className="piece on" if n == shown.chosen else "piece",
                style={"flexGrow": f"{us / whole:.4f}"},
                **{"data-coded": "yes" if one.reason else "no", "data-piece": str(n)},
            )
        )
    return html.Nav(links, className="pieces", **{"aria-label": "pieces of this stop"})


def _here(shown: Shown, start_us: int) -> str:
    return f"/stop/{shown.unit.id}/{start_us}?at={shown.at}"


def _form(shown: Shown, what: str, *children: Any, **props: Any) -> Component:
    return post(
        f"/stop/{shown.unit.id}/{shown.piece.start_us}",
        hidden("what", what),
        hidden("at", shown.at),
        hidden("seen", shown.seen),
        *children,
        again=shown.again,
        **props,
    )


def _why(shown: Shown) -> Component:
    if not shown.may:
        words = "Who says why machines stand is an operator, supervisor or engineer of this place."
        return html.Section([html.H2("Why?"), html.P(words, className="note")], className="panel")
    tree = shown.reasons.tree
    offered = [one for id in shown.favourites if tree.chosen(id) and (one := tree.get(id))]
    tops = [_first(one, tree.below(one.id), shown) for one in tree.first()]
    return html.Section(
        _form(
            shown,
            "code",
            html.Div(
                [html.Span("often here", className="note"), *(_button(r, shown) for r in offered)],
                className="often",
            ) if offered else None,
            html.Div(tops, className="firsts"),
        ),
        className="panel why-panel",
    )  # fmt: skip


def _first(one: Reason, below: Iterable[Reason], shown: Shown) -> Any:
    children = list(below)
    if not children:
        return _button(one, shown)
    mine = any(child.id == shown.piece.reason for child in children)
    return Tag(
        "details",
        Tag("summary", one.name, **{"class": "reason top", "data-action": "open-reason",
                                    "data-reason": one.id}),
        html.Div([_button(child, shown) for child in children], className="below"),
        name="first", open=mine,
    )  # fmt: skip


def _button(one: Reason, shown: Shown) -> Tag:
    on = " on" if one.id == shown.piece.reason else ""
    return Tag("button", one.name, type="submit", name="why", value=one.id,
               **{"class": f"reason{on}", "data-action": "code-stop", "data-reason": one.id})  # fmt: skip


def _edit(shown: Shown) -> Component | None:
    if not shown.may:
        return None
    piece, last = shown.piece, len(shown.stop.pieces) - 1
    comment = shown.typed.get("comment", piece.code.comment if piece.code else "")
    forms = [
        _form(shown, "comment",
              input_field("Comment", "comment", value=comment, maxlength="300", autocomplete="off"),
              _act("Keep", "comment"), className="stop-edit"),
        _form(shown, "split", _time(shown, "Split it at", "split"), _act("Split", "split"),
              className="stop-edit"),
    ]  # fmt: skip
    if shown.chosen > 0:
        forms.append(
            _form(shown, "move", _time(shown, "It began at", "move", shown.time(piece.start_us)),
                  _act("Move", "move"), className="stop-edit")
        )  # fmt: skip
    joins = []
    for word, way, n in (
        ("the one before", "before", shown.chosen - 1),
        ("the next", "after", shown.chosen + 1),
    ):
        if 0 <= n <= last:
            other = shown.stop.pieces[n]
            name = shown.reasons.get(other.reason).name if other.reason else "no reason"
            joins.append((f"Join with {word}, as “{name}”", way))
    row = [
        _form(shown, "join", hidden("way", way), _act(word, f"join-{way}")) for word, way in joins
    ]
    if piece.code is not None:
        row.append(_form(shown, "back", _act("Take back what was said", "back")))
    return html.Section(
        [html.H2("Correct it"), *forms, html.Div(row, className="stop-joins")],
        className="panel stop-edits",
    )


def _act(text: str, action: str) -> Tag:
    return Tag("button", text, type="submit", **{"class": "act", "data-action": f"{action}-stop"})


def _time(shown: Shown, label: str, name: str, value: str = "") -> Component:
    low, high = shown.time(shown.piece.start_us), shown.time(shown.piece.end_us)
    pattern = "([0-9]{4}-[0-9]{2}-[0-9]{2}[ T])?([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
    return input_field(
        label, name, value=shown.typed.get(name, value), placeholder=f"{low}–{high}",
        pattern=pattern, maxlength="19", autocomplete="off", required=True,
        title="a time as 14:05 or 14:05:30, after a date as 2026-01-31 in a stop of days",
    )  # fmt: skip
