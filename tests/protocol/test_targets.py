"""The page of targets: who plans what, from when on it holds, what needs a second person, what is kept."""

import re

import pytest

from tests.own_redis import wait_until
from tests.protocol.test_calendar import fields
from tests.running_plant import RunningPlant
from tests.visitor import as_person, password_of

PAGE = "/targets/press-shop"


@pytest.fixture(scope="module")
def plant(tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("targets"))
    running.start("redis", "dashboard", "engine")
    running.wait_people()
    seen = as_person(running, "operator")
    wait_until(
        lambda: "nobody said" not in seen.get(PAGE).text, what="configured cycles", seconds=30
    )
    yield running
    running.end()


@pytest.fixture(scope="module")
def engineer(plant):
    return as_person(plant, "engineer")


def begun(visitor, unit, what="plan", **typed):
    """The form of a unit as a browser would send it, with what is typed into it."""
    page = visitor.get(f"{PAGE}?unit={unit}{typed.pop('opened', '')}").text
    return fields(page, what) | {"micro_stop_factor": "effectiveness"} | typed


def row(visitor, unit):
    """What the table says of a unit."""
    page = visitor.get(PAGE).text
    (found,) = [r for r in re.findall(r"(?s)<tr>.*?</tr>", page) if f"/unit/{unit}" in r]
    return [
        re.sub(r"<[^>]*>", " ", cell).strip() for cell in re.findall(r"(?s)<td>.*?</td>", found)
    ]


def versions(visitor, unit):
    return visitor.get(f"/api/v1/master-data/{unit}").json()["body"]["versions"]


def test_everybody_sees_what_is_planned_and_planners_change_it(plant, engineer):
    assert engineer.get("/targets").headers["location"] == "/targets/north"
    assert row(engineer, "press-3")[1:3] == ["6.4 s", "562 /h"]
    operator = as_person(plant, "operator")
    page = operator.get(f"{PAGE}?unit=press-3")
    assert page.status_code == 200
    assert 'name="what"' not in page.text
    form = begun(engineer, "press-3", ideal_cycle_s="5", key="of-an-operator")
    answer = operator.post(PAGE, data=form)
    assert answer.status_code == 403
    assert "has not the right" in answer.text
    assert engineer.get("/targets/nowhere").status_code == 404


def test_what_is_planned_holds_from_now_on_and_yesterday_stays(engineer):
    form = begun(engineer, "press-1", ideal_cycle_s="5,5", oee_target="82.5", cost_per_h="95",
                 reason="new tool")  # fmt: skip
    for _ in range(2):  # sent twice, done once
        answer = engineer.post(PAGE, data=form)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"{PAGE}?unit=press-1&said=plan",
        )
    before, now = versions(engineer, "press-1")
    assert (before["valid_from"], before["ideal_cycle_s"], before["oee_target"]) == (None, 6, None)
    assert (now["ideal_cycle_s"], now["oee_target"], now["cost_per_h"]) == (5.5, 0.825, 95)
    assert row(engineer, "press-1")[1:5] == ["5.5 s", "655 /h", "82.5 %", "95.00 /h"]


def test_what_is_planned_for_later_is_shown_and_taken_back_by_one_person(engineer):
    form = begun(engineer, "press-2", ideal_cycle_s="4", valid_from="2100-06-01 06:00")
    assert engineer.post(PAGE, data=form).status_code == 303
    found = row(engineer, "press-2")
    assert found[1] == "6 s"
    assert "changes 2100-06-01 06:00" in " ".join(found)
    page = engineer.get(f"{PAGE}?unit=press-2").text
    (us,) = re.findall(r"unit=press-2&amp;take=(\d+)", page)
    form = begun(engineer, "press-2", "take back", opened=f"&take={us}")
    assert "sign_id" not in form
    assert engineer.post(PAGE, data=form).headers["location"].endswith("said=back")
    assert [v["ideal_cycle_s"] for v in versions(engineer, "press-2")] == [6]


def test_who_changes_the_past_needs_a_second_person(plant, engineer):
    form = begun(engineer, "press-4", ideal_cycle_s="6.2", valid_from="2026-01-05 06:00")
    answer = engineer.post(PAGE, data=form)
    assert answer.status_code == 422
    assert "somebody else approves it" in answer.text
    asked = fields(answer.text, "plan") | {"micro_stop_factor": "effectiveness"}
    assert (asked["ideal_cycle_s"], asked["valid_from"]) == ("6.2", "2026-01-05 06:00")
    own = {"sign_id": "engineer", "sign_password": password_of(plant.data, "engineer")}
    other = {"sign_id": "manager", "sign_password": password_of(plant.data, "manager")}
    answer = engineer.post(PAGE, data=asked | own)
    assert answer.status_code == 422
    assert own["sign_password"] not in answer.text
    wrong = engineer.post(PAGE, data=asked | other | {"sign_password": "no"})
    assert (wrong.status_code, 'name="sign_id"' in wrong.text) == (422, True)
    assert len(versions(engineer, "press-4")) == 1
    assert engineer.post(PAGE, data=asked | other).status_code == 303
    assert len(versions(engineer, "press-4")) == 2
    assert "approved by <b>Mara Vogel</b>" in engineer.get(f"{PAGE}?unit=press-4").text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("ideal_cycle_s", "0", "Please give seconds above 0."),
        ("ideal_cycle_s", "six", "Please give a number."),
        ("oee_target", "101", "Please give more than 0 and up to 100 %, or nothing."),
        ("micro_stop_s", "4000", "Please give 0 to 3600 s."),
        ("valid_from", "soon", "Please give a time as 2026-01-31T14:00."),
        ("cost_per_h", "-1", "Please give 0 to 1e+09, or nothing."),
        ("cost_per_h", "nan", "Please give a number."),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(engineer, field, typed, words):
    form = begun(engineer, "press-3", **{"ideal_cycle_s": "9", field: typed})
    answer = engineer.post(PAGE, data=form)
    assert answer.status_code == 422
    at = answer.text.index(f'name="{field}"')
    assert words in answer.text[at : at + 600]
    assert f'value="{typed}"' in answer.text


def test_who_comes_second_sees_who_was_first_and_keeps_what_he_typed(plant, engineer):
    manager = as_person(plant, "manager")
    mine, theirs = begun(engineer, "press-3"), begun(manager, "press-3")
    assert manager.post(PAGE, data=theirs | {"ideal_cycle_s": "6.1"}).status_code == 303
    answer = engineer.post(PAGE, data=mine | {"ideal_cycle_s": "6.9"})
    assert answer.status_code == 409
    assert "Mara Vogel has changed this" in re.sub(r"<[^>]*>", "", answer.text)
    again = fields(answer.text, "plan") | {"micro_stop_factor": "effectiveness"}
    assert again["ideal_cycle_s"] == "6.9"
    assert engineer.post(PAGE, data=again).status_code == 303
    assert row(engineer, "press-3")[1] == "6.9 s"
