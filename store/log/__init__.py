"""The log: what happened and who did it, hash-chained, and the tables that are derived from it.

tables.py      every table, and what it is for
database.py    opens SQLite or PostgreSQL, migrates, begins transactions
chain.py       appends entries and verifies them
facts.py       what the engine found, with the stream positions it read to
lines.py       projection: the line of states and the counts of each work unit
changes.py     projection: records, the audit trail and the keys of actions
rebuild.py     makes the projections anew from the log
reading.py     reads records, lines, counts and the audit trail, also as of a position
"""


class RecordsRefused(Exception):
    """The records cannot be used as they are; the words say what to do."""


class RecordsDamaged(RecordsRefused):
    """The file of the records is no whole database of ours: only a backup helps."""
