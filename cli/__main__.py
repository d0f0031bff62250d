"""`takt`: one command for everything, one for each role."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.role import LIFELINE
from cli.settings import DEMO
from cli.supervisor import DAMAGED
from mes.records import Refused
from store.config import ConfigFaults
from store.log import RecordsDamaged, RecordsRefused

COMMANDS = {
    "run": "everything, supervised: Redis, collectors, engine, dashboard, demo plant",
    "check": "every fault of the configuration at once; says what would be used",
    "collect": "read the devices into Redis",
    "engine": "fold what was read into states and counts",
    "dashboard": "serve the screens and the API",
    "simulate": "play the demo plant with real OPC UA and Modbus servers",
    "backup": "the records into one file, while everything runs",
    "restore": "a backup into an empty data directory or database",
    "rebuild": "make everything that is derived from the log anew",
    "archive": "move old entries of the log into a file; they stay part of it",
    "migrate": "bring the records to where this Takt wants them",
    "user": "people: list, add, role, password, link, deactivate",
    "token": "walls, tablets and tokens of the API: list, add, revoke",
    "audit": "verify: the chain of the log, and what is derived from it; export: the audit trail",
}
WITH_MORE = (
    "backup",
    "restore",
    "archive",
    "user",
    "token",
    "audit",
)  # what they do is said behind them


def parser(*, of: str = "") -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(prog="takt", description="Takt, a manufacturing execution system")
    commands = out.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == "check":
            command.add_argument("file", nargs="?", type=Path, help="default: the demo plant")
            continue
        command.add_argument("--config", type=Path, help="configuration; default: the demo plant")
        command.add_argument("--data", type=Path, help="data directory; wins over the file")
        if name in WITH_MORE and of in ("", name):
            importlib.import_module(f"cli.{name}").add_arguments(command)
        if name in ("run", "dashboard"):
            command.add_argument("--port", type=int, help="of the dashboard; wins over the file")
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status: 0 fine, 1 failed, 2 wrong configuration or usage."""
    given_argv = sys.argv[1:] if argv is None else list(argv)
    arguments = parser(of=given_argv[0] if given_argv else "-").parse_args(given_argv)
    if getattr(arguments, "data", None):
        os.environ["TAKT_DATA"] = str(arguments.data.resolve())
    if getattr(arguments, "port", None) is not None:
        os.environ["TAKT_PORT"] = str(arguments.port)
    given = getattr(arguments, "config", None) or getattr(arguments, "file", None)
    path = Path(given or os.environ.get("TAKT_CONFIG") or DEMO).resolve()
    os.environ["TAKT_CONFIG"] = str(path)
    try:
        # Only the role that is wanted is imported: a role starts in a second or so.
        role = importlib.import_module(f"cli.{arguments.command}")
        if arguments.command in WITH_MORE:
            return int(role.main(path, arguments))
        return int(role.main(path))
    except ConfigFaults as error:
        print("\n".join(error.faults), file=sys.stderr)
        count = len(error.faults)
        print(f"{count} fault{'s' * (count > 1)}; nothing was started", file=sys.stderr)
        return 2
    except (RecordsRefused, Refused, OSError) as error:
        print(f"takt: {_told(error)}", file=sys.stderr)
        if isinstance(error, RecordsDamaged):  # the supervisor tells it from what may pass
            return DAMAGED if LIFELINE in os.environ else 1
        return 1 if isinstance(error, OSError) else 2
    except KeyboardInterrupt:
        return 0


def _told(error: Exception) -> str:
    """What it says, in a line; the system's own words name the file first."""
    if not isinstance(error, OSError) or not error.filename:
        return str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename}: found a file; expected a folder"
    return f"{error.filename}: {error.strerror}"


if __name__ == "__main__":
    sys.exit(main())
