"""Retention of what people asked us, and of who looked at whom; categories of `retention`."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, exists, or_, select, update

from alumni_sync.ledger.request_tables import (
    AccessLog,
    JoinRequest,
    LegalHold,
    OneTimeCode,
    RecordedAnswer,
    SubjectRequest,
    SubjectRequestEvent,
)
from alumni_sync.ledger.tables import Person, t
from alumni_sync.ledger.upsert import in_chunks
from alumni_sync.privacy.letting_go import let_go
from alumni_sync.privacy.request_rows import RequestKind, RequestState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alumni_sync.deployment import Deployment

CODES: Final = timedelta(days=7)
REJECTED_JOINS: Final = timedelta(days=14)
READS: Final = timedelta(days=730)
REQUESTS: Final = timedelta(days=3 * 366)
_NEEDS_THE_FACTS: Final = (
    RequestKind.ACCESS.value,
    RequestKind.EXPORT.value,
    RequestKind.RECTIFY.value,
    RequestKind.CONTEST.value,
)
_PERSON: Final = t(Person)
_REQUEST: Final = t(SubjectRequest)
_HISTORY: Final = t(SubjectRequestEvent)
_CODE: Final = t(OneTimeCode)
_JOIN: Final = t(JoinRequest)
_ANSWER: Final = t(RecordedAnswer)
_READ: Final = t(AccessLog)
_LEGAL_HOLD: Final = t(LegalHold)


def asks_for_facts() -> ColumnElement[bool]:
    """Say that an open request (of a query over `person`) is about facts: they wait for it."""
    return exists().where(
        _REQUEST.c.person_id == _PERSON.c.id,
        _REQUEST.c.state == RequestState.OPEN.value,
        _REQUEST.c.kind.in_(_NEEDS_THE_FACTS),
    )


def asks_for_anything() -> ColumnElement[bool]:
    """Say that a request (of a query over `person`) is open."""
    return exists().where(
        _REQUEST.c.person_id == _PERSON.c.id, _REQUEST.c.state == RequestState.OPEN.value
    )


def kept_for(person_id: Column[Any]) -> ColumnElement[bool]:
    """Say that a row about this person must stay: a legal hold or a restriction stands."""
    stands = or_(_PERSON.c.legal_hold.is_(True), _PERSON.c.restricted_at.is_not(None))
    return exists().where(_PERSON.c.id == person_id, stands)


def requests(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Requests with their history, three years after they were closed; a legal hold keeps them."""
    due = and_(_REQUEST.c.closed_at <= now - REQUESTS, ~kept_for(_REQUEST.c.person_id))
    with d.ledger.read() as connection:
        ids = list(connection.execute(select(_REQUEST.c.id).where(due)).scalars())
    if not dry_run:
        for chunk in in_chunks(ids):
            with d.ledger.write() as connection:
                connection.execute(delete(_HISTORY).where(_HISTORY.c.request_id.in_(chunk)))
                connection.execute(delete(_REQUEST).where(_REQUEST.c.id.in_(chunk), due))
    return len(ids)


def holds(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Legal holds, three years after they were lifted; whose data another one keeps wait for it."""
    due = and_(_LEGAL_HOLD.c.lifted_at <= now - REQUESTS, ~kept_for(_LEGAL_HOLD.c.person_id))
    return let_go(d, _LEGAL_HOLD.c.id, due, dry_run=dry_run)


def codes(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Hashes of one-time codes, a week after they ended."""
    due = and_(_CODE.c.expires_at <= now - CODES, ~kept_for(_CODE.c.person_id))
    return let_go(d, _CODE.c.id, due, dry_run=dry_run)


def joins(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Requests to join: what was typed goes at their end, the rest a while after they are closed.

    What stays meanwhile is the keyed hash of the address, by which we know how often we wrote to it
    (`consent.mail.joins`). Content goes first, with its key: a crash between leaves nothing
    readable.
    """
    over = and_(_JOIN.c.state.in_(("unproven", "proven", "questioned")), _JOIN.c.expires_at <= now)
    due = or_(
        and_(_JOIN.c.state.in_(("rejected", "expired")), _JOIN.c.closed_at <= now - REJECTED_JOINS),
        and_(
            _JOIN.c.state == "matched",
            _JOIN.c.closed_at <= now - READS,
            ~kept_for(_JOIN.c.person_id),
        ),
    )
    with d.ledger.read() as connection:
        ids = list(connection.execute(select(_JOIN.c.id).where(or_(over, due))).scalars())
    if ids and not dry_run:
        d.ledger.vault.shred(ids)
        ended = {"state": "expired", "closed_at": now, "sealed": None}
        with d.ledger.write() as connection:
            connection.execute(update(_JOIN).where(over).values(**ended))
    let_go(d, _JOIN.c.id, due, dry_run=dry_run)
    return len(ids)


def reads(d: "Deployment", now: datetime, dry_run: bool) -> int:  # noqa: FBT001 called by table
    """Who looked at whom, after two years."""
    due = and_(_READ.c.at <= now - READS, ~kept_for(_READ.c.person_id))
    return let_go(d, _READ.c.id, due, dry_run=dry_run)


def forget_requests(connection: Connection, person_id: str) -> None:
    """Drop what an erased person asked in their own words; that they asked, and when, stays.

    The evidence key may live on for the proof of a consent; a request proves none.
    """
    for table in (_REQUEST, _HISTORY):
        theirs = update(table).where(table.c.person_id == person_id)
        connection.execute(theirs.values(sealed=None))
    connection.execute(delete(_CODE).where(_CODE.c.person_id == person_id))
    connection.execute(update(_JOIN).where(_JOIN.c.person_id == person_id).values(sealed=None))


def joins_of(connection: Connection, person_id: str) -> list[str]:
    """Return the requests to join that led to a person; each has a key of its own."""
    query = select(_JOIN.c.id).where(_JOIN.c.person_id == person_id)
    return list(connection.execute(query).scalars())


def forget_answers(d: "Deployment", person_ids: "Sequence[str]") -> None:
    """Drop what was recorded of paper and phone, when the proof it belongs to is over."""
    for chunk in in_chunks(list(person_ids)):
        with d.ledger.write() as connection:
            connection.execute(delete(_ANSWER).where(_ANSWER.c.person_id.in_(chunk)))
