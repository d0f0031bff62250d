"""`takt user`: people from the command line, also beside a running plant."""

import argparse
import datetime as dt
import getpass
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from cli.registry import Registry, opened
from cli.settings import Doing
from mes.access import check_password
from mes.people import ROLES
from store.credentials import LINK_S
from store.first_people import FirstPeople

TYPED_AT = "standard input, one line; at a terminal it is asked for, unseen"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What stands behind `takt user`."""
    does = command.add_subparsers(dest="does", required=True, metavar="WHAT", parser_class=Doing)
    does.add_parser("list", help="everybody on record")
    add = does.add_parser("add", help="admit somebody; prints a one-time link")
    add.add_argument("id", help="what the person signs in as")
    add.add_argument("--name", required=True, help="as it is printed in records")
    for one in (add, does.add_parser("role", help="give other roles, or another scope")):
        if one is not add:
            one.add_argument("id")
        one.add_argument(
            "--role", action="append", choices=ROLES, default=[], help="again for more"
        )
        one.add_argument("--scope", action="append", default=[], help="a path; default: the site")
    for name, text in (
        ("password", f"set a password, from {TYPED_AT}"),
        ("link", "make a one-time link with which the person sets a password"),
        ("deactivate", "the person can sign in no more; what was done stays on record"),
    ):
        does.add_parser(name, help=text).add_argument("id")


def main(path: Path, arguments: argparse.Namespace) -> int:
    with opened(path) as registry:
        return int(DOES[arguments.does](registry, arguments))


def _list(registry: Registry, _arguments: argparse.Namespace) -> int:
    kept = registry.kept()
    for record in registry.all("person"):
        body = record.body or {}
        has = [kind for owner, kind in kept if owner == f"person:{record.id}"]
        state = "" if body["active"] else "  not active"
        roles, scope = ",".join(body["roles"]) or "-", ",".join(body["scope"]) or "-"
        print(
            f"{record.id:<20} {roles:<30} {scope:<30} {','.join(has) or '-':<16} {body['name']}{state}"
        )
    return 0


def _add(registry: Registry, arguments: argparse.Namespace) -> int:
    body = {
        "name": arguments.name,
        "roles": arguments.role,
        "scope": registry.scope(arguments.scope),
    }
    registry.set("person", arguments.id, body, version=0)
    return _link(registry, arguments)


def _role(registry: Registry, arguments: argparse.Namespace) -> int:
    record = registry.one("person", arguments.id)
    body = dict(record.body or {})
    if arguments.role:
        body["roles"] = arguments.role
    if arguments.scope:
        body["scope"] = registry.scope(arguments.scope)
    registry.set("person", arguments.id, body, version=record.version)
    return 0


def _password(registry: Registry, arguments: argparse.Namespace) -> int:
    record = registry.one("person", arguments.id)
    typed = getpass.getpass("new password: ") if sys.stdin.isatty() else sys.stdin.readline()
    password = typed.rstrip("\r\n")
    name = str((record.body or {})["name"])
    least = registry.config.access.password_min
    check_password(password, id=arguments.id, name=name, at_least=least)
    registry.secret(f"person:{arguments.id}", "password", password)
    return registry.end_sessions(arguments.id)


def _link(registry: Registry, arguments: argparse.Namespace) -> int:
    registry.one("person", arguments.id)
    site = registry.config.plant.id
    first = FirstPeople(registry.database, registry.actions, registry.secrets, site)
    link = first.link_for(arguments.id)
    registry.told()
    until = dt.datetime.now(ZoneInfo(registry.config.plant.time_zone)) + dt.timedelta(
        seconds=LINK_S
    )
    print(f"{registry.address()}/welcome?link={link}")
    print(f"good for one use until {until:%Y-%m-%d %H:%M %Z}", file=sys.stderr)
    return 0


def _deactivate(registry: Registry, arguments: argparse.Namespace) -> int:
    record = registry.one("person", arguments.id)
    body = {**(record.body or {}), "active": False}
    registry.set("person", arguments.id, body, version=record.version)
    return registry.end_sessions(arguments.id)


DOES = {
    "list": _list,
    "add": _add,
    "role": _role,
    "password": _password,
    "link": _link,
    "deactivate": _deactivate,
}
