"""What needs a person now: the list beside the overview, and what an area says of itself."""

import pytest

from layouts import overview
from mes.snapshot import Snapshot
from mes.states import STATES
from tests.unit.test_layouts import NOW, S, link, mixed, snapshot, view


def needs(now: Snapshot) -> list[dict[str, str]]:
    rows = overview.rows(now)
    found = [rows[f"need:{n}"] for n in range(1, overview.NEEDS_MAX + 1)]
    return [row for row in found if row["@data-on"] == "yes"]


def test_needs_are_worst_first_and_lead_on() -> None:
    titles = [need["title"] for need in needs(mixed())]
    assert titles == [
        "Machine 1 stopped: die jam",
        "Machine 3: no data",
        "Machine 7: no data",
        "Machine 8: no data",
        "Machine 4: bad data",
    ]
    assert needs(mixed())[0]["where@href"] == "/unit/m1"


def test_device_that_is_away_is_one_need() -> None:
    away = link(state="lost", meaning="there does not answer", next_try_us=NOW + S)
    (need,) = needs(snapshot(plc=away))
    assert need["title"] == "8 units: no data"
    assert need["text"] == "plc: There does not answer."
    assert need["where@href"] == "/connections"


def test_all_well_needs_nothing() -> None:
    now = snapshot({f"m{n}": view(f"m{n}") for n in range(1, 9)}, plc=link())
    assert needs(now) == []
    assert overview.rows(now)["page"]["calm@data-on"] == "yes"


@pytest.mark.parametrize("state", STATES)
def test_an_area_names_its_worst_where_the_list_names_something(state: str) -> None:
    now = snapshot({f"m{n}": view(f"m{n}", state) for n in range(1, 9)}, plc=link())
    named = overview.rows(now)["area:shop"]["worst_label"] == "worst now"
    assert named == bool(needs(now))
