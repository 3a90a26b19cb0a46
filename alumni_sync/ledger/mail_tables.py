"""Tables of what comes back to us, each report taken once, and of what is sent on to vouchers.

A part of the ledger's schema like `ledger.tables`, whose conventions hold here: nothing personal
stands in plain columns. A report itself quotes addresses, so it is never kept.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from alumni_sync.ledger.columns import when_column


class ReturnedMail(SQLModel, table=True):
    """A report about a mail of ours, or an event of the webhook: what bars a second reading."""

    __tablename__ = "returned_mail"
    id: str = Field(primary_key=True)  # keyed: where it came from, and its bytes or its number
    outbox_id: int | None = None  # None: about no mail that we know
    invitation_id: str = Field(default="", index=True)
    kind: str  # hard | soft | complaint
    status: str = ""  # enhanced status code (RFC 3463)
    at: datetime = when_column(nullable=False, index=True)


class Checkpoint(SQLModel, table=True):
    """Head of the chain at an instant, signed with Ed25519."""

    __tablename__ = "checkpoint"
    seq: int = Field(primary_key=True)
    head: str
    at: datetime = when_column(nullable=False)
    signature: str


class CheckpointCopy(SQLModel, table=True):
    """Which line of the checkpoints went to a place outside last, so that none is left out."""

    __tablename__ = "checkpoint_copy"
    place: str = Field(primary_key=True)  # mail | webhook
    signature: str
    at: datetime = when_column(nullable=False)
