"""Finds case files and says of each what kind of cases it holds, by its shape and not by its name.

A case file is a `.json` file. In a folder that has an INDEX.json, that file alone is read: the
others are its data. What has no known shape is a case of the kind `unknown`, and fails.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.golden import formulas, shop_words

SHIPPED = Path(__file__).with_name("cases")
ABOUT = {"id", "source", "note", "disagreement", "use"}
FIGURES = {"published", "recomputed", "derived", "expected"}


@dataclass(frozen=True)
class Case:
    """One case, or one file that could not be divided into cases. `kind`: see `kind_of`."""

    path: Path
    id: str
    kind: str
    content: Any

    def __str__(self) -> str:
        return f"{self.path.stem}::{self.id}"


@dataclass(frozen=True)
class NotBuilt:
    """A kind whose figures nothing computes yet, and the file or folder it comes with."""

    kind: str
    recognise: Callable[[dict[str, Any]], bool]
    comes_with: str


def _some_case_has(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda content: any(set(names) <= set(c) for c in content.get("cases", ()))


def _some_instance_has(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda content: any(set(names) <= set(c) for c in content.get("instances", ()))


def _has(*names: str) -> Callable[[dict[str, Any]], bool]:
    return lambda content: set(names) <= set(content)


# The first that recognises a file names its kind. A row goes when its figures are computed.
NOT_BUILT = (
    NotBuilt("run rules", _some_case_has("z", "expected_signal_index_1based"), "mes/spc/rules.py"),
    NotBuilt("gage study", _some_case_has("data_part_operator_trial"), "mes/spc/gage.py"),
    NotBuilt("capability", _some_case_has("lsl", "usl"), "mes/spc/capability.py"),
    NotBuilt(
        "capability",
        lambda content: any(
            str(c.get("call", "")).startswith("process.capability")
            for c in content.get("cases", ())
        ),
        "mes/spc/capability.py",
    ),
    NotBuilt("control charts", _some_case_has("chart", "expected"), "mes/spc/charts.py"),
    NotBuilt("control charts", _some_case_has("chart", "expected_printed"), "mes/spc/charts.py"),
    NotBuilt("chart constants", _has("published", "exact"), "mes/spc/constants.py"),
    NotBuilt("dispatching", _some_case_has("jobs_p_d"), "mes/dispatch.py"),
    NotBuilt("weighted tardiness", _some_instance_has("p", "w", "d"), "mes/dispatch.py"),
    NotBuilt("job shops", _some_instance_has("jobs", "machines", "optimum"), "mes/schedule.py"),
    NotBuilt("anomaly windows", _has("windows", "labels"), "mes/condition.py"),
    NotBuilt("prognosis scores", _has("cmapss", "skab"), "mes/condition.py"),
    NotBuilt("EPCIS documents", _has("validator", "files"), "adapters/epcis.py"),
    NotBuilt("EPCIS hashes", _some_case_has("prehash_lines"), "adapters/epcis.py"),
)
# What is known of a plant's trace is no case of these: tests/protocol/test_trace.py reads it.
_is_about_a_trace = _has("source", "computed_here")
# Which delay is ADET and which ADOT goes by whether an order is registered.
STATE_MAP = NotBuilt("state map", _has("element", "item_state", "op_mode"), "mes/jobs.py")


def folders() -> list[Path]:
    """The folder of the cases that are shipped, and those that TAKT_REFERENCE names."""
    named = os.environ.get("TAKT_REFERENCE", "").split(os.pathsep)
    return [SHIPPED, *(Path(name).expanduser() for name in named if name)]


def files(folder: Path) -> list[Path]:
    """The case files under a folder, at any depth."""
    found = sorted(folder.rglob("*.json"))
    indexed = {path.parent for path in found if path.name == "INDEX.json"}
    return [path for path in found if path.name == "INDEX.json" or path.parent not in indexed]


def cases(path: Path) -> Iterator[Case]:
    """Yield the cases of one file. Digits are kept as they are printed: numbers are Decimal."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (ValueError, OSError) as error:
        yield Case(path, path.name, "unreadable", str(error))
        return
    if not isinstance(content, dict):
        yield Case(path, path.name, "unknown", content)
    elif _is_about_a_trace(content):
        return
    elif "formulas" in content:
        yield from _definitions(path, content)
    elif kind := next((row for row in NOT_BUILT if row.recognise(content)), None):
        yield Case(path, path.name, kind.kind, content)
    elif content.get("cases"):
        for number, case in enumerate(content["cases"]):
            yield Case(path, str(case.get("id", number)), kind_of(case), case)
    else:
        yield Case(path, path.name, "unknown", content)


def kind_of(case: dict[str, Any]) -> str:
    """Say which kind a single case with `inputs` and figures is, or `unknown`."""
    inputs = set(case.get("inputs", ()))
    known = set(case) <= ABOUT | FIGURES | {"inputs"}
    if not inputs or not known or not any(case.get(section) for section in FIGURES):
        return "unknown"
    for kind, words in (("reliability", shop_words.RELIABILITY), ("oee", shop_words.OEE)):
        if inputs <= words:
            return kind
    return "unknown"


def _definitions(path: Path, content: dict[str, Any]) -> Iterator[Case]:
    known = {"source", "note", "formulas", "time_relations", "consistency_example"}
    state_map = content.pop("opc_40001_1_state_map_excerpt", None)
    if not set(content) <= known:
        yield Case(path, path.name, "unknown", sorted(set(content) - known))
    for name in content["formulas"]:
        inputs = dict(formulas.ELEMENTS)
        expected = {name: formulas.evaluate(name, content["formulas"], inputs)}
        yield Case(path, f"formula {name}", "oee", {"inputs": inputs, "expected": expected})
    if example := content.get("consistency_example"):
        yield Case(path, "consistency_example", kind_of(example), example)
    if state_map:
        yield Case(path, "state map", STATE_MAP.kind, state_map)
