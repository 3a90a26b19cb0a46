"""A person's consents and what happened to them, for who may see evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.evidence.receipts import Receipt, receipt
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.chain import read_event
from alumni_sync.ledger.tables import ConsentEvent, t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_EVENTS: Final = t(ConsentEvent)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the chain, without its evidence."""

    seq: int
    at: datetime
    event: str
    state: ConsentState
    actor: str
    channel: str
    reason: str
    receipt_id: str


@dataclass(frozen=True, slots=True)
class Consent:
    """The consent of one spell.

    Attributes:
        receipt: of the last answer; None where there was none.
    """

    invitation_id: str
    source: str
    state: ConsentState
    asked: int
    no_contact_reason: str
    closes_at: datetime | None
    valid_until: datetime | None
    events: tuple[Happened, ...]
    receipt: Receipt | None


def consents_of(d: "Deployment", person_id: str) -> Iterator[Consent]:
    """Yield the consents of a person, the latest first."""
    query = select(INVITATION).where(INVITATION.c.person_id == person_id)
    ordered = query.order_by(INVITATION.c.created_at.desc(), INVITATION.c.id)
    with d.ledger.read() as connection:
        rows = connection.execute(ordered).mappings().all()
    for row in rows:
        yield Consent(
            invitation_id=row["id"],
            source=row["source"],
            state=ConsentState(row["state"]),
            asked=row["asked"],
            no_contact_reason=row["no_contact_reason"],
            closes_at=row["closes_at"],
            valid_until=row["valid_until"],
            events=tuple(_events(d, row["id"])),
            receipt=receipt(d, row["id"]),
        )


def _events(d: "Deployment", invitation_id: str) -> Iterator[Happened]:
    query = select(_EVENTS.c.canonical).where(_EVENTS.c.invitation_id == invitation_id)
    with d.ledger.read() as connection:
        found = connection.execute(query.order_by(_EVENTS.c.seq)).scalars().all()
    for canonical in found:
        event = read_event(bytes(canonical))
        yield Happened(
            seq=int(event["seq"]),
            at=datetime.fromisoformat(event["occurred_at"]),
            event=event["event"],
            state=ConsentState(event["state_after"]),
            actor=event["actor"],
            channel=event["channel"],
            reason=event["body"].get("reason", ""),
            receipt_id=event["body"].get("receipt_id", ""),
        )
