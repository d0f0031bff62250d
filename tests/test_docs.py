"""What the documents say is there: links, commands, kinds of golden cases, examples in docstrings."""

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import collectors
from simulator import settings as simulator
from store import config_tables as tables
from store.config_access import AccessTable
from tests.golden.test_golden import FIGURES, NOT_BUILT, NOT_OURS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "mes").rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)
GOLDEN = (ROOT / "docs/golden.md").read_text(encoding="utf-8")
CONFIG = (ROOT / "config.toml").read_text(encoding="utf-8")
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


def part_of_config(begin: str, having: str = "") -> str:
    """The tables of config.toml, also commented ones, whose header is `begin…`, as one text."""
    parts = re.split(r"(?m)^(?=(?:# )?\[)", CONFIG)
    return "\n".join(
        part for part in parts if part.removeprefix("# ").startswith(begin) and having in part
    )


def configured() -> Iterator[tuple[type[BaseModel], str, set[str]]]:
    """Every model of the configuration, the text it stands in, fields that stand elsewhere."""
    top = re.split(r"(?m)^\[", CONFIG)[0]
    yield tables.TopTable, top + re.sub(r"(?m)^((?:# )?)\[+(\w+).*", r"\1\2 =", CONFIG), set()
    yield tables.SiteTable, part_of_config("[site]"), set()
    yield tables.AreaTable, part_of_config("[[areas]]"), set()
    yield tables.WorkCenterTable, part_of_config("[[work_centers]]"), set()
    yield tables.WorkUnitTable, part_of_config("[[work_units]]"), set()
    yield tables.ProfileTable, part_of_config("[state_profiles."), set()
    yield tables.TagTable, part_of_config("[[tag_maps."), set()
    yield tables.DeviceTable, part_of_config("[[collectors."), set()
    yield tables.RedisTable, part_of_config("[redis]"), set()
    yield tables.DashboardTable, part_of_config("[dashboard]"), set()
    yield AccessTable, part_of_config("[access]"), set()
    for protocol in collectors.known():
        model = collectors.load(protocol).Settings
        text = part_of_config(f"[[collectors.{protocol}]]")
        yield model, text, set()
        (tag,) = set(models_in(model.model_fields["tags"].annotation))
        used = re.search(r'(?m)^tags = "(\w+)"', text)
        assert used, f"config.toml shows no tag map for {protocol}"
        elsewhere = {"work_unit"} if protocol != "opcua" else set()  # one mention is enough
        yield tag, part_of_config(f"[[tag_maps.{used[1]}]]"), elsewhere
    yield simulator.Settings, part_of_config("[simulator]"), {"lines"}
    for line in models_in(simulator.Settings.model_fields["lines"].annotation):
        (protocol,) = get_args(line.model_fields["protocol"].annotation)
        text = part_of_config("[[simulator.lines]]", f'protocol = "{protocol}"')
        yield line, text, set()
        for machine in models_in(line.model_fields["machines"].annotation):
            yield machine, text, set()


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


@pytest.mark.parametrize(
    ("model", "text", "elsewhere"),
    [
        pytest.param(*found, id=f"{found[0].__module__}.{found[0].__name__}")
        for found in configured()
    ],
)
def test_config_toml_has_every_setting(
    model: type[BaseModel], text: str, elsewhere: set[str]
) -> None:
    names = {field.alias or name for name, field in model.model_fields.items()} - elsewhere
    missing = [n for n in sorted(names) if not re.search(rf"(?m)(?:^(?:# +)?|[{{,] ){n} =", text)]
    assert not missing, f"config.toml lacks {', '.join(missing)} of {model.__name__}"
