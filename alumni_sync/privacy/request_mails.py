"""Mails about a request: sealed when it happens, because the address may be gone when it leaves."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from alumni_sync.consent.answers.dossier import load_dossier
from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.links.on_record import address_on_record
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import mail_row, queue
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told about a request of theirs; see `mails.RequestSaid`.

    Attributes:
        invitation_id: through which they are written to; "" where there is none.
    """

    invitation_id: str
    asked: str
    number: str
    due: date
    reason: str = ""
    outcome: str = ""
    answer: str = ""


def tell(
    d: "Deployment", connection: Connection, ring: KeyRing, kind: MailKind, told: Told
) -> bool:
    """Queue a mail about a request, within the caller's write transaction.

    Returns:
        Whether there is anywhere to send it: whoever was never invited, or left long ago, is
        answered by letter.
    """
    now = d.clock.now()
    dossier = load_dossier(connection, ring, told.invitation_id, now)
    to = "" if dossier is None else address_on_record(d, connection, ring, dossier)
    if dossier is None or not to or not ring.has(dossier.row["person_id"], KeyKind.EVIDENCE):
        return False
    value: Mapping[str, Any] = {
        "to": to,
        "first_name": first_name(dossier.facts),
        "request": {
            "number": told.number,
            "asked": told.asked,
            "due": told.due.isoformat(),
            "reason": told.reason,
            "outcome": told.outcome,
            "answer": told.answer,
        },
    }
    sealed = ring.seal_json(dossier.row["person_id"], KeyKind.EVIDENCE, "outbox", value)
    key = f"{told.invitation_id}:{told.number}:{kind}"
    mail = mail_row(dossier.row, kind, key, now, now) | {"sealed": sealed}
    return queue(connection, [mail]) > 0
