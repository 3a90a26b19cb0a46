"""The first schema, as it was: later changes of `ledger.tables` come as revisions of their own."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from alumni_sync.ledger.migrations.queue_tables_0001 import create_queue_tables
from alumni_sync.ledger.migrations.request_tables_0001 import create_request_tables
from alumni_sync.ledger.migrations.rule_tables_0001 import create_rule_tables
from alumni_sync.ledger.triggers import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT: Final = sa.String()
NUMBER: Final = sa.Integer()
FLAG: Final = sa.Boolean()
DAY: Final = sa.Date()
WHEN: Final = sa.DateTime(timezone=True)
BYTES: Final = sa.LargeBinary()
SEQUENCE: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:  # noqa: PLR0915 a schema is one long list
    """Create every table, and make the consent events append-only."""
    create_queue_tables()
    create_request_tables()
    create_rule_tables()
    op.create_table(
        "approval",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("first_by", TEXT, nullable=False),
        sa.Column("first_at", WHEN, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("second_by", TEXT),
        sa.Column("second_at", WHEN),
        sa.UniqueConstraint("subject", "version"),
    )
    op.create_table(
        "brake",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("subject_hash", TEXT, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("tripped_at", WHEN, nullable=False),
        sa.Column("expires_at", WHEN),
        sa.Column("run_id", TEXT, nullable=False),
    )
    op.create_table(
        "brake_item",
        sa.Column("brake_id", TEXT, primary_key=True),
        sa.Column("invitation_id", TEXT, primary_key=True),
        sa.Column("verb", TEXT, nullable=False),
    )
    op.create_table(
        "case_event",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("verified", FLAG, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("bulk", FLAG, nullable=False),
        sa.Column("until", DAY),
        sa.Column("changed", sa.JSON()),
        sa.Column("sealed", BYTES),
    )
    op.create_index("ix_case_event_case_id", "case_event", ["case_id"])
    op.create_table(
        "checkpoint",
        sa.Column("seq", NUMBER, primary_key=True),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("signature", TEXT, nullable=False),
    )
    op.create_table(
        "close_done",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("close", DAY, primary_key=True),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
    )
    op.create_table(
        "consent_event",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("spell_id", TEXT, nullable=False),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("state_before", TEXT, nullable=False),
        sa.Column("state_after", TEXT, nullable=False),
        sa.Column("occurred_at", WHEN, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("notice_sha256", TEXT, nullable=False),
        sa.Column("canonical", BYTES, nullable=False),
        sa.Column("prev_hash", TEXT, nullable=False),
        sa.Column("entry_hash", TEXT, nullable=False),
        sa.UniqueConstraint("entry_hash"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("ix_consent_event_invitation_id", "consent_event", ["invitation_id"])
    op.create_index("ix_consent_event_person_id", "consent_event", ["person_id"])
    op.create_index("ix_consent_event_spell_id", "consent_event", ["spell_id"])
    op.create_table(
        "dead_letter",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("closed_at", WHEN),
        sa.Column("closed_by", TEXT, nullable=False),
    )
    op.create_index("ix_dead_letter_person_id", "dead_letter", ["person_id"])
    op.create_index("ix_dead_letter_subject", "dead_letter", ["subject"])
    op.create_table(
        "erasure",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("by", TEXT, nullable=False),
    )
    op.create_index("ix_erasure_person_id", "erasure", ["person_id"])
    op.create_table(
        "form_nonce",
        sa.Column("nonce_hash", TEXT, primary_key=True),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("at", WHEN, nullable=False),
    )
    op.create_index("ix_form_nonce_invitation_id", "form_nonce", ["invitation_id"])
    op.create_table(
        "lease",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("pid", NUMBER, nullable=False),
        sa.Column("started", TEXT, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
    )
    op.create_table(
        "membership",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("platform", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("spell_id", TEXT, nullable=False),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("alumni_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("grant_seq", NUMBER),
        sa.Column("recheck_at", WHEN),
        sa.Column("claimed_by", TEXT),
        sa.Column("claimed_at", WHEN),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("remove_by", WHEN),
        sa.Column("verify_at", WHEN),
        sa.Column("alerted_hours", NUMBER, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("next_at", WHEN),
        sa.Column("dead_letter_id", NUMBER),
        sa.Column("joined_at", WHEN),
        sa.Column("hidden_at", WHEN),
        sa.Column("removed_at", WHEN),
        sa.Column("absent_at", WHEN),
        sa.Column("read_backs", NUMBER, nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
        sa.Column("sealed", BYTES),
        sa.UniqueConstraint("platform", "alumni_id"),
        sa.UniqueConstraint("invitation_id"),
    )
    op.create_index("ix_membership_person_id", "membership", ["person_id"])
    op.create_index("ix_membership_remove_by", "membership", ["remove_by"])
    op.create_index("ix_membership_spell_id", "membership", ["spell_id"])
    op.create_index("ix_membership_verify_at", "membership", ["verify_at"])
    op.create_index("membership_state", "membership", ["platform", "state"])
    op.create_table(
        "notice_blob",
        sa.Column("sha256", TEXT, primary_key=True),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("content", BYTES, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("claimed_by", TEXT),
        sa.Column("claimed_at", WHEN),
        sa.Column("confirmed_at", WHEN),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("sealed", BYTES),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_outbox_message_id", "outbox", ["message_id"])
    op.create_index("ix_outbox_person_id", "outbox", ["person_id"])
    op.create_index("outbox_due", "outbox", ["state", "due_at"])
    op.create_index("outbox_of_invitation", "outbox", ["invitation_id", "state"])
    op.create_table(
        "pause",
        sa.Column("what", TEXT, primary_key=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("at", WHEN, nullable=False),
    )
    op.create_table(
        "person",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("person_hash", TEXT, nullable=False),
        sa.Column("employee_hash", TEXT, nullable=False),
        sa.Column("number_hash", TEXT, nullable=False),
        sa.Column("key_hash", TEXT),
        sa.Column("address_hash", TEXT),
        sa.Column("active_elsewhere", FLAG, nullable=False),
        sa.Column("legal_hold", FLAG, nullable=False),
        sa.Column("restricted_at", WHEN),
        sa.Column("erased_at", WHEN),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
        sa.UniqueConstraint("person_hash"),
    )
    op.create_index("ix_person_address_hash", "person", ["address_hash"])
    op.create_index("ix_person_employee_hash", "person", ["employee_hash"])
    op.create_index("ix_person_key_hash", "person", ["key_hash"])
    op.create_index("ix_person_number_hash", "person", ["number_hash"])
    op.create_index("ix_person_source", "person", ["source"])
    op.create_table(
        "platform_write",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("platform", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("alumni_id", TEXT, nullable=False),
        sa.Column("verb", TEXT, nullable=False),
        sa.Column("claimed_at", WHEN, nullable=False),
        sa.Column("confirmed_at", WHEN),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("content_hash", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("consent_seq", NUMBER),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
    )
    op.create_index("ix_platform_write_alumni_id", "platform_write", ["alumni_id"])
    op.create_index("ix_platform_write_claimed_at", "platform_write", ["claimed_at"])
    op.create_index("ix_platform_write_person_id", "platform_write", ["person_id"])
    op.create_table(
        "quarantine",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row_hash", TEXT, nullable=False),
        sa.Column("position", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("purge_after", WHEN, nullable=False),
        sa.Column("sealed", BYTES),
        sa.UniqueConstraint("row_hash"),
    )
    op.create_index("ix_quarantine_purge_after", "quarantine", ["purge_after"])
    op.create_index("ix_quarantine_source", "quarantine", ["source"])
    op.create_table(
        "run",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("close", DAY),
        sa.Column("started_at", WHEN, nullable=False),
        sa.Column("finished_at", WHEN),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
    )
    op.create_table(
        "suppression",
        sa.Column("address_hash", TEXT, primary_key=True),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("rejustify_at", WHEN, nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("token_hash", TEXT, primary_key=True),
        sa.Column("invitation_id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("mail_kind", TEXT, nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.Column("superseded_at", WHEN),
        sa.Column("used_at", WHEN),
        sa.Column("created_at", WHEN, nullable=False),
    )
    op.create_index("ix_token_invitation_id", "token", ["invitation_id"])
    op.create_index("ix_token_person_id", "token", ["person_id"])
    op.create_table(
        "tombstone",
        sa.Column("spell_hash", TEXT, primary_key=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("person_hash", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("facts_hash", TEXT, nullable=False),
        sa.Column("marks", TEXT, nullable=False),
        sa.Column("reopens_on", TEXT, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
    )
    op.create_index("ix_tombstone_person_hash", "tombstone", ["person_hash"])
    op.create_index("ix_tombstone_source", "tombstone", ["source"])
    op.create_table(
        "watermark",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("cursor", TEXT, nullable=False),
        sa.Column("since", WHEN),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("rows", NUMBER, nullable=False),
        sa.Column("counts", sa.JSON()),
        sa.Column("run_id", TEXT, nullable=False),
    )
    op.create_table(
        "spell",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("person_id", TEXT, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("spell_hash", TEXT, nullable=False),
        sa.Column("facts_hash", TEXT, nullable=False),
        sa.Column("seen_hash", TEXT, nullable=False),
        sa.Column("hired_on", DAY),
        sa.Column("record_status", TEXT, nullable=False),
        sa.Column("last_working_day", DAY),
        sa.Column("effective_at", WHEN),
        sa.Column("rehire_on", DAY),
        sa.Column("rehire_ends", FLAG, nullable=False),
        sa.Column("verdict", TEXT),
        sa.Column("decision_id", NUMBER),
        sa.Column("judged_facts", TEXT),
        sa.Column("judge_after", WHEN),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("close", DAY),
        sa.Column("first_seen_at", WHEN, nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
        sa.Column("purge_after", WHEN),
        sa.Column("sealed", BYTES),
        sa.UniqueConstraint("spell_hash"),
    )
    op.create_index("ix_spell_effective_at", "spell", ["effective_at"])
    op.create_index("ix_spell_person_id", "spell", ["person_id"])
    op.create_index("ix_spell_purge_after", "spell", ["purge_after"])
    op.create_index("ix_spell_verdict", "spell", ["verdict"])
    op.create_index("spell_pages", "spell", ["source", "id"])
    op.create_table(
        "decision",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("spell_id", TEXT, sa.ForeignKey("spell.id"), nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("facts_hash", TEXT, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("decided_at", WHEN, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("sealed", BYTES),
    )
    op.create_index("ix_decision_person_id", "decision", ["person_id"])
    op.create_index("ix_decision_spell_id", "decision", ["spell_id"])
    op.create_table(
        "exclusion_case",
        sa.Column("id", SEQUENCE, primary_key=True),
        sa.Column("spell_id", TEXT, sa.ForeignKey("spell.id"), nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("decision_id", NUMBER, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("two_person", FLAG, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("opened_at", WHEN, nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("closed_at", WHEN),
        sa.Column("admitted_until", DAY),
        sa.Column("lapses_at", WHEN),
        sa.Column("remind_at", WHEN),
        sa.Column("reminded_at", WHEN),
        sa.Column("escalated_at", WHEN),
        sa.UniqueConstraint("spell_id"),
    )
    op.create_index("case_due", "exclusion_case", ["status", "due_at"])
    op.create_index("case_pages", "exclusion_case", ["status", "id"])
    op.create_index("case_pages_of_source", "exclusion_case", ["source", "status", "id"])
    op.create_index("case_queue", "exclusion_case", ["status", "opened_at", "id"])
    op.create_index("ix_exclusion_case_lapses_at", "exclusion_case", ["lapses_at"])
    op.create_index("ix_exclusion_case_person_id", "exclusion_case", ["person_id"])
    op.create_table(
        "invitation",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("spell_id", TEXT, sa.ForeignKey("spell.id"), nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("basis", TEXT, nullable=False),
        sa.Column("jurisdiction", TEXT, nullable=False),
        sa.Column("notice_id", TEXT, nullable=False),
        sa.Column("notice_version", TEXT, nullable=False),
        sa.Column("language", TEXT, nullable=False),
        sa.Column("round", NUMBER, nullable=False),
        sa.Column("asked", NUMBER, nullable=False),
        sa.Column("deferred", FLAG, nullable=False),
        sa.Column("asked_at", WHEN),
        sa.Column("renewals", NUMBER, nullable=False),
        sa.Column("next_at", WHEN),
        sa.Column("closes_at", WHEN),
        sa.Column("grant_seq", NUMBER),
        sa.Column("gate_open", FLAG, nullable=False),
        sa.Column("valid_until", WHEN),
        sa.Column("paused_until", WHEN),
        sa.Column("paused_from", TEXT, nullable=False),
        sa.Column("suspended", FLAG, nullable=False),
        sa.Column("agreed_terms", TEXT, nullable=False),
        sa.Column("asked_terms", TEXT, nullable=False),
        sa.Column("withheld", FLAG, nullable=False),
        sa.Column("alert", TEXT, nullable=False),
        sa.Column("pending_until", WHEN),
        sa.Column("sessions_from", WHEN),
        sa.Column("address_hash", TEXT),
        sa.Column("no_contact_reason", TEXT, nullable=False),
        sa.Column("reason_terms", TEXT, nullable=False),
        sa.Column("pending_version", NUMBER, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("changed_at", WHEN, nullable=False),
        sa.Column("sealed", BYTES),
        sa.Column("pending_sealed", BYTES),
        sa.UniqueConstraint("spell_id"),
        sa.CheckConstraint("asked BETWEEN 0 AND 3", name="invitation_asking_cap"),
        sa.CheckConstraint("renewals BETWEEN 0 AND 2", name="invitation_renewal_cap"),
    )
    op.create_index("invitation_due", "invitation", ["state", "next_at"])
    op.create_index("ix_invitation_address_hash", "invitation", ["address_hash"])
    op.create_index("ix_invitation_gate_open", "invitation", ["gate_open"])
    op.create_index("ix_invitation_person_id", "invitation", ["person_id"])
    op.create_index("ix_invitation_source", "invitation", ["source"])
    for statement in append_only("consent_event", op.get_bind().dialect.name):
        op.execute(statement)
