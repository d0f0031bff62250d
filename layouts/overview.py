"""The overview: every area at once, worst first, and what needs a person now."""

from collections import Counter

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._facts import (
    Facts,
    attributes,
    facts,
    needs_somebody,
    severity,
    summed,
    total,
    trust,
    worst_first,
)
from layouts._needs import Need, needs
from layouts._oee_rows import Standings, percent, signed, standings, target_of
from layouts._shifts import in_words, shared
from layouts._slots import Row, Rows, age, filled, in_state, keyed, since, slot
from layouts._words import NOTHING, ms, number, plural
from mes.equipment import Area, WorkUnit
from mes.snapshot import Snapshot

TITLE = "Overview"
ORDER = 0
PATH = "/"

NEEDS_MAX = 8  # places in the list; more are counted in a line below it
LOOKS = ("stop", "stale", "bad", "material", "help", "run", "idle", "off")
_LOOK_WORDS = {**_parts.LOOK_WORDS, "bad": "bad data"}


def layout(now: Snapshot, id: str | None = None) -> Component:
    plant = now.plant
    areas = [_area(now, area) for area in plant.areas.values()]
    tree = _parts.page(
        now,
        "overview",
        _head(now),
        html.Div(
            [html.Div([*areas, _key()] if areas else _empty(), className="areas"), _needs_list()],
            className="cols",
        ),
        active="overview",
    )
    return filled(tree, rows(now), now_us=now.now_us)


def rows(now: Snapshot, id: str | None = None) -> Rows:
    found = [facts(now, unit) for unit in now.plant.work_units.values()]
    out = {f"unit:{f.unit.id}": _unit_row(f, now) for f in found}
    by_area: dict[str, list[Facts]] = {area: [] for area in now.plant.areas}
    for f in found:
        by_area[now.plant.area_of(f.unit).id].append(f)
    ranked = {area: worst_first(units) for area, units in by_area.items()}
    order = sorted(ranked, key=lambda a: _badness(ranked[a]))
    for area, units in ranked.items():
        out[f"area:{area}"] = _area_row(units, order.index(area), now)
    shifts = {area: now.shifts.get(area) for area in now.plant.areas}
    whole = shared(shifts.values())
    for area, shift in shifts.items():
        out[f"area:{area}"]["area_shift"] = "" if whole else in_words(shift, now)
    all_needs = needs(found, now)
    for n in range(NEEDS_MAX):
        out[f"need:{n + 1}"] = _need_row(all_needs[n] if n < len(all_needs) else None)
    out["page"] = _page_row(found, len(all_needs)) | {"shift": in_words(whole, now)}
    shown = standings(now, now.plant.work_units.values())
    out["page"] |= _expected(shown, found)
    out["aim"] = _aim(shown)
    return out


def _badness(ranked: list[Facts]) -> list[float]:
    return [severity(f) for f in ranked] or [float("inf")]


def _unit_row(f: Facts, now: Snapshot) -> Row:
    return attributes(f) | {
        "word": f.word.lower(),
        "clock@data-since": ms(f.view.state_since_us),
        "nodata@data-since": ms(f.heard_us),
        "doubt": f.doubt,
        "good": number(f.good),
        "oee": _percent(standings(now, (f.unit,)), "OEE "),
    }


def _percent(shown: Standings, before: str = "") -> str:
    """An OEE with its sign, "" where there is none."""
    index = shown.oee.oee_index
    return "" if index is None else f"{before}{percent(index)} %"


def _area_row(ranked: list[Facts], order: int, now: Snapshot) -> Row:
    looks = Counter(f.look if f.live else f.quality for f in ranked)
    worst = ranked[0] if ranked and needs_somebody(ranked[0]) else None
    row = {
        "@style": f"order:{order}",
        "@data-look": _look(worst) if worst else "run" if ranked else "idle",
        "area_oee": _percent(standings(now, [f.unit for f in ranked])) or NOTHING,
        "area_good": number(total(f.good for f in ranked)),
        "area_reject": number(total(f.reject for f in ranked)),
        "area_live": f"{sum(f.live for f in ranked)} of {len(ranked)}",
        "worst_label": "worst now" if worst else "",
        "worst": worst.unit.name if worst else "all well" if ranked else "no units",
        "why": _why(worst) if worst else "",
    }
    for look in LOOKS:
        row[f"n_{look}"] = f"{looks[look]} {_LOOK_WORDS[look]}" if looks[look] else ""
    return summed(row, ranked, "area_good", "area_reject")


def _look(f: Facts) -> str:
    return "stale" if f.quality == "stale" else f.look


def _why(f: Facts) -> str:
    if f.quality == "stale":
        return f"no data, {f.silent} is silent" if f.heard_us is not None else "nothing heard yet"
    if f.quality == "bad":
        return f.doubt.lower()
    return f.fault or f.state.word.lower()


def _need_row(need: Need | None) -> Row:
    if need is None:
        empty = dict.fromkeys(("title", "text", "where", "age@data-since"), "")
        return {"@data-on": "no", "@data-look": "idle", "where@href": "/", **empty}
    return {
        "@data-on": "yes",
        "@data-look": need.look,
        "title": need.title,
        "text": need.text,
        "age@data-since": ms(need.since_us),
        "where": need.where,
        "where@href": need.link,
    }


def _page_row(found: list[Facts], count: int) -> Row:
    live = [f for f in found if f.live]
    heard = [f.view.received_time_us for f in found if f.view.received_time_us is not None]
    known = sum(f.counted for f in found)
    more = count - NEEDS_MAX
    note = "" if known == len(found) else f"{known} of {plural(len(found), 'unit')} count"
    row = {
        "running": str(sum(f.state.key == "running" for f in live)) if live else NOTHING,
        "stopped": str(sum(f.look == "stop" for f in live)) if live else NOTHING,
        "sum_good": number(total(f.good for f in found)),
        "good_note": note or ("" if trust(found) == "all" else "partly last known"),
        "sum_reject": number(total(f.reject for f in found)),
        "live": str(len(live)),
        "count": "nothing" if not count else plural(count, "thing") + ", worst first",
        "more": f"and {more} more" if more > 0 else "",
        "calm@data-on": "no" if count or not found else "yes",
        "heard@data-since": ms(max(heard, default=None)),
    }
    return summed(row, found, "sum_good", "sum_reject")


def _aim(shown: Standings) -> Row:
    """The OEE against its target."""
    index, target = shown.oee.oee_index, target_of(shown)
    return {
        "@data-stale-at": shown.stale_at,
        "oee": percent(index),
        "oee_gap": "" if index is None or target is None else signed(index - target),
        "oee_note": "no target set" if target is None else f"to target {percent(target)}",
    }


def _expected(shown: Standings, found: list[Facts]) -> Row:
    """What is made against what was to be made by now."""
    good, want = total(f.good for f in found), shown.expected
    whole = len(shown.found) == len(found) and good is not None and want is not None
    gap = round((good or 0) - (want or 0)) if whole else None
    return {
        "want_gap": "" if gap is None else signed(gap, 1, 0),
        "want": f"to expected {number(want)}" if whole else "",
        "want_gap@data-trust": trust(found),
    }


def _head(now: Snapshot) -> Component:
    of = len(now.plant.work_units)
    return keyed(
        "page",
        html.Div(
            [
                html.H1(now.plant.name),
                html.Span(now.plant.enterprise, className="note"),
                slot("shift", className="note shift-now"),
                html.Span(className="grow"),
                html.Span(["data ", age("heard"), " old"], className="note"),
            ],
            className="head",
        ),
        html.Div(
            [
                _parts.figure(
                    html.A("OEE of the shift", href=f"/oee/{_parts.widest(now.plant)}"),
                    slot("oee", className="value"),
                    html.Span("%", className="u"),
                    note=[slot("oee_gap", html.B), " ", slot("oee_note")],
                    **{"data-key": "aim"},
                ),
                _parts.figure(
                    "Good so far",
                    slot("sum_good"),
                    note=[
                        slot("want_gap", html.B),
                        " ",
                        slot("want"),
                        slot("good_note", html.Small),
                    ],
                ),
                _parts.figure(
                    "Running now",
                    slot("running"),
                    html.Span(f"of {of}", className="u"),
                    note=[
                        slot("stopped", html.B),
                        " stopped, ",
                        slot("sum_reject", html.B),
                        " reject so far",
                    ],
                ),
                _parts.figure(
                    "Units live",
                    slot("live"),
                    html.Span(f"of {of}", className="u"),
                    note=html.A("connections", href="/connections"),
                ),
            ],
            className="kpis",
        ),
    )


def _area(now: Snapshot, area: Area) -> Component:
    chips = [
        html.Span([_parts.icon(), slot(f"n_{look}")], className="count", **{"data-look": look})
        for look in LOOKS
    ]
    return keyed(
        f"area:{area.id}",
        html.Div(
            [
                html.Div(
                    [
                        html.A(html.H2(area.name), href=f"/andon/{area.id}"),
                        slot("area_shift", className="note"),
                    ],
                    className="area-name",
                ),
                html.Div(chips, className="chips"),
                html.Div(
                    [slot("worst_label", html.Small), slot("worst", html.B), slot("why")],
                    className="worst",
                ),
                _sum("OEE", "area_oee"),
                _sum("good", "area_good"),
                _sum("reject", "area_reject"),
                _sum("live", "area_live"),
            ],
            className="area-head",
        ),
        html.Div([_tile(unit) for unit in now.plant.units_of(area.id)], className="tiles"),
        tag=html.Section,
        className="panel area",
    )


def _sum(label: str, name: str) -> Component:
    return html.Div([html.Small(label), slot(name, html.B)], className="sum")


def _tile(unit: WorkUnit) -> Component:
    return keyed(
        f"unit:{unit.id}",
        html.Span([_parts.icon(), html.B(unit.name)], className="nm"),
        html.Span([slot("word", className="w"), in_state("clock")], className="say when-live"),
        html.Span(
            [html.Span("no data", className="w"), since("nodata")], className="say when-stale"
        ),
        html.Span(
            [
                slot("good", className="value"),
                html.Small("good"),
                slot("oee", html.Small, className="value"),
            ],
            className="fig",
        ),
        slot("doubt", className="doubt"),
        tag=html.A,
        className="tile",
        href=f"/unit/{unit.id}",
        **{"data-unit": unit.id},
    )


def _key() -> Component:
    """What the shapes mean."""
    key = [
        html.Span([_parts.icon(), word], **{"data-look": look})
        for look, word in _LOOK_WORDS.items()
    ]
    return html.Div(key, className="key")


def _needs_list() -> Component:
    items = [
        keyed(
            f"need:{n + 1}",
            _parts.icon(),
            slot("title", html.B),
            since("age", className="age"),
            html.P([slot("text"), " ", slot("where", html.A, href="/")]),
            className="need",
        )
        for n in range(NEEDS_MAX)
    ]
    return html.Aside(
        [
            keyed(
                "page",
                html.H2("What needs me now"),
                slot("count", className="note"),
                className="now-head",
            ),
            *items,
            keyed(
                "page",
                slot("more", html.P, className="note"),
                html.P(
                    [_parts.icon("run"), "All units run, or rest as they should."],
                    className="calm",
                    **{"data-f": "calm", "data-look": "run"},
                ),
                className="now-foot",
            ),
        ],
        className="panel now",
    )


def _empty() -> Component:
    return html.Section(
        [
            html.H2("No areas are configured yet"),
            html.P("Areas, work centres and work units stand in the configuration."),
        ],
        className="panel dead-end",
    )
