"""Tables of published rules, and of the exit codes that a source was seen to use.

A part of the ledger's schema like `ledger.tables`, whose conventions hold here. Nothing in them is
about a person: files of the company, counts, and keyed hashes of codes.
"""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel

from alumni_sync.ledger.columns import json_column, sealed_column, when_column


class RulesBlob(SQLModel, table=True):
    """Exact bytes of a file that rules were made of, by SHA-256."""

    __tablename__ = "rules_blob"
    sha256: str = Field(primary_key=True)
    content: bytes = sealed_column()


class RulesRevision(SQLModel, table=True):
    """One revision of what judges the leavers of one source."""

    __tablename__ = "rules_revision"
    revision: str = Field(primary_key=True)
    source: str = Field(index=True)
    parts: dict[str, Any] = json_column()  # which blobs, and what of the configuration
    state: str = Field(index=True)  # active | awaiting_release | awaiting_second | retired
    version: int = 1
    counts: dict[str, Any] = json_column()  # how many would change sides, when it was first seen
    created_at: datetime = when_column(nullable=False)
    run_id: str = ""


class ActiveRules(SQLModel, table=True):
    """Which revision judges the leavers of a source now."""

    __tablename__ = "active_rules"
    source: str = Field(primary_key=True)
    revision: str
    since: datetime = when_column(nullable=False)
    released_by: str = ""  # the second person; "": it made nobody eligible, so nobody had to


class CodeSeen(SQLModel, table=True):
    """How a source uses an exit code; a code that drifts is not trusted until it is released."""

    __tablename__ = "code_seen"
    source: str = Field(primary_key=True)
    code_hash: str = Field(primary_key=True)  # keyed: source + code
    label_hash: str = ""  # keyed: what the source calls it; "" where it has no word for it
    exits: int = 0  # that were taken in with it
    last_exit: date | None = None  # the latest of them
    doubt: str = ""  # why it is not trusted: label | share | pause; "": it is
    doubted_label: str = ""  # keyed: the new label that a release accepts
    guard_id: str = ""  # GU-… that stands for the doubt
    changed_at: datetime = when_column(nullable=False)
