"""Proposals that are void: whoever made them has left, lost the role, or is too near by now.

Asked when somebody would confirm; and swept with each round of the queue, so that a case does not
go on saying that it waits for a second person while it waits for a first.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from alumni_sync.domain import CaseStatus, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.queue_tables import Approval
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.review.people.authority import Act, Authority
from alumni_sync.review.people.interests import authority_now, refuse_interested
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.rulings import approvals
from alumni_sync.review.rulings.ruled import NO_END
from alumni_sync.review.rulings.steps import SYSTEM

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

PROPOSAL_VOID: Final = "proposal_void"
"""The event of a case that waits for a first person again; it does not say who has gone."""

_APPROVALS: Final = t(Approval)
_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)


def why_void(
    d: "Deployment",
    connection: Connection,
    proposal: Row[Any],
    case: Row[Any],
    authority: Authority,
) -> str:
    """Return why a proposal on a case is void; "" while whoever made it could make it now."""
    if why := approvals.lapsed(proposal, authority, Act.PROPOSE, case.source):
        return why
    try:
        refuse_interested(d, connection, Identity(proposal.first_by, verified=True), case)
    except Refused:
        return f"what {proposal.first_by} proposed is void: the case is not theirs to rule on"
    return ""


def take_up_void(d: "Deployment", run_id: str) -> int:
    """Let cases wait for a first person again whose first has left or lost the role.

    Whoever may be the first is told anew. Looks at no case while nobody has.
    """
    now = d.clock.now()
    with d.ledger.read() as connection:
        gone = list(_who_may_no_more(d, connection, authority_now(d, connection)))
    return sum(_let_wait(d, user, source, now, run_id) for user, source in gone)


def _who_may_no_more(
    d: "Deployment", connection: Connection, authority: Authority
) -> Iterator[tuple[str, str]]:
    """Yield user and source of proposals that wait and would not be taken now."""
    waits = (_APPROVALS.c.second_by.is_(None), _APPROVALS.c.subject.startswith("EX-"))
    query = select(_APPROVALS.c.first_by).where(*waits).distinct()
    for user in connection.execute(query).scalars():
        for source in d.settings.sources:
            if not authority.may(Identity(user, verified=True), Act.PROPOSE, source).allowed:
                yield user, source


def _let_wait(d: "Deployment", user: str, source: str, now: datetime, run_id: str) -> int:
    awaits = _CASES.c.status == CaseStatus.AWAITING_SECOND.value
    with d.ledger.read() as connection:
        rows = connection.execute(select(_CASES).where(_CASES.c.source == source, awaits)).all()
        void = [row for row in rows if _proposed_by(connection, row, user)]
    if not void:
        return 0
    with d.ledger.write() as connection:
        return sum(_begin_anew(connection, row, now, run_id) for row in void)


def _begin_anew(connection: Connection, row: Row[Any], now: datetime, run_id: str) -> bool:
    """Open a case again for a first person, unless somebody changed it meanwhile."""
    version = row.version + 1
    values = {
        "status": CaseStatus.OPEN.value,
        "version": version,
        "reminded_at": None,
        "escalated_at": None,
        **NO_END,
    }
    this = (_CASES.c.id == row.id, _CASES.c.version == row.version)
    if not connection.execute(update(_CASES).where(*this).values(values)).rowcount:
        return False
    connection.execute(
        insert(_EVENTS).values(
            case_id=row.id,
            person_id=row.person_id,
            version=version,
            event=PROPOSAL_VOID,
            at=now,
            actor=SYSTEM,
            verified=True,
            run_id=run_id,
        )
    )
    return True


def _proposed_by(connection: Connection, row: Row[Any], user: str) -> bool:
    proposal = approvals.pending(connection, case_number(row.id), row.version)
    return proposal is not None and proposal.first_by == user
