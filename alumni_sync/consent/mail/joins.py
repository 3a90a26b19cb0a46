"""Mails about requests to join: composed and counted where they are claimed, never where asked for.

A page that is the same for every address must not look anything up, so all that depends on the
address is found out here: how many such mails it got, whether it wants none. Nobody can fill a
stranger's mailbox: three an hour, ten in two weeks, and none once its owner has said that it was
not them.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, func, select, update

from alumni_sync.consent.joining.join_requests import JOIN, LINK, JoinState, open_wanted
from alumni_sync.consent.links.secrets import BYTES, token_id
from alumni_sync.consent.mail.composing import MailKind, MailValues, compose, last_day
from alumni_sync.consent.mail.outbox import OUTBOX, MailState
from alumni_sync.consent.mail.requested import Ready
from alumni_sync.consent.notices.editions import Edition, Terms
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

MOST_AN_HOUR: Final = 3
MOST_A_FORTNIGHT: Final = 10
FORTNIGHT: Final = timedelta(days=14)
"""As long as retention keeps what a request leaves behind: the keyed hash of its address."""
MOST_A_DAY: Final = 500
"""To whomever: what is above it waits. A page that mails strangers must not become a weapon."""
PATH: Final = "j"

_SENT: Final = (MailState.CLAIMED.value, MailState.ACCEPTED.value, MailState.UNKNOWN.value)
_SUPPRESSION: Final = t(Suppression)


@dataclass(frozen=True, slots=True)
class JoinErrand:
    """A mail about a request, within the write transaction of its claim."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    mail: RowMapping
    edition: Edition
    terms: Terms
    now: datetime


def ready_join(errand: JoinErrand) -> Ready | str | datetime:
    """Return the mail, why it is not sent any more, or until when it waits."""
    query = select(JOIN).where(JOIN.c.id == errand.mail["invitation_id"]).with_for_update()
    row = errand.connection.execute(query).mappings().first()
    kind = MailKind(errand.mail["kind"])
    awaited = JoinState.UNPROVEN if kind is MailKind.JOIN else JoinState.QUESTIONED
    if row is None or row["state"] != awaited or row["expires_at"] <= errand.now:
        return "not_awaited"
    if kind is MailKind.JOIN and not errand.d.settings.consent.join:
        return "switched_off"  # its link would open nothing
    if not errand.ring.has(row["id"], KeyKind.PROFILE):
        return "no_address"
    if kind is MailKind.JOIN and (reason := _barred(errand, row["address_hash"])):
        return reason
    if _sent(errand, errand.now - timedelta(days=1)) >= MOST_A_DAY:
        return errand.now + timedelta(hours=1)
    return _composed(errand, row, kind)


def _composed(errand: JoinErrand, row: RowMapping, kind: MailKind) -> Ready:
    token = secrets.token_urlsafe(BYTES)
    values: dict[str, object] = {"token_hash": token_id(token)}
    if kind is MailKind.JOIN:
        values["expires_at"] = errand.now + LINK
    errand.connection.execute(update(JOIN).where(JOIN.c.id == row["id"]).values(values))
    language = errand.edition.language(row["language"], *errand.d.settings.company.languages)
    said = MailValues(
        first_name="",  # what a stranger typed is not repeated in a mail of ours
        link=f"{errand.d.settings.consent.public_url}/{PATH}/{token}",
        closes=last_day(row["expires_at"]),
    )
    composed = compose(errand.edition, language, kind, errand.terms, said)
    return Ready(open_wanted(errand.ring, row).email, composed)


def _barred(errand: JoinErrand, address_hash: str) -> str:
    """Return why an address gets no such mail; "" if it may."""
    scope = select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == address_hash)
    found = errand.connection.execute(scope).scalar() or ""
    if MailKind.JOIN.value in found.split(","):
        return "suppressed"
    often = _sent(errand, errand.now - timedelta(hours=1), address_hash) >= MOST_AN_HOUR
    if often or _sent(errand, errand.now - FORTNIGHT, address_hash) >= MOST_A_FORTNIGHT:
        return "too_often"
    return ""


def _sent(errand: JoinErrand, since: datetime, address_hash: str = "") -> int:
    """Count the mails that asked for a confirmation since then, those of unknown fate included."""
    query = select(func.count()).where(
        OUTBOX.c.kind == MailKind.JOIN.value,
        OUTBOX.c.state.in_(_SENT),
        OUTBOX.c.claimed_at > since,
    )
    if address_hash:
        same = select(JOIN.c.id).where(JOIN.c.address_hash == address_hash)
        query = query.where(OUTBOX.c.invitation_id.in_(same))
    return int(errand.connection.execute(query).scalar_one())
