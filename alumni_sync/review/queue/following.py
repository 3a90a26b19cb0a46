"""The exclusion queue follows the rules: cases open, reopen and close by what was judged.

Only `excluded` and `review` are cases; they are proposals, and a person rules. A ruling holds for
the rules that spoke and the facts that they looked at (the basis); another basis reopens the case,
with what changed, and until it is ruled on again the person is out. So does the end of an admission
that was made until a day. What happened before stays as events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from alumni_sync.bulk import bulk_work
from alumni_sync.deployment import Deployment
from alumni_sync.domain import TWO_PERSON_KINDS, CaseStatus
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.eligibility.judging.records import DecisionRecord
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.ledger.upsert import insert_ignore, insert_rows
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.review.queue.changes import Changes, changes_between
from alumni_sync.review.queue.deadlines import deadlines
from alumni_sync.review.queue.rule_index import index_rules
from alumni_sync.review.queue.selection import (
    WAITING,
    admission_over,
    no_longer_adverse,
    on_another_basis,
    out_of_time,
    pages,
    values_of,
    without_case,
)
from alumni_sync.review.rulings.ruled import NO_END
from alumni_sync.review.rulings.steps import ADMISSION_ENDED, SYSTEM
from alumni_sync.review.rulings.void import take_up_void

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
    reopened += sum(_lapse(d, rows, now, run_id) for rows in pages(d.ledger, admission_over(now)))
    closed = sum(
        _end(d, rows, CaseStatus.CLOSED, now, run_id)
        for rows in pages(d.ledger, no_longer_adverse())
    )
    expired = sum(
        _end(d, rows, CaseStatus.EXPIRED, now, run_id) for rows in pages(d.ledger, out_of_time(now))
    )
    take_up_void(d, run_id)
    waiting = count_waiting(d)
    return QueueCounts(waiting.open, waiting.overdue, opened, reopened, closed, expired)


def _open_cases(d: Deployment, rows: Sequence[Row[Any]], now: datetime, run_id: str) -> int:
    """Open a case for each of these spells; return how many there were."""
    opened = decisions_by_id(d.ledger, [row.decision_id for row in rows])
    due = {source: deadlines(d, source, now) for source in {row.source for row in rows}}
    cases = [
        {
            **_grounds(row, opened.get(row.decision_id)),
            **due[row.source],
            "spell_id": row.spell_id,
            "person_id": row.person_id,
            "source": row.source,
            "status": CaseStatus.OPEN.value,
            "version": 1,
        }
        for row in rows
    ]
    with d.ledger.write() as connection:
        insert_ignore(connection, _CASES, cases, key=("spell_id",))
        untold = select(_CASES.c.id, _CASES.c.person_id, _CASES.c.decision_id).where(
            _CASES.c.spell_id.in_([row.spell_id for row in rows]),
            ~exists().where(_EVENTS.c.case_id == _CASES.c.id),
        )
        fresh = connection.execute(untold).all()
        events = [_event(row.id, row.person_id, 1, "opened", now, run_id) for row in fresh]
        insert_rows(connection, _EVENTS, events)
        rules = {row.id: _rules(opened.get(row.decision_id)) for row in fresh}
        index_rules(connection, d.ledger.hashes, rules)
    return len(events)


def _renew(d: Deployment, rows: Sequence[Row[Any]], now: datetime, run_id: str) -> int:
    """Put the cases on their new basis; return how many had been ruled on or closed."""
    both = [row.decision_id for row in rows] + [row.ruled_on for row in rows]
    opened = decisions_by_id(d.ledger, both)
    ring = d.ledger.vault.load(row.person_id for row in rows)
    reopened = 0
    with d.ledger.write() as connection:
        for row in rows:
            decision = opened.get(row.decision_id)
            values: dict[str, Any] = {**_grounds(row, decision), **NO_END}
            over = row.status not in values_of(WAITING)
            if over:
                values |= _waits_anew(d, row, now)
            elif row.status == CaseStatus.AWAITING_SECOND.value:
                values["status"] = CaseStatus.OPEN.value  # the first ruled on other facts
            told = _told(row, opened.get(row.ruled_on), decision, ring)
            event = "reopened" if over else "changed"
            if _change(connection, row, values, event, now, run_id, told):
                index_rules(connection, d.ledger.hashes, {row.id: _rules(decision)})
                reopened += over
    return reopened


def _lapse(d: Deployment, rows: Sequence[Row[Any]], now: datetime, run_id: str) -> int:
    """Reopen cases that were admitted until a day; return how many."""
    told = {"reason": ADMISSION_ENDED}
    with d.ledger.write() as connection:
        return sum(
            _change(
                connection,
                row,
                {**_waits_anew(d, row, now), **NO_END},
                "reopened",
                now,
                run_id,
                told,
            )
            for row in rows
        )


def _end(
    d: Deployment, rows: Sequence[Row[Any]], status: CaseStatus, now: datetime, run_id: str
) -> int:
    """Close or expire these cases; return how many."""
    values = {"status": status.value, "closed_at": now, **NO_END}
    with d.ledger.write() as connection:
        return sum(_change(connection, row, values, status.value, now, run_id) for row in rows)


def _waits_anew(d: Deployment, row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return the columns of a case on which somebody has to rule again, from now on."""
    status = CaseStatus.REOPENED.value
    return {"status": status, "closed_at": None, **deadlines(d, row.source, now)}


def _change(
    connection: Connection,
    row: Row[Any],
    values: Mapping[str, Any],
    event: str,
    now: datetime,
    run_id: str,
    told: Mapping[str, Any] | None = None,
) -> bool:
    """Change a case and say so in its history, unless somebody else changed it meanwhile.

    Args:
        connection: of a write transaction.
        row: the case as it was read.
        values: its new columns.
        event: what happened, for the history.
        now: when.
        run_id: of which run.
        told: columns of the event that say more: why, and what changed.
    """
    this = (_CASES.c.id == row.id, _CASES.c.version == row.version)
    changed = update(_CASES).where(*this).values(**values, version=row.version + 1)
    if not connection.execute(changed).rowcount:
        return False
    said = _event(row.id, row.person_id, row.version + 1, event, now, run_id)
    connection.execute(insert(_EVENTS).values({**said, **(told or {})}))
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


def _grounds(row: Row[Any], decision: DecisionRecord | None) -> dict[str, Any]:
    """Return what a case takes over from the decision that it is about.

    One that cannot be read takes two people: it might be the gravest. So does a kind that cannot.
    """
    grave = {None, *(kind.value for kind in TWO_PERSON_KINDS)}
    return {
        "decision_id": row.decision_id,
        "basis": row.basis,
        "verdict": row.verdict,
        "two_person": decision is None or decision.facts.get("exit_kind") in grave,
    }


def _rules(decision: DecisionRecord | None) -> tuple[str, ...]:
    return decision.judgement.rules if decision else ()


def _told(
    row: Row[Any], before: DecisionRecord | None, now: DecisionRecord | None, ring: KeyRing
) -> dict[str, Any]:
    """Return what the history says of new facts: their names, and sealed what they were and are."""
    if before is None or now is None:
        return {}
    changes: Changes = changes_between(before, now)
    sealed = ring.seal_json(row.person_id, KeyKind.EVIDENCE, _EVENTS.name, changes.plain())
    return {"reason": changes.reason, "changed": changes.names, "sealed": sealed}
