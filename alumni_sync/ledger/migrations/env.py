"""Runs the migrations on the connection that `ledger.schema.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import alumni_sync.ledger.mail_tables
import alumni_sync.ledger.queue_tables
import alumni_sync.ledger.request_tables
import alumni_sync.ledger.rule_tables
import alumni_sync.ledger.tables  # noqa: F401 registers the tables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata
)
with context.begin_transaction():
    context.run_migrations()
