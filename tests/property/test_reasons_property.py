"""The form of reasons gives back what it was drawn from; what a change says otherwise, for any trees."""

from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from cli.settings import DEMO, settings
from dashboard.forms.reason_fields import tree_body
from layouts._entry import Entry
from layouts._html import to_html
from layouts._reason_forms import tree_form, values_of
from layouts._reasons import Shown
from mes.kinds import KINDS
from mes.reasons import Reason, ReasonTree, from_plain, said_otherwise, to_plain
from mes.records import Record
from mes.usual_reasons import USUAL

PLANT = settings(DEMO).plant
names = st.text(min_size=1, max_size=40).map(str.strip).filter(lambda t: t and t.isprintable())


@st.composite
def trees(draw, kinds=9, below=9, names=names):
    reasons, said = [], st.tuples(names, st.booleans())
    rows = st.tuples(said, st.lists(said, max_size=below))
    for n, (kind, under) in enumerate(draw(st.lists(rows, min_size=1, max_size=kinds))):
        reasons.append(Reason(f"k{n}", kind[0], "", kind[1]))
        reasons += [Reason(f"k{n}_{m}", one[0], f"k{n}", one[1]) for m, one in enumerate(under)]
    tree = ReasonTree(reasons=tuple(reasons), strict=draw(st.booleans()))
    leaves = [one.id for one in reasons if tree.chosen(one.id)]
    codes = st.sampled_from(["1", "2", "press-1:1", "press-1:2", "press-2:1", "x:y"])
    return replace(tree, faults=draw(st.dictionaries(codes, st.sampled_from(leaves))))


small = trees(kinds=2, below=2, names=st.just("Name"))


class Sent(HTMLParser):
    """The fields of a page's forms, as a browser sends them where nobody touches anything."""

    def __init__(self, html):
        super().__init__()
        self.fields = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        ticked = said.get("type") != "checkbox" or "checked" in said
        if tag == "input" and ticked:
            self.fields[said["name"]] = said.get("value", "")


@given(tree=trees(), spare=st.integers(0, 2))
def test_a_form_that_is_sent_as_it_came_changes_nothing(tree, spare):
    shown = Shown(plant=PLANT, place="north", now_us=1, tree=tree)
    form = Sent(to_html(tree_form(shown, Entry(values=values_of(tree)), spare=spare))).fields
    body, rows = tree_body(form, tree.faults)
    assert from_plain(body) == tree
    assert [form[f"{row}id"] for row in rows] == [one.id for one in tree.reasons]
    again = Sent(to_html(tree_form(shown, Entry(values=form), spare=0))).fields
    assert {n: v for n, v in again.items() if n != "key"} == {
        n: v for n, v in form.items() if n != "key"
    }


@given(tree=trees(kinds=2, names=st.just("Name")), typed=st.lists(names, min_size=1, max_size=9))
def test_what_is_new_gets_an_id_of_its_own(tree, typed):
    form = values_of(tree)
    there = len(tree.below("k0"))
    form |= {f"kind-0-below-{m}-name": name for m, name in enumerate(typed, there) if m < 9}
    taken = frozenset(f"{one.id}" for one in tree.reasons) | {"jam", "reason"}
    body, _ = tree_body(form, {}, taken)
    new = from_plain(body)
    found = [one.id for one in new.reasons if one.id not in {old.id for old in tree.reasons}]
    assert len(found) == min(len(typed), 9 - there)
    assert not taken & set(found)
    assert body == tree_body(form, {}, taken)[0]


class Kept:
    """The records of a site with two presses, and the tree that it has, or had."""

    def __init__(self, tree=None, *, had=()):
        self.trees = [to_plain(one) for one in (*had, *((tree,) if tree else ()))]
        self.body = to_plain(tree) if tree else None

    def record(self, kind, id):
        parent = {"press-1": "north", "press-2": "north"}.get(id)
        return self._of(kind, id, {"parent": parent}) if kind == "equipment" and parent else None

    def records(self, kind):
        return [self._of(kind, "north", self.body)] if self.body else []

    def ever(self, kind):
        return self.trees

    def _of(self, kind, id, body):
        return Record(kind=kind, id=id, version=1, body=body, by="takt", at_us=0, position=1)


@given(had=small, new=small)
def test_to_take_a_tree_away_and_begin_it_anew_is_no_way_round(had, new):
    """A reason that failed, and is there again without, is said otherwise though its tree was gone."""
    failed = {one.id: one.fails for one in (*USUAL.reasons, *had.reasons)}
    turned = [one.id for one in new.reasons if failed.get(one.id, one.fails) != one.fails]
    approved = KINDS["reason_tree"].signatures(Kept(had=[had]), "north", None, to_plain(new), 0)
    assert not turned or approved == ("approved",)


@given(old=small, new=small)
def test_a_second_person_approves_what_is_said_otherwise_and_nothing_else(old, new):
    def approves(new):
        body = None if new is None else to_plain(new)
        return KINDS["reason_tree"].signatures(Kept(old), "north", to_plain(old), body, 0)

    assert approves(old) == ()
    assert bool(approves(None)) == bool(said_otherwise(old, USUAL))
    otherwise = bool(said_otherwise(old, new))
    assert approves(new) == (("approved",) if otherwise else ())
    for unit in ("press-1", "press-2"):
        for code in ("1", "2"):
            meant = old.of_fault(unit, code)
            if meant and meant != new.of_fault(unit, code):
                assert otherwise
    for one in old.reasons:
        after = new.get(one.id)
        if after and after.fails != one.fails:
            assert otherwise
