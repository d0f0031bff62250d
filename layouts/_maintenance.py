"""Maintenance in words and looks, as its pages and forms share them."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._html import Tag
from layouts._words import NOTHING, hours, number
from mes.equipment import WorkUnit
from mes.maintenance import SEVERITIES, Order
from mes.maintenance_plans import Condition, Plan
from mes.unit_view import UnitView

LOOKS = {"unsafe": "stop", "soon": "help", "later": "idle"}
SEVERITY_WORDS = {"unsafe": "Must not run", "soon": "Runs badly", "later": "Can wait"}
STATE_WORDS = {"open": "open", "started": "in work", "done": "done", "cancelled": "cancelled"}


def severity(order: Order) -> Component:
    """How bad it is, with its shape and word; of a planned order that it is planned."""
    word = "Planned" if order.plan else SEVERITY_WORDS[order.severity]
    look = "material" if order.plan else LOOKS[order.severity]
    return html.Span(
        [_parts.icon(), html.Span(word)],
        className="severity",
        **{"data-look": look, "data-severity": order.severity},
    )


def state(order: Order) -> Component:
    words = STATE_WORDS[order.state] + (", machine locked" if order.is_locking else "")
    return html.Span(words, className="order-state", **{"data-state": order.state})


def severities(chosen: str) -> Tag:
    """To choose from, the worst first."""
    boxes = [
        html.Label(
            [
                Tag("input", type="radio", name="severity", value=key, checked=key == chosen),
                html.Span([html.B(SEVERITY_WORDS[key]), html.Small(f" {words}")]),
            ],
            className="check",
        )
        for key, words in _MEANS.items()
    ]
    return Tag("fieldset", Tag("legend", "How bad is it?"), *boxes, **{"class": "fields"})


_MEANS = {
    "unsafe": "and is locked from now on",
    "soon": "see to it soon",
    "later": "when there is time",
}
assert _MEANS.keys() == SEVERITIES.keys()


def rule_words(plan: Plan) -> str:
    """When a plan is due: "every 10,000 pieces", "oil above 80 for 60 s"."""
    rule = plan.rule
    if isinstance(rule, Condition):
        side = "above" if rule.above else "below"
        hold = f" for {lasts(rule.hold_s)}" if rule.hold_s else ""
        return f"{rule.tag.replace('_', ' ')} {side} {rule.limit:g}{hold}"
    one = rule.by.removesuffix("s")
    return f"every {one}" if rule.every == 1 else f"every {rule.every:,} {rule.by}"


def value_words(rule: Condition, unit: WorkUnit, view: UnitView | None) -> str:
    """What a condition's tag says now."""
    tag = unit.tags.get(rule.tag)
    if tag is None:
        return f"{unit.name} has no tag {rule.tag}"
    value = rule.value(view)
    return "no value now" if value is None else f"{value:.4g} {tag.unit}".strip() + " now"


def lasts(s: float | None) -> str:
    """A length of time: "42 s", "7 min", "31 h 05 min"; a dash where there is none."""
    if s is None:
        return NOTHING
    return f"{s:.0f} s" if s < 60 else hours(round(s * 1e6))


def quantity(value: float) -> str:
    return number(value) if value == int(value) else f"{value:g}"


def meter(share: float, words: str) -> Component:
    """How far something is on its way to being due."""
    part = min(1.0, max(0.0, share))
    bar: dict[str, Any] = {"width": f"{part:.1%}"}
    return html.Div(
        html.I(style=bar),
        className="due-meter",
        role="meter",
        **{
            "aria-valuenow": f"{part * 100:.0f}", "aria-valuemin": "0", "aria-valuemax": "100",
            "aria-label": words, "data-due": "yes" if share >= 1 else "no",
        },
    )  # fmt: skip
