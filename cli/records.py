"""Opens the records for a role or a command."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.exc import DBAPIError

from store.config import Config
from store.log.database import FILE, CommitLost, Database, unreachable, url_of, words_of
from store.log.migrate import open_database


@contextmanager
def records(config: Config, *, by_hand: bool = False, there: bool = False) -> Iterator[Database]:
    """The database of the records, migrated, and closed again.

    by_hand: run also migrations that do not run by themselves; there: make no new file.

    Raises RecordsRefused, and OSError where the database is away, locked or full, or not there.
    """
    url = url_of(config.data_dir, config.database.url)
    if there and not config.database.url and not (config.data_dir / FILE).exists():
        raise OSError(f"{config.data_dir} holds no records: look at --data and data_dir")
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with answering(), closing(open_database(url, by_hand=by_hand)) as database:
        yield database


@contextmanager
def answering() -> Iterator[None]:
    """Raises OSError instead of what the database raises while it is away, locked or full."""
    try:
        yield
    except DBAPIError as error:
        if not unreachable(error):
            raise
        lost = "; whether it was kept is not known" if isinstance(error, CommitLost) else ""
        raise OSError(f"the database cannot do it: {words_of(error)}{lost}") from error
