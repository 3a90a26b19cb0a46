"""The first schema."""

from alembic import op
from sqlmodel import SQLModel

from alumni_sync.ledger.triggers import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, and make the consent events append-only."""
    connection = op.get_bind()
    SQLModel.metadata.create_all(connection)
    for statement in append_only("consent_event", connection.dialect.name):
        op.execute(statement)
