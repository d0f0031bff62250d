"""The tables of the records, for SQLite and PostgreSQL alike.

The log is the truth: `log` and its `head`, which only ever grow. `folds` and `credentials` stand
beside it: where the engine has read to, and secrets, which a log must not hold. All others are
projections: they are written in the transaction of the entry they come from, and can be dropped
and made anew; `kept_accounts` is formed from those, again where it is missing. Times named `_us` are microseconds since the epoch; a position is an entry's number.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()


def _number(name: str, **options: object) -> Column[int]:
    """A whole number of 64 bits; as a primary key SQLite takes it for the row's own number."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, kind, **options)  # type: ignore[arg-type]


def _key(name: str) -> Column[str]:
    return Column(name, String(128), primary_key=True)


log = Table(
    "log",
    metadata,
    _number("position", primary_key=True, autoincrement=False),
    _number("recorded_at_us", nullable=False),
    Column("kind", String(16), nullable=False),  # "facts" or "action"
    Column("subject", String(128), nullable=False),  # the work centre, or the command
    Column("body", Text, nullable=False),  # JSON
    Column("hash", LargeBinary(32), nullable=False),
)
head = Table(  # one row: the newest entry; who holds it appends
    "head",
    metadata,
    _number("id", primary_key=True, autoincrement=False),
    _number("position", nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
archives = Table(  # parts of the log that were moved into files
    "archives",
    metadata,
    _number("last_position", primary_key=True, autoincrement=False),
    _number("first_position", nullable=False),
    Column("last_hash", LargeBinary(32), nullable=False),
    Column("file", String(255), nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
)
folds = Table(  # how far the engine has read each work unit's stream, and what it knew there
    "folds",
    metadata,
    _key("work_unit"),
    _number("serial", nullable=False),  # its commits; who goes on names the last that he knows
    Column("stream_position", String(48), nullable=False),
    _number("known_us"),  # nothing is known of its state behind this
    Column("view", Text, nullable=False),
)
credentials = Table(  # what a person or device proves itself with; only ever a hash of it
    "credentials",
    metadata,
    _key("owner"),  # "person:anna", "device:wall-1"
    Column("kind", String(16), primary_key=True),  # password, pin, badge, token, link
    Column("hash", Text, nullable=False),
    _number("changed_at_us", nullable=False),
)

intervals = (
    Table(  # the line of states; a row that was told otherwise later stays, and says until when
        "state_intervals",
        metadata,
        _key("work_unit"),
        _number("start_us", primary_key=True, autoincrement=False),
        _number("position", primary_key=True, autoincrement=False),  # it was made by this entry
        _number("end_us"),
        _number("end_position"),  # its end is known since this entry
        _number("until_position"),  # it holds no more since this entry
        Column("state", String(32), nullable=False),
        Column("fault", String(64), nullable=False),
        Column("revised", Boolean, nullable=False),
    )
)
Index(
    "state_intervals_current",
    intervals.c.work_unit,
    intervals.c.until_position,
    intervals.c.start_us,
)
counts = Table(  # pieces by the minute in which their counter showed them
    "counts",
    metadata,
    _key("work_unit"),
    _number("minute_us", primary_key=True, autoincrement=False),
    _number("good", nullable=False),
    _number("reject", nullable=False),
    _number("made_position", nullable=False),  # the first entry that told of it
    _number("position", nullable=False),  # the last one
)
meters = Table(  # energy by the minute in which it was used
    "meters",
    metadata,
    _key("work_unit"),
    _number("minute_us", primary_key=True, autoincrement=False),
    _number("metered_us", nullable=False),
    _number("energy_uj", nullable=False),
    _number("idle_uj", nullable=False),
)
records = Table(  # people, calendars, master data …: every version that there was
    "records",
    metadata,
    Column("kind", String(32), primary_key=True),
    _key("id"),
    _number("version", primary_key=True, autoincrement=False),
    Column("body", Text),  # JSON; NULL: it was removed
    Column("by", String(128), nullable=False),
    _number("at_us", nullable=False),
    _number("position", nullable=False),
    _number("until_position"),  # the next version's entry
)
Index("records_current", records.c.kind, records.c.until_position)
audit = Table(  # who changed what: a line for each change of an entry, one at least
    "audit",
    metadata,
    _number("position", primary_key=True, autoincrement=False),
    Column("line", Integer, primary_key=True, autoincrement=False),
    _number("at_us", nullable=False),
    Column("person", String(128), nullable=False),
    Column("name", String(128), nullable=False),  # as it was printed then
    Column("device", String(128), nullable=False),
    Column("command", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("id", String(128), nullable=False),
    Column("place", Text, nullable=False),  # path of the equipment it concerns
    Column("old", Text),
    Column("new", Text),
    Column("reason", Text, nullable=False),
    Column("signatures", Text, nullable=False),  # JSON
)
Index("audit_person", audit.c.person, audit.c.position)
Index("audit_record", audit.c.kind, audit.c.id, audit.c.position)
Index("audit_time", audit.c.at_us)
actions = Table(  # what was done under a key, so that it is done once
    "actions",
    metadata,
    _key("key"),
    Column("person", String(128), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # of the command
    _number("position", nullable=False),
)

kept_accounts = Table(  # of whole hours and days of the past, as far as they were formed: a cache
    "kept_accounts",
    metadata,
    _key("work_unit"),
    Column("span", String(8), primary_key=True),  # "hour" or "day", of the site
    _number("start_us", primary_key=True, autoincrement=False),
    _number("end_us", nullable=False),
    Column("basis", String(32), nullable=False),  # of the calendar and master data it was formed by
    Column("body", Text, nullable=False),  # JSON
)
PROJECTIONS = (intervals, counts, meters, records, audit, actions)
