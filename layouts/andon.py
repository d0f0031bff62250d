"""The wall of an area or work centre: which unit needs me, from ten metres.

Rows by rank, worst first; six a page, the pages turned by assets/wall.js. All rows of all pages are in
the tree at once, and a row's place is an attribute: nothing is built while people look.
"""

import math

from dash import html
from dash.development.base_component import Component

from layouts import _parts, not_found
from layouts._facts import (
    Facts,
    attributes,
    cycle,
    facts,
    next_shift,
    since_words,
    summed,
    total,
    trust,
    was,
    worst_first,
)
from layouts._oee_rows import standings
from layouts._shifts import shift_row
from layouts._slots import Row, Rows, age, filled, in_state, keyed, since, slot
from layouts._words import ms, number, zone_word
from mes.equipment import Plant
from mes.snapshot import Snapshot

TITLE = "Andon"
ORDER = 1
PATH = "/andon/<id>"

UNITS_A_PAGE = 6  # at most: smaller type would not be read
_FEW = 2  # so few are set larger
_LONG_SUM = 10_000  # from here on the figures of the head are set smaller
_LONG_COUNT = 1_000_000  # from here on a count is set smaller
_NAME_LETTERS, _NAME_EM, _WIDE_EM = 8, 4.9, 5.6
_WIDTH_EM = dict.fromkeys("MWÄQ@", 0.9) | dict.fromkeys("I1. -:/", 0.35)  # of the bold wall font
_BAR_FULL = 1.25  # the bar's length: this much of the ideal speed; its mark stands at 1


def layout(now: Snapshot, id: str | None = None) -> Component:
    if not known(now.plant, id):
        return not_found.no_place(now, f"andon:{id}", id, "area or work centre")
    assert id is not None
    units = now.plant.units_of(id)
    on_page, _ = _pages(len(units))
    tree = html.Div(
        [
            _parts.live(f"andon:{id}", now),
            _parts.offline(),
            html.Main(
                [
                    _header(now, id),
                    html.Div(
                        [_tile(unit.id, unit.short_name, unit.ideal_cycle_s) for unit in units]
                        or html.P("No work units are configured here.", className="empty"),
                        className="rows",
                        style=_grid(on_page),
                        **{"data-few": "yes" if on_page <= _FEW else "no"},
                    ),
                    _footer(len(units)),
                ],
                className="wall",
            ),
        ],
        className="screen",
        **{"data-theme": "wall"},
    )
    return filled(tree, rows(now, id), now_us=now.now_us)


def rows(now: Snapshot, id: str | None = None) -> Rows:
    if not known(now.plant, id):
        return {}
    assert id is not None
    found = worst_first(facts(now, unit) for unit in now.plant.units_of(id))
    on_page, _ = _pages(len(found))
    out = {
        f"unit:{f.unit.id}": _row(f, now, place, place // on_page + 1)
        for place, f in enumerate(found)
    }
    out["page"] = _page_row(found, now) | shift_row(now.shifts.get(_area(now, id)), now)
    return out


def _area(now: Snapshot, id: str) -> str:
    """The area of an area, work centre or work unit."""
    plant = now.plant
    if id in plant.areas:
        return id
    center = plant.work_units[id].work_center if id in plant.work_units else id
    return plant.work_centers[center].area


def _pages(units: int) -> tuple[int, int]:
    """How many units stand on a page, and how many pages there are; pages are filled evenly."""
    pages = max(1, math.ceil(units / UNITS_A_PAGE))
    return max(1, math.ceil(units / pages)), pages


def _grid(on_page: int) -> dict[str, str]:
    """The heights of the rows: the first one of the first page is higher, whatever stands in it."""
    first = f"1.7fr repeat({on_page - 1}, 1fr)" if on_page > 1 else "1fr"
    return {"--page-one": first, "--page-more": f"repeat({on_page}, 1fr)"}


def known(plant: Plant, id: str | None) -> bool:
    """Whether there is a wall `id`."""
    return id in plant.areas or id in plant.work_centers or id in plant.work_units


def _row(f: Facts, now: Snapshot, place: int, page: int) -> Row:
    running = f.state.key == "running"
    actual_s = f.view.cycle_time_s
    speed = f.unit.ideal_cycle_s / actual_s if actual_s else 0.0
    return attributes(f) | {
        "@style": f"order:{place}",
        "@data-rank": str(place + 1),
        "@data-page": str(page),
        "word": f.word,
        "aside": _aside(f, now, running=running),
        "doubt": f.doubt,
        "fault": next_shift(f, now) if f.resting else f.fault,
        "since": "" if f.resting else since_words(f, now),
        "cycle": cycle(f),
        "bar@style": f"width:{min(1.0, speed / _BAR_FULL):.1%}",
        "clock@data-since": ms(f.view.state_since_us),
        **_main(f, now),
        "nodata@data-since": ms(f.heard_us),
        "was": was(f, now),
    }


def _main(f: Facts, now: Snapshot) -> Row:
    """The large number of a machine that runs: its OEE, or where that is not known its good pieces."""
    index = standings(now, (f.unit,)).oee.oee_index
    size = "long" if index is None and (f.good or 0) >= _LONG_COUNT else "normal"
    shown = number(f.good) if index is None else f"{index * 100:.0f}"
    return {
        "main": shown, "main@data-size": size, "main_of": "good" if index is None else "OEE %"
    }  # fmt: skip


def _aside(f: Facts, now: Snapshot, *, running: bool) -> str:
    if f.good is None:
        return f.fault if running else ""
    if running and f.fault:
        return f.fault
    shown = standings(now, (f.unit,))
    if running and shown.oee.oee_index is not None:
        want = shown.expected
        return f"{f.good:,}" + ("" if want is None else f" / {want:,.0f}")
    if running:
        return f"{f.reject:,} reject" if f.reject else ""
    return f"{f.good:,} good"


def _page_row(found: list[Facts], now: Snapshot) -> Row:
    counted = sum(f.counted for f in found)
    heard = [f.view.received_time_us for f in found if f.view.received_time_us is not None]
    last_known = "" if trust(found) == "all" else ", last known"
    row = {
        "good_label": f"good{last_known}"
        if counted == len(found)
        else f"good, {counted} of {len(found)}",
        "sum_good": number(total(f.good for f in found)),
        "sum_reject": number(total(f.reject for f in found)),
        "live": str(sum(f.live for f in found)),
        "zone": zone_word(now.now_us, now.plant.time_zone),
        "heard@data-since": ms(max(heard, default=None)),
    }
    return summed(row | _plan(found, now), found, "sum_good", "sum_reject", "gap")


def _plan(found: list[Facts], now: Snapshot) -> Row:
    """Plan of the shift, what was to be made by now, and how far it is behind or ahead."""
    shown = standings(now, [f.unit for f in found])
    good, want = total(f.good for f in found), shown.expected
    if want is None or good is None or len(shown.found) < len(found):
        fields = ("plan", "want", "gap", "gap_label", "plan_label", "want_label")
        return dict.fromkeys(fields, "") | {"gap@data-look": "idle", "@data-long": "no"}
    gap = round(good - want)
    return {
        "@data-long": "yes" if (shown.plan or 0) >= _LONG_SUM else "no",
        "plan_label": "plan",
        "plan": number(shown.plan),
        "want_label": "expected",
        "want": number(want),
        "gap_label": "behind" if gap < 0 else "ahead",
        "gap": f"{abs(gap):,}",
        "gap@data-look": "help" if gap < 0 else "run",
    }


def _header(now: Snapshot, id: str) -> Component:
    name = now.plant.name_of(id)
    return keyed(
        "page",
        html.A(html.H1(name.upper()), href="/", title="to the overview"),
        _pair(slot("shift_until"), slot("shift", html.B), soft=True),
        _pair(slot("zone"), html.B("", **{"data-clock": now.plant.time_zone})),
        html.Span(className="grow"),
        _pair(slot("plan_label"), slot("plan", html.B), soft=True),
        _pair(slot("good_label"), slot("sum_good", html.B)),
        _pair(slot("want_label"), slot("want", html.B), soft=True),
        _pair(slot("gap_label"), slot("gap", html.B, className="gap")),
        tag=html.Header,
        className="hd",
    )


def _pair(label: object, value: Component, *, soft: bool = False) -> Component:
    return html.Span([html.Small(label), value], className="kv soft" if soft else "kv")


def _tile(id: str, name: str, ideal_s: float) -> Component:
    bar = html.Span([slot("bar", html.I), html.U()], className="bar")
    return keyed(
        f"unit:{id}",
        html.Span(className="bd"),
        _parts.icon(),
        html.Div(name, className="nm", **{"data-size": _size(name)}),
        html.Div(
            [
                html.Div(
                    [
                        slot("word", className="w"),
                        slot("doubt", className="doubt"),
                        slot("aside", className="aside"),
                    ],
                    className="l l1",
                ),
                html.Div(
                    [bar, html.Span(["cycle ", slot("cycle", html.B), f" of {ideal_s:.1f} s"])],
                    className="l when-running",
                ),
                html.Div(
                    [slot("fault", className="why"), slot("since", className="at")],
                    className="l when-not-running",
                ),
            ],
            className="tx when-live",
        ),
        html.Div(
            [
                html.Div([html.Span("NO DATA"), since("nodata")], className="w nodata"),
                slot("was", html.Div),
            ],
            className="tx when-stale",
        ),
        html.Div(
            [in_state("clock", className="value", **{"data-long": "no"}), html.Small()],
            className="n n-clock",
        ),
        html.Div(
            [slot("main", className="value"), slot("main_of", html.Small)], className="n n-good"
        ),
        tag=html.Section,
        className="row-unit",
        **{"data-unit": id},
    )


def _size(name: str) -> str:
    """How a name fits its column: eight usual letters do, wide ones are set smaller, more wrap."""
    width_em = sum(_WIDTH_EM.get(letter, 0.66) for letter in name)
    if len(name) > _NAME_LETTERS or width_em > _WIDE_EM:
        return "long"
    return "wide" if width_em > _NAME_EM else "normal"


def _footer(units: int) -> Component:
    _, pages = _pages(units)
    return keyed(
        "page",
        html.Span(["data ", age("heard"), " old"]),
        html.Span([slot("sum_reject"), " reject"]),
        html.Span([slot("live"), f" of {units} units live"]),
        html.Span("worst first"),
        html.Span(className="grow"),
        html.Span(f"page 1 of {pages}", **{"data-turns": str(pages)}),
        tag=html.Footer,
        className="ft",
    )
