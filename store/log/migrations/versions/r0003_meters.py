"""Energy by the minute."""

from alembic import op

revision = "0003"
down_revision = "0002"
BY_ITSELF = True

TABLE = """
    CREATE TABLE meters (
        work_unit VARCHAR(128) NOT NULL,
        minute_us {number} NOT NULL,
        metered_us {number} NOT NULL,
        energy_uj {number} NOT NULL,
        idle_uj {number} NOT NULL,
        PRIMARY KEY (work_unit, minute_us)
    )"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(TABLE.format(number="INTEGER" if sqlite else "BIGINT"))
