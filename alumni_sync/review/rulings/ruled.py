"""Writing a ruling down: the case, its history and the approval, in the caller's transaction."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, update

from alumni_sync.domain import CaseStatus, Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.review.queue.deadlines import deadlines, end_of_day
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.rulings import approvals
from alumni_sync.review.rulings.steps import NO_TERMS, Step, Terms

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

NO_END: Final[dict[str, date | datetime | None]] = {"admitted_until": None, "lapses_at": None}
"""The columns of a case that is not, or no more, admitted until a day."""

FARTHEST: Final = timedelta(days=36_525)
"""A last day beyond a working life is a typing error, and past what a calendar can reckon."""

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants what of which case.

    Attributes:
        case: its id in the ledger.
        ruling: None takes a ruling up again.
        version: what they have seen; None: the case as it is now.
    """

    case: int
    ruling: Ruling | None
    reason: str
    identity: Identity
    run_id: str
    at: datetime
    version: int | None = None
    terms: Terms = NO_TERMS


def record_step(
    d: "Deployment", connection: Connection, asked: Asked, row: Row[Any], step: Step
) -> date | None:
    """Write down a step; return the last day of the admission that it makes or proposes.

    Raises:
        Refused: the last day is over, or another than the first of two proposed; or somebody else
            was faster.
    """
    number, version, act = case_number(row.id), row.version + 1, str(asked.ruling)
    until = _until(d, asked, row, step)
    if step.second:
        approvals.confirm(connection, number, row.version, act, asked.identity, at=asked.at)
    values: dict[str, Any] = {"status": step.status.value, "version": version, **NO_END}
    if step.status is CaseStatus.REOPENED:
        values |= {**deadlines(d, row.source, asked.at), "closed_at": None}
    elif step.status is CaseStatus.AWAITING_SECOND:
        values["admitted_until"] = until
        approvals.propose(
            connection, number, version, act, asked.identity, reason=asked.reason, at=asked.at
        )
    else:
        values |= {"closed_at": asked.at, **_ends(d, row.source, until)}
    this = (_CASES.c.id == row.id, _CASES.c.version == row.version)
    if not connection.execute(update(_CASES).where(*this).values(values)).rowcount:
        raise Refused(f"{number}: somebody else was faster, look at it again")
    connection.execute(
        insert(_EVENTS).values(
            case_id=row.id,
            person_id=row.person_id,
            version=version,
            event=step.event,
            at=asked.at,
            actor=asked.identity.user,
            verified=asked.identity.verified,
            reason=asked.reason,
            run_id=asked.run_id,
            bulk=asked.terms.bulk,
            until=until,
        )
    )
    return until


def _until(d: "Deployment", asked: Asked, row: Row[Any], step: Step) -> date | None:
    """Return the last day of the admission; the second of two takes over what the first said."""
    if asked.ruling is not Ruling.ADMIT:
        return None
    if step.second:
        proposed: date | None = row.admitted_until
        if asked.terms.until not in {None, proposed}:
            said = f"until {proposed}" if proposed else "without an end"
            raise Refused(f"{case_number(row.id)} was proposed {said}: confirm that, or nothing")
        until = proposed
    else:
        until = asked.terms.until
    if until is not None and until - asked.at.date() > FARTHEST:
        raise Refused(f"{until} is too far away: an admission without an end has no last day")
    if until is not None and _ends(d, row.source, until)["lapses_at"] <= asked.at:
        raise Refused(f"{until} is over: an admission ends on a day that is still to come")
    return until


def _ends(d: "Deployment", source: str, until: date | None) -> dict[str, Any]:
    """Return the columns that say when an admission ends."""
    if until is None:
        return dict(NO_END)
    known = d.settings.sources.get(source)
    if known is None:
        raise Refused(f"{source} was taken out: without its calendar nobody is admitted to a day")
    return {"admitted_until": until, "lapses_at": end_of_day(until, known)}
