"""What the documents say is there: links, commands, kinds of golden cases, examples in docstrings."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from tests.golden.test_golden import FIGURES, NOT_BUILT, NOT_OURS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "mes").rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)
GOLDEN = (ROOT / "docs/golden.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8"))
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    missing = [t for t in targets if t and not (page.parent / t).exists()]
    assert not missing, f"{name_of(page)} links to {missing}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    named = set(re.findall(r"(?m)(?:`|^ {4}|^\$ )make ([a-z]+)", page.read_text(encoding="utf-8")))
    assert named <= targets, f"{name_of(page)} names {sorted(named - targets)}"


def test_every_make_target_for_people_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?m)^([a-z]+):.*##", makefile):
        assert f"`make {target}`" in CONTRIBUTING, f"CONTRIBUTING.md lacks make {target}"


def test_every_test_folder_is_explained() -> None:
    for folder in (ROOT / "tests").iterdir():
        if folder.is_dir() and any(folder.rglob("test_*.py")):
            assert f"`tests/{folder.name}`" in CONTRIBUTING, f"CONTRIBUTING.md lacks {folder.name}"


@pytest.mark.parametrize("kind", [*FIGURES, *NOT_BUILT])
def test_every_kind_of_golden_case_is_explained(kind: str) -> None:
    assert f"`{kind}`" in GOLDEN


def test_every_convention_that_is_not_ours_is_explained() -> None:
    assert not [case for case, _ in NOT_OURS if f"`{case}`" not in GOLDEN]


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for page in folder.glob("[0-9]*.md"):
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name), page.name
        assert f"({page.name})" in index, f"docs/decisions/README.md lacks {page.name}"


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_hold(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried
    assert not failed
