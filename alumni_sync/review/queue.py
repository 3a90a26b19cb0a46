"""The exclusion queue follows the rules: cases open, reopen and close by what was judged.

Only `excluded` and `review` are cases; they are proposals, and a person rules. A ruling holds for
the rules that spoke and the facts that they looked at (the basis); another basis reopens the case,
and until it is ruled on again the person is out. What happened before stays as events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from alumni_sync.bulk import bulk_work
from alumni_sync.deployment import Deployment
from alumni_sync.domain import TWO_PERSON_KINDS, CaseStatus
from alumni_sync.eligibility.decisions import decisions_by_id
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.ledger.upsert import insert_ignore, insert_rows
from alumni_sync.review.deadlines import due_at
from alumni_sync.review.selection import (
    WAITING,
    no_longer_adverse,
    on_another_basis,
    out_of_time,
    pages,
    values_of,
    without_case,
)

SYSTEM: Final = "system"
"""The actor of what nobody did but the rules or the calendar."""

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What the queue did, and how it stands now (`open`, `overdue`)."""

    open: int
    overdue: int
    opened: int
    reopened: int
    closed: int
    expired: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases on which somebody has to rule, and how many of them are late."""

    open: int
    overdue: int


def count_waiting(d: Deployment) -> Waiting:
    """Return how many cases wait for a ruling now."""
    late = func.count().filter(_CASES.c.due_at < d.clock.now())
    query = select(func.count(), late).where(_CASES.c.status.in_(values_of(WAITING)))
    with d.ledger.read() as connection:
        open_, overdue = connection.execute(query).one()
    return Waiting(open_, overdue)


@bulk_work()
def sync_queue(d: Deployment, run_id: str) -> QueueCounts:
    """Bring the queue in line with the verdicts that stand.

    Without changes it writes nothing. Safe to run twice at once.
    """
    now = d.clock.now()
    opened = sum(_open_cases(d, rows, now, run_id) for rows in pages(d.ledger, without_case()))
    reopened = sum(_renew(d, rows, now, run_id) for rows in pages(d.ledger, on_another_basis()))
    closed = sum(
        _end(d, rows, CaseStatus.CLOSED, now, run_id)
        for rows in pages(d.ledger, no_longer_adverse())
    )
    expired = sum(
        _end(d, rows, CaseStatus.EXPIRED, now, run_id) for rows in pages(d.ledger, out_of_time(now))
    )
    waiting = count_waiting(d)
    return QueueCounts(waiting.open, waiting.overdue, opened, reopened, closed, expired)


def _open_cases(d: Deployment, rows: Sequence[Row[Any]], now: datetime, run_id: str) -> int:
    """Open a case for each of these spells; return how many there were."""
    two_person = _two_person(d, rows)
    due = {source: _due(d, source, now) for source in {row.source for row in rows}}
    cases = [
        {
            **_grounds(row, two_person),
            "spell_id": row.spell_id,
            "person_id": row.person_id,
            "source": row.source,
            "status": CaseStatus.OPEN.value,
            "version": 1,
            "opened_at": now,
            "due_at": due[row.source],
        }
        for row in rows
    ]
    with d.ledger.write() as connection:
        insert_ignore(connection, _CASES, cases, key=("spell_id",))
        untold = select(_CASES.c.id, _CASES.c.person_id).where(
            _CASES.c.spell_id.in_([row.spell_id for row in rows]),
            ~exists().where(_EVENTS.c.case_id == _CASES.c.id),
        )
        fresh = connection.execute(untold).all()
        events = [_event(row.id, row.person_id, 1, "opened", now, run_id) for row in fresh]
        insert_rows(connection, _EVENTS, events)
    return len(events)


def _renew(d: Deployment, rows: Sequence[Row[Any]], now: datetime, run_id: str) -> int:
    """Put the cases on their new basis; return how many had been ruled on or closed."""
    two_person = _two_person(d, rows)
    reopened = 0
    with d.ledger.write() as connection:
        for row in rows:
            values: dict[str, Any] = {**_grounds(row, two_person), "version": row.version + 1}
            over = row.status not in values_of(WAITING)
            if over:
                values |= {
                    "status": CaseStatus.REOPENED.value,
                    "opened_at": now,
                    "due_at": _due(d, row.source, now),
                    "closed_at": None,
                }
            elif row.status == CaseStatus.AWAITING_SECOND.value:
                values["status"] = CaseStatus.OPEN.value  # the first ruled on other facts
            event = "reopened" if over else "changed"
            if _change(connection, row, values, event, now, run_id):
                reopened += over
    return reopened


def _end(
    d: Deployment, rows: Sequence[Row[Any]], status: CaseStatus, now: datetime, run_id: str
) -> int:
    """Close or expire these cases; return how many."""
    with d.ledger.write() as connection:
        return sum(
            _change(
                connection,
                row,
                {"status": status.value, "version": row.version + 1, "closed_at": now},
                status.value,
                now,
                run_id,
            )
            for row in rows
        )


def _change(
    connection: Connection,
    row: Row[Any],
    values: dict[str, Any],
    event: str,
    now: datetime,
    run_id: str,
) -> bool:
    """Change a case and say so in its history, unless somebody else changed it meanwhile."""
    this = (_CASES.c.id == row.id, _CASES.c.version == row.version)
    if not connection.execute(update(_CASES).where(*this).values(values)).rowcount:
        return False
    told = _event(row.id, row.person_id, row.version + 1, event, now, run_id)
    connection.execute(insert(_EVENTS).values(told))
    return True


def _event(
    case: int, person: str, version: int, event: str, now: datetime, run_id: str
) -> dict[str, Any]:
    return {
        "case_id": case,
        "person_id": person,
        "version": version,
        "event": event,
        "at": now,
        "actor": SYSTEM,
        "verified": True,
        "reason": "",
        "run_id": run_id,
    }


def _grounds(row: Row[Any], two_person: frozenset[int]) -> dict[str, Any]:
    """Return what a case takes over from the decision that it is about."""
    return {
        "decision_id": row.decision_id,
        "basis": row.basis,
        "verdict": row.verdict,
        "two_person": row.decision_id in two_person,
    }


def _two_person(d: Deployment, rows: Sequence[Row[Any]]) -> frozenset[int]:
    """Return the decisions on which two people must rule; one that cannot be read is such a one."""
    ids = [row.decision_id for row in rows]
    opened = decisions_by_id(d.ledger, ids)
    grave = {kind.value for kind in TWO_PERSON_KINDS}
    return frozenset(
        one for one in ids if one not in opened or opened[one].facts.get("exit_kind") in grave
    )


def _due(d: Deployment, source: str, now: datetime) -> datetime:
    """Return when a case is due; without a calendar (a source that was taken out) in a week."""
    known = d.settings.sources.get(source)
    return due_at(now, known) if known is not None else now + timedelta(days=7)
