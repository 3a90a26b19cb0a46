"""What Dagster shows of the queue: who has waited longest, with tickets to rule on each case.

No name and no fact: a case number, the rules that spoke, age and due date.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Ruling
from alumni_sync.review.listing import longest_waiting
from alumni_sync.review.tickets import issue

SHOWN: Final = 40
"""A page with hundreds of entries is read by nobody."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One case that waits.

    Attributes:
        awaits_second: somebody ruled already, and a second person must confirm.
        admit_ticket: stands for admitting this version of the case.
        uphold_ticket: stands for upholding it.
    """

    case: str
    verdict: str
    rules: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    awaits_second: bool
    admit_ticket: str
    uphold_ticket: str


def inbox(d: Deployment, limit: int = SHOWN) -> list[InboxEntry]:
    """Return the oldest waiting cases; their tickets are for whoever may rule on them."""
    now, hashes = d.clock.now(), d.ledger.hashes
    return [
        InboxEntry(
            case=one.case,
            verdict=one.verdict,
            rules=one.rules,
            opened_at=one.opened_at,
            due_at=one.due_at,
            awaits_second=one.status == "awaiting_second",
            admit_ticket=issue(hashes, one.case, one.version, Ruling.ADMIT, now=now),
            uphold_ticket=issue(hashes, one.case, one.version, Ruling.UPHOLD, now=now),
        )
        for one in longest_waiting(d, limit)
    ]
