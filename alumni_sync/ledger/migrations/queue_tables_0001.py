"""Tables of the first schema around the exclusion queue, as they were: `0001_first`."""

from typing import Final

import sqlalchemy as sa
from alembic import op

TEXT: Final = sa.String()
NUMBER: Final = sa.Integer()
WHEN: Final = sa.DateTime(timezone=True)
SEQUENCE: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def create_queue_tables() -> None:
    """Create them, within the revision."""
    op.create_table(
        "case_rule",
        sa.Column("rule_hash", TEXT, primary_key=True),
        sa.Column("case_id", SEQUENCE, primary_key=True, autoincrement=False),
    )
    op.create_index("ix_case_rule_case_id", "case_rule", ["case_id"])
    op.create_table(
        "queue_mail",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("round_at", WHEN, nullable=False),
        sa.Column("user", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("claimed_at", WHEN),
        sa.Column("confirmed_at", WHEN),
        sa.Column("created_at", WHEN, nullable=False),
        sa.UniqueConstraint("kind", "round_at", "user"),
    )
    op.create_index("ix_queue_mail_state", "queue_mail", ["state"])
