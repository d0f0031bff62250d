"""`takt audit`: verify the records from the first entry on; export the audit trail."""

import argparse
import sys
import time
from pathlib import Path

from cli.records import records
from cli.settings import settings
from store.log.anchors import FILE, parsed, read
from store.log.archive import folder_of
from store.log.chain import FAULTS_MAX
from store.log.verify import verify


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What stands behind `takt audit`."""
    does = command.add_subparsers(dest="does", required=True, metavar="WHAT")
    one = does.add_parser("verify", help="the chain, the anchors, and what is derived from the log")
    one.add_argument(
        "--anchor",
        action="append",
        default=[],
        type=_anchor,
        metavar="POSITION:HASH",
        help="an older head, kept elsewhere; again for more",
    )
    one.add_argument(
        "--chain-only", action="store_true", help="do not compare what is derived from the log"
    )


def _anchor(text: str) -> object:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main(path: Path, arguments: argparse.Namespace) -> int:
    return int(DOES[arguments.does](path, arguments))


def _verify(path: Path, arguments: argparse.Namespace) -> int:
    config = settings(path)
    database = records(config)
    own = read(config.data_dir / FILE)
    started = time.monotonic()
    try:
        said, faults = verify(
            database,
            folder_of(config.data_dir),
            config.data_dir,
            anchors=[*own, *arguments.anchor],
            derived=not arguments.chain_only,
        )
    finally:
        database.close()
    for words in said.faults:
        print(words)
    if faults > FAULTS_MAX:
        print(f"and {faults - FAULTS_MAX} more")
    print(f"head: {said.position}:{said.hash.hex()}")
    took_s = time.monotonic() - started
    anchors = len(own) + len(arguments.anchor)
    print(
        f"{said.entries} entries read in {took_s:.1f} s, {anchors} anchors: "
        + (f"{faults} fault{'s' * (faults > 1)}" if faults else "everything fits"),
        file=sys.stderr,
    )
    return 1 if faults else 0


DOES = {"verify": _verify}
