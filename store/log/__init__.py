"""The log: what happened and who did it, hash-chained, and the tables that are derived from it.

tables.py       every table, and what it is for
append_only.py  what keeps SQLite and PostgreSQL from changing an entry
database.py     opens SQLite or PostgreSQL, begins transactions, tells how the database fails
migrate.py      brings the tables to where this Takt wants them; refuses what is damaged or newer
chain.py        appends entries and verifies them
facts.py        what the engine found, with the stream positions it read to
lines.py        projection: the line of states and the counts of each work unit
changes.py      projection: records, the audit trail and the keys of actions
rebuild.py      makes the projections anew from the log
accounts.py     reads how work units spent a window
kept.py         accounts of whole hours and days, kept so that long windows are read quickly
filling.py      forms and keeps them, as time passes
standings.py    reads how work units stand in their shift
reading.py      reads records, lines and counts, also as of a position
maintenance.py  reads work orders, plans with how far they are, and how often units failed
trail.py        reads the audit trail
verify.py       walks along the whole log, and compares what is derived from it
anchors.py      older heads of the log, kept beside the database
archive.py      old entries in files, and the whole log of files and table
backup.py       all that cannot be derived in one packed file
restore.py      such a file into an empty database
"""


class RecordsRefused(Exception):
    """The records cannot be used as they are; the words say what to do."""


class RecordsDamaged(RecordsRefused):
    """The file of the records is no whole database of ours: only a backup helps."""
