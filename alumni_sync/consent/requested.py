"""Mails that somebody asked for a moment ago: now a code, and whatever else a page promises.

They ask for nothing, so they leave on any day and count against no cap of asking mails; but what
nobody waits for any more is not sent late. Composed within the claim, like every mail: their
secrets come into being there and are told to nobody else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping

from alumni_sync.consent.dossier import Dossier
from alumni_sync.consent.editions import Edition, Terms
from alumni_sync.consent.mails import Composed, MailKind, MailValues, compose
from alumni_sync.consent.offers import first_name
from alumni_sync.consent.one_time import LIFETIME as CODE_LIFETIME
from alumni_sync.consent.one_time import issue_code
from alumni_sync.consent.view import address_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

REQUESTED: Final = frozenset({MailKind.CODE})
"""Kinds that are composed here."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A mail that was asked for, within the write transaction of its claim."""

    d: "Deployment"
    connection: Connection
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
    return _code(errand)


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
