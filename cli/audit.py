"""`takt audit`: verify the records from the first entry on; export the audit trail."""

import argparse
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

from cli.records import records
from cli.settings import Doing, settings
from layouts import audit_csv
from mes.site_time import typed_us, zone_named
from store.log.anchors import FILE, parsed, read
from store.log.archive import folder_of
from store.log.chain import FAULTS_MAX
from store.log.database import Database
from store.log.trail import TOGETHER, Wanted, find, place_path
from store.log.verify import verify


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What stands behind `takt audit`."""
    does = command.add_subparsers(dest="does", required=True, metavar="WHAT", parser_class=Doing)
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
    two = does.add_parser("export", help="the audit trail as CSV, newest first")
    two.add_argument("to", metavar="FILE", nargs="?", type=Path, help="default: standard output")
    for name in ("person", "kind", "id"):
        two.add_argument(f"--{name}", default="", help="this one only")
    two.add_argument("--command", default="", dest="did", help="as SetMasterData")
    two.add_argument("--place", default="", help="an id or a path, and what is below it")
    two.add_argument("--from", default="", dest="since", help="a time; without offset: site time")
    two.add_argument("--until", default="", help="a time that is no longer in it")
    two.add_argument("--text", default="", help="within values, reasons and names")


def _anchor(text: str) -> object:
    try:
        return parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main(path: Path, arguments: argparse.Namespace) -> int:
    return int(DOES[arguments.does](path, arguments))


def _verify(path: Path, arguments: argparse.Namespace) -> int:
    config = settings(path)
    own = read(config.data_dir / FILE)
    started = time.monotonic()
    with records(config, there=True) as database:
        said, faults = verify(
            database,
            folder_of(config.data_dir),
            config.data_dir,
            anchors=[*own, *arguments.anchor],
            derived=not arguments.chain_only,
        )
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


def _export(path: Path, arguments: argparse.Namespace) -> int:
    config, to = settings(path), arguments.to
    zone = zone_named(config.plant.time_zone)
    try:
        wanted = Wanted(
            site=config.plant.id,
            person=arguments.person,
            kind=arguments.kind,
            id=arguments.id,
            command=arguments.did,
            place=place_path(config.plant, arguments.place),
            from_us=typed_us("--from", arguments.since, zone),
            until_us=typed_us("--until", arguments.until, zone),
            q=arguments.text,
        )
    except ValueError as error:
        print(f"takt: {error}", file=sys.stderr)
        return 2
    with (
        records(config, there=True) as database,
        to.open("w", encoding="utf-8", newline="") if to else nullcontext(sys.stdout) as file,
    ):
        lines = _write(database, wanted, file, config.plant.time_zone)
    print(f"{lines} lines", file=sys.stderr)
    return 0


def _write(database: Database, wanted: Wanted, file: TextIO, zone: str) -> int:
    """All lines, from one snapshot; returns how many."""
    lines, before = 0, None
    file.write(audit_csv.head())
    with database.read(unhurried=True) as connection:
        while True:
            page = find(connection, wanted, limit=TOGETHER, before=before)
            file.writelines(audit_csv.line(line, zone) for line in page.lines)
            lines, before = lines + len(page.lines), page.older
            if before is None:
                return lines


DOES = {"verify": _verify, "export": _export}
