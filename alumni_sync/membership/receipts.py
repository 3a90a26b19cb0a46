"""Removal receipts: the proof that somebody is gone, from the ledger alone.

No personal value is in them: they can be handed to the person, the DPO or an authority after the
keys are dead.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from alumni_sync.membership.ledger_rows import MEMBERSHIP
from alumni_sync.membership.plan import MemberState

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class RemovalReceipt:
    """How one membership ended. All datetimes are aware, in UTC.

    Attributes:
        alumni_id: our id on the platform.
        cause: the event that required it (`consent:SEQ`, `case:ID`, …).
        remove_by: deadline; None where the member is only hidden.
        absent_at: first look that found nothing; None while there was none.
        read_backs: how many looks found nothing so far.
        complete: the last look is done.
    """

    platform: str
    alumni_id: str
    cause: str
    remove_by: datetime | None
    hidden_at: datetime | None
    removed_at: datetime | None
    absent_at: datetime | None
    read_backs: int
    complete: bool


def removal_receipts(d: "Deployment", person_id: str) -> list[RemovalReceipt]:
    """Return the receipts of a person's memberships that ended or are ending, oldest first."""
    query = (
        select(MEMBERSHIP)
        .where(MEMBERSHIP.c.person_id == person_id, MEMBERSHIP.c.cause != "")
        .order_by(MEMBERSHIP.c.id)
    )
    with d.ledger.read() as connection:
        return [_receipt(row) for row in connection.execute(query)]


def _receipt(row: Row[Any]) -> RemovalReceipt:
    return RemovalReceipt(
        platform=row.platform,
        alumni_id=row.alumni_id,
        cause=row.cause,
        remove_by=row.remove_by,
        hidden_at=row.hidden_at,
        removed_at=row.removed_at,
        absent_at=row.absent_at,
        read_backs=row.read_backs,
        complete=row.state == MemberState.VERIFIED_ABSENT.value,
    )
