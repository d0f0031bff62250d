"""The commands of the records, typed wrongly or met by a full disk: one line each, nothing is made."""

import pytest

from cli.__main__ import main
from cli.settings import DEMO
from store.log.database import Database, url_of
from store.log.migrate import open_database

OPTIONS = {
    "backup": [],
    "archive": ["--days", "0"],
    "rebuild": [],
    "migrate": [],
    "audit": ["verify"],
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in ("TAKT_DATA", "TAKT_CONFIG"):
        monkeypatch.setenv(name, "")
    (folder := tmp_path / "data").mkdir()
    open_database(url_of(folder, None)).close()
    return folder


@pytest.fixture
def takt(data, capsys):
    """Runs a command; its exit status, and the one line that it says of a failure."""

    def run(command, *more, to=data):
        status = main([command, "--config", str(DEMO), "--data", str(to), *map(str, more)])
        (line,) = capsys.readouterr().err.splitlines()
        return status, line.removeprefix("takt: ")

    return run


@pytest.mark.parametrize("command", OPTIONS)
def test_a_data_directory_that_is_none_is_named_and_not_made(takt, tmp_path, command):
    nowhere = tmp_path / "nowhere"
    told = takt(command, *OPTIONS[command], to=nowhere)
    assert told == (1, f"{nowhere} holds no records: look at --data and data_dir")
    assert not nowhere.exists()


def test_a_backup_goes_where_nothing_is(takt, data, tmp_path):
    (file := tmp_path / "b.tar.gz").write_text("mine")
    assert takt("backup", file) == (1, f"{file} is there already")
    assert takt("backup", file / "c.tar.gz") == (1, f"{file}: found a file; expected a folder")
    assert file.read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"b.tar.gz", "data"}


@pytest.mark.parametrize("name", ["not there", "a folder", "a text"])
def test_a_restore_takes_a_backup(takt, tmp_path, name):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a text").write_text("no backup")
    file, to = tmp_path / name, tmp_path / "new"
    status, line = takt("restore", file, to=to)
    assert status == 2
    assert line.startswith(f"{file} cannot be restored: ")
    assert not to.exists()


@pytest.mark.parametrize("days", ["-1", "36501", "9" * 30, "some", "²"])
def test_an_archive_takes_a_number_of_days(data, capsys, days):
    with pytest.raises(SystemExit) as ended:
        main(["archive", "--config", str(DEMO), "--data", str(data), "--days", days])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith((f"found {days!r}; expected days, 0 to 36500", "expected one argument"))


def test_a_full_disk_is_told_in_the_words_of_the_database(takt, data, monkeypatch):
    read = Database.read

    def full(database, **_):
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.exec_driver_sql("CREATE TABLE more (x)")
        return read(database)

    monkeypatch.setattr(Database, "read", full)
    status, line = takt("backup", data / "b.tar.gz")
    assert (status, line) == (1, "the database cannot do it: database or disk is full")
    assert {path.name for path in data.iterdir()} == {"records.sqlite"}
