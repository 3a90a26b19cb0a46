"""Requests to join, as HR works on them: seen with whom they may be about, matched or rejected.

A match lets nobody in. It gives an employment its contact basis and the address that was proven,
and asks back where an earlier question had ended; rules, cases and every gate stand as for anybody
else. Nothing is said to whoever asked: a match is followed by an invitation where the gates let one
through, and a rejection by silence, since any other answer would tell a stranger who tries names
whether somebody worked here, and why they are not asked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, RowMapping, Select, select

from alumni_sync.consent.answers.offers import masked
from alumni_sync.consent.joining.asking_back import Match, match, question_of
from alumni_sync.consent.joining.candidates import Candidate, candidates
from alumni_sync.consent.joining.join_requests import (
    JOIN,
    QUESTION,
    JoinState,
    Wanted,
    close,
    forget,
    is_suppressed,
    join_mail,
    move,
    open_wanted,
)
from alumni_sync.consent.lifecycle.positions import end_of_day
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import queue
from alumni_sync.consent.standing import SPELL
from alumni_sync.domain import LIVE_STATES, ConsentState, Facts, Identity
from alumni_sync.errors import Refused
from alumni_sync.intake.confirmed import take_confirmed
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Tombstone, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file, refuse_own_number

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

REJECTIONS: Final = ("not_found", "ambiguous", "works_here", "duplicate", "other")
ALREADY_MEMBER: Final = "already_member"
_ON_DESK: Final = (JoinState.PROVEN.value, JoinState.QUESTIONED.value)
_TOMBSTONE: Final = t(Tombstone)


@dataclass(frozen=True, slots=True)
class JoinLine:
    """One request in the list; names nobody.

    Attributes:
        since: first year at the company, roughly; `until`: the last.
        objected: its address told us never to write to it, and has not taken that back: it
            cannot be matched.
        expires_at: when it is let go unless it was matched.
    """

    id: str
    state: JoinState
    company: str
    sources: tuple[str, ...]
    since: int
    until: int
    language: str
    asked_at: datetime
    proven_at: datetime | None
    expires_at: datetime
    objected: bool


@dataclass(frozen=True, slots=True)
class JoinDetails:
    """One request with what was typed, and whom it may be about; `email` is masked."""

    line: JoinLine
    name: str
    number: str
    email: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """What a match or rejection did; `sentence` is for people and names nobody."""

    join: str
    state: JoinState
    spell_id: str
    sentence: str


# --- seeing ---------------------------------------------------------------------------------------


def list_joins(d: "Deployment", identity: Identity) -> list[JoinLine]:
    """Return the requests that wait for somebody, oldest first, of sources the asker may match.

    Raises:
        Refused: the role does not allow it.
    """
    authority = authority_now(d)
    sources = frozenset(
        name for name in d.settings.sources if authority.may(identity, Act.MATCH_JOIN, name).allowed
    )
    if not sources:
        authority.require(identity, Act.MATCH_JOIN)
    query = select(JOIN).where(
        JOIN.c.state.in_(_ON_DESK), JOIN.c.sealed.is_not(None), JOIN.c.expires_at > d.clock.now()
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query.order_by(JOIN.c.proven_at)).mappings().all()
        objected = {row["id"] for row in rows if is_suppressed(connection, row["address_hash"])}
    ring = d.ledger.vault.load([row["id"] for row in rows])
    opened = [(row, open_wanted(ring, row)) for row in rows if ring.has(row["id"], KeyKind.PROFILE)]
    return [
        _line(row, wanted, objected=row["id"] in objected)
        for row, wanted in opened
        if sources & set(wanted.sources)
    ]


def show_join(
    d: "Deployment", join_id: str, identity: Identity, looked_up: str = ""
) -> JoinDetails:
    """Return one request with what was typed and whom it may be about; the look is written down.

    Args:
        d: the deployment.
        join_id: `J-…`.
        identity: who looks.
        looked_up: an employee number, or `source/number`, that HR found in its own records.

    Raises:
        Refused: there is no such request waiting, or the role does not allow it.
    """
    row, wanted = _waiting(d, join_id, identity)
    with d.ledger.read() as connection:
        objected = is_suppressed(connection, row["address_hash"])
    authority = authority_now(d)
    found = tuple(
        one
        for one in candidates(d, wanted, row["address_hash"], looked_up)
        if authority.may(identity, Act.MATCH_JOIN, one.source).allowed
    )
    log_access(d, identity, Act.MATCH_JOIN, subject=join_id)
    for person_id in dict.fromkeys(one.person_id for one in found):
        log_access(d, identity, Act.MATCH_JOIN, person_id, join_id)
    return JoinDetails(
        line=_line(row, wanted, objected=objected),
        name=wanted.name,
        number=wanted.number,
        email=masked(wanted.email),
        candidates=found,
    )


def _line(row: RowMapping, wanted: Wanted, *, objected: bool) -> JoinLine:
    return JoinLine(
        id=row["id"],
        state=JoinState(row["state"]),
        company=wanted.company,
        sources=wanted.sources,
        since=wanted.since,
        until=wanted.until,
        language=wanted.language,
        asked_at=row["created_at"],
        proven_at=row["proven_at"],
        expires_at=row["expires_at"],
        objected=objected,
    )


def _waiting(d: "Deployment", join_id: str, identity: Identity) -> tuple[RowMapping, Wanted]:
    """Return a request that waits for HR, opened, if this person may see it."""
    with d.ledger.read() as connection:
        row = connection.execute(_waiting_query(join_id, d.clock.now())).mappings().first()
    ring = d.ledger.vault.load([join_id])
    if row is None or not ring.has(join_id, KeyKind.PROFILE):
        # Who may not see it is told the same: whether there is one is nobody else's business.
        msg = f"there is no request {join_id} that waits for HR"
        raise Refused(msg)
    wanted, authority = open_wanted(ring, row), authority_now(d)
    permits = [authority.may(identity, Act.MATCH_JOIN, source) for source in wanted.sources]
    if not any(permit.allowed for permit in permits):
        raise Refused(permits[0].why if permits else "no source is left of that company")
    return row, wanted


def _waiting_query(join_id: str, now: datetime) -> Select[Any]:
    return select(JOIN).where(
        JOIN.c.id == join_id,
        JOIN.c.state.in_(_ON_DESK),
        JOIN.c.sealed.is_not(None),
        JOIN.c.expires_at > now,
    )


def _locked(connection: Connection, join_id: str, now: datetime) -> RowMapping | None:
    query = _waiting_query(join_id, now).with_for_update()
    return connection.execute(query).mappings().first()


# --- matching -------------------------------------------------------------------------------------


def match_join(d: "Deployment", join_id: str, spell_id: str, identity: Identity) -> MatchResult:
    """Say that a request is about an employment of the ledger.

    Raises:
        Refused: role, request, address or employment do not allow it; the sentence says what to do.
    """
    return _match(d, join_id, spell_id, identity, said_no=False)


def match_confirmed(
    d: "Deployment",
    join_id: str,
    source: str,
    facts: Facts,
    identity: Identity,
    spell_id: str = "",
) -> MatchResult:
    """Say that a request is about an employment whose facts are not here, and what they are.

    Args:
        d: the deployment.
        join_id: `J-…`.
        source: where the person left.
        facts: what HR confirms, by canonical field; the rest is unknown, and the rules say what
            that means.
        identity: who matches.
        spell_id: the employment of the ledger whose facts were let go; "" where none is known.

    Raises:
        Refused: as `match_join`, and where the facts cannot be placed.
        LeaseBusy: a run is reading the source.
    """
    row, _ = _waiting(d, join_id, identity)
    if source not in d.settings.sources:
        msg = f"there is no source {source}"
        raise Refused(msg)
    authority_now(d).require(identity, Act.MATCH_JOIN, source)
    refuse_own_number(d, identity, source, facts.get("employee_number"))  # before it is taken in
    expected, said_no = _buried(d, source, facts, spell_id)
    with d.ledger.read() as connection:
        _refuse_suppressed(connection, row)
    taken = take_confirmed(d, source, facts, expected=expected, run_id=new_id("R"))
    return _match(d, join_id, taken, identity, said_no=said_no)


def _buried(d: "Deployment", source: str, facts: Facts, spell_id: str) -> tuple[str | None, bool]:
    """Return the hash that the facts must lead to, and whether its person had objected."""
    identity = SourceIdentity(d.ledger.hashes, source, d.settings.sources[source].timezone)
    placed = facts.get("person_id") and facts.get("hire_date")
    chosen = select(SPELL.c.spell_hash).where(SPELL.c.id == spell_id, SPELL.c.source == source)
    with d.ledger.read() as connection:
        expected: str | None = connection.execute(chosen).scalar() if spell_id else None
        if spell_id and expected is None:
            msg = f"there is no employment {spell_id} at {source}"
            raise Refused(msg)
        where = _TOMBSTONE.c.spell_hash == (identity.spell(facts) if placed else "")
        outcome = connection.execute(select(_TOMBSTONE.c.outcome).where(where)).scalar()
    return expected, outcome == ConsentState.OBJECTED.value


def _match(
    d: "Deployment", join_id: str, spell_id: str, identity: Identity, *, said_no: bool
) -> MatchResult:
    _waiting(d, join_id, identity)
    ring = _ring(d, join_id, spell_id)
    with d.ledger.write() as connection:
        row = _locked(connection, join_id, d.clock.now())
        if row is None or row["state"] != JoinState.PROVEN:
            msg = f"{join_id} does not wait for a match any more"
            raise Refused(msg)
        made = Match.load(d, connection, ring, row, spell_id, identity.user)
        authority_now(d, connection).require(identity, Act.MATCH_JOIN, made.spell["source"])
        refuse_own_file(d, connection, identity, made.spell["person_id"])
        _refuse_suppressed(connection, row)
        result = _settle(made, said_no=said_no)
    if result.state is not JoinState.QUESTIONED:
        forget(d, [join_id])
    return result


def _ring(d: "Deployment", join_id: str, spell_id: str) -> KeyRing:
    """Load the keys of a request and of the person behind an employment, before the transaction."""
    with d.ledger.read() as connection:
        query = select(SPELL.c.person_id).where(SPELL.c.id == spell_id)
        person: str | None = connection.execute(query).scalar()
    return d.ledger.vault.load([join_id, *([person] if person else [])])


def _refuse_suppressed(connection: Connection, row: RowMapping) -> None:
    if is_suppressed(connection, row["address_hash"]):
        msg = "its address told us never to write to it; only its owner can take that back"
        raise Refused(msg)


def _settle(made: Match, *, said_no: bool) -> MatchResult:
    """Do what a match means for where the consent stands."""
    row, now = made.row, made.now
    if made.state in {*LIVE_STATES, ConsentState.PAUSED}:
        close(made.connection, row, JoinState.REJECTED, ALREADY_MEMBER, made.by, now)
        said = "is about somebody who is a member already: nothing was changed"
        return MatchResult(row["id"], JoinState.REJECTED, made.spell["id"], f"{row['id']} {said}")
    if question := question_of(made, said_no=said_no):
        _ask_question(made, question)
        said = "is matched, and the person is asked whether their earlier no still holds"
        return MatchResult(row["id"], JoinState.QUESTIONED, made.spell["id"], f"{row['id']} {said}")
    match(made)
    said = "is matched: the person is asked as soon as rules and gates allow it"
    return MatchResult(row["id"], JoinState.MATCHED, made.spell["id"], f"{row['id']} {said}")


def _ask_question(made: Match, question: str) -> None:
    """Ask the person, at the proven address, about a no that they said before."""
    row, now = made.row, made.now
    values = {
        "reason": question,
        "spell_id": made.spell["id"],
        "person_id": made.spell["person_id"],
        "closed_by": made.by,
        "expires_at": end_of_day(now + QUESTION),
    }
    move(made.connection, row, JoinState.QUESTIONED, **values)
    key = f"{row['id']}:question"
    mail = join_mail(row["id"], made.spell["source"], MailKind.JOIN_QUESTION, key, now)
    queue(made.connection, [mail])


# --- rejecting ------------------------------------------------------------------------------------


def reject_join(d: "Deployment", join_id: str, reason: str, identity: Identity) -> MatchResult:
    """Let a request go; its person hears nothing, whatever the reason.

    Args:
        d: the deployment.
        join_id: `J-…`.
        reason: one of `REJECTIONS`.
        identity: who rejects.

    Raises:
        Refused: role, reason or request do not allow it.
    """
    if reason not in REJECTIONS:
        raise Refused(f"to reject, give one of: {', '.join(REJECTIONS)}")
    _waiting(d, join_id, identity)
    with d.ledger.write() as connection:
        row = _locked(connection, join_id, d.clock.now())
        if row is None:
            msg = f"there is no request {join_id} that waits for HR"
            raise Refused(msg)
        close(connection, row, JoinState.REJECTED, reason, identity.user, d.clock.now())
    forget(d, [join_id])
    said = "is rejected: what it said is deleted, and nobody is told"
    return MatchResult(join_id, JoinState.REJECTED, "", f"{join_id} {said}")
