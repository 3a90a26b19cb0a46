"""Mails that a member stopped by one click, and lets come again: a word of theirs, written down.

Only what is stopped by itself: the mail that asks whether a yes goes on. Whoever wants no mail at
all takes that back where they prove their mailbox (`consent.joining.taking_back`).
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select

from alumni_sync.consent.answers.acts import is_over, keys
from alumni_sync.consent.answers.answer import Evidence
from alumni_sync.consent.answers.dossier import Dossier, load_dossier
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.transitions import lift_kind
from alumni_sync.domain import Actor
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import Suppression, t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

ACT: Final = "let renewal mails come again"
_SUPPRESSION: Final = t(Suppression)
_KIND: Final = MailKind.RENEWAL.value


def are_renewals_stopped(d: "Deployment", invitation_id: str) -> bool:
    """Say whether a member has stopped the mails that ask if their yes goes on; writes nothing."""
    ring, now = keys(d, invitation_id), d.clock.now()
    with d.ledger.read() as connection:
        dossier = load_dossier(connection, ring, invitation_id, now)
        address = _address_hash(d, dossier)
        scope = select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == address)
        return _KIND in (connection.execute(scope).scalar() or "").split(",")


def let_renewals_come(d: "Deployment", invitation_id: str, evidence: Evidence) -> bool:
    """Take back what one click has stopped; False where nothing was, or this visit is over."""
    ring, now = keys(d, invitation_id), d.clock.now()
    with d.ledger.write() as connection:
        dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
        address = _address_hash(d, dossier)
        if dossier is None or is_over(dossier.row["sessions_from"], evidence.visit_begun):
            return False
        if not lift_kind(connection, address, _KIND):
            return False
        d.ledger.vault.store.forget_suppressed(address)  # what is left of it is noted again
        connection.execute(
            insert(t(AccessLog)).values(
                at=now,
                actor=Actor.SUBJECT.value,
                verified=True,
                act=ACT,
                person_id=dossier.row["person_id"],
                subject=invitation_id,
            )
        )
    return True


def _address_hash(d: "Deployment", dossier: Dossier | None) -> str:
    """Return the keyed hash of where a member's mails go; "", which no address has, for nobody."""
    if dossier is None or dossier.agreed is None or dossier.state not in HELD_ONTO:
        return ""
    return d.ledger.hashes.address(dossier.agreed.email)
