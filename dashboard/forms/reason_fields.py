"""What was typed into the forms of reasons, as the body of a tree; and refusals, at their fields."""

import re
from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from dashboard.forms.plan_fields import Values, free_id, parted, slug
from layouts._reasons import FAULT_ROWS, NEW_FAULTS
from mes.equipment import Plant
from mes.reasons import BELOW_MAX, FIRST_MAX

ID_MAX = 40
_ROW = re.compile(r"reasons\[(\d+)\]\.?(?:\w*)")
_MEANING = re.compile(r"faults\.(.*): found '([^']*)'; expected a reason.*", re.DOTALL)


def tree_body(
    form: Values, faults: Mapping[str, str], taken: Set[str] = frozenset()
) -> tuple[dict[str, Any], list[str]]:
    """The body of a tree, and what the fields of its reasons begin with.

    faults: what they mean, as it is on record; taken: ids that a new reason must not have, for stops
    may bear them.
    """
    taken = {value for name, value in form.items() if name.endswith("-id")} | taken
    reasons: list[dict[str, Any]] = []
    rows = []
    for at, below in _kinds(form):
        parent = ""
        for row in (at, *below):
            name = _name(form, row)
            id = form.get(f"{row}id", "").strip()
            if not id:
                id = free_id(slug(name) or "reason", taken, ID_MAX)
                taken |= {id}
            fails = form.get(f"{row}fails") == "yes"
            reasons.append({"id": id, "name": name, "parent": parent, "fails": fails})
            rows.append(row)
            parent = parent or id
    strict = form.get("strict") == "yes"
    return {"reasons": reasons, "faults": dict(faults), "strict": strict}, rows


def _kinds(form: Values) -> list[tuple[str, list[str]]]:
    """The kinds, each with what is below it. One without a name is taken away; but not where something
    new was typed below it: that it lacks a name is told then.
    """
    out = []
    for n in range(FIRST_MAX):
        at = f"kind-{n}-"
        rows = (f"{at}below-{m}-" for m in range(BELOW_MAX))
        below = [row for row in rows if _name(form, row)]
        if _name(form, at) or not all(form.get(f"{row}id") for row in below):
            out.append((at, below))
    return out


def _name(form: Values, row: str) -> str:
    return form.get(f"{row}name", "").strip()


def tree_faults(
    message: str, form: Values, rows: Sequence[str], faults: Mapping[str, str]
) -> dict[str, str]:
    """Why a tree was refused, by field. faults: what they mean in it."""
    if found := _MEANING.fullmatch(message):
        reason = found[2]
        codes = [code for code, meant in faults.items() if meant == reason]
        told = ", ".join(codes[:5]) + (" and more" if len(codes) > 5 else "")
        words = f"Faults of machines mean this: {told}. They need another meaning first."
        return {_field_of(form, reason): words}
    at, words = parted(message)
    if (row := _ROW.fullmatch(at)) and int(row[1]) < len(rows):
        return {f"{rows[int(row[1])]}name": words}
    return {"reasons" if at == "reasons" else "": words}


def _field_of(form: Values, id: str) -> str:
    """The field in which a reason's name stands, or that of its kind where this was emptied."""
    row = next((n.removesuffix("id") for n, v in form.items() if n.endswith("-id") and v == id), "")
    kind = re.sub(r"below-\d+-$", "", row)
    return f"{row if _name(form, kind) else kind}name" if row else "reasons"


def faults_typed(
    form: Values, unit: str, faults: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What faults mean with what was typed of the machine `unit`, "" for any; of each code that was
    typed its field; and what is amiss, by field.

    faults: as they are on record; codes that do not stand in the form stay as they are.
    """
    found, fields, amiss = dict(faults), dict[str, str](), dict[str, str]()
    for n in range(FAULT_ROWS):
        code, reason = form.get(f"fault-{n}-code", ""), form.get(f"fault-{n}-reason", "")
        if code:
            fields[_key(unit, code)] = f"fault-{n}-reason"
            _mean(found, _key(unit, code), reason)
    for n in range(NEW_FAULTS):
        at = f"new-{n}-"
        code, reason = form.get(f"{at}code", "").strip(), form.get(f"{at}reason", "")
        if not code and not reason:
            continue
        if not code:
            amiss[f"{at}code"] = "Please give the code of the machine."
        elif _key(unit, code) in fields:
            amiss[f"{at}code"] = "This code stands above already."
        elif not reason:
            amiss[f"{at}reason"] = "Please choose what it means."
        else:
            fields[_key(unit, code)] = f"{at}reason"
            _mean(found, _key(unit, code), reason)
    return found, fields, amiss


def _key(unit: str, code: str) -> str:
    return f"{unit}:{code}" if unit else code


def _mean(faults: dict[str, str], key: str, reason: str) -> None:
    if reason:
        faults[key] = reason
    else:
        faults.pop(key, None)


def meaning_faults(message: str, fields: Mapping[str, str]) -> dict[str, str]:
    """Why what faults mean was refused, by field. fields: of the codes that were typed."""
    if (found := _MEANING.fullmatch(message)) and found[1] in fields:
        return {fields[found[1]]: "This reason is there no more, or has others below it."}
    at, words = parted(message)
    return {"faults" if at == "faults" else "": words}


def faults_here(faults: Mapping[str, str], plant: Plant, units: Collection[str]) -> dict[str, str]:
    """Without those of machines that are elsewhere."""
    elsewhere = plant.work_units.keys() - set(units)
    return {
        key: id
        for key, id in faults.items()
        if ":" not in key or key.partition(":")[0] not in elsewhere
    }
