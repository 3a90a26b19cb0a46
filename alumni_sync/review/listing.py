"""The queue as lists: everything as a stream, what waits in pages. No name, no fact of anybody."""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import CaseStatus
from alumni_sync.eligibility.decisions import decisions_by_id
from alumni_sync.ledger.tables import Case, t
from alumni_sync.review.numbering import case_number
from alumni_sync.review.selection import PAGE, WAITING, values_of

_CASES: Final = t(Case)
_WAITING: Final = frozenset(values_of(WAITING))


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One case, as every list shows it (`queue list --json`).

    Attributes:
        rules: ids of the rules that decided or could not be decided.
        opened_at: when it was opened, or reopened last.
    """

    case: str
    source: str
    verdict: str
    rules: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    status: str
    version: int
    two_person: bool

    @property
    def waits(self) -> bool:
        """Say whether somebody still has to rule."""
        return self.status in _WAITING


def list_cases(
    d: Deployment,
    *,
    sources: Collection[str] | None = None,
    waiting: bool = False,
    after: int = 0,
) -> Iterator[CaseSummary]:
    """Yield cases by their number, page by page, however many there are.

    Args:
        d: the open deployment.
        sources: only of these; None for all.
        waiting: only those on which somebody has to rule.
        after: the number (without EX-) to start behind.
    """
    while True:
        query = select(_CASES).where(_CASES.c.id > after).order_by(_CASES.c.id).limit(PAGE)
        if sources is not None:
            query = query.where(_CASES.c.source.in_(sorted(sources)))
        if waiting:
            query = query.where(_CASES.c.status.in_(sorted(_WAITING)))
        with d.ledger.read() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1].id
        yield from _summaries(d, rows)


def longest_waiting(d: Deployment, limit: int) -> list[CaseSummary]:
    """Return the cases that have waited longest; reads no more than a few rows for each shown."""
    found: list[Row[Any]] = []
    with d.ledger.read() as connection:
        for status in WAITING:  # one walk along the index each, instead of a sort of the queue
            query = select(_CASES).where(_CASES.c.status == status.value)
            oldest = query.order_by(_CASES.c.opened_at, _CASES.c.id).limit(limit)
            found.extend(connection.execute(oldest))
    rows = heapq.nsmallest(limit, found, key=lambda row: (row.opened_at, row.id))
    return list(_summaries(d, rows))


def summary_of(d: Deployment, number: int) -> tuple[CaseSummary, Row[Any]] | None:
    """Return one case and its row; None where there is none."""
    with d.ledger.read() as connection:
        row = connection.execute(select(_CASES).where(_CASES.c.id == number)).first()
    if row is None:
        return None
    (summary,) = _summaries(d, [row])
    return summary, row


def _summaries(d: Deployment, rows: Sequence[Row[Any]]) -> Iterator[CaseSummary]:
    opened = decisions_by_id(d.ledger, [row.decision_id for row in rows])
    for row in rows:
        decision = opened.get(row.decision_id)
        yield CaseSummary(
            case=case_number(row.id),
            source=row.source,
            verdict=row.verdict,
            rules=decision.judgement.rules if decision else (),
            opened_at=row.opened_at,
            due_at=row.due_at,
            status=CaseStatus(row.status).value,
            version=row.version,
            two_person=row.two_person,
        )
