"""The audit trail: who changed what, when, where and why; searched, page by page, exported."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from layouts import _parts
from layouts._audit_words import (
    COMMANDS,
    command_words,
    done_words,
    field_words,
    full_time,
    kind_words,
    known_commands,
    place_words,
    value_words,
)
from layouts._document import button, date_field, field, note
from layouts._html import Tag
from layouts._signature import printed
from layouts._slots import filled
from layouts._words import plural, site_time, zone_word
from mes.differences import Difference, differences
from mes.equipment import Plant
from mes.kinds import KINDS
from mes.records import AuditLine
from mes.snapshot import Snapshot

TITLE = "Audit trail"
PATH = "/audit"
FILE = "/api/v1/audit.csv"
FIELDS = ("person", "command", "kind", "id", "place", "from", "until", "q")
AT_ONCE = 8  # fields of one change that are shown before one asks for the rest
LONG = 160  # characters of a value shown; the rest stands in its title and in the file
REFUSED = (
    "The audit trail is for supervisors, quality, managers and administrators. "
    "An administrator can give you such a role."
)
AWAY = "Takt cannot reach the records at the moment. Nothing is lost; please try again in a moment."


def page(
    now: Snapshot,
    asked: Mapping[str, str],
    lines: Sequence[AuditLine],
    *,
    people: Sequence[tuple[str, str]] = (),
    newer: str = "",
    older: str = "",
    looked_to_us: int | None = None,
    forward: bool = False,
    said: str = "",
) -> Component:
    """asked: the search as it stands in the address; people: (id, name) to choose from; newer,
    older: cursors of the pages beside this one; looked_to_us: it was looked so far only,
    back, or `forward`; said: what is wrong with the search.
    """
    plant = now.plant
    asked = {name: asked[name] for name in FIELDS if asked.get(name)}
    return _frame(
        now,
        _head(now, asked),
        _search(plant, asked, people),
        note(said),
        _cut(looked_to_us, now, forward=forward) if not said else None,
        _list(now, lines, bool(asked), cut=looked_to_us is not None) if not said else None,
        _pager(asked, newer, older),
    )


def refused(now: Snapshot) -> Component:
    """For whoever has not the right."""
    return _dead_end(now, "Not for you", REFUSED, html.A("Overview", href="/"))


def away(now: Snapshot, query: str) -> Component:
    """While the database does not answer; query: of the address, to try again."""
    again = html.A("Try again", href=f"{PATH}{query}", className="act main")
    return _dead_end(now, "The records cannot be reached", AWAY, again)


def _dead_end(now: Snapshot, title: str, words: str, link: Component) -> Component:
    inside = [html.H1(title), html.P(words, className="intro"), html.P(link)]
    return _frame(now, html.Section(inside, className="panel dead-end"))


def _frame(now: Snapshot, *children: Any) -> Component:
    tree = _parts.page(now, "audit", *children, active="audit")
    return filled(tree, {}, now_us=now.now_us)


def _head(now: Snapshot, asked: Mapping[str, str]) -> Component:
    zone = now.plant.time_zone
    query = f"?{urlencode(asked)}" if asked else ""
    return html.Div(
        [
            html.H1(TITLE),
            html.Span(f"newest first, times in {zone_word(now.now_us, zone)}", className="note"),
            html.Span(className="grow"),
            html.A("Export as CSV", href=f"{FILE}{query}", className="act small",
                   **{"data-action": "export"}),
        ],
        className="head",
    )  # fmt: skip


def _search(plant: Plant, asked: Mapping[str, str], people: Sequence[tuple[str, str]]) -> Component:
    def typed(name: str) -> str:
        return asked.get(name, "")

    names = Tag(
        "datalist", *(Tag("option", f"{name}", value=id) for id, name in people), id="people"
    )
    commands = [(c, command_words(c)) for c in known_commands()]
    return html.Form(
        [
            field("Person", "person", value=typed("person"), list="people", maxlength="128",
                  autocomplete="off", placeholder="anybody"),
            names,
            _choice("Did", "command", commands, typed("command"), "anything"),
            _choice("Record", "kind", [(k, kind_words(k)) for k in KINDS], typed("kind"), "any kind"),
            field("Id", "id", value=typed("id"), maxlength="128", autocomplete="off",
                  placeholder="any"),
            _choice("Place", "place", _places(plant), typed("place"), "anywhere"),
            date_field("From", "from", time=True, value=typed("from")),
            date_field("Until", "until", time=True, value=typed("until")),
            field("Text", "q", value=typed("q"), maxlength="200", autocomplete="off",
                  placeholder="in values, reasons, names"),
            html.Div([button("Search"), html.A("Clear", href=PATH, className="act")],
                     className="audit-go"),
        ],
        action=PATH,
        method="get",
        className="panel audit-search",
    )  # fmt: skip


def _choice(
    label: str, name: str, options: Sequence[tuple[str, str]], on: str, nothing: str
) -> Component:
    known = [("", nothing), *options]
    if on not in dict(known):
        known.append((on, on))
    inside = [Tag("option", words, value=value, selected=value == on) for value, words in known]
    select = Tag("select", *inside, name=name)
    return html.Label([html.Span(label, className="label"), select], className="field")


def _places(plant: Plant) -> list[tuple[str, str]]:
    out = [(plant.id, plant.name)]
    for area in plant.areas.values():
        out.append((plant.path_of(area.id), f"\u2007{area.name}"))
        for center in plant.work_centers.values():
            if center.area == area.id:
                out.append((plant.path_of(center.id), f"\u2007\u2007{center.name}"))
                units = (u for u in plant.work_units.values() if u.work_center == center.id)
                out += [(plant.path_of(u.id), f"\u2007\u2007\u2007{u.name}") for u in units]
    return out


def _cut(looked_to_us: int | None, now: Snapshot, *, forward: bool) -> Component | None:
    if looked_to_us is None:
        return None
    at = site_time(looked_to_us, now_us=now.now_us, zone=now.plant.time_zone)
    where, more, link = ("on", "after", "Newer") if forward else ("back", "before", "Older")
    words = (
        f"Looked {where} as far as {at}; there may be more {more}. “{link}” goes on from there; a "
        "person, a record or a time makes the search shorter."
    )
    return note(words, look="help")


def _list(now: Snapshot, lines: Sequence[AuditLine], searched: bool, *, cut: bool) -> Component:
    if not lines:
        words = "Nothing has been changed by anybody yet."
        if searched:
            words = "Nothing fits this search" + (" as far as it was looked." if cut else ".")
        return html.Section([html.P(words)], className="panel audit-empty")
    heads = ("When", "Who", "What", "Old → new", "Why, and signed by")
    head = html.Thead(html.Tr([html.Th(text) for text in heads]))
    body = html.Tbody([_row(line, now) for line in lines])
    return html.Section([html.Table([head, body], className="audit")], className="panel")


def _row(line: AuditLine, now: Snapshot) -> Component:
    zone = now.plant.time_zone
    date, clock = full_time(line.at_us, zone)
    return html.Tr(
        [
            html.Td([html.B(clock), html.Small(date), html.Small(f"entry {line.position}")],
                    className="when"),
            html.Td([html.B(line.name), html.Small(line.person),
                     html.Small(place_words(line.device))]),
            html.Td([html.B(done_words(line.command, line.old, line.new)), _record(line),
                     html.Small(", ".join(line.places))]),
            html.Td(_changes(line, zone), className="changes gone" if line.new is None else "changes"),
            html.Td([html.Span(line.reason), printed(line.signatures, zone)], className="reason"),
        ],
        **{"data-position": str(line.position)},
    )  # fmt: skip


def _record(line: AuditLine) -> Component | None:
    if not line.kind:
        return None
    query = urlencode({"kind": line.kind, "id": line.id})
    return html.Span(
        [f"{kind_words(line.kind)} ", html.A(line.id, href=f"{PATH}?{query}")], className="record"
    )


def _changes(line: AuditLine, zone: str) -> list[Component]:
    found = differences(line.old, line.new)
    if not found:
        said = line.command in COMMANDS  # of a password or a token the command says it all
        same = html.Span("the record itself is as it was", className="note")
        return [same] if line.kind and not said else []
    first, rest = found[:AT_ONCE], found[AT_ONCE:]
    out = [html.Ul([_change(one, zone) for one in first], className="plain")]
    if rest:
        more = html.Ul([_change(one, zone) for one in rest], className="plain")
        summary = html.Summary(f"and {plural(len(rest), 'more field')}")
        out.append(html.Details([summary, more]))
    return out


def _change(one: Difference, zone: str) -> Component:
    name = one.where[-1] if one.where else ""
    parts: list[Any] = [html.Span(field_words(one.where), className="f"), " "]
    if one.kind != "added":
        parts.append(Tag("del", *_value(value_words(one.old, zone, name))))
    if one.kind == "changed":
        parts.append(" → ")
    if one.kind != "removed":
        parts.append(Tag("ins", *_value(value_words(one.new, zone, name))))
    return html.Li(parts, **{"data-change": one.kind})


def _value(text: str) -> list[Any]:
    if len(text) <= LONG:
        return [text]
    return [html.Span(f"{text[:LONG]}…", title=text)]


def _pager(asked: Mapping[str, str], newer: str, older: str) -> Component | None:
    def link(words: str, **to: str) -> Component:
        query = urlencode({**asked, **to})
        return html.A(words, href=f"{PATH}?{query}", className="act", rel=next(iter(to)))

    links = [link("‹ Newer", after=newer)] if newer else []
    if older:
        links.append(link("Older ›", before=older))
    return html.Nav(links, className="audit-pager") if links else None
