"""Why machines of a place stand: the page on which its tree of reasons is seen and edited."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._desk import desk, table
from layouts._document import note
from layouts._entry import Entry, rivalry
from layouts._reason_forms import fault_form, remove_form, tree_form, unsaved
from layouts._reasons import ANY, Shown, places_of, reason_words
from layouts._signature import printed
from mes.equipment import Plant
from mes.reasons import Reason

SPARE = 1  # empty kinds, and empty reasons of each, that are offered beside those that there are
TITLE = "Reasons of stops"


def page(
    shown: Shown,
    viewer: Component,
    forms: Mapping[str, Entry],
    *,
    spare: int = SPARE,
    said: str = "",
    faults_said: str = "",
    theme: str = "light",
) -> str:
    """forms: those that are open, with what stands in them: "tree", "faults", "removal"; said,
    faults_said: what was done.
    """
    return desk(
        shown.plant,
        f"{TITLE}, {shown.name}",
        viewer,
        _head(shown.plant, shown.place),
        note(said, look="run"),
        _state(shown, begun="tree" in forms),
        _tree(shown, forms.get("tree"), spare),
        _faults(shown, forms.get("faults"), faults_said),
        _removal(shown, forms["removal"]) if "removal" in forms else None,
        now_us=shown.now_us,
        theme=theme,
        active="downtime",
    )


def away(
    shown: Shown, viewer: Component, forms: Mapping[str, Entry], *, theme: str = "light"
) -> str:
    """The page while the database is away: the form that was sent, as it was."""
    drawn = {"tree": lambda e: _tree(shown, e, 0), "faults": lambda e: _faults(shown, e),
             "removal": lambda e: _removal(shown, e)}  # fmt: skip
    return desk(
        shown.plant,
        f"{TITLE}, {shown.name}",
        viewer,
        html.Div([html.H1(f"{TITLE}, {shown.name}")], className="head"),
        *(drawn[name](entry) for name, entry in forms.items()),
        now_us=shown.now_us,
        theme=theme,
        active="downtime",
    )


def _head(plant: Plant, place: str) -> Component:
    """The site and its areas; then the work centres of the area that is spoken of."""
    ids = places_of(plant)
    center = plant.work_centers.get(place)
    area = center.area if center else place
    wide = [id for id in ids if id not in plant.work_centers]
    lines = [one.id for one in plant.work_centers.values() if one.area == area and one.id in ids]
    return html.Div(
        [
            html.H1(TITLE),
            *(
                html.Nav([_seg(plant, id, on=id in (place, area)) for id in some], className="segs")
                for some in (wide, lines)
                if some
            ),
            html.Span(className="grow"),
            html.A("Stops", href=f"/downtime/{place}", className="act small"),
        ],
        className="head",
    )


def _seg(plant: Plant, id: str, *, on: bool) -> Component:
    return html.A(plant.name_of(id), href=f"/reasons/{id}", className="seg on" if on else "seg")


def _state(shown: Shown, *, begun: bool) -> Component:
    """Whose reasons hold here, who made them, and what one can do about it."""
    name, zone = shown.name, shown.plant.time_zone
    lines: list[Any] = []
    if shown.own:
        lines.append(html.P([html.B(f"{name} has reasons of its own"), f", by {shown.made()}."]))
        lines.append(printed(shown.own.signatures, zone))
    elif begun:
        whose = (
            f"those of {shown.plant.name_of(shown.holder)}" if shown.holder else "the usual ones"
        )
        words = f" when you save this: so far it is a copy of {whose}."
        lines.append(html.P([html.B(f"{name} gets reasons of its own"), words]))
    else:
        lines.append(html.P(_inherited(shown)))
        if shown.may:
            words = "Begin an own tree for this place"
            link = html.A(words, href=f"{shown.address}?begin=yes", className="act small",
                          **{"data-action": "begin"})  # fmt: skip
            lines.append(html.P(link))
    if shown.below:
        places = [[html.A(shown.plant.name_of(id), href=f"/reasons/{id}"), " "]
                  for id in shown.below]  # fmt: skip
        lines.append(html.P(["What has reasons of its own and does not follow these: ", *places]))
    return html.Section(lines, className="panel tree-state", **{"data-holder": shown.holder})


def _inherited(shown: Shown) -> list[Any]:
    begin = f"{shown.name} has no reasons of its own: "
    if not shown.holder:
        return [begin, html.B("the usual ones"), " hold here."]
    name: Any = shown.plant.name_of(shown.holder)
    if shown.holder in places_of(shown.plant):
        name = html.A(name, href=f"/reasons/{shown.holder}")
    return [begin, "those of ", html.B(name), " hold here."]


def _tree(shown: Shown, entry: Entry | None, spare: int) -> Component:
    title = html.H2("Kinds of reasons, and the reasons below them")
    if entry is None:
        return html.Section([title, _cards(shown)], className="panel")
    words = (
        "An empty name takes a reason away, that of a kind those below it, too; stops that have it keep "
        f"it. “failed”: {_FAILED}."
    )
    return html.Section(
        [
            title,
            html.P(words, className="note"),
            rivalry(entry, shown.address),
            unsaved(entry),
            tree_form(shown, entry, spare=spare),
        ],
        className="panel",
        id="tree",
    )


_FAILED = "the machine failed, so that such stops count for MTBF and MTTR"


def _cards(shown: Shown) -> Component:
    tree = shown.tree
    cards = [
        html.Div(
            [
                html.H3(_named(one)),
                html.Ul([html.Li(_named(below)) for below in tree.below(one.id)],
                        className="plain"),
            ],
            className="kind",
        )
        for one in tree.first()
    ]  # fmt: skip
    words = f"“failed”: {_FAILED}."
    if tree.strict:
        words += " Strict: a shift cannot be signed while stops have no reason."
    return html.Div(
        [html.Div(cards, className="kinds read"), html.P(words, className="note")],
        className="stack",
    )


def _named(one: Reason) -> list[Any]:
    return [one.name, " ", html.Span("failed", className="mark")] if one.fails else [one.name]


def _faults(shown: Shown, entry: Entry | None, said: str = "") -> Component:
    units = [(unit.id, unit.name) for unit in shown.units()]
    links = [
        html.A(name, href=f"{shown.address}?unit={id}#faults",
               className="seg on" if id == shown.about else "seg")
        for id, name in [*units, (ANY, "any machine")]
    ]  # fmt: skip
    words = (
        "A stop in which the machine tells such a code has this reason by itself. "
        "Whoever knows better says otherwise, and both are kept."
    )
    if entry is None:
        inside: Any = _fault_table(shown)
    else:
        inside = [rivalry(entry, shown.address), unsaved(entry), fault_form(shown, entry)]
    return html.Section(
        [
            html.H2("What faults of the machines mean"),
            html.P(words, className="note"),
            note(said, look="run"),
            html.Nav(links, className="segs wraps"),
            inside,
        ],
        className="panel",
        id="faults",
    )


def _fault_table(shown: Shown) -> Component:
    rows = []
    for code in shown.codes():
        found = shown.means(code) or shown.means_anywhere(code)
        words = html.Span("nobody said", className="note")
        means = html.B(reason_words(shown.tree, found)) if found else words
        rows.append([code, shown.text(code), means])
    empty = "No code is known."
    found = table(["Code", "The machine says", "It means"], rows, empty=empty)
    return html.Div(found, className="faults-read")


def _removal(shown: Shown, entry: Entry) -> Component:
    again = "The usual ones hold" if shown.place == shown.plant.id else "What holds above applies"
    words = f"{again} here again. Stops keep what people said of them."
    opened = bool(entry.values or entry.faults)
    return html.Section(
        html.Details(
            [
                html.Summary(f"Take away the reasons of {shown.name} …"),
                html.P(words, className="note"),
                note(entry.fault("")),
                remove_form(shown, entry),
            ],
            className="add",
            open=opened,
        ),
        className="panel",
        id="remove",
    )
