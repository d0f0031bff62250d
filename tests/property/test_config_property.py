"""Laws of the configuration: whatever stands in a file, it is read or its faults are told."""

import copy
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

import collectors
from cli.settings import DEMO
from simulator.settings import Settings as SimulatorSettings
from store.config import ConfigFaults, interpret
from store.config_faults import masked, shown

RAW = tomllib.loads(DEMO.read_text(encoding="utf-8"))
ABSENT = object()
ODD: list[Any] = [ABSENT, 3, -1, True, 10**400, float("nan"), "x", "", "\0", "a\nb", [], [3], {}]
ODD += [[{}], [["x"]], {"id": {}}, {"x": [{"y": 3}]}, ["press-1", {}]]
Path = tuple[str | int, ...]


def paths(node: Any, here: Path = ()) -> Iterator[Path]:
    if here:
        yield here
    for key, inner in (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    ):
        yield from paths(inner, (*here, key))


def changed(path: Path, value: Any) -> dict[str, Any]:
    raw = copy.deepcopy(RAW)
    node: Any = raw
    for key in path[:-1]:
        node = node[key]
    if value is ABSENT:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return raw


def faults(raw: dict[str, Any]) -> list[str]:
    told: list[str] = []
    try:
        interpret(
            raw,
            DEMO,
            settings_of=lambda name: collectors.load(name).Settings,
            simulator=SimulatorSettings,
            environ={},
        )
    except ConfigFaults as error:
        told = error.faults or ["no line at all"]
    return told


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(paths(RAW), key=str)), st.sampled_from(ODD))
@example(("fault_texts",), 3)
@example(("fault_texts", "press"), 3)
@example(("tag_maps",), 3)
@example(("tag_maps", "press"), 3)
@example(("state_profiles",), 3)
@example(("collectors", "opcua", 0), 3)
@example(("simulator", "lines", 0, "protocol"), "x")
def test_one_odd_value_is_read_or_told_in_whole_lines(path: Path, value: Any) -> None:
    for line in faults(changed(path, value)):
        assert re.fullmatch(r"config\.toml: [^:\n]+: [^\n]+", line), line
        assert "class '" not in line and "{'" not in line, line


PASSWORDS = st.text("abcXYZ019!#$%&*()+,-.:;<=>[]^_|~ ", min_size=6).map(lambda t: f"hunter2{t}")


@given(PASSWORDS, st.sampled_from(["redis", "rdis", "opc.tcp"]), st.sampled_from(["", "op"]))
def test_a_password_is_never_shown(password: str, scheme: str, user: str) -> None:
    for address in (f"{scheme}://{user}:{password}@h:1/0", f"{user}:{password}@h"):
        assert password[:7] not in masked(address)
        assert masked(address) == masked(masked(address))
        assert "hunt" not in shown(address)
    query = f"{scheme}://h:1/0?db=1&password={password.replace('&', '')}&x=1"
    assert masked(query) == f"{scheme}://h:1/0?db=1&password=***&x=1"
