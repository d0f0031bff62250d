"""A real PostgreSQL for the tests: their own server in a temporary folder, run by nobody's root.

Debian's package brings the programs; `make test` installs it where it is missing.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.own_redis import wait_until
from tests.ports import free_port

USER = "takt"


def programs() -> Path:
    """The folder of initdb and postgres: Debian keeps them off the PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    assert found, "PostgreSQL is missing: on Debian apt-get install postgresql, or make test"
    return Path(found).resolve().parent


class OwnPostgres:
    """One server; `database` makes an empty database in it and gives its URL."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="takt-postgres-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        if os.geteuid() == 0:  # it refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as: dict[str, object] = {
                "user": nobody.pw_uid,
                "group": nobody.pw_gid,
                "extra_groups": [],
            }
        else:
            self._as = {}

    def start(self) -> "OwnPostgres":
        data = self.folder / "data"
        if not data.exists():
            argv = [programs() / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8"]
            subprocess.run(
                [*map(str, argv), "--no-sync", "--locale=C"],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=self.folder,
                **self._as,
            )
        argv = [programs() / "postgres", "-D", data, "-p", self._port, "-k", self.folder]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*map(str, argv), "-h", "127.0.0.1"],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._as,
            )
        wait_until(self._answers, seconds=30, what="PostgreSQL answering")
        return self

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"takt_{secrets.token_hex(6)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{name}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """End it at once, as a power cut would: SIGQUIT, so that its helpers go with it."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGQUIT)
        self.process.wait(20)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
