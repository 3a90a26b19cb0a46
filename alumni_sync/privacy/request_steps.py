"""What happens to one request, row by row, within the caller's write transaction.

Every change of a request is one row of its history; nothing is ever changed without one.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from alumni_sync.domain import Actor, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.request_rows import (
    EVENT,
    REQUEST,
    RequestKind,
    RequestState,
    request_id,
    request_number,
    row_of,
)
from alumni_sync.review.rulings.contests import still_contested

_PERSON: Final = t(Person)


def close_at_once(connection: Connection, number: str, now: datetime) -> None:
    """Close what the site has just done itself, within the caller's write transaction."""
    row = row_of(connection, request_id(number), lock=True)
    if row.state == RequestState.OPEN.value:
        close(connection, row, RequestState.DONE, now)
        happened(connection, row, "done", now, None)


def note(
    connection: Connection,
    number: str,
    event: str,
    now: datetime,
    *,
    reason: str = "",
    identity: Identity | None = None,
    actor: Actor = Actor.SUBJECT,
) -> None:
    """Add an event to a request's history; without an identity `actor` did it."""
    row = row_of(connection, request_id(number))
    happened(connection, row, event, now, identity, reason=reason, actor=actor)


def still_open(connection: Connection, number: int) -> Row[Any]:
    """Return a request's row, locked; raises `Refused` where it was answered."""
    row = row_of(connection, number, lock=True)
    if row.state != RequestState.OPEN.value:
        raise Refused(f"{request_number(row.id)} is {row.state} already")
    return row


def refuse_what_is_not_true(connection: Connection, row: Row[Any], outcome: RequestState) -> None:
    """Refuse to call done what was not carried out: an erasure, a restriction, a new ruling."""
    if outcome is not RequestState.DONE:
        return
    person = connection.execute(select(_PERSON).where(_PERSON.c.id == row.person_id)).one()
    if row.kind == RequestKind.ERASE and person.erased_at is None:
        raise Refused("nothing was erased: `alumni-sync privacy erase` first")
    if row.kind == RequestKind.RESTRICT and person.restricted_at is None:
        raise Refused("nothing is restricted: `alumni-sync privacy restrict` first")
    if row.kind == RequestKind.CONTEST and (waiting := still_contested(connection, row.person_id)):
        raise Refused(f"nobody has ruled anew on {', '.join(waiting)}")


def close(connection: Connection, row: Row[Any], outcome: RequestState, now: datetime) -> None:
    """Close a request; what happened is a row of its own."""
    change(connection, row, state=outcome.value, closed_at=now)


def change(connection: Connection, row: Row[Any], **values: object) -> None:
    """Set columns of a request."""
    changed = update(REQUEST).where(REQUEST.c.id == row.id)
    connection.execute(changed.values(version=row.version + 1, **values))


def happened(
    connection: Connection,
    row: Row[Any],
    event: str,
    now: datetime,
    identity: Identity | None,
    *,
    reason: str = "",
    sealed: bytes | None = None,
    actor: Actor = Actor.SUBJECT,
) -> None:
    """Add one row of history; without an identity it is the person's own doing, or `actor`'s."""
    values = {
        "request_id": row.id,
        "person_id": row.person_id,
        "event": event,
        "at": now,
        "actor": identity.user if identity else actor.value,
        "verified": identity.verified if identity else True,
        "reason": reason,
        "sealed": sealed,
    }
    connection.execute(insert(EVENT).values(values))
