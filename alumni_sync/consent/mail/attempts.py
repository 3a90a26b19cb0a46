"""A mail under consideration: what every claim has in common, whatever the mail is about.

One short write transaction finds out whether a mail may leave now, later, or never, and takes it.
Only then do the secrets of its links come into being, and only in memory.

Does not belong here: which gates a kind of mail has to pass (`questions`, `renewals`, `claims`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, func, select, update

from alumni_sync.consent.answers.dossier import Dossier
from alumni_sync.consent.gates import ContactTerms
from alumni_sync.consent.links.secrets import PATHS, Holder, LinkKind, issue, supersede
from alumni_sync.consent.mail.composing import Composed
from alumni_sync.consent.mail.joins import JoinErrand
from alumni_sync.consent.mail.outbox import ASKING_KINDS, OUTBOX, QUESTION_KINDS, MailState
from alumni_sync.consent.notices.editions import Edition, Terms
from alumni_sync.consent.terms import contact_terms, edition_of, language_for, terms_for
from alumni_sync.consent.transitions import suppressed_scope
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import Message

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

UNSUBSCRIBE_DAYS: Final = 90
"""How long an unsubscribe link outlives its question: people tidy up their mailboxes late."""
_SUPPRESSION: Final = t(Suppression)


class Wait(StrEnum):
    """Why nothing was claimed."""

    TAKEN = "taken"  # somebody else has it, or it is not queued any more
    POSTPONED = "postponed"  # not today, or not yet again
    DROPPED = "dropped"  # never
    NO_CONTACT = "no_contact"  # never: the person cannot be reached
    PAUSED = "paused"  # the off switch: nothing leaves
    PACED = "paced"  # today's asking mails are used up


@dataclass(frozen=True, slots=True)
class Site:
    """What mails to the leavers of one source say, and may."""

    edition: Edition
    terms: Terms
    contact: ContactTerms


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that is ours to send, complete.

    Attributes:
        asking: it asks for something, and is counted.
        question: it asks somebody who has not said yes: a dead mailbox ends the question.
    """

    outbox_id: int
    invitation_id: str
    asking: bool
    message: Message
    question: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One mail under consideration, within a write transaction."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    mail: RowMapping
    dossier: Dossier
    site: Site
    now: datetime

    @property
    def language(self) -> str:
        """Return the language to speak to this person."""
        dossier = self.dossier
        wanted = (dossier.row["language"], dossier.facts.get("language"))
        return language_for(self.d, self.site.edition, *wanted)


def site_of(d: "Deployment", source: str) -> Site:
    """Return what mails of a source say; read before any transaction. Raises `ConfigError`."""
    return Site(edition_of(d), terms_for(d, source), contact_terms(d, source))


# --- what every gate asks ------------------------------------------------------------------------


def is_suppressed(attempt: Attempt, address: str) -> bool:
    """Say whether this kind of mail may not go to an address any more."""
    address_hash = attempt.d.ledger.hashes.address(address)
    query = select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == address_hash)
    return suppressed_scope(attempt.connection.execute(query).scalar(), attempt.mail["kind"])


def next_allowed(attempt: Attempt) -> datetime:
    """Return when the next asking mail to this person may leave, after the last one."""
    query = select(func.max(OUTBOX.c.claimed_at)).where(
        OUTBOX.c.person_id == attempt.mail["person_id"],
        OUTBOX.c.kind.in_(ASKING_KINDS),
        OUTBOX.c.id != attempt.mail["id"],
    )
    last: datetime | None = attempt.connection.execute(query).scalar()
    hours = attempt.site.contact.pack.timers.hours_between_mails
    return attempt.now if last is None else last + timedelta(hours=hours)


def sent_today(attempt: Attempt) -> int:
    """Count the asking mails of this day, in UTC, to whomever; unknown ones count."""
    midnight = attempt.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(func.count()).where(
        OUTBOX.c.kind.in_(ASKING_KINDS), OUTBOX.c.claimed_at >= midnight
    )
    return int(attempt.connection.execute(query).scalar_one())


# --- links ----------------------------------------------------------------------------------------


def asking_links(attempt: Attempt, closes: datetime) -> tuple[dict[LinkKind, str], dict[str, str]]:
    """Make the links of an asking mail, and the headers for one click; older links end."""
    invitation, person = attempt.mail["invitation_id"], attempt.mail["person_id"]
    later = closes + timedelta(days=UNSUBSCRIBE_DAYS)
    supersede(attempt.connection, invitation, LinkKind.DECIDE, attempt.now)
    links = {
        LinkKind.DECIDE: link(attempt, Holder(invitation, person, closes), LinkKind.DECIDE),
        LinkKind.UNSUBSCRIBE: link(
            attempt, Holder(invitation, person, later), LinkKind.UNSUBSCRIBE
        ),
    }
    headers = {
        "List-Unsubscribe": f"<{links[LinkKind.UNSUBSCRIBE]}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return links, headers


def link(attempt: Attempt, holder: Holder, kind: LinkKind) -> str:
    """Make a link; its secret is in this mail and nowhere else."""
    token = issue(attempt.connection, holder, kind, attempt.now, attempt.mail["kind"])
    return f"{attempt.d.settings.consent.public_url}/{PATHS[kind]}/{token}"


# --- what becomes of a claim ----------------------------------------------------------------------


def take(
    attempt: Attempt | JoinErrand,
    run_id: str,
    to: str,
    composed: Composed,
    headers: dict[str, str],
) -> Claimed:
    """Mark the mail as ours and return it, complete."""
    d, mail = attempt.d, attempt.mail
    message_id = mail["message_id"] or f"<{new_id('M')}@{sender_domain(d)}>"
    attempt.connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == mail["id"])
        .values(
            state=MailState.CLAIMED.value,
            claimed_by=run_id,
            claimed_at=attempt.now,
            attempts=mail["attempts"] + 1,
            message_id=message_id,
        )
    )
    message = Message(
        to=to,
        sender=d.settings.mail.sender,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        message_id=message_id,
        headers={"Date": format_datetime(attempt.now), **headers},
    )
    return Claimed(
        mail["id"],
        mail["invitation_id"],
        asking=mail["kind"] in ASKING_KINDS,
        message=message,
        question=mail["kind"] in QUESTION_KINDS,
    )


def sender_domain(d: "Deployment") -> str:
    """Return the domain that mails come from.

    Raises:
        ConfigError: `mail.from` is no address: found before anything is claimed.
    """
    address = parseaddr(d.settings.mail.sender)[1]
    local, _, domain = address.rpartition("@")
    if not local or not domain or not address.isascii():
        raise ConfigError.of("mail.from", "is no mail address", "Name <alumni@acme.example>")
    return domain


def drop(connection: Connection, mail: RowMapping, reason: str) -> Wait:
    """Let a mail never leave."""
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == mail["id"])
        .values(state=MailState.DROPPED.value, reason=reason, sealed=None)
    )
    return Wait.DROPPED


def postpone(attempt: Attempt | JoinErrand, until: datetime) -> Wait:
    """Let a mail leave later; every gate is asked again then."""
    attempt.connection.execute(
        update(OUTBOX).where(OUTBOX.c.id == attempt.mail["id"]).values(due_at=until)
    )
    return Wait.POSTPONED
