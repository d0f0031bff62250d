"""`takt archive`: move old entries of the log into a file; they stay part of it."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.records import records
from cli.settings import settings
from mes.observation import microseconds
from store.log.archive import folder_of, move

DAYS_MAX = 36_500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=_days, required=True, help="older than this")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > DAYS_MAX:
        raise argparse.ArgumentTypeError(f"found {text!r}; expected days, 0 to {DAYS_MAX}")
    return int(text)


def main(path: Path, arguments: argparse.Namespace) -> int:
    days: int = arguments.days
    config = settings(path)
    before = datetime.now(UTC) - timedelta(days=days)
    with records(config, there=True) as database:
        folder, files = folder_of(config.data_dir), 0
        while file := move(database, folder, before_us=microseconds(before)):
            print(f"moved into {file}")
            files += 1
    if not files:
        print(f"nothing is older than {days} days")
    return 0
