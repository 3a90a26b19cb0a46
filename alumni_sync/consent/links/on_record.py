"""The address on record: where somebody reads what concerns their own data.

The one they chose, else the one that was asked. Once the profile key is gone it still stands in the
proof of their last answer, for as long as that is kept: whoever left can ask what is left of them.
Never that of somebody who said "this is not me": that mailbox is a stranger's. And not one that
wants no mail from us: whoever objected is answered by letter.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from alumni_sync.consent.answers.dossier import Dossier
from alumni_sync.consent.evidence.body import open_subject
from alumni_sync.consent.lifecycle import Event
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.transitions import suppressed_scope
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.chain import read_event
from alumni_sync.ledger.tables import ConsentEvent, Suppression, t
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_EVENTS: Final = t(ConsentEvent)
_SUPPRESSION: Final = t(Suppression)


def address_on_record(
    d: "Deployment", connection: Connection, ring: KeyRing, dossier: Dossier
) -> str:
    """Return the address, "" where there is none that is certainly theirs."""
    if dossier.state is ConsentState.INVALIDATED:
        return ""
    found = dossier.proven_address or _proven(connection, ring, dossier)
    return "" if found and _wants_none(d, connection, found) else found


def _wants_none(d: "Deployment", connection: Connection, address: str) -> bool:
    hashed = d.ledger.hashes.address(address)
    query = select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == hashed)
    return suppressed_scope(connection.execute(query).scalar(), MailKind.CODE.value)


def _proven(connection: Connection, ring: KeyRing, dossier: Dossier) -> str:
    """Return the address in the proof of the person's last answer, as far as it opens.

    Not one that was only named: whoever holds a letter could name their own.
    """
    query = select(_EVENTS.c.canonical).where(
        _EVENTS.c.invitation_id == dossier.row["id"],
        _EVENTS.c.actor == Actor.SUBJECT.value,
        _EVENTS.c.event != Event.ADDRESS_ASKED.value,
    )
    for canonical in connection.execute(query.order_by(_EVENTS.c.seq.desc())).scalars():
        event = read_event(bytes(canonical))
        sealed = event["body"].get("subject", {}).get("sealed", "")
        said = open_subject(ring, event["person_id"], sealed)
        if said is not None and said.email:
            return said.email
    return ""
