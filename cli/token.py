"""`takt token`: walls, tablets and tokens for programs from the command line."""

import argparse
import re
import sys
import time
from pathlib import Path

from cli.registry import Registry, opened
from cli.settings import Doing
from mes.access import DEVICE_KINDS
from mes.people import RIGHTS
from mes.records import Invalid
from store.credentials import new_token

KINDS = (*DEVICE_KINDS, "api")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What stands behind `takt token`."""
    does = command.add_subparsers(dest="does", required=True, metavar="WHAT", parser_class=Doing)
    does.add_parser("list", help="all that were ever made")
    add = does.add_parser("add", help="make one; prints it, this once")
    add.add_argument("name", help="where it hangs, or which program it is for")
    add.add_argument("--kind", choices=KINDS, default="wall")
    add.add_argument("--scope", action="append", default=[], help="a path; default: the site")
    add.add_argument(
        "--right", action="append", default=[], choices=tuple(RIGHTS), help="of an API token"
    )
    add.add_argument(
        "--days", type=int, help="of an API token: good for so long; default: for ever"
    )
    does.add_parser("revoke", help="end it at once").add_argument(
        "id", help="as `takt token list` says"
    )


def main(path: Path, arguments: argparse.Namespace) -> int:
    with opened(path) as registry:
        return {"list": _list, "add": _add, "revoke": _revoke}[arguments.does](registry, arguments)


def _list(registry: Registry, _arguments: argparse.Namespace) -> int:
    for kind in ("device", "token"):
        for record in registry.all(kind):
            body = record.body or {}
            what = body["kind"] if kind == "device" else f"api: {','.join(body['rights'])}"
            state = "" if body["active"] else "  revoked"
            scope = ",".join(body["scope"]) or "-"
            print(f"{record.id:<30} {what:<20} {scope:<30} {body['name']}{state}")
    return 0


def _add(registry: Registry, arguments: argparse.Namespace) -> int:
    kind = "token" if arguments.kind == "api" else "device"
    if kind == "device" and (arguments.right or arguments.days is not None):
        given = "--right" if arguments.right else "--days"
        words = "sees what is live in its scope until it is revoked"
        raise Invalid(f"{given} is for --kind api alone: a {arguments.kind} {words}")
    body: dict[str, object] = {"name": arguments.name, "scope": registry.scope(arguments.scope)}
    if kind == "token":
        body["rights"] = arguments.right or ["live"]
        body["expires_us"] = None
        if arguments.days is not None:
            body["expires_us"] = time.time_ns() // 1000 + arguments.days * 86_400_000_000
    else:
        body["kind"] = arguments.kind
    stem = re.sub(r"[^a-z0-9]+", "-", arguments.name.lower()).strip("-")[:40] or kind
    taken = {record.id for one in ("device", "token") for record in registry.all(one)}
    id = next(
        i for i in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if i not in taken
    )
    secret = new_token()
    registry.set(kind, id, body, version=0, token=secret)
    page = "/switch" if arguments.kind == "tablet" else "/"
    print(secret if kind == "token" else f"{registry.address()}{page}?device={secret}")
    print(f"{id}: shown this once", file=sys.stderr)
    return 0


def _revoke(registry: Registry, arguments: argparse.Namespace) -> int:
    found = [r for kind in ("device", "token") for r in registry.all(kind) if r.id == arguments.id]
    if not found:
        registry.one("device", arguments.id)  # says that there is none
    for record in found:
        body = {**(record.body or {}), "active": False}
        registry.set(record.kind, record.id, body, version=record.version)
    return 0
