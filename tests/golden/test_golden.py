"""Every golden case gives our figures; docs/golden.md says how to add cases.

A case whose convention is not ours stands in NOT_OURS; a kind that nothing computes yet stands in
`reading.NOT_BUILT` and is reported as skipped; an unknown kind fails.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.golden import compare, formulas, reading, shop_words
from tests.golden.reading import Case

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {"oee": shop_words.oee_figures, "reliability": shop_words.reliability_figures}

# (case, figure) whose convention is not ours: why. What is given there must differ from ours,
# or name something that we do not compute.
NOT_OURS = {
    ("waycalculator_1", "oee_pct"): (
        "multiplies factors that it rounded first; ours are multiplied unrounded (convention 13)"
    ),
    ("formula worker_efficiency", "worker_efficiency"): "attendance of people is not recorded",
    ("formula MTTF", "MTTF"): "MTBF here is operating time per failure, so it would be the same",
    ("formula corrective_maintenance_ratio", "corrective_maintenance_ratio"): (
        "maintenance times are not recorded yet; comes with mes/maintenance.py"
    ),
}

FOLDERS = reading.folders()
FILES = [path for folder in FOLDERS for path in reading.files(folder)]
CASES = [case for path in FILES for case in reading.cases(path)]
NOT_BUILT = {row.kind: row.comes_with for row in (*reading.NOT_BUILT, reading.STATE_MAP)}


def given_figures(content: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield (name, figure, whether it is a printed one) of a case."""
    for section in sorted(reading.FIGURES & content.keys()):
        for name, figure in content[section].items():
            yield name, figure, section == "published"


def is_ours(case: Case, name: str, figure: Any, printed: bool) -> bool | None:
    """Whether our figure agrees with a given one; None where we have no such figure."""
    word, scale = compare.in_unit(name)
    ours = FIGURES[case.kind](case.content["inputs"]).get(word)
    if ours is None:
        return None
    value = ours()
    return compare.agrees(None if value is None else value * scale, figure, printed=printed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    if case.kind in NOT_BUILT:
        pytest.skip(f"{case.kind}: comes with {NOT_BUILT[case.kind]}")
    assert case.kind in FIGURES, (
        f"{case.path}: {case.id}: {case.kind} kind of case; known are {sorted(FIGURES)}, "
        "and docs/golden.md says how to teach a new one"
    )
    negative = case.content.get("use") == "negative"
    differing = []
    for name, figure, printed in given_figures(case.content):
        agreed = is_ours(case, name, figure, printed)
        if (case.id, name) in NOT_OURS:
            assert not agreed, f"{name} is ours after all: remove it from NOT_OURS"
            continue
        assert agreed is not None, f"{name}: no such figure is computed, and NOT_OURS lacks it"
        if negative and printed:
            differing.append(not agreed)
        else:
            assert agreed, f"{name} is given as {figure}, ours differs"
    assert not negative or any(differing), "a negative case whose published figures are ours"


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_that_is_named_holds_cases(folder: Path) -> None:
    assert folder.is_dir(), f"TAKT_REFERENCE names {folder}, which is no folder"
    assert reading.files(folder), f"{folder} holds no case file"


def test_every_exemption_is_of_a_shipped_case() -> None:
    ids = {case.id for case in CASES if case.path.is_relative_to(reading.SHIPPED)}
    assert not {case for case, _ in NOT_OURS} - ids


@pytest.mark.parametrize("kind", sorted(NOT_BUILT))
def test_a_kind_that_is_built_is_checked(kind: str) -> None:
    where = NOT_BUILT[kind]
    assert not (ROOT / where).exists(), f"{where} exists: check {kind!r} cases against it"


def test_shipped_cases_are_all_computed() -> None:
    shipped = [case for path in reading.files(reading.SHIPPED) for case in reading.cases(path)]
    assert {case.kind for case in shipped} == set(FIGURES)


@pytest.mark.parametrize(
    "text",
    [
        '{"cases": [{"id": "a", "tea": 1}]}',
        '{"cases": [{"id": "a", "inputs": {"planned_min": 1, "tea": 1}, "published": {}}]}',
        '{"cases": [{"id": "a", "inputs": {"planned_min": 1}, "publised": {"oee": 1}}]}',
        '{"cases": [{"id": "a", "inputs": {"good": 1, "ideal_units": 2}, "published": {}}]}',
        '{"cases": []}',
        "[1, 2]",
        "{}",
        "{",
    ],
)
def test_what_is_not_known_is_not_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    (case,) = reading.cases(path)
    assert case.kind in ("unknown", "unreadable")
    with pytest.raises(AssertionError, match="kind of case"):
        test_case(case)


def test_a_wrong_figure_fails_and_so_does_a_figure_without_a_name_of_ours() -> None:
    inputs = {"planned_min": 480, "run_min": 420, "ideal_cycle_min": 1, "total": 400, "good": 380}
    for published, words in (
        ({"oee_pct": Decimal("79.2")}, ""),
        ({"oee_pct": Decimal("79.3")}, "ours differs"),
        ({"luck_pct": 7}, "no such figure"),
    ):
        case = Case(Path("x.json"), "x", "oee", {"inputs": inputs, "published": published})
        if not words:
            test_case(case)
            continue
        with pytest.raises(AssertionError, match=words):
            test_case(case)


def test_a_negative_case_fails_when_its_published_figure_is_ours() -> None:
    content = {"inputs": {"good": 1, "ideal_units": 2}, "published": {"oee": Decimal("0.5")}}
    case = Case(Path("x.json"), "x", "oee", {**content, "use": "negative"})
    with pytest.raises(AssertionError, match="negative case"):
        test_case(case)


def test_data_beside_an_index_are_not_cases(tmp_path: Path) -> None:
    (tmp_path / "INDEX.json").write_text("{}")
    (tmp_path / "document.json").write_text("{}")
    assert [path.name for path in reading.files(tmp_path)] == ["INDEX.json"]


def test_a_formula_is_arithmetic_and_nothing_else() -> None:
    text = {"a": "(PQ - GQ)/PQ", "b": "a*2", "c": "__import__('os')"}
    assert formulas.evaluate("b", text, {"PQ": 4, "GQ": 3}) == 0.5
    with pytest.raises(ValueError, match="cannot evaluate"):
        formulas.evaluate("c", text, {})
