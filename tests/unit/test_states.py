"""States and profiles: codes are read through a profile, never by number."""

import pytest

from mes.states import PROFILES, STATES, code, state_of


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.key)
def test_every_code_of_every_profile_names_a_state(profile):
    assert set(profile.states.values()) <= set(STATES)
    assert set(profile.modes.values()) <= {*STATES, "production"}


def test_the_two_packml_numberings_differ_and_both_are_right():
    tr88, opc = PROFILES["packml"], PROFILES["packml_opc30060"]
    assert tr88.states["6"] == opc.states["4"] == "running"  # Execute
    assert tr88.states["2"] == opc.states["0"] == "stopped"  # Stopped
    assert tr88.states["11"] == opc.states["9"] == "held"  # Held
    assert len(tr88.states) == len(opc.states) == 17


def read(**over):
    given = {"state": 6, "mode": 1, "starved": False, "blocked": False} | over
    return state_of(PROFILES["packml"], **given)


def test_suspended_is_told_apart_by_the_neighbour():
    assert read(state=5) == "waiting"
    assert read(state=5, starved=True) == "starved"
    assert read(state=5, blocked=True) == "blocked"
    assert read(state=6, starved=True) == "running"  # a flag alone stops nobody


def test_a_mode_other_than_production_wins():
    assert read(state=6, mode=4) == "changeover"
    assert read(state=2, mode=2) == "maintenance"
    assert read(state=2, mode=99) == "stopped"  # an unknown mode says nothing


def test_a_code_that_the_profile_lacks_is_unknown_and_not_idle():
    assert read(state=99) == "unknown"


def test_codes_are_alike_however_the_device_types_them():
    assert code(6) == code(6.0) == code("6") == code(" 6 ") == "6"
    assert code(True) == "1"
