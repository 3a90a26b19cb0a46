"""To which address a mail of ours went: whoever answers from there speaks for that address alone.

The HRIS corrects a typing mistake, or a person names another address: what comes back from the
first one afterwards is the word of whoever reads it, perhaps of a stranger. It stops mails to that
address, and says nothing about a question or a yes that lives at another one by now. The record of
the mail names its address by keyed hash, so that this can be told long after the mail is forgotten.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, select

from alumni_sync.consent.answers.dossier import Dossier
from alumni_sync.consent.evidence.body import open_subject
from alumni_sync.consent.lifecycle import Event
from alumni_sync.consent.mail.composing import ASKING, MailKind
from alumni_sync.ledger.chain import read_event
from alumni_sync.ledger.tables import ConsentEvent, Token, t
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_EVENTS: Final = t(ConsentEvent)
_TOKENS: Final = t(Token)
_ASKING: Final = frozenset(kind.value for kind in ASKING)
_ABOUT_AN_EVENT: Final = frozenset(
    {
        MailKind.CONFIRMATION.value,
        MailKind.GOODBYE.value,
        MailKind.REHIRED.value,
        MailKind.VERIFY.value,
    }
)
"""Kinds whose keys end with the event that they tell of; in its proof stands where they went."""


def asked_at(connection: Connection, invitation_id: str, claimed_at: datetime | None) -> str:
    """Return the keyed hash of where the asking mail claimed at an instant went; "" if unknown."""
    query = select(_EVENTS.c.canonical).where(
        _EVENTS.c.invitation_id == invitation_id,
        _EVENTS.c.event == Event.ASKED.value,
        _EVENTS.c.occurred_at == claimed_at,
    )
    canonical = connection.execute(query).scalar()
    return "" if canonical is None else str(read_event(bytes(canonical))["body"]["address_hash"])


def linked_at(connection: Connection, token_id: str) -> str:
    """Return the keyed hash of where the asking mail with a link went; "" if unknown."""
    query = select(_TOKENS.c.invitation_id, _TOKENS.c.created_at)
    row = connection.execute(query.where(_TOKENS.c.token_hash == token_id)).first()
    return asked_at(connection, row.invitation_id, row.created_at) if row else ""


def went_to(d: "Deployment", connection: Connection, ring: KeyRing, mail: RowMapping) -> str:
    """Return the keyed hash of where a mail went that has left; "" where nothing says it."""
    if mail["kind"] in _ASKING:
        return asked_at(connection, mail["invitation_id"], mail["claimed_at"])
    named = named_in(connection, ring, mail)
    return d.ledger.hashes.address(named) if named else ""


def named_in(connection: Connection, ring: KeyRing, mail: RowMapping) -> str:
    """Return the address in the proof of what a mail tells of; "" where none can be opened."""
    if mail["kind"] not in _ABOUT_AN_EVENT:
        return ""
    seq = str(mail["key"]).rpartition(":")[2]
    query = select(_EVENTS.c.canonical).where(
        _EVENTS.c.invitation_id == mail["invitation_id"], _EVENTS.c.seq == int(seq)
    )
    canonical = connection.execute(query).scalar()
    if canonical is None:
        return ""
    sealed = read_event(bytes(canonical))["body"].get("subject", {}).get("sealed", "")
    said = open_subject(ring, mail["person_id"], sealed)
    return said.email if said else ""


def is_elsewhere(d: "Deployment", dossier: Dossier, address_hash: str) -> bool:
    """Say whether a mail went to an address that is neither the agreed one nor the asked one."""
    addresses = [dossier.asked_address, dossier.agreed.email if dossier.agreed else ""]
    known = {d.ledger.hashes.address(address) for address in addresses if address}
    return bool(address_hash and known) and address_hash not in known
