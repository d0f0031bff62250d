"""A week of a calendar, drawn: a column a day, as long as the day really is."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from layouts._html import Tag
from layouts._words import hours, ms
from mes.shifts import ShiftException
from mes.week import HOUR_US, Day, Part, clock_change_us, hours_of, wall_time

EXCEPTION_WORDS = {"cancelled": "cancelled", "changed": "changed", "extra": "extra shift"}
AXIS_H = 2  # an hour is written this often
_TIGHT_H, _SHORT_H = 1.2, 2.6  # a part shorter than this shows its name alone, or no length


def grid(days: tuple[Day, ...], zone: ZoneInfo, now_us: int, *, link: str = "") -> Component:
    """link: the address that a shift leads to, with its date and id behind; "" for none."""
    longest = max(day.end_us - day.start_us for day in days)
    head = [html.Div(className="wk-corner"), *(_head(day, now_us) for day in days)]
    body = [_axis(days, zone, now_us), *(_column(day, zone, now_us, link) for day in days)]
    return html.Div(
        [html.Div(head, className="wk-heads"), html.Div(body, className="wk-body")],
        className="wk",
        style={"--hours": _h(longest)},
    )


def _h(us: int) -> str:
    return f"{us / HOUR_US:.4g}"


def clock_words(clock_us: int) -> str:
    """ "clock goes back" where a day is longer than 24 h; "" where the clock stays."""
    return f"clock goes {'back' if clock_us > 0 else 'forward'}" if clock_us else ""


def _head(day: Day, now_us: int) -> Component:
    today = day.start_us <= now_us < day.end_us
    marks = []
    if day.holiday:
        marks.append(html.Span(day.holiday.name, className="mark", **{"data-mark": "holiday"}))
    if day.clock_us:
        words = f"{clock_words(day.clock_us)}: {hours(day.end_us - day.start_us)}"
        marks.append(html.Span(words, className="mark", **{"data-mark": "clock"}))
    busy = hours(day.busy_us) if day.known else "no calendar"
    return html.Div(
        [
            html.Div(
                [html.B(f"{day.date:%a}"), html.Span(f"{day.date.day} {day.date:%b}")],
                className="wk-date",
            ),
            html.Small(busy, className="wk-busy"),
            *marks,
        ],
        className="wk-head today" if today else "wk-head",
        **{"data-date": day.date.isoformat(), "data-busy-us": str(day.busy_us)},
    )


def _axis(days: tuple[Day, ...], zone: ZoneInfo, now_us: int) -> Component:
    labels = [
        html.Span(f"{hour:02}:00", style={"--at": str(hour)}) for hour in range(0, 24, AXIS_H)
    ]
    for day in days:
        if day.start_us <= now_us < day.end_us:
            said = html.B(f"{wall_time(now_us, zone):%H:%M}", **{"data-clock": zone.key})
            labels.append(html.Span(said, className="wk-clock-now", **_runs(day, now_us)))
    return html.Div(labels, className="wk-axis")


def _runs(day: Day, now_us: int) -> dict[str, Any]:
    """The place of now in a day, which goes on in the browser."""
    return {
        "style": {"--at": _h(now_us - day.start_us)},
        "data-runs-from": ms(day.start_us),
        "data-runs-for": _h(day.end_us - day.start_us),
    }


def _column(day: Day, zone: ZoneInfo, now_us: int, link: str) -> Component:
    inside = [_block(part, day, zone, now_us, link) for part in day.parts]
    if day.clock_us:
        said = {part.start_us for part in day.parts}  # a shift says itself when it begins
        inside += [
            html.Span(label, className="wk-hour", style={"--at": _h(us - day.start_us)})
            for us, label in hours_of(day, zone)
            if clock_change_us(day.start_us, us, zone)
            and int(label[:2]) % AXIS_H == 0
            and us not in said
        ]
    if day.start_us <= now_us < day.end_us:
        inside.append(html.Div(className="wk-now", **_runs(day, now_us)))
    kind = "wk-day" + (" free" if day.holiday else "") + ("" if day.known else " unknown")
    kind += " shifted" if day.clock_us else ""
    return html.Div(inside, className=kind, style={"--long": _h(day.end_us - day.start_us)})


def _block(part: Part, day: Day, zone: ZoneInfo, now_us: int, link: str) -> Component:
    shift, one = part.shift, part.exception
    long_h = (part.end_us - part.start_us) / HOUR_US
    words = [html.B(shift.name), html.Span(_times(part, zone), className="wk-times")]
    if one is not None and part.begins:
        words.append(mark(one))
        if one.note:
            words.append(html.Span(one.note, className="wk-note"))
    if part.clock_us:
        length = hours(shift.end_us - shift.start_us)
        words.append(html.B(f"{clock_words(part.clock_us)}: {length}", className="wk-clock"))
    elif part.begins and not part.cancelled and long_h > _SHORT_H:
        words.append(html.Small(hours(shift.busy_us)))
    breaks = [
        html.I(
            className="wk-break",
            title=f"{pause.name}, {wall_time(pause.start_us, zone):%H:%M}, "
            f"{hours(pause.end_us - pause.start_us)}",
            style={
                "--at": _h(pause.start_us - part.start_us),
                "--for": _h(pause.end_us - pause.start_us),
            },
        )
        for pause in part.breaks
    ]
    props = {
        "className": " ".join(_looks(part, now_us, long_h)),
        "style": {"--at": _h(part.start_us - day.start_us), "--for": f"{long_h:.4g}"},
        "data-shift": shift.id,
        "data-date": shift.date.isoformat(),
        "title": f"{shift.name}, {_times(part, zone)}",
    }
    inside = [*breaks, html.Div(words, className="wk-words")]
    if not link:
        return html.Div(inside, **props)
    return html.A(inside, href=chosen(link, shift.date.isoformat(), shift.id), **props)


def chosen(link: str, date: str, shift: str) -> str:
    """The address of the page on which a shift of a date is chosen."""
    return f"{link}&{urlencode({'date': date, 'shift': shift})}#edit"


def mark(one: ShiftException) -> Component:
    return html.Span(EXCEPTION_WORDS[one.kind], className="mark", **{"data-mark": one.kind})


def _looks(part: Part, now_us: int, long_h: float) -> list[str]:
    looks = {
        "wk-shift": True,
        "cancelled": part.cancelled,
        "other": part.exception is not None,
        "goes-on": not part.begins,
        "stays": not part.ends,
        "tight": long_h < _TIGHT_H,
        "at-work": part.start_us <= now_us < part.end_us and not part.cancelled,
    }
    return [name for name, on in looks.items() if on]


def _times(part: Part, zone: ZoneInfo) -> str:
    end = f"{wall_time(part.shift.end_us, zone):%H:%M}"
    if not part.begins:
        return f"to {end}"
    return f"{wall_time(part.shift.start_us, zone):%H:%M}–{end}"


def key() -> Component:
    """What the looks mean."""
    words: Mapping[str, str] = {
        "shift": "shift",
        "break": "break, not planned busy time",
        "cancelled": "cancelled",
        "other": "changed or extra",
        "now": "now",
    }
    return html.Div(
        [html.Span([Tag("i", **{"class": f"k k-{name}"}), text]) for name, text in words.items()],
        className="wk-key",
    )
