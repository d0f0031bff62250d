"""Records go forward by themselves where that is safe; else they are refused, with what to do."""

import shutil

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from store.log import RecordsRefused
from store.log.database import url_of
from store.log.facts import NONE, Facts
from store.log.migrate import SCRIPTS, _copied, open_database, revision
from store.log.tables import metadata
from tests.records.test_log import fold, state, verdict

NEXT = '''"""{words}."""

from alembic import op

revision = "{revision}"
down_revision = "{after}"
BY_ITSELF = {by_itself}


def upgrade() -> None:
    op.execute("{statement}")
'''


@pytest.fixture
def scripts(tmp_path):
    """A newer Takt's migrations: one that runs by itself, and one that does not."""
    folder = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    newest = max(path.stem[1:5] for path in (folder / "versions").glob("r*.py"))

    def add(revision, after, *, by_itself, statement):
        text = NEXT.format(
            words=f"Step {revision}",
            revision=revision,
            after=after,
            by_itself=by_itself,
            statement=statement,
        )
        (folder / "versions" / f"r{revision}_step.py").write_text(text)

    add("8001", newest, by_itself=True, statement="CREATE TABLE shifts (id INTEGER)")
    return folder, add


def test_records_go_forward_by_themselves(database_url, scripts, tmp_path):
    folder, _ = scripts
    database = open_database(database_url)
    Facts(database).commit([fold("u", NONE, "1-0", state("u", 0, "running"))])
    before = verdict(database)
    database.close()
    newer = open_database(database_url, scripts=folder)
    with newer.read() as connection:
        assert revision(connection) == "8001"
        connection.execute(sa.text("SELECT id FROM shifts"))
    assert verdict(newer) == before
    newer.close()
    if database_url.startswith("sqlite"):  # the file as it was lies beside it
        assert len(list(tmp_path.glob("records-*.sqlite"))) == 1
    with pytest.raises(RecordsRefused, match="written by a newer Takt") as refused:
        open_database(database_url)
    assert "takt restore" in str(refused.value)


def test_what_a_person_should_start_names_the_command(database_url, scripts):
    folder, add = scripts
    add("8002", "8001", by_itself=False, statement="CREATE TABLE long (id INTEGER)")
    open_database(database_url).close()
    with pytest.raises(RecordsRefused, match="takt migrate"):
        open_database(database_url, scripts=folder)
    open_database(database_url).close()  # nothing was changed
    open_database(database_url, scripts=folder, by_hand=True).close()
    database = open_database(database_url, scripts=folder)
    with database.read() as connection:
        assert revision(connection) == "8002"
    database.close()


def test_a_migration_that_fails_changes_nothing(database_url, scripts):
    folder, add = scripts
    add("8002", "8001", by_itself=True, statement="CREATE TABLE broken (")
    open_database(database_url).close()
    with pytest.raises(sa.exc.DBAPIError):
        open_database(database_url, scripts=folder)
    database = open_database(database_url)
    assert verdict(database).faults == ()
    database.close()


def test_the_tables_are_those_that_the_migrations_make(database):
    """Who changes a table writes a migration; none that has run anywhere is changed."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_file_of_records_is_its_owner_s_alone(tmp_path):
    database = open_database(url_of(tmp_path, None))
    Facts(database).commit([fold("u", NONE, "1-0", state("u", 0, "running"))])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("records.sqlite*")}
    database.close()
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}


def test_a_copy_is_of_the_records_before_however_many_migrate_at_once(tmp_path):
    database = open_database(url_of(tmp_path, None))
    with database.read() as connection:
        now = revision(connection)
    kept = tmp_path / "records-0000.sqlite"
    kept.write_bytes(b"as it was")
    _copied(database, "0000")  # who looked before another one migrated it
    assert kept.read_bytes() == b"as it was"
    _copied(database, now)
    database.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"records.sqlite", kept.name, f"records-{now}.sqlite"}


def test_who_reads_for_long_is_not_cut_off(database):
    asked = sa.text("SHOW idle_in_transaction_session_timeout")
    for unhurried, limit in ((False, "10min"), (True, "0"), (False, "10min")):
        with database.read(unhurried=unhurried) as connection:
            if not database.is_sqlite:
                assert connection.execute(asked).scalar() == limit
