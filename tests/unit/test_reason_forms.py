"""The forms of reasons: what was typed as a body, refusals at their fields, what has to be approved."""

from dataclasses import replace

import pytest
from dash import html

from cli.settings import DEMO, settings
from dashboard.forms.reason_asked import approval_words, asked_by
from dashboard.forms.reason_fields import (
    faults_here,
    faults_typed,
    meaning_faults,
    tree_body,
    tree_faults,
)
from layouts import reasons
from layouts._entry import Entry, Rival, lines
from layouts._html import to_html
from layouts._reason_forms import fault_form, values_of
from layouts._reasons import FAULT_ROWS, Shown, reason_words
from mes.reasons import NAME_MAX, from_plain, said_otherwise, to_plain
from mes.records import Record
from mes.usual_reasons import USUAL

PLANT = settings(DEMO).plant
FORM = values_of(USUAL)
FAULTS = {"press-1:204": "safety", "305": "hydraulic", "station-1:31": "feed_jam"}
TREE = replace(USUAL, faults=FAULTS)
PRESS = PLANT.work_units["press-1"]


def refused(form, faults=None):
    """Where the refusal of what was typed stands, and its words."""
    body, rows = tree_body(form, faults or {})
    with pytest.raises(ValueError) as error:
        from_plain(body)
    return tree_faults(str(error.value), form, rows, body["faults"])


def test_names_ids_and_order():
    form = FORM | {
        "kind-0-name": "Broke down", "kind-1-name": "", "kind-8-name": "Übung & more",
        "kind-8-below-0-name": "Übung & more", "kind-8-below-0-fails": "yes", "strict": "yes",
        "kind-0-below-1-name": "",
    }  # fmt: skip
    tree = from_plain(tree_body(form, {})[0])
    assert [one.id for one in tree.first()] == [
        "breakdown", "tool", "material", "quality", "people", "planned", "outside", "ubung-more"
    ]  # fmt: skip
    assert tree.get("breakdown").name == "Broke down"
    assert [one.id for one in tree.below("breakdown")] == [
        "mechanical", "hydraulic", "control", "safety"
    ]  # fmt: skip
    (new,) = tree.below("ubung-more")
    assert (new.id, new.name, new.fails) == ("ubung-more-2", "Übung & more", True)
    assert tree.strict and not tree.get("feed_jam")


def test_a_name_without_latin_letters_and_a_long_one_get_ids_too():
    form = {"kind-0-name": "Поломка", "kind-1-name": "Ремонт", "kind-2-name": "ﬁ" * NAME_MAX}
    ids = [one.id for one in from_plain(tree_body(form, {})[0]).reasons]
    assert ids == ["reason", "reason-2", "fi" * (NAME_MAX // 2)]


def test_an_id_that_a_stop_may_bear_is_given_to_nothing_new():
    form = {"kind-0-name": "Jam", "kind-1-id": "wear", "kind-1-name": "", "kind-2-name": "Wear"}
    body, _ = tree_body(form, {}, frozenset({"jam", "jam-2"}))
    assert [row["id"] for row in body["reasons"]] == ["jam-3", "wear-2"]


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"kind-2-name": "x" * 41}, "kind-2-name", "Please give 1 to 40 characters."),
        ({"kind-2-below-1-name": "a\tb"}, "kind-2-below-1-name", "Please give 1 to 40 characters."),
        ({"kind-8-below-0-name": "New"}, "kind-8-name", "Please give 1 to 40 characters."),
        ({"kind-1-name": "", "kind-1-below-4-name": "New"}, "kind-1-name",
         "Please give 1 to 40 characters."),
        ({"kind-0-id": "Odd Id"}, "kind-0-name", "up to 40 small letters"),
        ({"kind-0-id": "jam"}, "reasons", "found 'jam' twice"),
        ({f"kind-{n}-name": "" for n in range(8)}, "reasons", "one at least"),
    ],
)  # fmt: skip
def test_a_refusal_stands_at_its_field(typed, field, words):
    form = FORM | typed
    found = refused(form)
    assert list(found) == [field]
    assert words.lower() in found[field].lower()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind-0-below-4-name": ""}, "kind-0-below-4-name"),
        ({"kind-0-name": ""}, "kind-0-name"),
    ],
)
def test_a_reason_that_faults_mean_is_not_taken_away_behind_their_back(typed, field):
    found = refused(FORM | typed, {"press-1:204": "safety", "7": "safety"})
    assert found == {
        field: "Faults of machines mean this: press-1:204, 7. They need another meaning first."
    }


def test_what_a_machines_faults_mean_leaves_all_others_alone():
    form = {
        "fault-0-code": "204", "fault-0-reason": "", "fault-1-code": "217",
        "fault-1-reason": "tool_jam", "new-0-code": " 999 ", "new-0-reason": "it",
    }  # fmt: skip
    found, fields, amiss = faults_typed(form, "press-1", FAULTS)
    assert found == {"305": "hydraulic", "station-1:31": "feed_jam",
                     "press-1:217": "tool_jam", "press-1:999": "it"}  # fmt: skip
    assert not amiss
    assert fields["press-1:999"] == "new-0-reason"
    assert faults_typed(form, "press-1", found)[0] == found, "sent twice"
    told = "faults.press-1:999: found 'it'; expected a reason that has none below it"
    assert list(meaning_faults(told, fields)) == ["new-0-reason"]
    assert list(meaning_faults("faults: found 2001; expected at most 2000", fields)) == ["faults"]
    assert list(meaning_faults("something else", fields)) == [""]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"new-1-code": "9"}, "new-1-reason"),
        ({"new-1-reason": "it"}, "new-1-code"),
        ({"new-1-code": "204", "new-1-reason": "it"}, "new-1-code"),
    ],
)
def test_half_a_meaning_is_asked_for_the_other_half(typed, field):
    _, _, amiss = faults_typed({"fault-0-code": "204", "fault-0-reason": "it"} | typed, "", {})
    assert list(amiss) == [field]


def test_faults_of_machines_elsewhere_do_not_come_with_a_copy():
    here = [unit.id for unit in PLANT.units_of("press-shop")]
    faults = FAULTS | {"x:9": "it"}
    assert faults_here(faults, PLANT, here) == {
        "press-1:204": "safety", "305": "hydraulic", "x:9": "it"
    }  # fmt: skip


def shown(tree=TREE, unit=PRESS, own=True):
    record = Record(kind="reason_tree", id="north", version=3, body=to_plain(tree), by="mia",
                    at_us=1, position=1)  # fmt: skip
    return Shown(plant=PLANT, place="north", now_us=2, tree=tree, holder="north",
                 own=record if own else None, unit=unit, may=True)  # fmt: skip


def test_codes_of_a_machine_and_of_any():
    assert shown().codes() == ["101", "204", "217", "305"]
    assert (shown().means("204"), shown().means("305")) == ("safety", "")
    page = to_html(fault_form(shown(), Entry()))
    assert "– as for any machine: Breakdown, Hydraulic, pneumatic –" in page
    assert 'value="safety" selected' in page
    anywhere = shown(unit=None)
    assert anywhere.codes() == ["305"]
    assert anywhere.text("305") == "oil pressure low"


def test_of_more_codes_than_are_shown_those_that_mean_something_come_first():
    texts = {str(n): f"text {n}" for n in range(FAULT_ROWS + 50)}
    unit = replace(PRESS, fault_texts=texts)
    codes = shown(replace(TREE, faults={"press-1:249": "it"}), unit).codes()
    assert len(codes) == FAULT_ROWS
    assert codes[:2] == ["249", "0"]


def test_a_reason_that_is_gone_stays_chosen_in_a_form_that_was_sent():
    entry = Entry(values={"fault-0-code": "204", "fault-0-reason": "gone"})
    assert '<option value="gone" selected>gone</option>' in to_html(fault_form(shown(), entry))


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        ("tree", {"kind-0-name": "a & b", "kind-0-id": "a", "reason": "why"}),
        ("faults", {"fault-0-code": "a & b", "fault-0-reason": "it", "reason": "why"}),
        ("removal", {"reason": "why a & b"}),
    ],
)
def test_while_the_records_are_away_what_was_typed_stands_and_keeps_its_key(form, typed):
    bare = Shown(plant=PLANT, place="north", now_us=2, unit=PRESS, may=True)
    entry = Entry(values=typed, version=3, key="the-key", faults={"": "Away."})
    page = reasons.away(bare, html.Span(), {form: entry})
    for words in ("a &amp; b", 'value="the-key"', 'value="3"', "Away.", 'value="why'):
        assert words in page
    assert ('value="it" selected' in page) == (form == "faults")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind-1-below-0-fails": ""}, ("In the feed",)),
        ({"kind-1-name": "Stuck"}, ()),
        ({"kind-7-below-0-name": ""}, ()),
        ({"kind-8-name": "New", "kind-8-fails": "yes"}, ()),
    ],
)
def test_what_a_tree_says_otherwise_of_stops_that_have_been(form, words):
    new = from_plain(tree_body(FORM | form, FAULTS)[0])
    assert said_otherwise(TREE, new) == words


def test_what_faults_meant_is_said_otherwise_also_by_a_machines_own_code():
    def changed(**faults):
        return said_otherwise(TREE, replace(TREE, faults=FAULTS | faults))

    assert changed(**{"press-1:204": "electrical"}) == ("fault press-1:204",)
    assert changed(**{"press-2:305": "electrical"}) == ("fault press-2:305",)
    assert changed(**{"press-2:305": "hydraulic", "press-2:204": "safety"}) == ()
    assert said_otherwise(TREE, replace(TREE, faults={})) == tuple(f"fault {c}" for c in FAULTS)


def test_who_is_second_reads_the_codes_that_differ_in_words():
    form = {"what": "faults", "fault-0-code": "204", "fault-0-reason": "electrical"}
    asked = asked_by(shown(), Entry(values=form, version=3), "faults", frozenset())
    theirs = to_plain(replace(TREE, faults=FAULTS | {"press-1:101": "it", "press-1:204": "it"}))
    entry = asked.beside(Rival(name="Mara", at="14:00", body=theirs))
    assert lines(entry.body) == [("fault 204", "Breakdown, Electrical")]
    assert lines(entry.rival.body) == [
        ("fault 204", "From outside, IT, network"), ("fault 101", "From outside, IT, network")
    ]  # fmt: skip
    words = approval_words(said_otherwise(TREE, from_plain(asked.body)))
    assert "(fault press-1:204)" in words


def test_a_tree_in_words():
    told = dict(lines({"reasons": to_plain(USUAL)["reasons"], "strict": True}))
    assert told["strict"] == "yes"
    assert told["From outside"] == "Power, Compressed air, Water, coolant, IT, network"
    assert told["Tool (failed)"].startswith("Broken (failed), ")
    assert reason_words(USUAL, "nobody") == "nobody"
