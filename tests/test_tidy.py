"""What the code must look like, checked as code: who imports whom, sizes, names, no fetching.

A ratchet: EXEMPT is the only way past a rule, one line with a reason each, and an exemption that
nothing needs any more fails. The list only shrinks.
"""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
EXEMPT: dict[tuple[str, str], str] = {
    # ("rule", "path"): "reason",
    ("fetching", "dashboard/vendor/swagger-ui/swagger-ui-bundle.js"): "names, fetches nothing",
}

MAY_IMPORT = {
    "mes": set(),
    "store": {"mes"},
    "collectors": {"mes"},
    "adapters": {"mes"},
    "layouts": {"mes"},
    "simulator": {"mes"},
    "engine": {"mes", "store"},
    "dashboard": {"mes", "store", "layouts"},
}
OURS = {*MAY_IMPORT, "cli"}  # cli starts the others and may import them all
FOLDERS = (*sorted(OURS), "assets", "tests")
FILE_LINES, FUNCTION_LINES = 400, 60
BANNED_NAMES = set("util utils helper helpers common manager base core misc".split())

# The standard library's modules that do I/O, keep time, or run things at once.
IMPURE = set(
    "asyncio concurrent multiprocessing threading subprocess signal sched "
    "socket socketserver ssl select selectors http urllib ftplib smtplib imaplib "
    "os io sys pathlib shutil tempfile glob fileinput mmap fcntl sqlite3 dbm shelve "
    "logging warnings time secrets getpass".split()
)
IMPURE_CALLS = {"open", "print", "input", "breakpoint", "__import__"}
CLOCKS = {"now", "utcnow", "today"}
PURE_LIBRARIES = {"numpy"}

FETCHES = (
    re.compile(r"(?i)\b(?:https?|wss?)://(?!www\.w3\.org/)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b"),
    re.compile(r"""(?i)["'(=]//[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b"""),
    re.compile(r"\bdbc\.(?:themes|icons)\."),  # these are addresses on a CDN
    re.compile(r"serve_locally\s*=\s*False"),
)
DRAWN = {"assets", "layouts", "dashboard"}
TEXT = {".py", ".js", ".css", ".html", ".svg", ".json", ".webmanifest"}


@dataclass(frozen=True)
class Source:
    """One file of the project: where it stands, and what is in it."""

    path: str
    text: str

    @property
    def package(self) -> str:
        return PurePosixPath(self.path).parts[0]

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text, self.path))) if self.is_python else []

    @cached_property
    def imports(self) -> set[str]:
        """Top-level names that it imports, wherever the import stands."""
        names = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(self.package if node.level else (node.module or "").split(".")[0])
        return names


def layers(source: Source) -> Iterator[str]:
    if source.package in MAY_IMPORT:
        may = MAY_IMPORT[source.package]
        for name in sorted((source.imports & OURS) - may - {source.package}):
            yield f"imports {name}; {source.package} may import {sorted(may) or 'none of ours'}"


def purity(source: Source) -> Iterator[str]:
    if source.package != "mes":
        return
    foreign = source.imports - sys.stdlib_module_names - OURS - PURE_LIBRARIES
    for name in sorted(source.imports & IMPURE | foreign):
        yield f"imports {name}; mes is pure: the standard library without I/O, and numpy"
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        *_, owner, name = ("", *called.split("."))
        if called in IMPURE_CALLS or (name in CLOCKS and owner in ("datetime", "date")):
            yield f"line {node.lineno} calls {called}; values and `now` are arguments"


def file_size(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if source.path.endswith((".py", ".js")) and lines > FILE_LINES:
        yield f"has {lines} lines; split it by subject (limit {FILE_LINES})"


def function_size(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {lines} lines (limit {FUNCTION_LINES})"


def names(source: Source) -> Iterator[str]:
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if banned := BANNED_NAMES & set(part.lower().split("_")):
            yield f"{part!r} contains {sorted(banned)}: a name says what is in it"


def docstring(source: Source) -> Iterator[str]:
    if source.is_python and source.text.strip() and not ast.get_docstring(source.nodes[0]):
        yield "says nowhere what it is: a module begins with a docstring"


def fetching(source: Source) -> Iterator[str]:
    if source.package not in DRAWN:
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        for pattern in FETCHES:
            if found := pattern.search(line):
                yield f"line {number}: {found.group()!r}; pages take everything from us"


RULES: dict[str, Callable[[Source], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (layers, purity, file_size, function_size, names, docstring, fetching)
}


def sources() -> list[Source]:
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in TEXT and "__pycache__" not in path.parts
    ]


SOURCES = sources()


def faults(rule: str, among: list[Source]) -> dict[str, list[str]]:
    return {s.path: found for s in among if (found := list(RULES[rule](s)))}


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    found = {p: f for p, f in faults(rule, SOURCES).items() if (rule, p) not in EXEMPT}
    assert not found, "\n" + "\n".join(
        f"{p}: {fault}" for p, all_ in found.items() for fault in all_
    )


def test_every_exemption_is_needed_and_has_a_reason() -> None:
    for (rule, path), reason in EXEMPT.items():
        assert path in faults(rule, SOURCES), f"{path} keeps the rule {rule!r}: remove it here"
        assert len(reason) > 10, f"{rule}, {path}: say why"


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("layers", "mes/a.py", "from store import live"),
        ("layers", "collectors/a.py", "def f():\n    import store.spool"),
        ("layers", "layouts/a.py", "import store"),
        ("layers", "simulator/a.py", "import collectors.opcua"),
        ("layers", "engine/a.py", "from dashboard.app import x"),
        ("layers", "dashboard/a.py", "import engine"),
        ("layers", "store/a.py", "import cli"),
        ("purity", "mes/a.py", "import asyncio"),
        ("purity", "mes/a.py", "from redis import Redis"),
        ("purity", "mes/a.py", "import sqlalchemy"),
        ("purity", "mes/a.py", "from datetime import datetime\nx = datetime.now()"),
        ("purity", "mes/a.py", "import datetime\nx = datetime.datetime.utcnow()"),
        ("purity", "mes/a.py", "import datetime\nx = datetime.date.today()"),
        ("purity", "mes/a.py", "text = open('a').read()"),
        ("file_size", "tests/a.py", "x = 1\n" * 401),
        ("function_size", "cli/a.py", "async def f():\n" + "    x = 1\n" * 60),
        ("names", "store/utils.py", ""),
        ("names", "store/redis_helpers.py", ""),
        ("names", "tests/common/test_a.py", ""),
        ("docstring", "engine/a.py", "x = 1"),
        ("fetching", "assets/a.css", "@import url(https://fonts.example.com/a.css);"),
        ("fetching", "assets/a.html", '<script src="//cdn.example.net/a.js">'),
        ("fetching", "dashboard/a.py", "sheets = [dbc.themes.CYBORG]"),
        ("fetching", "layouts/a.py", "src = 'http://cdn.example.org/a.png'"),
    ],
)
def test_each_rule_finds_what_it_is_for(rule: str, path: str, text: str) -> None:
    assert faults(rule, [Source(path, text)])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("mes/a.py", '"""A."""\nimport math\nimport numpy as np\nfrom mes.oee import oee'),
        ("engine/a.py", '"""A."""\nimport store\nimport mes\nfrom . import b'),
        ("cli/a.py", '"""A."""\nimport dashboard, engine, collectors, simulator, store, os'),
        ("dashboard/database.py", '"""A."""\nurl = "http://127.0.0.1:8050"'),
        ("assets/a.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("assets/a.js", "// a comment. here\nnew WebSocket(`wss://${location.host}/live`)"),
        ("store/__init__.py", ""),
    ],
)
def test_no_rule_finds_fault_with_what_is_right(path: str, text: str) -> None:
    assert not [fault for rule in RULES for fault in faults(rule, [Source(path, text)]).items()]


def test_no_other_distribution_owns_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    foreign = {name: set(owners.get(name, ())) - {"takt-mes"} for name in (*OURS, "assets")}
    assert not {name: who for name, who in foreign.items() if who}


LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("name", LOCKS)
def test_requirements_name_no_host_and_no_path(name: str) -> None:
    for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
        hosted = re.search(r"://|(^|\s)(-i|-f|--(?!hash=)\S+)|\s@\s|(^|[\s=])(/|~/|[A-Z]:\\)", line)
        assert not hosted, f"{name}:{number}: {line}"


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_with_hashes_and_fits_the_project(name: str) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", (ROOT / name).read_text()).replace("\\\n", " ")
    pinned = {}
    for line in filter(str.strip, text.splitlines()):
        requirement = Requirement(line.split(" --hash=")[0])
        (version,) = requirement.specifier
        assert version.operator == "==", line
        assert "--hash=sha256:" in line, line
        pinned[requirement.name] = version.version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    if name == "requirements-dev.txt":
        wanted += project["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        version = pinned.get(requirement.name)
        assert version, f"{name} lacks {requirement.name}: run make lock"
        assert requirement.specifier.contains(version), f"{requirement}, {version}: run make lock"


def test_both_locks_agree() -> None:
    runtime, dev = (
        set(re.findall(r"(?m)^[\w.-]+==[^ ;]+", (ROOT / name).read_text())) for name in LOCKS
    )
    assert runtime <= dev
