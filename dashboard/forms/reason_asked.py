"""What a form of reasons asks for: the command, and where its refusals stand."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from dashboard.forms.plan_fields import parted
from dashboard.forms.reason_fields import faults_typed, meaning_faults, tree_body, tree_faults
from layouts._entry import Entry, Rival
from layouts._reasons import Shown, reason_words
from mes.kinds import Remove
from mes.kinds import Set as SetRecord
from mes.reason_trees import KIND as TREE
from mes.reasons import from_plain, to_plain
from mes.records import Body

FORMS = {"faults": "faults", "remove": "removal"}  # what is done → the form; all else is the tree's


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A form that was sent. form: "tree", "faults" or "removal"; faults_of: a refusal by field; part:
    of the body of a tree what the form is about.
    """

    form: str
    entry: Entry
    command: SetRecord | Remove
    faults_of: Callable[[str], dict[str, str]]
    part: Callable[[Body], Body] = field(default=dict)

    def beside(self, rival: Rival) -> Entry:
        """The form, with what the other has left beside what was typed."""
        mine = None if self.body is None else self.part(self.body)
        theirs = None if rival.body is None else self.part(rival.body)
        if mine and theirs and "means" in mine:  # of many codes those that differ
            codes = {*mine["means"], *theirs["means"]}
            same = {c for c in codes if mine["means"].get(c) == theirs["means"].get(c)}
            mine, theirs = _without(mine, same), _without(theirs, same)
        return replace(self.entry, rival=replace(rival, body=theirs), body=mine)

    @property
    def body(self) -> Body | None:
        """What the record becomes; None where it is taken away."""
        return self.command.body if isinstance(self.command, SetRecord) else None


def approval_words(otherwise: Sequence[str]) -> str:
    """Why a second person has to approve. otherwise: what is said so of stops that have been."""
    words = "what was said of stops that have been"
    if otherwise:
        more = f" and {len(otherwise) - 5} more" if len(otherwise) > 5 else ""
        words += f" ({', '.join(otherwise[:5])}{more})"
    return (
        f"This says otherwise {words}. Figures that were shown change with it: failures, MTBF, MTTR, "
        "and what part of stops has a reason. So somebody else approves it."
    )


def asked_by(shown: Shown, entry: Entry, what: str, taken: Set[str]) -> Asked:
    """What the form that was sent asks for. taken: ids that a new reason must not have."""
    form, kept = entry.values, to_plain(shown.tree)
    if shown.own and shown.own.body:  # whole: with the faults of machines that are elsewhere by now
        kept = dict(shown.own.body)
    reason = form.get("reason", "").strip()

    def change(body: dict[str, Any]) -> SetRecord:
        return SetRecord(kind=TREE, id=shown.place, body=body, version=entry.version, reason=reason)

    if what == "remove":
        remove = Remove(kind=TREE, id=shown.place, version=entry.version or -1, reason=reason)
        return Asked(form="removal", entry=entry, command=remove,
                     faults_of=lambda words: {"": parted(words)[1]})  # fmt: skip
    if what == "faults":
        unit = shown.unit.id if shown.unit else ""
        faults, fields, amiss = faults_typed(form, unit, kept["faults"])
        return Asked(
            form="faults",
            entry=replace(entry, faults=amiss),
            command=change(kept | {"faults": faults}),
            faults_of=lambda words: meaning_faults(words, fields),
            part=lambda body: _meanings(body, unit),
        )
    body, rows = tree_body(form, kept["faults"], taken)
    return Asked(
        form="tree",
        entry=entry,
        command=change(body),
        faults_of=lambda words: tree_faults(words, form, rows, body["faults"]),
        part=lambda body: {"reasons": body["reasons"], "strict": body["strict"]},
    )


def _meanings(body: Body, unit: str) -> Body:
    """What the codes of a machine mean, in words."""
    tree, begin = from_plain({**body, "faults": {}}), f"{unit}:" if unit else ""
    mine = {key: id for key, id in body["faults"].items() if key.startswith(begin)}
    return {"means": {k.removeprefix(begin): reason_words(tree, id) for k, id in mine.items()}}


def _without(part: Body, codes: Set[str]) -> Body:
    return {"means": {code: words for code, words in part["means"].items() if code not in codes}}
