"""Corrections keep the laws of master data, and their number is bounded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mes.configured import Configure
from mes.master_data import (
    EVER_US,
    VERSIONS_MAX,
    MasterData,
    at,
    corrected,
    from_plain,
    to_plain,
    without,
)  # fmt: skip
from mes.records import Invalid, Record

S = 1_000_000
moments = st.integers(1, 100).map(lambda s: s * S)
cycles = st.floats(0.1, 1e6)


@given(later=st.dictionaries(moments, cycles), edits=st.lists(st.tuples(moments, cycles)))
def test_what_was_corrected_is_a_body_that_can_be_kept(later, edits):
    versions = (MasterData(valid_from_us=EVER_US, ideal_cycle_s=1.0, oee_target=0.8),)
    for us in sorted(later):
        new = MasterData(valid_from_us=us, ideal_cycle_s=later[us], oee_target=None)
        versions = (*versions, new)
    for from_us, cycle_s in edits:
        new = replace(at(versions, from_us), valid_from_us=from_us, ideal_cycle_s=cycle_s)
        before, versions = versions, corrected(versions, new)
        assert from_plain(to_plain(versions)) == versions
        assert at(versions, from_us).ideal_cycle_s == cycle_s
        assert at(versions, from_us).oee_target == at(before, from_us).oee_target
        assert at(versions, from_us - 1) == at(before, from_us - 1)
        after = [v for v in before if v.valid_from_us > from_us]
        assert [v for v in versions if v.valid_from_us > from_us] == after
        if all(v.valid_from_us != from_us for v in before):
            assert without(versions, from_us) == before


FULL = tuple(MasterData(valid_from_us=n * S, ideal_cycle_s=1 + n) for n in range(VERSIONS_MAX))


def test_no_correction_makes_more_versions_than_there_may_be():
    assert from_plain(to_plain(FULL)) == FULL
    new = MasterData(valid_from_us=7 * S, ideal_cycle_s=2.5)
    assert len(corrected(FULL, new)) == VERSIONS_MAX, "in the place of one: no more"
    with pytest.raises(ValueError, match=r"versions: found 501; expected at most 500"):
        corrected(FULL, replace(new, valid_from_us=7 * S + 1))


@pytest.mark.parametrize("us", [EVER_US, 7 * S + 1])
def test_the_first_version_and_one_that_is_not_there_cannot_be_taken_back(us):
    with pytest.raises(ValueError, match="not the first, and still there"):
        without(FULL, us)


class Found:
    """The records of one unit with these versions of its master data."""

    def __init__(self, versions):
        self.versions = versions

    def record(self, kind, id):
        body = to_plain(self.versions)
        return Record(kind=kind, id=id, version=1, body=body, by="takt", at_us=0, position=1)

    def records(self, kind):
        return []


def test_a_configured_cycle_without_room_is_refused_by_name():
    body = {"level": "work_unit", "name": "U", "parent": "line", "ideal_cycle_s": 2.5}
    command, now_us = Configure(equipment={"u": body}), VERSIONS_MAX * S
    with pytest.raises(Invalid, match=r"master_data u: .* at most 500\. .*2\.5 s .* take out"):
        command.decide(Found(FULL), now_us=now_us)
    *_, change = command.decide(Found(FULL[:-1]), now_us=now_us)
    assert len(from_plain(change.new)) == VERSIONS_MAX
