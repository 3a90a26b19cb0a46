"""Legal holds: while one stands, nothing of a person is let go, whatever the calendar says.

A hold keeps; it opens nothing. It ends no withdrawal and keeps nobody on a platform. Who set it,
when, why and for which matter is kept after it was lifted.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import LegalHold
from alumni_sync.ledger.tables import Person, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

REASONS: Final = ("claim", "authority", "dispute", "other")
LIFT_REASONS: Final = ("ended", "mistake", "other")
MATTER_LENGTH: Final = 120
_HOLDS: Final = t(LegalHold)
_PERSON: Final = t(Person)


@dataclass(frozen=True, slots=True)
class Hold:
    """One legal hold.

    Attributes:
        matter: what it is for; "" once the evidence key is gone.
        lifted_at: None while it stands.
    """

    reason: str
    matter: str
    set_by: str
    set_at: datetime
    lifted_by: str
    lifted_at: datetime | None
    lift_reason: str


def set_hold(
    d: "Deployment", person_id: str, identity: Identity, *, reason: str, matter: str
) -> bool:
    """Set a hold; False where one stands already, and nothing changed.

    Args:
        d: the open deployment.
        person_id: `P-…`.
        identity: who sets it.
        reason: one of `REASONS`.
        matter: the file or dispute it is for, as the company names it.

    Raises:
        Refused: reason or matter cannot be taken, or the identity may not.
    """
    if reason not in REASONS:
        raise Refused(f"to set a hold, give one of: {', '.join(REASONS)}")
    if problem := matter_problem(matter):
        raise Refused(f"the matter that a hold is for {problem}")
    ring = d.ledger.vault.load([person_id])
    with d.ledger.write() as connection:
        person = _person(d, connection, person_id, identity)
        if person.legal_hold:
            return False
        sealed = None
        if ring.has(person_id, KeyKind.EVIDENCE):
            value = {"matter": matter.strip()}
            sealed = ring.seal_json(person_id, KeyKind.EVIDENCE, _HOLDS.name, value)
        now = d.clock.now()
        connection.execute(
            insert(_HOLDS).values(
                person_id=person_id,
                reason=reason,
                set_by=identity.user,
                set_at=now,
                lifted_by="",
                lift_reason="",
                sealed=sealed,
            )
        )
        _mark(connection, person_id, held=True)
    return True


def lift_hold(d: "Deployment", person_id: str, identity: Identity, *, reason: str) -> bool:
    """Lift the hold of a person; False where none stands, and nothing changed.

    What is overdue is let go by the next retention.

    Raises:
        Refused: the reason cannot be taken, or the identity may not.
    """
    if reason not in LIFT_REASONS:
        raise Refused(f"to lift a hold, give one of: {', '.join(LIFT_REASONS)}")
    with d.ledger.write() as connection:
        if not _person(d, connection, person_id, identity).legal_hold:
            return False
        standing = (_HOLDS.c.person_id == person_id, _HOLDS.c.lifted_at.is_(None))
        connection.execute(
            update(_HOLDS)
            .where(*standing)
            .values(lifted_by=identity.user, lifted_at=d.clock.now(), lift_reason=reason)
        )
        _mark(connection, person_id, held=False)
    return True


def holds_of(d: "Deployment", person_id: str) -> list[Hold]:
    """Return the holds of a person, the latest first."""
    ring = d.ledger.vault.load([person_id])
    query = select(_HOLDS).where(_HOLDS.c.person_id == person_id).order_by(_HOLDS.c.id.desc())
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    return [
        Hold(
            row.reason,
            _opened(ring, row).get("matter", ""),
            row.set_by,
            row.set_at,
            row.lifted_by,
            row.lifted_at,
            row.lift_reason,
        )
        for row in rows
    ]


def matter_problem(matter: str) -> str:
    """Return what is wrong with the name of a matter, "" if nothing."""
    plain = matter.strip()
    if not plain:
        return "is missing"
    if len(plain) > MATTER_LENGTH:
        return f"is longer than {MATTER_LENGTH} characters"
    if any(unicodedata.category(letter).startswith("C") for letter in plain):
        return "has characters that cannot be shown"
    return ""


def _person(
    d: "Deployment", connection: Connection, person_id: str, identity: Identity
) -> Row[Any]:
    """Return the person's row, locked, for somebody who may set and lift holds there."""
    query = select(_PERSON).where(_PERSON.c.id == person_id).with_for_update()
    person = connection.execute(query).first()
    if person is None:
        raise Refused("there is no such person")
    authority_now(d, connection).require(identity, Act.LEGAL_HOLD, person.source)
    refuse_own_file(d, connection, identity, person_id)
    return person


def _mark(connection: Connection, person_id: str, *, held: bool) -> None:
    this = _PERSON.c.id == person_id
    connection.execute(update(_PERSON).where(this).values(legal_hold=held))


def _opened(ring: KeyRing, row: Row[Any]) -> Mapping[str, Any]:
    if row.sealed is None or not ring.has(row.person_id, KeyKind.EVIDENCE):
        return {}
    opened: Mapping[str, Any] = ring.open_json(
        row.person_id, KeyKind.EVIDENCE, _HOLDS.name, row.sealed
    )
    return opened
