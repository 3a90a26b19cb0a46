"""Mails that somebody asked for a moment ago: now a code, and whatever else a page promises.

They ask for nothing, so they leave on any day and count against no cap of asking mails; but what
nobody waits for any more is not sent late. Composed within the claim, like every mail: their
secrets come into being there and are told to nobody else.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping

from alumni_sync.consent.dossier import Dossier
from alumni_sync.consent.editions import Edition, Terms
from alumni_sync.consent.mails import Composed, MailKind, MailValues, RequestSaid, compose
from alumni_sync.consent.offers import first_name
from alumni_sync.consent.one_time import LIFETIME as CODE_LIFETIME
from alumni_sync.consent.one_time import issue_code
from alumni_sync.consent.view import address_of
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

ABOUT_REQUESTS: Final = frozenset(
    {MailKind.REQUEST_RECEIVED, MailKind.REQUEST_EXTENDED, MailKind.REQUEST_ANSWERED}
)
REQUESTED: Final = frozenset({MailKind.CODE}) | ABOUT_REQUESTS
"""Kinds that are composed here."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A mail that was asked for, within the write transaction of its claim."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    mail: RowMapping
    dossier: Dossier
    edition: Edition
    terms: Terms
    language: str
    now: datetime

    def compose(self, values: MailValues) -> Composed:
        """Return the mail in its reader's language."""
        kind = MailKind(self.mail["kind"])
        return compose(self.edition, self.language, kind, self.terms, values)


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail with its address; secrets inside."""

    to: str
    composed: Composed


def ready(errand: Errand) -> Ready | str:
    """Return the mail, or why it is not sent any more."""
    about = errand.mail["kind"] in ABOUT_REQUESTS
    return _about_request(errand) if about else _code(errand)


def _about_request(errand: Errand) -> Ready | str:
    """Compose what was sealed when it happened: the profile key may have died since."""
    person, sealed = errand.mail["person_id"], errand.mail["sealed"]
    if sealed is None or not errand.ring.has(person, KeyKind.EVIDENCE):
        return "no_address"
    told = errand.ring.open_json(person, KeyKind.EVIDENCE, "outbox", sealed)
    due = date.fromisoformat(told["request"]["due"]) if told["request"]["due"] else None
    request = RequestSaid(**{**told["request"], "due": due})
    values = MailValues(first_name=told["first_name"], request=request)
    return Ready(told["to"], errand.compose(values))


def _code(errand: Errand) -> Ready | str:
    if errand.now - errand.mail["created_at"] >= CODE_LIFETIME:
        return "too_late"  # the page that waited for it has been closed since
    to = address_of(errand.d, errand.dossier)
    if not to:
        return "no_address"
    row, hashes = errand.dossier.row, errand.d.ledger.hashes
    code = issue_code(errand.connection, hashes, row["id"], row["person_id"], errand.now)
    values = MailValues(first_name=first_name(errand.dossier.facts), code=code)
    return Ready(to, errand.compose(values))
