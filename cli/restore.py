"""`takt restore`: a backup into an empty data directory or database."""

import argparse
import fcntl
from pathlib import Path

from cli.records import records
from cli.settings import settings
from store.log import RecordsRefused
from store.log.backup import restore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", metavar="FILE", type=Path, help="what takt backup wrote")


def main(path: Path, arguments: argparse.Namespace) -> int:
    file: Path = arguments.backup
    config = settings(path)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with (config.data_dir / "takt.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RecordsRefused(f"{config.data_dir} is in use: stop Takt first") from None
        with records(config) as database:
            about = restore(database, config.data_dir, file)
    print(f"restored {about['position']} entries; the chain holds")
    return 0
