"""Tables of the first schema about published rules and exit codes, as they were: `0001_first`."""

from typing import Final

import sqlalchemy as sa
from alembic import op

TEXT: Final = sa.String()
NUMBER: Final = sa.Integer()
DAY: Final = sa.Date()
WHEN: Final = sa.DateTime(timezone=True)


def create_rule_tables() -> None:
    """Create them, within the revision."""
    op.create_table(
        "rules_blob",
        sa.Column("sha256", TEXT, primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "rules_revision",
        sa.Column("revision", TEXT, primary_key=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
    )
    op.create_index("ix_rules_revision_source", "rules_revision", ["source"])
    op.create_index("ix_rules_revision_state", "rules_revision", ["state"])
    op.create_table(
        "active_rules",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("since", WHEN, nullable=False),
        sa.Column("released_by", TEXT, nullable=False),
    )
    op.create_table(
        "code_seen",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("code_hash", TEXT, primary_key=True),
        sa.Column("label_hash", TEXT, nullable=False),
        sa.Column("exits", NUMBER, nullable=False),
        sa.Column("last_exit", DAY),
        sa.Column("doubt", TEXT, nullable=False),
        sa.Column("doubted_label", TEXT, nullable=False),
        sa.Column("guard_id", TEXT, nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
    )
