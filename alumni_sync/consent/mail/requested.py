"""Mails that somebody asked for a moment ago: now a code, and whatever else a page promises.

They ask for nothing, so they leave on any day and count against no cap of asking mails; but what
nobody waits for any more is not sent late. Composed within the claim, like every mail: their
secrets come into being there and are told to nobody else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping

from alumni_sync.consent.answers.dossier import Dossier, open_pending
from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.links.fitting import fitting_link
from alumni_sync.consent.links.on_record import address_on_record
from alumni_sync.consent.links.one_time import LIFETIME as CODE_LIFETIME
from alumni_sync.consent.links.one_time import issue_code
from alumni_sync.consent.links.secrets import PATHS, Holder, LinkKind, issue, supersede
from alumni_sync.consent.mail.composing import (
    Composed,
    MailKind,
    MailValues,
    RequestSaid,
    compose,
    last_day,
)
from alumni_sync.consent.notices.editions import Edition, Terms
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

ABOUT_REQUESTS: Final = frozenset(
    {MailKind.REQUEST_RECEIVED, MailKind.REQUEST_EXTENDED, MailKind.REQUEST_ANSWERED}
)
REQUESTED: Final = ABOUT_REQUESTS | {
    MailKind.CODE,
    MailKind.VERIFY,
    MailKind.ADDRESS_CHANGED,
    MailKind.LINK,
}
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
    return _MAKERS.get(MailKind(errand.mail["kind"]), _about_request)(errand)


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
    to = address_on_record(errand.d, errand.connection, errand.ring, errand.dossier)
    if not to:
        return "no_address"
    row, hashes = errand.dossier.row, errand.d.ledger.hashes
    code = issue_code(errand.connection, hashes, row["id"], row["person_id"], errand.now)
    values = MailValues(first_name=first_name(errand.dossier.facts), code=code)
    return Ready(to, errand.compose(values))


def _verify(errand: Errand) -> Ready | str:
    """Compose the proof of an address that was named and is still waited for.

    It greets nobody by name: a wrong letter may have made it a stranger's.
    """
    row, ring = errand.dossier.row, errand.ring
    until = row["pending_until"]
    pending = open_pending(row, ring)
    if pending is None or until is None or errand.now >= until:
        return "not_pending"
    link = _link(errand, LinkKind.VERIFY, until)
    values = MailValues(first_name="", link=link, until=last_day(until))
    return Ready(pending.address, errand.compose(values))


def _address_changed(errand: Errand) -> Ready | str:
    """Compose the word to the old address: it names neither the new one nor any link."""
    person, sealed = errand.mail["person_id"], errand.mail["sealed"]
    if sealed is None or not errand.ring.has(person, KeyKind.EVIDENCE):
        return "no_address"
    told = errand.ring.open_json(person, KeyKind.EVIDENCE, "outbox", sealed)
    return Ready(told["to"], errand.compose(MailValues(first_name=told["first_name"])))


def _fresh_link(errand: Errand) -> Ready | str:
    """Compose the link that fits how the consent stands now, to the address on record."""
    kind, until = fitting_link(errand.dossier, errand.now)
    to = errand.dossier.proven_address  # not where a letter asked: no basis to write there
    if kind is None or until is None or not to:
        return "nothing_to_open"
    link = _link(errand, kind, until)
    values = MailValues(
        first_name=first_name(errand.dossier.facts), link=link, until=last_day(until)
    )
    return Ready(to, errand.compose(values))


def _link(errand: Errand, kind: LinkKind, until: datetime) -> str:
    row = errand.dossier.row
    if kind is LinkKind.VERIFY:  # only the newest proves anything
        supersede(errand.connection, row["id"], kind, errand.now)
    holder = Holder(row["id"], row["person_id"], until)
    token = issue(errand.connection, holder, kind, errand.now, errand.mail["kind"])
    return f"{errand.d.settings.consent.public_url}/{PATHS[kind]}/{token}"


_MAKERS: Final[Mapping[MailKind, Callable[[Errand], Ready | str]]] = {
    MailKind.CODE: _code,
    MailKind.VERIFY: _verify,
    MailKind.ADDRESS_CHANGED: _address_changed,
    MailKind.LINK: _fresh_link,
}
