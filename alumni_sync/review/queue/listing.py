"""The queue as lists: in pages by case number, and as a stream of pages. No name, no fact.

A page walks along an index for each status and source, and reads no more rows than it shows and
one: fifty thousand cases that wait cost a page as much as fifty do.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, select, union_all

from alumni_sync.deployment import Deployment
from alumni_sync.domain import CaseStatus
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.ledger.queue_tables import CaseRule
from alumni_sync.ledger.tables import Case, t
from alumni_sync.review.queue.deadlines import last_day
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.queue.rule_index import rule_hash
from alumni_sync.review.queue.selection import PAGE, WAITING, values_of

_CASES: Final = t(Case)
_RULES: Final = t(CaseRule)
_WAITING: Final = frozenset(values_of(WAITING))
_MOST_WALKS: Final = 120
"""Of one statement; more sources than that are read as one list of names."""


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """One case, as every list shows it (`queue list --json`).

    Attributes:
        rules: ids of the rules that decided or could not be decided.
        opened_at: when it was opened, or reopened last.
        due_on: the civil day, at the source's site, at whose end it is due.
        admitted_until: the last day on which an admission holds, or would hold once a second
            confirms it; None: no end.
    """

    case: str
    source: str
    verdict: str
    rules: tuple[str, ...]
    opened_at: datetime
    due_at: datetime
    due_on: date
    status: str
    version: int
    two_person: bool
    admitted_until: date | None = None

    @property
    def waits(self) -> bool:
        """Say whether somebody still has to rule."""
        return self.status in _WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases a list is about; what is left out lets everything through.

    Attributes:
        sources: only of these; None for all.
        rule: id of a rule that speaks in the case.
        status: only this one.
        waiting: only those on which somebody has to rule.
        awaiting_second: only those on which one of two has ruled.
        overdue: only those that wait and are late.
        older_than: only those opened, or reopened, at least so long ago.
    """

    sources: frozenset[str] | None = None
    rule: str = ""
    status: CaseStatus | None = None
    waiting: bool = False
    awaiting_second: bool = False
    overdue: bool = False
    older_than: timedelta | None = None

    def statuses(self) -> list[CaseStatus]:
        """Return the statuses that every wish allows."""
        return [
            status
            for status in CaseStatus
            if self.status in {None, status}
            and (status in WAITING or not (self.waiting or self.overdue))
            and (status is CaseStatus.AWAITING_SECOND or not self.awaiting_second)
        ]


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases by their number.

    Attributes:
        after: what to ask for the next page with; None on the last one.
    """

    cases: Sequence[CaseSummary] = field(default_factory=tuple)
    after: int | None = None


def list_cases(
    d: Deployment, *, filters: CaseFilter | None = None, after: int = 0, limit: int = PAGE
) -> CasePage:
    """Return a page of cases by their number.

    Args:
        d: the open deployment.
        filters: which; None for all there are.
        after: where the last page ended (the number without EX-); 0 for the first.
        limit: at most so many.
    """
    query = _page(d, filters or CaseFilter(), after, limit + 1)
    if query is None:
        return CasePage()
    with d.ledger.read() as connection:
        rows = _rows(connection, query)
    shown = rows[:limit]
    return CasePage(list(_summaries(d, shown)), shown[-1].id if len(rows) > limit else None)


def stream_cases(d: Deployment, filters: CaseFilter | None = None) -> Iterator[CaseSummary]:
    """Yield cases by their number, page by page, however many there are."""
    after: int | None = 0
    while after is not None:
        page = list_cases(d, filters=filters, after=after, limit=PAGE)
        yield from page.cases
        after = page.after


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


def _page(d: Deployment, filters: CaseFilter, after: int, limit: int) -> Select[Any] | None:
    """Return the query of a page; None where nothing can be in it."""
    statuses = values_of(filters.statuses())
    sources = None if filters.sources is None else sorted(filters.sources)
    if not statuses or sources == []:
        return None
    given = _conditions(d, filters, after)
    if filters.rule:
        return _of_rule(d, filters.rule, [*given, *_among(statuses, sources)], after, limit)
    if len(statuses) * len(sources or [""]) > _MOST_WALKS:
        return _ordered(select(_CASES).where(*given, *_among(statuses, sources)), limit)
    walks = [
        _ordered(select(_CASES.c.id).where(*given, *of), limit) for of in _walks(statuses, sources)
    ]
    ids = union_all(*(select(walk.subquery().c.id) for walk in walks)).subquery()
    first = select(ids.c.id).order_by(ids.c.id).limit(limit).subquery()
    return _ordered(select(_CASES).join(first, first.c.id == _CASES.c.id), limit)


def _conditions(d: Deployment, filters: CaseFilter, after: int) -> list[ColumnElement[bool]]:
    now = d.clock.now()
    given = [_CASES.c.id > after]
    if filters.overdue:
        given.append(_CASES.c.due_at < now)
    if filters.older_than is not None:
        given.append(_CASES.c.opened_at <= now - filters.older_than)
    return given


def _among(statuses: list[str], sources: list[str] | None) -> Iterator[ColumnElement[bool]]:
    yield _CASES.c.status.in_(statuses)
    if sources is not None:
        yield _CASES.c.source.in_(sources)


def _walks(
    statuses: list[str], sources: list[str] | None
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Yield what each walk along an index is about."""
    if sources is None:
        yield from ((_CASES.c.status == status,) for status in statuses)
        return
    for source, status in product(sources, statuses):
        yield _CASES.c.source == source, _CASES.c.status == status


def _of_rule(
    d: Deployment, rule: str, given: list[ColumnElement[bool]], after: int, limit: int
) -> Select[Any]:
    """Return a page of the cases in which a rule speaks, found by the rule."""
    of = (_RULES.c.rule_hash == rule_hash(d.ledger.hashes, rule), _RULES.c.case_id > after)
    query = select(_CASES).join(_RULES, _RULES.c.case_id == _CASES.c.id).where(*of, *given)
    return query.order_by(_RULES.c.case_id).limit(limit)


def _ordered(query: Select[Any], limit: int) -> Select[Any]:
    return query.order_by(_CASES.c.id).limit(limit)


def _rows(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


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
            due_on=last_day(d, row.source, row.due_at),
            status=CaseStatus(row.status).value,
            version=row.version,
            two_person=row.two_person,
            admitted_until=row.admitted_until,
        )
