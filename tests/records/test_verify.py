"""Whatever is changed by hand in the records is named, on SQLite and on PostgreSQL alike."""

import gzip

import pytest
import sqlalchemy as sa

from store.log import anchors, archive, chain
from store.log.anchors import Anchor
from store.log.rebuild import rebuild
from store.log.tables import actions, audit, counts, head, intervals, log, records
from store.log.verify import verify
from tests.records.test_log import drop_triggers
from tests.records.test_rebuild import history

ROW = "is not what the log says"


@pytest.fixture(autouse=True)
def unsigned(monkeypatch):
    """Master data of this history need no signature."""
    monkeypatch.setattr("mes.master_data.changed_from_us", lambda _old, _new: None)


def faults(database, folder, **more):
    said, found = verify(database, folder, folder, **more)
    assert len(said.faults) == min(found, chain.FAULTS_MAX)
    return said.faults


def by_hand(database, *statements):
    with database.write() as (connection, *_):
        if statements[0].table in (log, head):
            drop_triggers(connection)
        for statement in statements:
            connection.execute(statement)


def first(database, table, *where):
    with database.read() as connection:
        found = sa.select(table).where(*where).order_by(*table.primary_key).limit(1)
        return connection.execute(found).one()


def test_what_nobody_touched_is_in_order(database, tmp_path):
    history(database, commits=40)
    said, found = verify(database, tmp_path, tmp_path)
    assert (said.faults, found) == ((), 0)
    with database.read() as connection:
        assert (said.position, said.hash) == chain.newest(connection)
    assert said.entries == said.position
    rebuild(database, tmp_path)
    archive.move(database, tmp_path, before_us=4_102_444_800_000_000)
    assert faults(database, tmp_path) == ()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("takt-verify")] == []


def test_verifying_goes_on_beside_a_writer(database, tmp_path):
    history(database, commits=10)
    with database.read() as connection:
        before = chain.newest(connection)[0]
        connection.execute(sa.select(log).limit(1)).all()
    said, _ = verify(database, tmp_path, tmp_path)
    assert said.position == before
    assert said.faults == ()


@pytest.mark.parametrize(
    ("table", "change", "where"),
    [
        (audit, {"person": "somebody"}, ()),
        (audit, {"new": "{}"}, (audit.c.new.is_not(None),)),
        (audit, {"reason": "another"}, ()),
        (audit, {"at_us": 5}, ()),
        (records, {"body": "{}"}, ()),
        (records, {"by": "somebody"}, ()),
        (records, {"until_position": 1}, ()),
        (actions, {"person": "somebody"}, ()),
        (intervals, {"state": "running!"}, ()),
        (intervals, {"until_position": 2}, ()),
        (counts, {"good": 1000}, ()),
        (counts, {"reject": 1000}, ()),
        (counts, {"position": 1_000_000}, ()),
    ],
)
def test_a_row_that_was_edited_by_hand_is_named(database, tmp_path, table, change, where):
    history(database, commits=15)
    row = first(database, table, *where)
    keys = [c == getattr(row, c.name) for c in table.primary_key]
    by_hand(database, table.update().where(*keys).values(**change))
    (fault,) = faults(database, tmp_path)
    assert fault.startswith(f"{table.name}: the row ")
    assert ROW in fault
    for column in table.primary_key:
        assert f"{column.name} {getattr(row, column.name)}" in fault
    assert next(iter(change)) in fault
    assert faults(database, tmp_path, derived=False) == ()
    rebuild(database, tmp_path)
    assert faults(database, tmp_path) == ()


@pytest.mark.parametrize("table", [audit, records, actions, intervals, counts])
def test_a_row_that_was_taken_out_or_put_in_by_hand_is_named(database, tmp_path, table):
    history(database, commits=15)
    row = first(database, table)
    keys = [c == getattr(row, c.name) for c in table.primary_key]
    by_hand(database, table.delete().where(*keys))
    (fault,) = faults(database, tmp_path)
    assert "is missing" in fault
    text = next(c for c in table.columns if isinstance(c.type, sa.String) or c.name == "position")
    other = row._asdict() | {text.name: "zzz" if isinstance(text.type, sa.String) else 10_000}
    by_hand(database, table.insert().values(row._asdict()), table.insert().values(other))
    (fault,) = faults(database, tmp_path)
    assert "stands in no entry of the log" in fault


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        ([log.update().where(log.c.position == 3).values(body="[]")], ["entry 3 (facts, line, "]),
        ([log.update().where(log.c.position == 3).values(hash=b"\1" * 32)], ["entry 3 (", "entry 4 ("]),
        ([log.update().where(log.c.position == 3).values(recorded_at_us=1 << 62)], ["µs) is not"]),
        ([log.delete().where(log.c.position == 3)], ["entry 3 is missing before entry 4 ("]),
        ([log.delete().where(log.c.position.in_([3, 4]))], ["entries 3 to 4 are missing"]),
        (
            [
                log.update().where(log.c.position == 3).values(position=-3),
                log.update().where(log.c.position == 4).values(position=3),
                log.update().where(log.c.position == -3).values(position=4),
            ],
            ["entry 3 (", "entry 4 (", "entry 5 ("],
        ),
        (
            [log.insert().values(position=-1, recorded_at_us=1, kind="facts", subject="x", body="[]",
                                 hash=b"\2" * 32)],
            ["entry -1 (facts, x, recorded at 1970-01-01T00:00:00Z) stands where entry 1 belongs"],
        ),
        ([head.update().values(hash=b"\1" * 32)], ["the head names another hash"]),
        ([head.update().values(position=999)], ["its head names 999"]),
    ],
)  # fmt: skip
def test_an_entry_that_is_not_as_it_was_is_named(database, tmp_path, tamper, words):
    history(database, commits=6)
    by_hand(database, *tamper)
    found = faults(database, tmp_path, derived=False)
    assert len(found) == len(words), found
    assert all(w in fault for fault, w in zip(found, words, strict=True)), found
    assert set(words) or faults(database, tmp_path)


def test_an_entry_that_cannot_be_read_stops_nothing(database, tmp_path):
    history(database, commits=6)
    by_hand(database, log.update().where(log.c.position == 3).values(body="{torn"))
    found = faults(database, tmp_path)
    assert "is not what was written" in found[0]
    assert "entry 3" in found[1]
    assert "cannot be read" in found[1]


def newest(database):
    with database.read() as connection:
        return chain.newest(connection)


def cut(database, last):
    """Cut the log off behind `last`, cleverly: head and projections too."""
    with database.read() as connection:
        (entry,) = chain.entries(connection, after=last - 1, until=last)
    by_hand(
        database,
        log.delete().where(log.c.position > last),
        head.update().values(position=last, hash=entry.hash),
    )


def test_a_tail_that_was_cut_off_shows_against_an_anchor_alone(database, tmp_path):
    history(database, commits=6)
    anchor = Anchor(*newest(database))
    cut(database, anchor.position - 2)
    rebuild(database, tmp_path)
    assert faults(database, tmp_path) == ()
    (fault,) = faults(database, tmp_path, anchors=[anchor])
    wanted = f"entries {anchor.position - 1} to {anchor.position} were cut off at the end"
    assert fault.startswith(wanted)


def test_a_tail_that_was_written_anew_with_its_chain_shows_against_an_anchor_alone(
    database, tmp_path
):
    history(database, commits=6)
    early, anchor = (
        Anchor(2, first(database, log, log.c.position == 2).hash),
        Anchor(*newest(database)),
    )
    with database.read() as connection:
        old = [e for e in chain.entries(connection, after=3) if e.kind == "facts"]
    cut(database, 3)
    with database.write() as (connection, position, hash):
        forged = [chain.New("facts", e.subject, "[]") for e in old]
        while len(forged) < anchor.position - 3:
            forged.append(chain.New("facts", "line", "[]"))
        chain.append(connection, forged, after=position, before=hash, at_us=1)
    rebuild(database, tmp_path)
    assert newest(database)[0] == anchor.position
    assert faults(database, tmp_path, anchors=[early]) == ()
    (fault,) = faults(database, tmp_path, anchors=[early, anchor])
    assert fault.startswith(f"entry {anchor.position} is not the one that was anchored")


def test_a_part_that_was_changed_or_is_missing_is_named_and_the_rest_is_read(database, tmp_path):
    history(database, commits=6)
    path = archive.move(database, tmp_path, before_us=4_102_444_800_000_000)
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join([lines[0].replace(b"line", b"live"), *lines[1:]])))
    found = faults(database, tmp_path, derived=False)
    assert "entry 1 (" in found[0]
    assert "is not what was written" in found[1]
    path.write_bytes(path.read_bytes()[:60])
    assert any("cannot be read to its end" in f for f in faults(database, tmp_path, derived=False))
    path.unlink()
    found = faults(database, tmp_path, derived=False)
    assert "is missing: entries 1 to" in found[0]


def test_anchors_are_kept_once_a_head_and_the_oldest_go(tmp_path, monkeypatch):
    path = tmp_path / anchors.FILE
    assert anchors.read(path) == []
    assert not anchors.keep(path, 0, chain.FIRST, now_us=0)
    assert anchors.keep(path, 5, b"\5" * 32, now_us=0)
    assert not anchors.keep(path, 5, b"\5" * 32, now_us=1)
    assert anchors.keep(path, 6, b"\6" * 32, now_us=2_000_000)
    assert path.read_text().splitlines()[1] == f"6 {'06' * 32} 1970-01-01T00:00:02Z"
    with path.open("a") as file:
        file.write("7 070")  # torn
    monkeypatch.setattr(anchors, "LINES_MAX", 2)
    assert anchors.keep(path, 8, b"\x08" * 32, now_us=0)
    assert [a.position for a in anchors.read(path)] == [6, 8]
    assert anchors.parsed(f"12:{'ab' * 32}")[:2] == (12, b"\xab" * 32)
    with pytest.raises(ValueError, match="POSITION:HASH"):
        anchors.parsed("12:zz")


def test_an_entry_that_was_appended_with_a_right_hash_by_somebody_else_is_told_where_it_shows(
    database, tmp_path
):
    history(database, commits=6)
    with database.read() as connection:
        action = next(e for e in chain.entries(connection) if e.kind == "action")
    with database.write() as (connection, position, hash):
        chain.append(
            connection, [chain.New("other", "x", "{}")], after=position, before=hash, at_us=1
        )
    (fault,) = faults(database, tmp_path)
    assert f"entry {position + 1} (other, x" in fault
    assert "foreign" in fault
    with database.write() as (connection, position, hash):
        again = chain.New("action", action.subject, action.body)
        chain.append(connection, [again], after=position, before=hash, at_us=1)
    found = faults(database, tmp_path)
    assert any("the log contradicts itself" in fault for fault in found)
    assert faults(database, tmp_path, derived=False) == ()
