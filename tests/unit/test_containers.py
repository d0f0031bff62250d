"""The image and the composition, as far as they can be judged without an engine to run them."""

import re
from pathlib import Path

import pytest
import yaml

from cli.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
TAKT = {name: s for name, s in SERVICES.items() if s["image"] == "takt-mes"}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("name", sorted(TAKT))
def test_every_service_plays_a_role_that_exists(name: str) -> None:
    program, role = TAKT[name]["command"]
    assert program == "takt"
    assert role in COMMANDS


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_restarts_is_read_only_and_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert "healthcheck" in service or service["command"] == ["takt", "dashboard"]
    for program in re.findall(
        r"import .*", " ".join(service.get("healthcheck", {}).get("test", ""))
    ):
        compile(program, name, "exec")


def test_only_the_dashboard_is_published_and_only_here() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert set(published) == {"dashboard"}
    assert all(port.startswith("127.0.0.1:") for port in published["dashboard"])


def test_redis_keeps_what_it_is_told_on_a_volume() -> None:
    redis = SERVICES["redis"]
    assert "--appendonly yes" in " ".join(redis["command"])
    assert "redis:/data" in redis["volumes"]
    assert all(s["environment"]["REDIS_URL"] == "redis://redis:6379/0" for s in TAKT.values())


def test_the_image_runs_as_nobody_special_and_is_asked_for_its_health() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    user = re.search(r"(?m)^USER (\w+)$", final)
    assert user
    assert user[1] not in ("root", "0")
    assert re.search(r"(?m)^HEALTHCHECK .*/healthz", final)
    assert 'CMD ["takt", "run"]' in final
    assert "--require-hashes" in DOCKERFILE


def test_the_demo_configuration_has_the_line_that_the_image_changes() -> None:
    pattern = re.search(r"s/(\^# host = .*?)/", DOCKERFILE)
    assert pattern
    assert len(re.findall(f"(?m){pattern[1]}", (ROOT / "config.toml").read_text())) == 1


def test_the_image_gets_every_package_and_nothing_else() -> None:
    taken = {line[1:] for line in IGNORED if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert IGNORED[0] == "*"
    assert packages | {"assets", "config.toml", "pyproject.toml", "requirements.txt"} <= taken
    assert not {"data", ".venv", "tests", ".git"} & taken
