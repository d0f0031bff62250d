"""One work unit and every tag it is read by, live: for whoever doubts a number on another screen."""

from dash import html
from dash.development.base_component import Component

from layouts import _parts, not_found
from layouts._facts import Facts, attributes, cycle, facts, since_words, was
from layouts._links import connection
from layouts._shifts import in_words
from layouts._slots import Row, Rows, age, filled, in_state, keyed, since, slot
from layouts._words import NOTHING, ms, number, reading, site_time
from mes.equipment import Plant, Tag, WorkUnit
from mes.maintenance import Order
from mes.snapshot import Snapshot
from mes.states import code

TITLE = "Unit"
ORDER = 2
PATH = "/unit/<id>"

QUALITY_WORDS = {
    "good": "good",
    "uncertain": "uncertain",
    "bad": "bad",
    "stale": "no data",
    "unheard": "not heard yet",
}
ROLE_WORDS = {
    "state": "machine state",
    "mode": "operation mode",
    "good_count": "counter of good pieces",
    "reject_count": "counter of rejects",
    "total_count": "counter of all pieces",
    "fault": "fault code",
    "starved": "waits for what comes in",
    "blocked": "waits to give away",
    "value": "",
}


def known(plant: Plant, id: str | None) -> bool:
    """Whether there is a work unit `id`."""
    return id in plant.work_units


def layout(now: Snapshot, id: str | None = None) -> Component:
    unit = now.plant.work_units.get(id or "")
    if unit is None:
        return not_found.nothing(
            now,
            f"There is no work unit “{id}”",
            "The units that exist are listed here.",
            topic=f"unit:{id}",
        )
    tree = _parts.page(
        now,
        f"unit:{unit.id}",
        _header(now, unit),
        html.Div([_tags(unit), _devices(unit)], className="unit-body"),
        active="unit",
    )
    return filled(tree, rows(now, id), now_us=now.now_us)


def rows(now: Snapshot, id: str | None = None) -> Rows:
    unit = now.plant.work_units.get(id or "")
    if unit is None:
        return {}
    f = facts(now, unit)
    out = {f"tag:{unit.id}.{name}": _tag_row(f, name, tag, now) for name, tag in unit.tags.items()}
    out[f"unit:{unit.id}"] = _unit_row(f, now)
    for device in unit.devices:
        found = connection(now, now.plant.devices[device])
        out[f"device:{device}"] = {
            "@data-look": found.look,
            "link_word": found.word,
            "link_meaning": found.meaning,
        }
    return out


def _unit_row(f: Facts, now: Snapshot) -> Row:
    view, zone = f.view, now.plant.time_zone
    last_piece = site_time(view.last_piece_us, now_us=now.now_us, zone=zone)
    counting = site_time(view.counted_since_us, now_us=now.now_us, zone=zone)
    return attributes(f) | {
        "word": f.word,
        "shift": in_words(f.shift, now),
        "fault": "" if f.resting else f.fault,
        "doubt": f.doubt,
        **_lock(now.locks.get(f.unit.id)),
        "since": since_words(f, now),
        "clock@data-since": ms(view.state_since_us),
        "nodata@data-since": ms(f.heard_us),
        "was": was(f, now),
        "good": number(f.good),
        "good_note": _since_note(f, counting),
        "reject": number(f.reject),
        "reject_note": f"last piece at {last_piece}" if view.last_piece_us else "",
        "cycle": cycle(f),
        "quality": QUALITY_WORDS[f.quality],
        "quality_note": f.doubtful or (f"{f.silent} is silent" if f.quality == "stale" else ""),
        "state_code": _codes(f, "state"),
        "mode_code": _codes(f, "mode"),
        "mode": _means(f, "mode") or NOTHING,
        "gaps": number(view.gaps),
        "late": number(view.late),
        "resets": number(view.resets),
        "heard@data-since": ms(view.received_time_us),
    }


def _lock(order: Order | None) -> Row:
    """For which work order nothing may be started on the machine, if there is one."""
    if order is None:
        return {"lock": "", "lock@href": ""}
    return {"lock": f"Locked for {order.id}: {order.work}", "lock@href": f"/work-order/{order.id}"}


def _since_note(f: Facts, at: str) -> str:
    """Since when the count runs, and of which shift it is."""
    if not f.counted:
        return "nothing counted yet"
    shift = f.shift.shift if f.shift else None
    if shift is not None and f.view.shift_since_us == shift.start_us:
        return f"{shift.name}, since {at}"
    return f"since {at}"


def _codes(f: Facts, role: str) -> str:
    found = [
        code(f.view.tags[name].value)
        for name, tag in f.unit.tags.items()
        if tag.role == role and name in f.view.tags and f.view.tags[name].value is not None
    ]
    return ", ".join(found) or NOTHING


def _means(f: Facts, role: str) -> str:
    """What the newest code of a role stands for in the unit's profile, "" where it has no word."""
    found = [
        f.view.tags[n].value for n, t in f.unit.tags.items() if t.role == role and n in f.view.tags
    ]
    if not found or found[0] is None:
        return ""
    if role == "fault":
        return f.unit.fault_texts.get(code(found[0]), "")
    table = {"state": f.unit.profile.states, "mode": f.unit.profile.modes}.get(role, {})
    return table.get(code(found[0]), "")


def _tag_row(f: Facts, name: str, tag: Tag, now: Snapshot) -> Row:
    seen = f.view.tags.get(name)
    contact = f.view.contacts.get(tag.device)
    stale_at = contact + f.unit.silence_max_us if contact is not None else 0
    if seen is None:
        stale_at = 0
    elif tag.watchdog_s is not None:
        stale_at = min(stale_at, seen.received_time_us + round(tag.watchdog_s * 1e6))
    stale = now.now_us > stale_at
    quality = "stale" if stale or seen is None else seen.quality
    zone = now.plant.time_zone
    told_us = seen.source_time_us if seen else None
    return {
        "@data-quality": quality,
        "@data-stale-at": ms(stale_at),
        "means": _means(f, tag.role),
        "value": reading(seen.value, tag.decimals) if seen else NOTHING,
        "quality": QUALITY_WORDS["unheard" if seen is None else quality],
        "status": seen.status if seen and seen.quality != "good" else "",
        "age@data-since": ms(seen.received_time_us) if seen else "",
        "time": site_time(told_us, now_us=now.now_us, zone=zone, seconds=True),
    }


def _header(now: Snapshot, unit: WorkUnit) -> Component:
    return keyed(
        f"unit:{unit.id}",
        html.Div(
            [
                html.Div([_crumb(now, unit), html.H1(unit.name)]),
                html.Span(
                    [
                        _parts.icon(),
                        slot("word"),
                        in_state("clock", className="when-live"),
                        slot("fault", className="why"),
                    ],
                    className="pill",
                ),
                slot("since", className="note when-live"),
                slot("shift", className="note shift-now"),
                html.Span(
                    [html.B(["NO DATA ", since("nodata")]), slot("was")],
                    className="said when-stale",
                ),
                slot("doubt", className="doubt"),
                slot("lock", html.A, className="act small"),
            ],
            className="head",
        ),
        html.Div(_figures(unit), className="kpis"),
        html.Dl(_counts(unit), className="panel counts"),
        className="unit-head",
        **{"data-unit": unit.id},
    )


def _crumb(now: Snapshot, unit: WorkUnit) -> Component:
    plant = now.plant
    area = plant.area_of(unit)
    center = plant.work_centers[unit.work_center]
    links = [
        html.A(plant.name, href="/"),
        " / ",
        html.A(area.name, href=f"/andon/{area.id}"),
        " / ",
        html.A(center.name, href=f"/andon/{center.id}"),
    ]
    return html.Div(links, className="crumb")


def _figures(unit: WorkUnit) -> list[Component]:
    value = {"className": "value"}
    cycle_s = [slot("cycle", **value), html.Span("s", className="u")]
    return [
        _parts.figure("Good", slot("good", **value), note=slot("good_note")),
        _parts.figure("Reject", slot("reject", **value), note=slot("reject_note")),
        _parts.figure("Cycle", *cycle_s, note=f"ideal {unit.ideal_cycle_s:.1f} s"),
        _parts.figure("Data", slot("quality", className="word"), note=slot("quality_note")),
    ]


def _counts(unit: WorkUnit) -> list[Component]:
    """The raw codes, and what went wrong on the way here, each with what it means."""
    return [
        _count("state code", slot("state_code"), f"as the {unit.profile.key} profile reads it"),
        _count("mode code", slot("mode_code"), slot("mode")),
        _count("gaps", slot("gaps"), "times a device was away; what happened then is not known"),
        _count("late", slot("late"), "readings older than one already shown; kept, not counted"),
        _count("resets", slot("resets"), "counters that started again below their last reading"),
        _count("last contact", age("heard"), "since any of its devices answered"),
    ]


def _count(label: str, value: Component, words: object) -> Component:
    return html.Div([html.Dt(label), html.Dd(value), html.Dd(words, className="note")])


def _devices(unit: WorkUnit) -> Component:
    """The devices that the unit is read by."""
    return html.Section(
        [
            html.H2("Read from"),
            *[
                keyed(
                    f"device:{device}",
                    html.Span(
                        [_parts.icon(), html.A(device, href="/connections"), slot("link_word")],
                        className="said",
                    ),
                    slot("link_meaning", html.P, className="note"),
                )
                for device in unit.devices
            ],
        ],
        className="panel devices",
    )


def _tags(unit: WorkUnit) -> Component:
    heads = ("Tag", "Value", "", "Quality", "Heard", "Source time", "Device")
    body = [_tag(unit, name, tag) for name, tag in unit.tags.items()]
    return html.Section(
        [
            html.Table(
                [
                    html.Thead(html.Tr([html.Th(h) for h in heads])),
                    html.Tbody(body),
                ],
                className="tags",
            )
            if body
            else html.P("No tags are configured for this unit.", className="empty"),
        ],
        className="panel",
    )


def _tag(unit: WorkUnit, name: str, tag: Tag) -> Component:
    key = f"{unit.id}.{name}"
    return keyed(
        f"tag:{key}",
        html.Td([html.B(name), html.Small(ROLE_WORDS.get(tag.role, tag.role))]),
        html.Td(slot("value", className="value", **{"data-tag": key}), className="num"),
        html.Td([tag.unit, slot("means")], className="of"),
        html.Td([slot("quality", className="q"), slot("status", html.Small)]),
        html.Td(age("age"), className="num"),
        html.Td(slot("time"), className="num"),
        html.Td(tag.device, className="note"),
        tag=html.Tr,
    )
