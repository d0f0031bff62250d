"""Reason trees: what is refused, and which reason holds."""

import pytest

from mes.reasons import FIRST_MAX, Reason, Reasons, ReasonTree, from_plain, to_plain
from mes.usual_reasons import USUAL

JAM = {"id": "jam", "name": "Jam", "fails": True}
FEED = {"id": "feed", "name": "In the feed", "parent": "jam"}


def test_the_usual_tree_is_one_and_fits_a_hand():
    assert from_plain(to_plain(USUAL)) == USUAL
    assert 6 <= len(USUAL.first()) <= FIRST_MAX
    assert all(USUAL.below(one.id) for one in USUAL.first())
    assert USUAL.get("feed_jam") == Reason("feed_jam", "In the feed", "jam", fails=True)


def test_a_tree_goes_there_and_back():
    body = {"reasons": [JAM, FEED], "faults": {"217": "feed", "press-1:9": "feed"}, "strict": True}
    tree = from_plain(body)
    assert from_plain(to_plain(tree)) == tree
    assert [one.id for one in tree.first()] == ["jam"]
    assert tree.chosen("feed") and not tree.chosen("jam") and not tree.chosen("nothing")
    assert (tree.of_fault("press-2", "217"), tree.of_fault("press-1", "9")) == ("feed", "feed")
    assert (tree.of_fault("press-2", "9"), tree.of_fault("press-2", "218")) == ("", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "reasons: expected a list"),
        ({"reasons": [JAM], "more": 1}, "found more"),
        ({"reasons": [JAM, JAM]}, "found 'jam' twice"),
        ({"reasons": [{"id": "Jam", "name": "Jam"}]}, r"reasons\[0\].id: found 'Jam'"),
        ({"reasons": [{"id": "jam", "name": "  "}]}, r"reasons\[0\].name"),
        ({"reasons": [{"id": "jam", "name": "a\nb"}]}, r"reasons\[0\].name"),
        ({"reasons": [FEED]}, "parent: found 'jam'"),
        ({"reasons": [JAM, FEED, {"id": "x", "name": "X", "parent": "feed"}]}, "parent: found 'feed'"),
        ({"reasons": [{**JAM, "fails": 1}]}, "fails: found 1"),
        ({"reasons": [{**JAM, "parent": None}]}, "parent: found None"),
        ({"reasons": [{**JAM, "colour": "red"}]}, r"reasons\[0\]: expected id"),
        ({"reasons": [JAM, FEED], "faults": {"217": "jam"}}, "faults.217: found 'jam'"),
        ({"reasons": [JAM], "faults": {"217": 3}}, "faults: expected an object"),
        ({"reasons": [JAM], "faults": {"": "jam"}}, "faults: found ''"),
        ({"reasons": [JAM], "strict": "yes"}, "strict: found 'yes'"),
        ({"reasons": [{"id": f"r{n}", "name": "R"} for n in range(10)]}, "found 10 of the first"),
        ({"reasons": [JAM, *({**FEED, "id": f"f{n}"} for n in range(10))]}, "found 10 below jam"),
    ],
)  # fmt: skip
def test_what_is_no_tree_is_refused_in_words(body, words):
    with pytest.raises(ValueError, match=words):
        from_plain(body)


def test_a_reason_that_is_gone_keeps_its_name():
    tree = ReasonTree(reasons=(Reason("jam", "Jam"),))
    reasons = Reasons(tree, (Reason("jam", "Old jam"), Reason("wear", "Wear")))
    assert reasons.get("jam").name == "Jam"
    assert reasons.get("wear").name == "Wear"
    assert reasons.get("nobody").name == "nobody"
