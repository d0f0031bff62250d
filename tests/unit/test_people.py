"""Roles, rights, scope, and what passwords and PINs must be like."""

import re
from pathlib import Path

import pytest

from mes.access import check_badge, check_password, check_pin, narrowed
from mes.people import RIGHTS, ROLES, Person, covers, device, session_s
from mes.records import Invalid

DOC = (Path(__file__).resolve().parents[2] / "docs/access.md").read_text(encoding="utf-8")

# right: operator supervisor quality maintenance engineer manager admin
MATRIX = {
    "live": "x x x x x x x",
    "records": "x x x x x x x",
    "account": "x x x x x x x",
    "exceptions": "- x - - x x x",
    "downtime": "x x - x x x x",
    "maintenance_request": "x x x x x x x",
    "maintenance": "- x - x x x x",
    "calendar": "- - - - x x x",
    "master_data": "- - - - x x x",
    "configuration": "- - - - - - -",
    "sign": "- x x x x x -",
    "audit": "- x x - - x x",
    "people": "- - - - - - x",
    "devices": "- - - - - - x",
    "tokens": "- - - - - - x",
}


def cells():
    for right, row in MATRIX.items():
        for role, cell in zip(ROLES, row.split(), strict=True):
            yield pytest.param(role, right, cell == "x", id=f"{role}-{right}")


@pytest.mark.parametrize(("role", "right", "may"), list(cells()))
def test_each_role_has_the_rights_of_the_matrix(role, right, may):
    person = Person(id="a", name="A", roles=(role,), scope=("north",))
    assert person.has(right) is may
    assert person.may(right, "north/press-shop") is may
    assert not person.may(right, "south/press-shop")


def test_the_matrix_is_whole():
    assert MATRIX.keys() == RIGHTS.keys()


def test_the_document_has_the_same_matrix():
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \|[^|]*\|(.*)\|$", DOC))
    told = {right: row.replace("✓", "x").split("|") for right, row in rows.items()}
    assert {r: " ".join(c.strip() or "-" for c in row) for r, row in told.items()} == MATRIX
    for right in RIGHTS.values():
        assert f"| `{right.key}` | {right.words} |" in DOC


def test_nobody_has_a_right_without_a_role_or_where_he_is_not():
    for right in RIGHTS:
        assert not Person(id="a", name="A", scope=("north",)).has(right)
        assert not Person(id="a", name="A", roles=ROLES).may(right, "north")


def test_several_roles_have_the_rights_of_all():
    person = Person(id="a", name="A", roles=("operator", "quality"), scope=("north",))
    assert person.has("sign")
    assert not person.has("calendar")


def test_a_device_sees_what_is_live_in_its_place_and_nothing_else():
    wall = device("wall", "Wall", ["north/press-shop"])
    assert [right for right in RIGHTS if wall.has(right)] == ["live"]
    assert wall.may("live", "north/press-shop/press-line")
    assert not wall.may("live", "north/assembly")


@pytest.mark.parametrize(
    ("path", "inside"),
    [("north", False), ("north/press", True), ("north/press/line", True), ("north/press-2", False)],
)
def test_a_scope_covers_a_path_and_what_is_below_it(path, inside):
    assert covers(["north/press"], path) is inside


def test_a_narrowed_scope_is_in_both():
    assert narrowed(("north/press", "south"), ("north",)) == ("north/press",)
    assert narrowed(("north",), ("north/press", "north/paint")) == ("north/press", "north/paint")
    assert narrowed(("south",), ("north",)) == ()


def test_who_has_several_roles_gets_the_shorter_session():
    assert session_s(["operator", "admin"]) == (15 * 60, 8 * 3600)


@pytest.mark.parametrize(
    "password", ["", "eleven char", "annabergmann", "Anna Bergmann", "aaaaaaaaaaaa", "x" * 1025]
)
def test_a_password_that_is_refused(password):
    with pytest.raises(Invalid):
        check_password(password, id="annabergmann", name="Anna Bergmann")


@pytest.mark.parametrize(
    "password", ["correct horse", "пароль-пароль", "abcabcabcabcd", "    spaces    "]
)
def test_a_password_that_will_do(password):
    check_password(password, id="anna", name="Anna Bergmann")


@pytest.mark.parametrize(
    "pin", ["", "123", "1234", "4321", "0000", "123456789", "12a4", "٣٤٥١", "-123"]
)
def test_a_pin_that_is_refused(pin):
    with pytest.raises(Invalid):
        check_pin(pin)


@pytest.mark.parametrize("pin", ["1357", "90210", "12345670"])
def test_a_pin_that_will_do(pin):
    check_pin(pin)


def test_a_badge_is_a_printable_text():
    check_badge("0012345678")
    for badge in ("", "abc", "a\tbcd", "x" * 129):
        with pytest.raises(Invalid):
            check_badge(badge)
