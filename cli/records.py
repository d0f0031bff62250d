"""Opens the records for a role or a command."""

from store.config import Config
from store.log.database import Database, url_of
from store.log.migrate import open_database


def records(config: Config, *, by_hand: bool = False) -> Database:
    """The database of the records, migrated. Raises RecordsRefused.

    by_hand: run also migrations that do not run by themselves.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    return open_database(url_of(config.data_dir, config.database.url), by_hand=by_hand)
