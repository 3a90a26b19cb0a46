"""Claiming a mail that asks somebody who has not said yes, if every gate is open at this moment.

What was planned days ago may no longer be right. Such mails count against their cap from here on,
whatever becomes of them.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import seal_asked
from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.calendars import is_working_day
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
from alumni_sync.consent.joining.joined import own_requests
from alumni_sync.consent.lifecycle import Event, Step, step
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.consent.mail.attempts import (
    Attempt,
    Claimed,
    Wait,
    asking_links,
    drop,
    is_suppressed,
    next_allowed,
    postpone,
    sent_today,
    take,
)
from alumni_sync.consent.mail.composing import MailKind, MailValues, compose, last_day
from alumni_sync.consent.standing import ENDINGS, SPELL, joined, may_be_asked
from alumni_sync.consent.transitions import Along, Happening, record
from alumni_sync.domain import Actor, ContactBasis, Facts
from alumni_sync.ports import Message


def ask(attempt: Attempt, run_id: str) -> Claimed | Wait:
    """Claim an asking mail, if every gate is open."""
    timers = attempt.site.contact.pack.timers
    moved = step(attempt.dossier.position, Event.ASKED, attempt.now, timers)
    closes = attempt.dossier.row["closes_at"]
    if not moved.taken or (closes is not None and attempt.now >= closes):
        return drop(attempt.connection, attempt.mail, "closed")
    terms, facts = _asked_as(attempt)
    gate = _not_now(attempt) or _gate(attempt, terms, facts)
    if isinstance(gate, Wait):
        return gate
    if isinstance(gate, Closed):
        return _closed(attempt, gate.reason)
    if sent_today(attempt) >= attempt.d.settings.brakes.invitations.per_day:
        return Wait.PACED
    return _ask(attempt, moved, (gate.address, terms.basis), run_id)


def _not_now(attempt: Attempt) -> Wait | None:
    """Return why a person who may be written to is not to be asked now; None if they may be."""
    if attempt.dossier.obstacle in ENDINGS:
        return drop(attempt.connection, attempt.mail, attempt.dossier.obstacle)
    if not _standing(attempt):
        return postpone(attempt, attempt.now + timedelta(days=1))
    if (again := next_allowed(attempt)) > attempt.now:
        return postpone(attempt, again)
    return None


def _ask(attempt: Attempt, moved: Step, where: tuple[str, ContactBasis], run_id: str) -> Claimed:
    """Ask at an address, by a contact basis."""
    dossier, position, (address, basis) = attempt.dossier, moved.position, where
    until = position.closes_at or attempt.now
    links, headers = asking_links(attempt, until)
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
    claimed = take(attempt, run_id, address, composed, headers)
    values = {
        "sealed": seal_asked(attempt.ring, dossier.row["person_id"], address),
        "language": attempt.language,
        "notice_version": attempt.site.edition.manifest.version,
        "basis": basis.value,
    }
    happening = _asked(attempt, claimed.message, address, basis)
    record(attempt.connection, dossier.row, moved, happening, Along(values=values))
    return claimed


def _standing(attempt: Attempt) -> bool:
    query = (
        select(SPELL.c.id)
        .select_from(joined())
        .where(SPELL.c.id == attempt.dossier.row["spell_id"], may_be_asked(attempt.now))
    )
    return attempt.connection.execute(query).first() is not None


def _asked_as(attempt: Attempt) -> tuple[ContactTerms, Facts]:
    """Return by what and where somebody is asked: at the address they proved, if they asked us."""
    terms, facts = attempt.site.contact, attempt.dossier.facts
    spell = attempt.dossier.row["spell_id"]
    own = own_requests(attempt.connection, attempt.ring, [spell]).get(spell)
    return by_own_request(terms, facts, own.address, own.language) if own else (terms, facts)


def _own_request(attempt: Attempt) -> dict[str, Any]:
    """Return what proves that somebody asked us."""
    spell = attempt.dossier.row["spell_id"]
    return {"join": own_requests(attempt.connection, attempt.ring, [spell])[spell].evidence()}


def _gate(attempt: Attempt, terms: ContactTerms, facts: Facts) -> Gate:
    section = attempt.d.settings.sources[attempt.mail["source"]]
    today = attempt.now.astimezone(section.timezone).date()
    country = country_of(facts, terms)
    address = facts.get("personal_email")
    return contact_gate(
        terms,
        facts,
        today=today,
        working_day=is_working_day(today, country),
        suppressed=isinstance(address, str) and is_suppressed(attempt, address),
    )


def _closed(attempt: Attempt, reason: ClosedReason) -> Wait:
    if reason is ClosedReason.NOT_TODAY:
        timezone = attempt.d.settings.sources[attempt.mail["source"]].timezone
        country = country_of(attempt.dossier.facts, attempt.site.contact)
        return postpone(attempt, next_morning(attempt.now, timezone, country))
    if reason in OF_THE_DEPLOYMENT:
        return postpone(attempt, attempt.now + timedelta(hours=1))  # said of nobody
    timers = attempt.site.contact.pack.timers
    moved = step(attempt.dossier.position, Event.UNREACHABLE, attempt.now, timers)
    happening = Happening(
        Event.UNREACHABLE, Actor.SYSTEM, Channel.SYSTEM, attempt.now, reason=reason.value
    )
    values = {"no_contact_reason": reason.value}
    record(attempt.connection, attempt.dossier.row, moved, happening, Along(values=values))
    return Wait.NO_CONTACT


def _wording(attempt: Attempt) -> MailKind:
    if attempt.dossier.row["deferred"]:
        return MailKind.AGAIN
    return MailKind(attempt.mail["kind"])


def _asked(attempt: Attempt, message: Message, address: str, basis: ContactBasis) -> Happening:
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
            **(_own_request(attempt) if basis is ContactBasis.SELF_JOINED else {}),
            "jurisdiction": attempt.site.contact.pack.jurisdiction,
        },
    )
