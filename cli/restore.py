"""`takt restore`: a backup into an empty data directory or database."""

import argparse
from pathlib import Path

from cli.held import held
from cli.records import answering
from cli.settings import settings
from store.log.database import url_of
from store.log.restore import restore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", metavar="FILE", type=Path, help="what takt backup wrote")


def main(path: Path, arguments: argparse.Namespace) -> int:
    config = settings(path)
    with held(config.data_dir), answering():
        url = url_of(config.data_dir, config.database.url)
        about = restore(url, config.data_dir, arguments.backup)
    print(f"restored {about['position']} entries; the chain holds")
    return 0
