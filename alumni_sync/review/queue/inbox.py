"""What Dagster shows of the queue: who has waited longest, with tickets to rule on each case.

No name and no fact: a case number, the rules that spoke, age and due date. And how many wait, by
age. However long the queue is, a page reads the rows that it shows, and counts come from indexes.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, FunctionFilter, and_, func, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Ruling
from alumni_sync.ledger.tables import Case, t
from alumni_sync.review.queue.listing import longest_waiting
from alumni_sync.review.queue.selection import WAITING, values_of
from alumni_sync.review.rulings.tickets import issue

SHOWN: Final = 40
"""A page with hundreds of entries is read by nobody."""

AGES: Final = (7, 14, 30)
"""Days after which a case is older than the ones before; it is due after about seven."""

_CASES: Final = t(Case)


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
    due_on: date
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
            due_on=one.due_on,
            awaits_second=one.status == "awaiting_second",
            admit_ticket=issue(hashes, one.case, one.version, Ruling.ADMIT, now=now),
            uphold_ticket=issue(hashes, one.case, one.version, Ruling.UPHOLD, now=now),
        )
        for one in longest_waiting(d, limit)
    ]


def count_by_age(d: Deployment) -> dict[str, int]:
    """Return age in words → cases that wait; every age is there, so that each makes a line."""
    now = d.clock.now()
    steps = [None, *(now - timedelta(days=days) for days in AGES), None]
    counts = [_opened_between(old, new) for new, old in pairwise(steps)]
    query = select(*counts).where(_CASES.c.status.in_(values_of(WAITING)))
    with d.ledger.read() as connection:
        found = connection.execute(query).one()
    return dict(zip(_ages(), found, strict=True))


def _ages() -> list[str]:
    """Return the names of the ages, the youngest first."""
    between = [f"{low + 1} to {high} days" for low, high in pairwise(AGES)]
    return [f"up to {AGES[0]} days", *between, f"over {AGES[-1]} days"]


def _opened_between(old: datetime | None, new: datetime | None) -> "FunctionFilter[Any]":
    """Return the count of cases opened after `old` and not after `new`."""
    after: list[ColumnElement[bool]] = [] if old is None else [_CASES.c.opened_at > old]
    until = [] if new is None else [_CASES.c.opened_at <= new]
    return func.count().filter(and_(*after, *until))
