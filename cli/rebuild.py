"""`takt rebuild`: everything that is derived from the log, made anew."""

import time
from pathlib import Path

from cli.records import records
from cli.settings import settings
from store.log.archive import folder_of
from store.log.rebuild import rebuild


def main(path: Path) -> int:
    config = settings(path)
    started = time.monotonic()
    with records(config, there=True) as database:
        entries = rebuild(database, folder_of(config.data_dir))
    print(f"made anew from {entries} entries in {time.monotonic() - started:.1f} s")
    return 0
