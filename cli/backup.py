"""`takt backup`: the records into one file, while everything runs."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from cli.records import records
from cli.settings import settings
from store.log.backup import backup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "to", metavar="FILE", nargs="?", type=Path, help="default: in data_dir/backups"
    )


def main(path: Path, arguments: argparse.Namespace) -> int:
    file: Path | None = arguments.to
    config = settings(path)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    to = file or config.data_dir / "backups" / f"takt-{config.plant.id}-{now}.tar.gz"
    with records(config, there=True) as database:
        to.parent.mkdir(parents=True, exist_ok=True)
        about = backup(database, config.data_dir, to)
    print(f"{to}: {about['position']} entries, up to {str(about['hash'])[:16]}…")
    return 0
