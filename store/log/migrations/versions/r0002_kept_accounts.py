"""Accounts of whole hours and days, kept."""

from alembic import op

revision = "0002"
down_revision = "0001"
BY_ITSELF = True

TABLE = """
    CREATE TABLE kept_accounts (
        work_unit VARCHAR(128) NOT NULL,
        span VARCHAR(8) NOT NULL,
        start_us {number} NOT NULL,
        end_us {number} NOT NULL,
        basis VARCHAR(32) NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (work_unit, span, start_us)
    )"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(TABLE.format(number="INTEGER" if sqlite else "BIGINT"))
