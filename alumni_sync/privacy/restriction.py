"""Restriction (GDPR Art. 18): a person's data are kept, and used for nothing else.

Set at once: from the same moment no gate is open (`consent.standing`), the member is hidden by the
worker within seconds, nothing is mailed but what the person asks for, and retention lets nothing
go, since the person may need what we hold. Only the person or the desk lifts it, and the person is
told before. It is noted beside the keys too, so that no restored backup undoes it.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, and_, update

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Person, t
from alumni_sync.privacy.request_rows import REQUEST, RequestKind, RequestState, request_number
from alumni_sync.privacy.request_steps import close_at_once, note
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)


def restrict_at_once(d: "Deployment", person_id: str, number: str) -> None:
    """Carry out a request that the person has just proven on the site, and close it.

    Args:
        d: the deployment.
        person_id: whose.
        number: of the request.
    """
    now = d.clock.now()
    d.ledger.vault.store.note_restricted(person_id, restricted=True)
    with d.ledger.write() as connection:
        _set(connection, person_id, now)
        close_at_once(connection, number, now)


def lift_at_once(d: "Deployment", person_id: str) -> None:
    """Lift a restriction because the person who asked for it says so, after their code."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        _set(connection, person_id, None)
        if number := _last_request(connection, person_id):
            note(connection, number, "lifted", now)
    d.ledger.vault.store.note_restricted(person_id, restricted=False)


def restrict(d: "Deployment", person_id: str, identity: Identity) -> None:
    """Restrict at the desk, because the person asked for it or accuracy is disputed.

    Raises:
        Refused: there is no such person, they are erased, or somebody may not.
    """
    _require(d, person_id, identity)
    d.ledger.vault.store.note_restricted(person_id, restricted=True)
    with d.ledger.write() as connection:
        log_access(d, identity, Act.HANDLE_REQUEST, person_id, "restrict", within=connection)
        _set(connection, person_id, d.clock.now())


def lift(d: "Deployment", person_id: str, identity: Identity) -> None:
    """Lift a restriction at the desk; whoever does has told the person (Art. 18(3)).

    Raises:
        Refused: there is no such person, or somebody may not.
    """
    _require(d, person_id, identity)
    with d.ledger.write() as connection:
        log_access(d, identity, Act.HANDLE_REQUEST, person_id, "unrestrict", within=connection)
        lifted = _set(connection, person_id, None)
        if lifted and (number := _last_request(connection, person_id)):
            note(connection, number, "lifted", d.clock.now(), identity=identity)
    d.ledger.vault.store.note_restricted(person_id, restricted=False)


def _require(d: "Deployment", person_id: str, identity: Identity) -> None:
    with d.ledger.read() as connection:
        found = connection.execute(_PERSON.select().where(_PERSON.c.id == person_id)).first()
        if found is None:
            raise Refused("there is no such person")
        authority_now(d, connection).require(identity, Act.HANDLE_REQUEST, found.source)
        refuse_own_file(d, connection, identity, person_id)
    if found.erased_at is not None:
        raise Refused("this person is erased: there is nothing left to restrict")


def _set(connection: Connection, person_id: str, at: datetime | None) -> bool:
    """Set or lift; say whether it was otherwise before, else it keeps the day on which it began."""
    stands = _PERSON.c.restricted_at.is_not(None)
    who = and_(_PERSON.c.id == person_id, stands if at is None else ~stands)
    changed = connection.execute(update(_PERSON).where(who).values(restricted_at=at))
    return bool(changed.rowcount)


def _last_request(connection: Connection, person_id: str) -> str:
    """Return the number of the request that a restriction was carried out for; "" if none was."""
    query = REQUEST.select().where(
        REQUEST.c.person_id == person_id,
        REQUEST.c.kind == RequestKind.RESTRICT.value,
        REQUEST.c.state == RequestState.DONE.value,
    )
    row = connection.execute(query.order_by(REQUEST.c.id.desc()).limit(1)).first()
    return "" if row is None else request_number(row.id)
