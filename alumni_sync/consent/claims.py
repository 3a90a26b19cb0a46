"""Claiming a mail: one short transaction that asks every gate again and makes the links.

What was planned days ago may no longer be right. Whoever claims a mail finds out whether it may
leave now, later, or never; only then do the links' secrets come into being, and only in memory.
Asking mails count against their cap from here on, whatever becomes of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, func, select, update

from alumni_sync.consent.answers import Channel
from alumni_sync.consent.calendars import is_working_day
from alumni_sync.consent.dossier import Dossier, load_dossier, seal_asked
from alumni_sync.consent.editions import Edition, Terms
from alumni_sync.consent.gates import (
    OF_THE_DEPLOYMENT,
    Closed,
    ClosedReason,
    ContactTerms,
    Gate,
    by_own_request,
    contact_gate,
)
from alumni_sync.consent.invitations import country_of, next_morning
from alumni_sync.consent.join_mails import JoinErrand, ready_join
from alumni_sync.consent.joined import own_addresses
from alumni_sync.consent.lifecycle import Event, Step, step
from alumni_sync.consent.links import PATHS, Holder, LinkKind, issue, supersede
from alumni_sync.consent.mails import (
    Composed,
    MailKind,
    MailValues,
    compose,
    last_day,
)
from alumni_sync.consent.offers import first_name
from alumni_sync.consent.outbox import ASKING_KINDS, JOIN_KINDS, OUTBOX, MailState
from alumni_sync.consent.requested import REQUESTED, Errand, ready
from alumni_sync.consent.standing import ENDINGS, SPELL, joined, may_be_asked
from alumni_sync.consent.terms import contact_terms, edition_of, language_for, terms_for
from alumni_sync.consent.transitions import Along, Happening, record, suppressed_scope
from alumni_sync.domain import LIVE_STATES, Actor, ContactBasis, Facts
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Pause, Suppression, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import Message

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

UNSUBSCRIBE_DAYS: Final = 90
"""How long an unsubscribe link outlives its question: people tidy up their mailboxes late."""
_PAUSE: Final = t(Pause)
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
    """A mail that is ours to send, complete."""

    outbox_id: int
    invitation_id: str
    asking: bool
    message: Message


@dataclass(frozen=True, slots=True)
class _Attempt:
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
        dossier = self.dossier
        wanted = (dossier.row["language"], dossier.facts.get("language"))
        return language_for(self.d, self.site.edition, *wanted)


def site_of(d: "Deployment", source: str) -> Site:
    """Return what mails of a source say; read before any transaction. Raises `ConfigError`."""
    return Site(edition_of(d), terms_for(d, source), contact_terms(d, source))


def claim(d: "Deployment", mail: RowMapping, site: Site, run_id: str) -> Claimed | Wait:
    """Claim one queued mail (a row of the outbox), or say why not."""
    ring, now = d.ledger.vault.load([mail["person_id"]]), d.clock.now()
    with d.ledger.write() as connection:
        paused = select(_PAUSE.c.what).where(_PAUSE.c.what == "mail")
        if connection.execute(paused).first():
            return Wait.PAUSED
        queued = select(OUTBOX).where(
            OUTBOX.c.id == mail["id"], OUTBOX.c.state == MailState.QUEUED.value
        )
        row = connection.execute(queued.with_for_update()).mappings().first()
        if row is None:
            return Wait.TAKEN
        if row["kind"] in JOIN_KINDS:
            errand = JoinErrand(d, connection, ring, row, site.edition, site.terms, now)
            return _join(errand, run_id)
        dossier = load_dossier(connection, ring, row["invitation_id"], now, lock=True)
        if dossier is None:
            return _drop(connection, row, "no_invitation")
        attempt = _Attempt(d, connection, ring, row, dossier, site, now)
        return _asking(attempt, run_id) if row["kind"] in ASKING_KINDS else _other(attempt, run_id)


# --- asking mails ---------------------------------------------------------------------------------


def _asking(attempt: _Attempt, run_id: str) -> Claimed | Wait:
    """Claim an asking mail, if every gate is open."""
    timers = attempt.site.contact.pack.timers
    moved = step(attempt.dossier.position, Event.ASKED, attempt.now, timers)
    closes = attempt.dossier.row["closes_at"]
    if not moved.taken or (closes is not None and attempt.now >= closes):
        return _drop(attempt.connection, attempt.mail, "closed")
    terms, facts = _asked_as(attempt)
    gate = _not_now(attempt) or _gate(attempt, terms, facts)
    if isinstance(gate, Wait):
        return gate
    if isinstance(gate, Closed):
        return _closed(attempt, gate.reason)
    if _sent_today(attempt) >= attempt.d.settings.brakes.invitations.per_day:
        return Wait.PACED
    return _ask(attempt, moved, (gate.address, terms.basis), run_id)


def _not_now(attempt: _Attempt) -> Wait | None:
    """Return why a person who may be written to is not to be asked now; None if they may be."""
    if attempt.dossier.obstacle in ENDINGS:
        return _drop(attempt.connection, attempt.mail, attempt.dossier.obstacle)
    if not _standing(attempt):
        return _postpone(attempt, attempt.now + timedelta(days=1))
    if (again := _next_allowed(attempt)) > attempt.now:
        return _postpone(attempt, again)
    return None


def _ask(attempt: _Attempt, moved: Step, where: tuple[str, ContactBasis], run_id: str) -> Claimed:
    """Ask at an address, by a contact basis."""
    dossier, position, (address, basis) = attempt.dossier, moved.position, where
    until = position.closes_at or attempt.now
    links, headers = _asking_links(attempt, until)
    composed = compose(
        attempt.site.edition,
        attempt.language,
        _wording(attempt),
        attempt.site.terms,
        MailValues(
            first_name=first_name(dossier.facts),
            link=links[LinkKind.DECIDE],
            unsubscribe=links[LinkKind.UNSUBSCRIBE],
            closes=last_day(until),
            last=position.asked >= attempt.site.contact.pack.timers.asking_mails,
        ),
    )
    claimed = _take(attempt, run_id, address, composed, headers)
    values = {
        "sealed": seal_asked(attempt.ring, dossier.row["person_id"], address),
        "language": attempt.language,
        "notice_version": attempt.site.edition.manifest.version,
        "basis": basis.value,
    }
    happening = _asked(attempt, claimed.message, address, basis)
    record(attempt.connection, dossier.row, moved, happening, Along(values=values))
    return claimed


def _standing(attempt: _Attempt) -> bool:
    query = (
        select(SPELL.c.id)
        .select_from(joined())
        .where(SPELL.c.id == attempt.dossier.row["spell_id"], may_be_asked(attempt.now))
    )
    return attempt.connection.execute(query).first() is not None


def _next_allowed(attempt: _Attempt) -> datetime:
    """Return when the next asking mail to this person may leave, after the last one."""
    query = select(func.max(OUTBOX.c.claimed_at)).where(
        OUTBOX.c.person_id == attempt.mail["person_id"],
        OUTBOX.c.kind.in_(ASKING_KINDS),
        OUTBOX.c.id != attempt.mail["id"],
    )
    last: datetime | None = attempt.connection.execute(query).scalar()
    hours = attempt.site.contact.pack.timers.hours_between_mails
    return attempt.now if last is None else last + timedelta(hours=hours)


def _asked_as(attempt: _Attempt) -> tuple[ContactTerms, Facts]:
    """Return by what and where somebody is asked: at the address they proved, if they asked us."""
    terms, facts = attempt.site.contact, attempt.dossier.facts
    spell = attempt.dossier.row["spell_id"]
    address = own_addresses(attempt.connection, attempt.ring, [spell]).get(spell)
    return by_own_request(terms, facts, address) if address else (terms, facts)


def _gate(attempt: _Attempt, terms: ContactTerms, facts: Facts) -> Gate:
    section = attempt.d.settings.sources[attempt.mail["source"]]
    today = attempt.now.astimezone(section.timezone).date()
    country = country_of(facts, terms)
    address = facts.get("personal_email")
    return contact_gate(
        terms,
        facts,
        today=today,
        working_day=is_working_day(today, country),
        suppressed=isinstance(address, str) and _is_suppressed(attempt, address),
    )


def _is_suppressed(attempt: _Attempt, address: str) -> bool:
    address_hash = attempt.d.ledger.hashes.address(address)
    query = select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == address_hash)
    return suppressed_scope(attempt.connection.execute(query).scalar(), attempt.mail["kind"])


def _closed(attempt: _Attempt, reason: ClosedReason) -> Wait:
    if reason is ClosedReason.NOT_TODAY:
        timezone = attempt.d.settings.sources[attempt.mail["source"]].timezone
        country = country_of(attempt.dossier.facts, attempt.site.contact)
        return _postpone(attempt, next_morning(attempt.now, timezone, country))
    if reason in OF_THE_DEPLOYMENT:
        return _postpone(attempt, attempt.now + timedelta(hours=1))  # said of nobody
    timers = attempt.site.contact.pack.timers
    moved = step(attempt.dossier.position, Event.UNREACHABLE, attempt.now, timers)
    happening = Happening(
        Event.UNREACHABLE, Actor.SYSTEM, Channel.SYSTEM, attempt.now, reason=reason.value
    )
    values = {"no_contact_reason": reason.value}
    record(attempt.connection, attempt.dossier.row, moved, happening, Along(values=values))
    return Wait.NO_CONTACT


def _sent_today(attempt: _Attempt) -> int:
    """Count the asking mails of this day, in UTC, to whomever; unknown ones count."""
    midnight = attempt.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(func.count()).where(
        OUTBOX.c.kind.in_(ASKING_KINDS), OUTBOX.c.claimed_at >= midnight
    )
    return int(attempt.connection.execute(query).scalar_one())


def _wording(attempt: _Attempt) -> MailKind:
    if attempt.dossier.row["deferred"]:
        return MailKind.AGAIN
    return MailKind(attempt.mail["kind"])


def _asking_links(
    attempt: _Attempt, closes: datetime
) -> tuple[dict[LinkKind, str], dict[str, str]]:
    """Make the links of an asking mail, and the headers for one click; older links end."""
    invitation, person = attempt.mail["invitation_id"], attempt.mail["person_id"]
    later = closes + timedelta(days=UNSUBSCRIBE_DAYS)
    supersede(attempt.connection, invitation, LinkKind.DECIDE, attempt.now)
    links = {
        LinkKind.DECIDE: _link(attempt, Holder(invitation, person, closes), LinkKind.DECIDE),
        LinkKind.UNSUBSCRIBE: _link(
            attempt, Holder(invitation, person, later), LinkKind.UNSUBSCRIBE
        ),
    }
    headers = {
        "List-Unsubscribe": f"<{links[LinkKind.UNSUBSCRIBE]}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return links, headers


def _link(attempt: _Attempt, holder: Holder, kind: LinkKind) -> str:
    token = issue(attempt.connection, holder, kind, attempt.now, attempt.mail["kind"])
    return f"{attempt.d.settings.consent.public_url}/{PATHS[kind]}/{token}"


def _asked(attempt: _Attempt, message: Message, address: str, basis: ContactBasis) -> Happening:
    manifest = attempt.site.edition.manifest
    return Happening(
        event=Event.ASKED,
        actor=Actor.MAIL,
        channel=Channel.SYSTEM,
        at=attempt.now,
        body={
            "mail": {"kind": attempt.mail["kind"], "message_id": message.message_id},
            "address_hash": attempt.d.ledger.hashes.address(address),
            "notice": {
                "id": manifest.id,
                "version": manifest.version,
                "language": attempt.language,
            },
            "contact_basis": basis.value,
            "jurisdiction": attempt.site.contact.pack.jurisdiction,
        },
    )


# --- confirmations and goodbyes -------------------------------------------------------------------


def _other(attempt: _Attempt, run_id: str) -> Claimed | Wait:
    """Claim a mail that asks for nothing; it may leave on any day."""
    if attempt.mail["kind"] == MailKind.GOODBYE.value:
        return _goodbye(attempt, run_id)
    if attempt.mail["kind"] in REQUESTED:
        return _requested(attempt, run_id)
    agreed, until = attempt.dossier.agreed, attempt.dossier.row["valid_until"]
    if agreed is None or until is None or attempt.dossier.state not in LIVE_STATES:
        return _drop(attempt.connection, attempt.mail, "not_live")
    if _is_suppressed(attempt, agreed.email):
        return _drop(attempt.connection, attempt.mail, "suppressed")
    form = attempt.site.edition.forms[attempt.language]
    holder = Holder(attempt.mail["invitation_id"], attempt.mail["person_id"], until)
    composed = compose(
        attempt.site.edition,
        attempt.language,
        MailKind.CONFIRMATION,
        attempt.site.terms,
        MailValues(
            first_name=first_name(attempt.dossier.facts),
            link=_link(attempt, holder, LinkKind.MANAGE),
            until=last_day(until),
            fields=[label.label for name, label in form.fields.items() if name in agreed.fields],
            purposes=[
                label.label for name, label in form.purposes.items() if name in agreed.purposes
            ],
        ),
    )
    return _take(attempt, run_id, agreed.email, composed, {})


def _goodbye(attempt: _Attempt, run_id: str) -> Claimed | Wait:
    person, sealed = attempt.mail["person_id"], attempt.mail["sealed"]
    if sealed is None or not attempt.ring.has(person, KeyKind.EVIDENCE):
        return _drop(attempt.connection, attempt.mail, "no_address")
    told = attempt.ring.open_json(person, KeyKind.EVIDENCE, "outbox", sealed)
    if _is_suppressed(attempt, told["to"]):
        return _drop(attempt.connection, attempt.mail, "suppressed")
    composed = compose(
        attempt.site.edition,
        attempt.language,
        MailKind.GOODBYE,
        attempt.site.terms,
        MailValues(first_name=told["first_name"]),
    )
    return _take(attempt, run_id, told["to"], composed, {})


def _requested(attempt: _Attempt, run_id: str) -> Claimed | Wait:
    """Claim a mail that its reader asked for a moment ago."""
    errand = Errand(
        attempt.d,
        attempt.connection,
        attempt.ring,
        attempt.mail,
        attempt.dossier,
        attempt.site.edition,
        attempt.site.terms,
        attempt.language,
        attempt.now,
    )
    found = ready(errand)
    if isinstance(found, str):
        return _drop(attempt.connection, attempt.mail, found)
    if _is_suppressed(attempt, found.to):
        return _drop(attempt.connection, attempt.mail, "suppressed")
    return _take(attempt, run_id, found.to, found.composed, {})


def _join(errand: JoinErrand, run_id: str) -> Claimed | Wait:
    """Claim a mail about a request to join."""
    found = ready_join(errand)
    if isinstance(found, str):
        return _drop(errand.connection, errand.mail, found)
    if isinstance(found, datetime):
        return _postpone(errand, found)
    return _take(errand, run_id, found.to, found.composed, {})


# --- what becomes of a claim ----------------------------------------------------------------------


def _take(
    attempt: _Attempt | JoinErrand,
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
    return Claimed(mail["id"], mail["invitation_id"], mail["kind"] in ASKING_KINDS, message)


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


def _drop(connection: Connection, mail: RowMapping, reason: str) -> Wait:
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == mail["id"])
        .values(state=MailState.DROPPED.value, reason=reason, sealed=None)
    )
    return Wait.DROPPED


def _postpone(attempt: _Attempt | JoinErrand, until: datetime) -> Wait:
    attempt.connection.execute(
        update(OUTBOX).where(OUTBOX.c.id == attempt.mail["id"]).values(due_at=until)
    )
    return Wait.POSTPONED
