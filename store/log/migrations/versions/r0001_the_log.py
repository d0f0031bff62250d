"""The log, its chain and the first projections."""

import sqlalchemy as sa
from alembic import op

from store.log.append_only import statements
from store.log.chain import FIRST

revision = "0001"
down_revision = None
# Whether it runs by itself at the start of a newer Takt; if not, `takt migrate` runs it.
BY_ITSELF = True

# As the tables were then. A migration never changes once it has run anywhere.
TABLES = (
    """
    CREATE TABLE actions (
        key VARCHAR(128) NOT NULL,
        person VARCHAR(128) NOT NULL,
        digest {bytes} NOT NULL,
        position {number} NOT NULL,
        PRIMARY KEY (key)
    )""",
    """
    CREATE TABLE archives (
        last_position {number} NOT NULL,
        first_position {number} NOT NULL,
        last_hash {bytes} NOT NULL,
        file VARCHAR(255) NOT NULL,
        sha256 {bytes} NOT NULL,
        PRIMARY KEY (last_position)
    )""",
    """
    CREATE TABLE audit (
        position {number} NOT NULL,
        line INTEGER NOT NULL,
        at_us {number} NOT NULL,
        person VARCHAR(128) NOT NULL,
        name VARCHAR(128) NOT NULL,
        device VARCHAR(128) NOT NULL,
        command VARCHAR(64) NOT NULL,
        kind VARCHAR(32) NOT NULL,
        id VARCHAR(128) NOT NULL,
        place TEXT NOT NULL,
        "old" TEXT,
        "new" TEXT,
        reason TEXT NOT NULL,
        signatures TEXT NOT NULL,
        PRIMARY KEY (position, line)
    )""",
    "CREATE INDEX audit_person ON audit (person, position)",
    "CREATE INDEX audit_record ON audit (kind, id, position)",
    "CREATE INDEX audit_time ON audit (at_us)",
    """
    CREATE TABLE counts (
        work_unit VARCHAR(128) NOT NULL,
        minute_us {number} NOT NULL,
        good {number} NOT NULL,
        reject {number} NOT NULL,
        made_position {number} NOT NULL,
        position {number} NOT NULL,
        PRIMARY KEY (work_unit, minute_us)
    )""",
    """
    CREATE TABLE credentials (
        owner VARCHAR(128) NOT NULL,
        kind VARCHAR(16) NOT NULL,
        hash TEXT NOT NULL,
        changed_at_us {number} NOT NULL,
        PRIMARY KEY (owner, kind)
    )""",
    """
    CREATE TABLE folds (
        work_unit VARCHAR(128) NOT NULL,
        serial {number} NOT NULL,
        stream_position VARCHAR(48) NOT NULL,
        known_us {number},
        view TEXT NOT NULL,
        PRIMARY KEY (work_unit)
    )""",
    """
    CREATE TABLE head (
        id {number} NOT NULL,
        position {number} NOT NULL,
        hash {bytes} NOT NULL,
        PRIMARY KEY (id)
    )""",
    """
    CREATE TABLE log (
        position {number} NOT NULL,
        recorded_at_us {number} NOT NULL,
        kind VARCHAR(16) NOT NULL,
        subject VARCHAR(128) NOT NULL,
        body TEXT NOT NULL,
        hash {bytes} NOT NULL,
        PRIMARY KEY (position)
    )""",
    """
    CREATE TABLE records (
        kind VARCHAR(32) NOT NULL,
        id VARCHAR(128) NOT NULL,
        version {number} NOT NULL,
        body TEXT,
        by VARCHAR(128) NOT NULL,
        at_us {number} NOT NULL,
        position {number} NOT NULL,
        until_position {number},
        PRIMARY KEY (kind, id, version)
    )""",
    "CREATE INDEX records_current ON records (kind, until_position)",
    """
    CREATE TABLE state_intervals (
        work_unit VARCHAR(128) NOT NULL,
        start_us {number} NOT NULL,
        position {number} NOT NULL,
        end_us {number},
        end_position {number},
        until_position {number},
        state VARCHAR(32) NOT NULL,
        fault VARCHAR(64) NOT NULL,
        revised BOOLEAN NOT NULL,
        PRIMARY KEY (work_unit, start_us, position)
    )""",
    "CREATE INDEX state_intervals_current ON state_intervals (work_unit, until_position, start_us)",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    # In SQLite only a primary key that is called INTEGER is the row's own number.
    words = {"number": "INTEGER", "bytes": "BLOB"}
    if not sqlite:
        words = {"number": "BIGINT", "bytes": "BYTEA"}
    for statement in (*TABLES, *statements(op.get_bind().dialect.name)):
        op.execute(statement.format(**words) if statement in TABLES else statement)
    head = sa.table("head", sa.column("id"), sa.column("position"), sa.column("hash"))
    op.get_bind().execute(head.insert().values(id=1, position=0, hash=FIRST))
