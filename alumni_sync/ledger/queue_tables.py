"""Tables around the exclusion queue: the first of two, rules of a case, and who was told of it.

A part of the ledger's schema like `ledger.tables`, whose conventions hold here.
"""

from datetime import datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from alumni_sync.ledger.columns import SEQUENCE, sequence_column, when_column


class CaseRule(SQLModel, table=True):
    """Which rules a case is about, by a keyed hash: a rule's name may say why somebody left."""

    __tablename__ = "case_rule"
    rule_hash: str = Field(primary_key=True)  # keyed: the rule's id
    case_id: int = Field(
        sa_column=Column(SEQUENCE, primary_key=True, autoincrement=False, index=True)
    )


class Approval(SQLModel, table=True):
    """The first of two: one mechanism for cases, brakes and source guards."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("subject", "version"),)
    id: int | None = sequence_column()
    subject: str  # EX-000123 | BR-… | GU-…
    version: int
    act: str  # admit | uphold | release
    first_by: str
    first_at: datetime = when_column(nullable=False)
    reason: str
    second_by: str | None = None
    second_at: datetime | None = when_column()


class QueueMail(SQLModel, table=True):
    """A mail to somebody who may rule: one a person and round, sent at most once.

    What stands in it is read when it is sent: the cases that still wait of that round.
    """

    __tablename__ = "queue_mail"
    __table_args__ = (UniqueConstraint("kind", "round_at", "user"),)
    id: int | None = sequence_column()
    kind: str  # reminder | escalation
    round_at: datetime = when_column(nullable=False)  # as in the cases that it is about
    user: str  # as `people:` names them; their address is not kept
    state: str = Field(index=True)  # queued | claimed | accepted | refused | unknown | dropped
    reason: str = ""
    attempts: int = 0
    due_at: datetime = when_column(nullable=False)
    claimed_at: datetime | None = when_column()
    confirmed_at: datetime | None = when_column()
    created_at: datetime = when_column(nullable=False)
