"""Rulings on cases: each is applied exactly once, by somebody who may, on what they have seen.

A ticket (from a link) or a case number (from the command line, where the operating system says who
acts) names the case. What a second attempt repeats is no fault: it is told so and changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import CaseStatus, Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Case, CaseEvent, t
from alumni_sync.review.people.authority import Authority, Permit
from alumni_sync.review.people.interests import authority_now, refuse_interested
from alumni_sync.review.queue.numbering import case_id, case_number
from alumni_sync.review.rulings import approvals
from alumni_sync.review.rulings.comments import keep_words
from alumni_sync.review.rulings.ruled import Asked, record_step
from alumni_sync.review.rulings.steps import (
    NO_TERMS,
    REASONS,
    REOPEN_REASONS,
    CaseState,
    Step,
    Terms,
    events_of,
    next_step,
    reopening,
)
from alumni_sync.review.rulings.tickets import verify
from alumni_sync.review.rulings.void import why_void

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)

_FOLLOWS: Final = (
    "in the next round the person is asked, or a member is visible again, "
    "if nothing else speaks against it"
)
_SAID: Final = {
    CaseStatus.ADMITTED: f"is admitted: {_FOLLOWS}",
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


def rule_case(
    d: Deployment,
    *,
    reason: str,
    identity: Identity,
    run_id: str,
    ticket: str | None = None,
    case: str | None = None,
    ruling: Ruling | None = None,
    terms: Terms = NO_TERMS,
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
        terms: until when an admission holds, the reviewer's words, whether it is one of several.
            With a ticket, the ticket's last day counts.

    Raises:
        Refused: ticket, role, reason, version or state do not allow it; nothing was changed.
    """
    now = d.clock.now()
    if ticket is not None:
        made = verify(d.ledger.hashes, ticket, now=now, user=identity.user)
        if made.act not in set(Ruling):
            raise Refused("the ticket is for something else")
        if ruling not in {None, Ruling(made.act)}:
            raise Refused(f"the ticket is for another ruling: {made.act}")
        number, ruling, version = case_id(made.subject), Ruling(made.act), made.version
        terms = replace(terms, until=made.until, bulk=terms.bulk or made.bulk)
    elif case is not None and ruling is not None:
        number, version = case_id(case), None
    else:
        raise Refused("a ruling needs a ticket, or a case and what to do with it")
    if reason not in REASONS[ruling]:
        raise Refused(f"to {ruling}, give one of: {', '.join(REASONS[ruling])}")
    if terms.until is not None and ruling is not Ruling.ADMIT:
        raise Refused("only an admission has a last day")
    return _apply(d, Asked(number, ruling, reason, identity, run_id, now, version, terms))


def reopen_case(
    d: Deployment,
    *,
    case: str,
    reason: str,
    identity: Identity,
    run_id: str,
    comment: str = "",
    version: int | None = None,
) -> RulingResult:
    """Take a ruling up again; a member is hidden at once, until somebody rules anew.

    Args:
        d: the open deployment.
        case: its number.
        reason: a code of `REOPEN_REASONS`.
        identity: who takes it up.
        run_id: kept with the event.
        comment: their words, kept sealed.
        version: of the case that they have seen; None: as it is now.

    Raises:
        Refused: role, reason, version or state do not allow it; nothing was changed.
    """
    if reason not in REOPEN_REASONS:
        raise Refused(f"to reopen, give one of: {', '.join(REOPEN_REASONS)}")
    now, terms = d.clock.now(), Terms(comment=comment)
    return _apply(d, Asked(case_id(case), None, reason, identity, run_id, now, version, terms))


def _apply(d: Deployment, asked: Asked) -> RulingResult:
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
        authority = authority_now(d, connection)
        step, void = _step(d, connection, asked, row, authority)
        refuse_interested(d, connection, asked.identity, row)
        permit = authority.may(asked.identity, step.act, row.source)
        if not permit.allowed:
            raise _not_allowed(permit, void)
        keep_words(d, connection, row, asked.identity, asked.terms.comment)
        until = record_step(d, connection, asked, row, step)
    sentence = _sentence(number, asked, step, until) + (approvals.ANOTHER_IS_VOID if void else "")
    return RulingResult(number, step.status, applied=True, sentence=sentence)


def _not_allowed(permit: Permit, void: str) -> Refused:
    """Return the refusal of a step; with why a proposal is void, where that is why it is asked."""
    outside = permit.outside or permit.why
    if not void:
        return Refused(permit.why, outside=outside)
    return Refused(f"{permit.why}; {void}", outside=outside + approvals.ANOTHER_IS_VOID)


def _case(connection: Connection, number: int) -> Row[Any] | None:
    """Return a case, kept for this transaction: whoever comes second reads what the first did."""
    query = select(_CASES).where(_CASES.c.id == number).with_for_update()
    return connection.execute(query).first()


def _is_repeated(connection: Connection, asked: Asked, row: Row[Any]) -> bool:
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
    if asked.terms.until is not None:
        done = done.where(_EVENTS.c.until == asked.terms.until)  # another day is another ruling
    return connection.execute(done).first() is not None


def _step(
    d: Deployment, connection: Connection, asked: Asked, row: Row[Any], authority: Authority
) -> tuple[Step, str]:
    """Return the step that is asked for, and why a proposal of before is void; "" where it is not.

    Raises:
        Refused: the case does not allow it.
    """
    number = case_number(row.id)
    state = CaseState(CaseStatus(row.status), row.two_person)
    if asked.ruling is None:
        step = reopening(state)
        if step is None:
            raise Refused(f"{number} is {row.status}: there is no ruling to take up again")
        return step, ""
    proposal = approvals.pending(connection, number, row.version)
    void = why_void(d, connection, proposal, row, authority) if proposal else ""
    if proposal is not None and not void:
        state = replace(state, proposed=Ruling(proposal.act))
    step = next_step(state, asked.ruling)
    if step is None:
        raise Refused(f"{number} is {row.status} already: reopen it first")
    return step, void


def _sentence(number: str, asked: Asked, step: Step, until: date | None) -> str:
    if step.status is CaseStatus.AWAITING_SECOND:
        ends = f" until {until}" if until else ""
        return f"{number} waits for a second person to {asked.ruling} it{ends}"
    if until is not None:
        return f"{number} is admitted until {until}: {_FOLLOWS}"
    return f"{number} {_SAID[step.status]}"
