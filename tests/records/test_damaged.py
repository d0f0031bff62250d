"""A file of records that is damaged or none of ours: one line that says what to do, and no traceback."""

import asyncio
import logging
import os
import random
import shutil
import sqlite3

import pytest

from cli.__main__ import main
from cli.settings import DEMO
from engine.recorder import Recorder
from mes.events import StateChanged
from mes.unit_view import UnitView
from store.log import RecordsDamaged
from store.log.database import url_of
from store.log.facts import NONE, Facts
from store.log.migrate import open_database
from tests.own_redis import wait_until
from tests.records.test_log import T0, S, fold, state

PAGE_BYTES = 4096


def scribble(path, *, after, pages=10_000):
    """Overwrite pages behind `after` pages with what means nothing."""
    data = bytearray(path.read_bytes())
    begin, end = after * PAGE_BYTES, min(len(data), (after + pages) * PAGE_BYTES)
    assert begin < end
    data[begin:end] = random.Random(1).randbytes(end - begin)
    path.write_bytes(data)


def garbage(path):
    path.write_bytes(random.Random(2).randbytes(20_000))


def foreign(path):
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()


DAMAGES = {
    "garbage": (garbage, "file is not a database"),
    "truncated": (lambda path: os.truncate(path, path.stat().st_size // 2), "malformed"),
    "its first page alone": (lambda path: os.truncate(path, 1000), "malformed"),
    "a page in the middle": (lambda path: scribble(path, after=8, pages=2), "malformed|Page"),
    "another program's": (foreign, "table 'recipes', and none that says it is Takt's"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file of records with something in it, its program ended."""
    folder = tmp_path_factory.mktemp("written")
    database = open_database(url_of(folder, None))
    told = [state("u", n, "running" if n % 2 else "held") for n in range(500)]
    Facts(database).commit([fold("u", NONE, "1-0", *told)])
    database.close()
    return folder / "records.sqlite"


@pytest.fixture
def file(written, tmp_path, monkeypatch):
    """A copy of it that a test may damage."""
    for name in ("TAKT_DATA", "TAKT_CONFIG"):
        monkeypatch.setenv(name, "")
    return shutil.copy(written, tmp_path / "records.sqlite")


@pytest.mark.parametrize("how", DAMAGES)
def test_what_is_no_whole_database_of_ours_is_refused_and_left_as_it_is(file, how):
    damage, words = DAMAGES[how]
    damage(file)
    before = file.read_bytes()
    with pytest.raises(RecordsDamaged, match=words) as told:
        open_database(url_of(file.parent, None))
    assert str(told.value).startswith(f"{file}: found: ")
    assert "takt restore FILE" in str(told.value)
    assert "\n" not in str(told.value)
    assert file.read_bytes() == before


COMMANDS = {
    "engine": [],
    "backup": [],
    "restore": ["nowhere.tar.gz"],
    "rebuild": [],
    "archive": ["--days", "1"],
    "migrate": [],
    "user": ["list"],
    "token": ["list"],
    "audit": ["verify"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_part_or_command_says_it_in_one_line_and_ends_with_1(file, command, capsys):
    garbage(file)
    argv = [command, "--config", str(DEMO), "--data", str(file.parent), *COMMANDS[command]]
    assert main(argv) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"takt: {file}: found: file is not a database; expected")


def test_damage_met_while_the_engine_runs_is_told_once_and_what_it_finds_is_held(
    file, monkeypatch, caplog
):
    monkeypatch.setattr("engine.recorder.AWAY_S", 0.01)
    database = open_database(url_of(file.parent, None))
    tries = []

    class Watched(Facts):
        def commit(self, done):
            tries.append([fact for fold in done for fact in fold.facts])
            super().commit(done)

    async def run():
        recorder = Recorder(Watched(database))
        await recorder.begin("line", ["u"])
        database.engine.dispose()  # what follows reads the file anew
        scribble(file, after=1)
        found = StateChanged("u", T0 + 900 * S, "", "stopped")
        await recorder.put("line", UnitView(id="u").at("500-0"), [found], known_us=None)
        task = asyncio.create_task(recorder.run())
        await asyncio.to_thread(wait_until, lambda: len(tries) > 5, what="more tries")
        task.cancel()
        await asyncio.wait({task})
        assert all(one == [found] for one in tries)

    with caplog.at_level(logging.INFO):
        asyncio.run(run())
    database.close()
    told = [r for r in caplog.records if r.name == "takt.engine"]
    assert len(told) == 1, told
    assert f"held: {file}: found: " in told[0].getMessage()
    assert told[0].exc_info is None
