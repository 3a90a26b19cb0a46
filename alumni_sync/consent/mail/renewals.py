"""Claiming a mail that asks a member whether their yes goes on.

It goes to the address that was agreed, on the yes that still stands: no contact basis is needed.
It leaves on working days only, paced with the other asking mails, at most twice a renewal.
"""

from datetime import datetime, timedelta

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import Agreed
from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.calendars import is_working_day
from alumni_sync.consent.gates import recipient_gate
from alumni_sync.consent.invitations import country_of, next_morning
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, Step, step
from alumni_sync.consent.lifecycle.positions import renewal_days
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
from alumni_sync.consent.rounds.renewals import has_changed
from alumni_sync.consent.standing import ENDINGS
from alumni_sync.consent.transitions import Happening, record
from alumni_sync.domain import Actor
from alumni_sync.ports import Message


def ask_again(attempt: Attempt, run_id: str) -> Claimed | Wait:
    """Claim a renewal mail, if it may leave at this moment."""
    timers = attempt.site.contact.pack.timers
    moved = step(attempt.dossier.position, Event.ASKED, attempt.now, timers)
    agreed, until = attempt.dossier.agreed, attempt.dossier.row["valid_until"]
    if agreed is None or until is None:
        return drop(attempt.connection, attempt.mail, "no_address")
    if reason := _never(attempt, moved, agreed.email):
        return drop(attempt.connection, attempt.mail, reason)
    if (later := _not_before(attempt)) > attempt.now:
        return postpone(attempt, later)
    if sent_today(attempt) >= attempt.d.settings.brakes.invitations.per_day:
        return Wait.PACED
    return _ask(attempt, moved, agreed, until, run_id)


def _never(attempt: Attempt, moved: Step, address: str) -> str:
    """Return why the mail is not sent any more; "" if it may be."""
    if not moved.taken or attempt.dossier.state not in HELD_ONTO:
        return "closed"
    if attempt.dossier.obstacle in ENDINGS:
        return attempt.dossier.obstacle
    return "suppressed" if is_suppressed(attempt, address) else ""


def _not_before(attempt: Attempt) -> datetime:
    """Return when the mail may leave; now, if nothing speaks against it."""
    if recipient_gate(attempt.site.contact):
        return attempt.now + timedelta(hours=1)  # said of nobody
    if attempt.dossier.obstacle:
        return attempt.now + timedelta(days=1)
    timezone = attempt.d.settings.sources[attempt.mail["source"]].timezone
    country = country_of(attempt.dossier.facts, attempt.site.contact)
    if not is_working_day(attempt.now.astimezone(timezone).date(), country):
        return next_morning(attempt.now, timezone, country)
    return next_allowed(attempt)


def _ask(attempt: Attempt, moved: Step, agreed: Agreed, until: datetime, run_id: str) -> Claimed:
    most = len(renewal_days(attempt.site.contact.pack.timers))
    links, headers = asking_links(attempt, until)
    composed = compose(
        attempt.site.edition,
        attempt.language,
        MailKind.RENEWAL,
        attempt.site.terms,
        MailValues(
            first_name=first_name(attempt.dossier.facts),
            link=links[LinkKind.DECIDE],
            unsubscribe=links[LinkKind.UNSUBSCRIBE],
            until=last_day(until),
            last=moved.position.renewals >= most,
            changed=has_changed(attempt.dossier.row),
        ),
    )
    claimed = take(attempt, run_id, agreed.email, composed, headers)
    record(attempt.connection, attempt.dossier.row, moved, _asked(attempt, claimed.message, agreed))
    return claimed


def _asked(attempt: Attempt, message: Message, agreed: Agreed) -> Happening:
    manifest = attempt.site.edition.manifest
    return Happening(
        event=Event.ASKED,
        actor=Actor.MAIL,
        channel=Channel.SYSTEM,
        at=attempt.now,
        body={
            "mail": {"kind": attempt.mail["kind"], "message_id": message.message_id},
            "address_hash": attempt.d.ledger.hashes.address(agreed.email),
            "notice": {
                "id": manifest.id,
                "version": manifest.version,
                "language": attempt.language,
            },
            "jurisdiction": attempt.site.contact.pack.jurisdiction,
        },
    )
