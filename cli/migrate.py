"""`takt migrate`: bring the records to where this Takt wants them, also what asks for a person."""

from pathlib import Path

from cli.records import records
from cli.settings import settings


def main(path: Path) -> int:
    with records(settings(path), by_hand=True, there=True):
        print("the records are as this Takt wants them")
    return 0
