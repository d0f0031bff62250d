"""A client of the records that can be killed: does actions one after the other, and writes down each
one that was acknowledged. Started again, it asks once more for the one it did not hear of.

    python -m tests.faults.client DATABASE_URL FILE
"""

import os
import sys
from pathlib import Path

from cli.settings import DEMO, settings
from mes.kinds import Set
from store.actions import SYSTEM, Actions
from store.log.migrate import open_database


def main(url: str, file: Path) -> None:
    actions = Actions(open_database(url), settings(DEMO).plant)
    done = len(file.read_bytes().splitlines()) if file.exists() else 0
    with file.open("ab", buffering=0) as acknowledged:
        while True:
            done += 1
            body = {"name": f"Person {done}", "roles": ["operator"], "scope": ["north"]}
            command = Set(kind="person", id=f"p{done % 50}", body=body, version=None)
            answer = actions.perform(command, SYSTEM, f"client-{done}")
            acknowledged.write(f"{done} {answer.position}\n".encode())
            os.fsync(acknowledged.fileno())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
