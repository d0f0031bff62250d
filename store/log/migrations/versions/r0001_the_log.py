"""The log, its chain and the first projections."""

from alembic import op

from store.log.append_only import statements
from store.log.chain import FIRST
from store.log.tables import head, metadata

revision = "0001"
down_revision = None
# Whether it runs by itself at the start of a newer Takt; if not, `takt migrate` runs it.
BY_ITSELF = True


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    bind.execute(head.insert().values(id=1, position=0, hash=FIRST))
    for statement in statements(bind.dialect.name):
        op.execute(statement)
