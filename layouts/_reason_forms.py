"""The forms in which reasons are edited: the tree, what faults mean, and taking it away."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts._document import button, field, hidden, note, post, refusal
from layouts._entry import Entry
from layouts._html import Tag
from layouts._reasons import NEW_FAULTS, Shown, reason_words
from layouts._signature import fields as signature_fields
from mes.reasons import BELOW_MAX, FIRST_MAX, NAME_MAX, Reason, ReasonTree

FAILED = "the machine failed"


def values_of(tree: ReasonTree) -> dict[str, str]:
    """The fields of the form, from a tree."""
    out = {"strict": "yes"} if tree.strict else {}
    for n, first in enumerate(tree.first()):
        at = f"kind-{n}-"
        out |= _values(at, first)
        for m, one in enumerate(tree.below(first.id)):
            out |= _values(f"{at}below-{m}-", one)
    return out


def _values(at: str, one: Reason) -> dict[str, str]:
    fails = {f"{at}fails": "yes"} if one.fails else {}
    return {f"{at}id": one.id, f"{at}name": one.name, **fails}


def tree_form(shown: Shown, entry: Entry, *, spare: int) -> Component:
    """The kinds of reasons as cards, each with those below it. spare: empty ones of each."""
    rows = min(entry.rows("kind") + spare, FIRST_MAX)
    full = all(min(entry.rows(f"kind-{n}-below") + spare, BELOW_MAX) == BELOW_MAX
               for n in range(rows)) and rows == FIRST_MAX  # fmt: skip
    return post(
        f"{shown.address}#approval",
        hidden("version", str(entry.version)),
        hidden("of", shown.place),
        hidden("drawn", entry.value("drawn") or str(shown.drawn)),
        refusal(entry.fault("reasons")),
        html.Div([_kind(entry, n, spare) for n in range(rows)], className="kinds"),
        _check("strict", "Strict: a shift cannot be signed while stops have no reason",
               on=entry.value("strict") == "yes"),
        field("Why", "reason", value=entry.value("reason"), maxlength="1000", autocomplete="off",
              fault=entry.fault("reason"), hint="for the audit trail; may be left empty"),
        signing(entry),
        html.Div(
            [
                button("Save mine instead" if entry.rival else "Save", name="what", value="save"),
                None if full else button("One more of each", kind="small", name="what",
                                         value="more", formNoValidate=True),
                html.A("Cancel", href=shown.address),
            ],
            className="acts",
        ),
        again=entry.key,
        className="reason-tree",
    )  # fmt: skip


def _kind(entry: Entry, n: int, spare: int) -> Tag:
    at = f"kind-{n}-"
    there = entry.rows(f"kind-{n}-below")
    rows = range(min(there + spare, BELOW_MAX))
    fails = entry.value(f"{at}fails") == "yes"
    return Tag(
        "fieldset",
        Tag("legend", entry.value(f"{at}name") or "another kind", **{"class": "visually-hidden"}),
        _reason(entry, at, "kind", fails=fails, kind=True),
        *(
            _reason(entry, f"{at}below-{m}-", "reason",
                    fails=entry.value(f"{at}below-{m}-fails") == "yes" if m < there else fails)
            for m in rows
        ),
        **{"class": "kind"},
    )  # fmt: skip


def _reason(entry: Entry, at: str, label: str, *, fails: bool, kind: bool = False) -> Component:
    box = Tag("input", type="checkbox", name=f"{at}fails", value="yes", checked=fails,
              title=FAILED, **{"aria-label": FAILED})  # fmt: skip
    id = entry.value(f"{at}id")
    name = Tag("input", name=f"{at}name", value=entry.value(f"{at}name"), maxlength=str(NAME_MAX),
               autocomplete="off", placeholder="taken away" if id else f"another {label}", **{"aria-label": label})  # fmt: skip
    return html.Div(
        [
            hidden(f"{at}id", id),
            html.Label([name, refusal(entry.fault(f"{at}name"))], className="field"),
            html.Label([box, "failed"], className="check"),
        ],
        className="reason-row first" if kind else "reason-row",
    )


def _check(name: str, words: str, *, on: bool) -> Component:
    box = Tag("input", type="checkbox", name=name, value="yes", checked=on)
    return html.Label([box, words], className="check")


def unsaved(entry: Entry) -> Component | None:
    """Above a long form, that something below it wants a look."""
    if entry.fault(""):
        return note(entry.fault(""))
    if entry.fault("approve") and not entry.fault("sign"):
        return note("Nothing is saved yet: somebody else has to approve it, below.", look="help")
    return note("Nothing was saved: look at what is marked below.") if entry.faults else None


def signing(entry: Entry) -> Component | None:
    """Where a second person approves, once it was found that one has to. A password is never kept."""
    if not entry.value("sign_meaning"):
        return None
    return html.Div(
        [
            note(entry.fault("approve"), look="help"),
            signature_fields("approved", id=entry.value("sign_id"), other=True),
            refusal(entry.fault("sign")),
        ],
        className="approval",
        id="approval",
    )


def fault_form(shown: Shown, entry: Entry) -> Component:
    """The codes of a machine, or of any, each with the reason that it means."""
    known = [_known(shown, entry, n, code) for n, code in enumerate(_codes(shown, entry))]
    new = [_new(shown, entry, n) for n in range(NEW_FAULTS)]
    heads = html.Tr([html.Th(words) for words in ("Code", "The machine says", "It means")])
    return post(
        f"{shown.address}#faults",
        hidden("what", "faults"),
        hidden("version", str(entry.version)),
        hidden("of", shown.place),
        hidden("unit", shown.about),
        html.Table([html.Thead(heads), html.Tbody([*known, *new])], className="list faults-list"),
        refusal(entry.fault("faults")),
        field("Why", "reason", value=entry.value("reason"), maxlength="1000", autocomplete="off",
              hint="for the audit trail; may be left empty"),
        signing(entry),
        html.Div(
            [
                button("Save mine instead" if entry.rival else "Save what they mean"),
                html.A("Cancel", href=f"{shown.address}#faults"),
            ],
            className="acts",
        ),
        again=entry.key,
        className="faults-form",
    )  # fmt: skip


def _codes(shown: Shown, entry: Entry) -> list[str]:
    """Those that were sent, and where nothing was those that are known."""
    sent = [entry.value(f"fault-{n}-code") for n in range(entry.rows("fault"))]
    return sent or shown.codes()


def _known(shown: Shown, entry: Entry, n: int, code: str) -> Component:
    at = f"fault-{n}-"
    typed = entry.values.get(f"{at}reason", shown.means(code))
    return html.Tr(
        [
            html.Td([hidden(f"{at}code", code), html.B(code)]),
            html.Td(shown.text(code)),
            html.Td(_choice(shown, f"{at}reason", typed, entry.fault(f"{at}reason"),
                            means_anywhere=shown.means_anywhere(code))),
        ]
    )  # fmt: skip


def _new(shown: Shown, entry: Entry, n: int) -> Component:
    at = f"new-{n}-"
    code = Tag("input", name=f"{at}code", value=entry.value(f"{at}code"), maxlength="64",
               autocomplete="off", placeholder="code", **{"aria-label": "another code"})  # fmt: skip
    return html.Tr(
        [
            html.Td(html.Label([code, refusal(entry.fault(f"{at}code"))], className="field")),
            html.Td(html.Span("another code", className="note")),
            html.Td(
                _choice(
                    shown,
                    f"{at}reason",
                    entry.value(f"{at}reason"),
                    entry.fault(f"{at}reason"),
                )
            ),
        ]
    )


def _choice(
    shown: Shown, name: str, chosen: str, fault: str, *, means_anywhere: str = ""
) -> Component:
    """The reasons that a stop can have, by their kinds."""
    tree = shown.tree
    nothing = "– nobody said –"
    if means_anywhere:
        nothing = f"– as for any machine: {reason_words(tree, means_anywhere)} –"
    options: list[Any] = [Tag("option", nothing, value="")]
    for first in tree.first():
        below = tree.below(first.id)
        if below:
            inside = [_option(tree, one, chosen) for one in below]
            options.append(Tag("optgroup", *inside, label=first.name))
        else:
            options.append(_option(tree, first, chosen))
    if chosen and not tree.chosen(chosen):  # it is there no more: what was typed stays
        options.append(Tag("option", chosen, value=chosen, selected=True))
    select = Tag("select", *options, name=name, **{"aria-label": "it means"})
    return html.Label([select, refusal(fault)], className="field")


def _option(tree: ReasonTree, one: Reason, chosen: str) -> Tag:
    """With its kind, for a closed list shows nothing else of it."""
    words = reason_words(tree, one.id)
    return Tag("option", words, value=one.id, selected=one.id == chosen)


def remove_form(shown: Shown, entry: Entry) -> Component:
    return post(
        f"{shown.address}#remove",
        hidden("what", "remove"),
        hidden("version", str(entry.version)),
        hidden("of", shown.place),
        field("Why", "reason", value=entry.value("reason"), maxlength="1000", autocomplete="off"),
        signing(entry),
        button("Take away these reasons", kind="small danger"),
        again=entry.key,
    )
