"""Rulings on cases: each is applied exactly once, by somebody who may, on what they have seen.

A ticket (from a link) or a case number (from the command line, where the operating system says who
acts) names the case. What a second attempt repeats is no fault: it is told so and changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from alumni_sync.deployment import Deployment
from alumni_sync.domain import CaseStatus, Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Case, CaseEvent, Person, t
from alumni_sync.review import approvals
from alumni_sync.review.authority import Authority
from alumni_sync.review.deadlines import due_at
from alumni_sync.review.numbering import case_id, case_number
from alumni_sync.review.steps import (
    REASONS,
    REOPEN_REASONS,
    CaseState,
    Step,
    events_of,
    next_step,
    reopening,
)
from alumni_sync.review.tickets import verify

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)
_PEOPLE: Final = t(Person)

_SAID: Final = {
    CaseStatus.ADMITTED: "is admitted: the person is invited in the next round",
    CaseStatus.UPHELD: "is upheld: the person stays out",
    CaseStatus.REOPENED: "is open again: until somebody rules, the person is out",
}


@dataclass(frozen=True, slots=True)
class RulingResult:
    """What became of a ruling.

    Attributes:
        case: its number.
        applied: whether this call changed anything; a repeated one does not.
        sentence: what happened, for people; names nobody.
    """

    case: str
    status: CaseStatus
    applied: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who wants what of which case; `version` is what they have seen, None: as it is now."""

    case: int
    ruling: Ruling | None
    reason: str
    identity: Identity
    run_id: str
    at: datetime
    version: int | None = None


def rule_case(
    d: Deployment,
    *,
    reason: str,
    identity: Identity,
    run_id: str,
    ticket: str | None = None,
    case: str | None = None,
    ruling: Ruling | None = None,
) -> RulingResult:
    """Rule on a case, or be the first or second of two.

    Args:
        d: the open deployment.
        reason: a code of the closed list for the ruling.
        identity: who rules.
        run_id: kept with the event.
        ticket: names case, version and ruling; for everything that came by a link.
        case: its number, with `ruling`; only where the caller itself knows who acts.
        ruling: what to do; with a ticket, it may only repeat what the ticket says.

    Raises:
        Refused: ticket, role, reason, version or state do not allow it; nothing was changed.
    """
    now = d.clock.now()
    if ticket is not None:
        made = verify(d.ledger.hashes, ticket, now=now, user=identity.user)
        if made.act not in set(Ruling):
            raise Refused("the ticket is for something else")
        number, ruling, version = case_id(made.subject), Ruling(made.act), made.version
    elif case is not None and ruling is not None:
        number, version = case_id(case), None
    else:
        raise Refused("a ruling needs a ticket, or a case and what to do with it")
    if reason not in REASONS[ruling]:
        raise Refused(f"to {ruling}, give one of: {', '.join(REASONS[ruling])}")
    return _apply(d, _Asked(number, ruling, reason, identity, run_id, now, version))


def reopen_case(
    d: Deployment, *, case: str, reason: str, identity: Identity, run_id: str
) -> RulingResult:
    """Take a ruling up again; a member is hidden at once, until somebody rules anew.

    Raises:
        Refused: role, reason or state do not allow it; nothing was changed.
    """
    if reason not in REOPEN_REASONS:
        raise Refused(f"to reopen, give one of: {', '.join(REOPEN_REASONS)}")
    return _apply(d, _Asked(case_id(case), None, reason, identity, run_id, d.clock.now()))


def _apply(d: Deployment, asked: _Asked) -> RulingResult:
    """Find the step, check who makes it, and make it, in one transaction."""
    number = case_number(asked.case)
    with d.ledger.write() as connection:
        row = _case(connection, asked.case)
        if row is None:
            raise Refused(f"there is no case {number}")
        if _is_repeated(connection, asked, row):
            return RulingResult(
                number,
                CaseStatus(row.status),
                applied=False,
                sentence=f"{number}: this was done before, nothing changed",
            )
        if asked.version not in {None, row.version}:
            raise Refused(f"{number} has changed since: look at it again before ruling")
        step = _step(connection, asked, row)
        _check_authority(d, asked, row, step)
        _record(connection, d, asked, row, step)
    return RulingResult(number, step.status, applied=True, sentence=_sentence(number, asked, step))


def _case(connection: Connection, number: int) -> Row[Any] | None:
    query = (
        select(_CASES, _PEOPLE.c.employee_hash)
        .join(_PEOPLE, _PEOPLE.c.id == _CASES.c.person_id)
        .where(_CASES.c.id == number)
    )
    return connection.execute(query).first()


def _is_repeated(connection: Connection, asked: _Asked, row: Row[Any]) -> bool:
    """Say whether this very person has made this very ruling, on what they have seen."""
    if asked.ruling is None:
        return False
    seen = asked.version if asked.version is not None else row.version - 1
    done = select(_EVENTS.c.id).where(
        _EVENTS.c.case_id == asked.case,
        _EVENTS.c.version == seen + 1,
        _EVENTS.c.actor == asked.identity.user,
        _EVENTS.c.event.in_(events_of(asked.ruling)),
    )
    return connection.execute(done).first() is not None


def _step(connection: Connection, asked: _Asked, row: Row[Any]) -> Step:
    """Return the step that is asked for; raises `Refused` where the case does not allow it."""
    number = case_number(row.id)
    state = CaseState(CaseStatus(row.status), row.two_person)
    if asked.ruling is None:
        step = reopening(state)
        if step is None:
            raise Refused(f"{number} is {row.status}: there is no ruling to take up again")
        return step
    proposal = approvals.pending(connection, number, row.version)
    if proposal is not None:
        state = replace(state, proposed=Ruling(proposal.act))
    step = next_step(state, asked.ruling)
    if step is None:
        raise Refused(f"{number} is {row.status} already: reopen it first")
    return step


def _check_authority(d: Deployment, asked: _Asked, row: Row[Any], step: Step) -> None:
    """Refuse whoever has not the role, and everybody on their own case."""
    authority = Authority.of(d.settings)
    authority.require(asked.identity, step.act, row.source)
    person = authority.person(asked.identity.user)
    if person is not None and person.employee is not None:
        source, _, employee = person.employee.partition("/")
        if d.ledger.hashes.digest("employee", source, employee) == row.employee_hash:
            raise Refused("nobody rules on their own case")


def _record(
    connection: Connection, d: Deployment, asked: _Asked, row: Row[Any], step: Step
) -> None:
    """Write case, history and approval; whoever was faster wins, the other is told."""
    number, version = case_number(row.id), row.version + 1
    if step.second:
        approvals.confirm(
            connection, number, row.version, str(asked.ruling), asked.identity, at=asked.at
        )
    values: dict[str, Any] = {"status": step.status.value, "version": version}
    if step.status is CaseStatus.REOPENED:
        due = due_at(asked.at, d.settings.sources[row.source])
        values |= {"opened_at": asked.at, "due_at": due, "closed_at": None}
    elif step.status is CaseStatus.AWAITING_SECOND:
        approvals.propose(
            connection,
            number,
            version,
            str(asked.ruling),
            asked.identity,
            reason=asked.reason,
            at=asked.at,
        )
    else:
        values["closed_at"] = asked.at
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
        )
    )


def _sentence(number: str, asked: _Asked, step: Step) -> str:
    if step.status is CaseStatus.AWAITING_SECOND:
        return f"{number} waits for a second person to {asked.ruling} it"
    return f"{number} {_SAID[step.status]}"
