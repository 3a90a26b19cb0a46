"""What somebody may do with a case as it stands: asked before a page offers it, and only for that.

Whoever acts is asked again where it is carried out; here nothing is decided and nothing written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, select

from alumni_sync.domain import CaseStatus, Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Case, t
from alumni_sync.review.people.interests import authority_now, refuse_interested
from alumni_sync.review.queue.numbering import case_id
from alumni_sync.review.rulings import approvals
from alumni_sync.review.rulings.steps import CaseState, Step, next_step, reopening
from alumni_sync.review.rulings.void import why_void

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_CASES: Final = t(Case)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the first of two has said, while the second is awaited."""

    ruling: Ruling
    by: str
    at: datetime
    reason: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Offers:
    """What somebody may do now.

    Attributes:
        rulings: what they may rule.
        reopen: whether they may take the ruling up again.
        proposal: what waits for a second; None for nothing.
        refusals: ruling → why not, for the rulings that are not theirs.
    """

    rulings: tuple[Ruling, ...] = ()
    reopen: bool = False
    proposal: Proposed | None = None
    refusals: Mapping[Ruling, str] = field(default_factory=dict)


def offers(d: "Deployment", case: str, identity: Identity) -> Offers:
    """Return what somebody may do with a case; nothing where there is none."""
    with d.ledger.read() as connection:
        row = connection.execute(select(_CASES).where(_CASES.c.id == case_id(case))).first()
        if row is None:
            return Offers()
        waiting = approvals.pending(connection, case, row.version)
        authority = authority_now(d, connection)
        if waiting and why_void(d, connection, waiting, row, authority):
            waiting = None
        proposal = _proposal(waiting, row) if waiting is not None else None
        state = CaseState(
            CaseStatus(row.status), row.two_person, proposal.ruling if proposal else None
        )
        steps = {ruling: step for ruling in Ruling if (step := next_step(state, ruling))}
        refusals = {
            ruling: why
            for ruling, step in steps.items()
            if (why := _refusal(d, connection, identity, row, step, proposal))
        }
        again = reopening(state)
        reopen = again is not None and not _refusal(d, connection, identity, row, again, None)
    return Offers(
        rulings=tuple(ruling for ruling in steps if ruling not in refusals),
        reopen=reopen,
        proposal=proposal,
        refusals=refusals,
    )


def _proposal(waiting: Row[Any], row: Row[Any]) -> Proposed:
    return Proposed(
        Ruling(waiting.act),
        waiting.first_by,
        waiting.first_at,
        waiting.reason,
        row.admitted_until,
    )


def _refusal(
    d: "Deployment",
    connection: Connection,
    identity: Identity,
    row: Row[Any],
    step: Step,
    proposal: Proposed | None,
) -> str:
    """Return why somebody may not make a step; "" where they may."""
    if step.second and proposal is not None and proposal.by == identity.user:
        return f"{identity.user} proposed it: the second must be another person"
    try:
        authority_now(d, connection).require(identity, step.act, row.source)
        refuse_interested(d, connection, identity, row)
    except Refused as refused:
        return str(refused)
    return ""
