"""Tables of the first schema for what people ask and what comes back, as they were: `0001_first`.

A file of their own, because a schema is one long list.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

TEXT: Final = sa.String()
NUMBER: Final = sa.Integer()
FLAG: Final = sa.Boolean()
DAY: Final = sa.Date()
WHEN: Final = sa.DateTime(timezone=True)
BYTES: Final = sa.LargeBinary()
SEQUENCE: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def create_request_tables() -> None:
    """Create them, within the revision."""
    op.create_table(
        "access_log",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("verified", FLAG, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
    )
    op.create_index("ix_access_log_at", "access_log", ["at"])
    op.create_index("ix_access_log_person_id", "access_log", ["person_id"])
    op.create_table(
        "checkpoint_copy",
        sa.Column("place", TEXT, primary_key=True),
        sa.Column("signature", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
    )
    op.create_table(
        "join_request",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("address_hash", TEXT, nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("spell_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("proven_at", WHEN),
        sa.Column("closed_at", WHEN),
        sa.Column("closed_by", TEXT, nullable=False),
        sa.Column("sealed", BYTES),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_join_request_address_hash", "join_request", ["address_hash"])
    op.create_index("ix_join_request_state", "join_request", ["state"])
    op.create_table(
        "legal_hold",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("set_by", TEXT, nullable=False),
        sa.Column("set_at", WHEN, nullable=False),
        sa.Column("lifted_by", TEXT, nullable=False),
        sa.Column("lifted_at", WHEN),
        sa.Column("lift_reason", TEXT, nullable=False),
        sa.Column("sealed", BYTES),
    )
    op.create_index("ix_legal_hold_person_id", "legal_hold", ["person_id"])
    op.create_table(
        "link_request",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("address_hash", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
    )
    op.create_index("ix_link_request_address_hash", "link_request", ["address_hash"])
    op.create_index("ix_link_request_state", "link_request", ["state"])
    op.create_table(
        "one_time_code",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("code_hash", TEXT, nullable=False),
        sa.Column("tries", NUMBER, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("used_at", WHEN),
        sa.Column("created_at", WHEN, nullable=False),
    )
    op.create_index("ix_one_time_code_invitation_id", "one_time_code", ["invitation_id"])
    op.create_table(
        "recorded_answer",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("received_on", DAY),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("recorded_by", TEXT, nullable=False),
        sa.Column("recorded_at", WHEN, nullable=False),
        sa.Column("second_by", TEXT, nullable=False),
        sa.Column("closed_at", WHEN),
        sa.Column("seq", NUMBER),
        sa.Column("sealed", BYTES),
    )
    op.create_index("ix_recorded_answer_invitation_id", "recorded_answer", ["invitation_id"])
    op.create_index("ix_recorded_answer_person_id", "recorded_answer", ["person_id"])
    op.create_table(
        "returned_mail",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("outbox_id", NUMBER),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
    )
    op.create_index("ix_returned_mail_at", "returned_mail", ["at"])
    op.create_index("ix_returned_mail_invitation_id", "returned_mail", ["invitation_id"])
    op.create_table(
        "subject_request",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("received_at", WHEN, nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("extended", FLAG, nullable=False),
        sa.Column("closed_at", WHEN),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("nonce_hash", TEXT, unique=True),
        sa.Column("sealed", BYTES),
    )
    op.create_index("ix_subject_request_person_id", "subject_request", ["person_id"])
    op.create_index("ix_subject_request_source", "subject_request", ["source"])
    op.create_index("ix_subject_request_state", "subject_request", ["state"])
    op.create_table(
        "subject_request_event",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("request_id", NUMBER, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("verified", FLAG, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("sealed", BYTES),
    )
    op.create_index("ix_subject_request_event_request_id", "subject_request_event", ["request_id"])
