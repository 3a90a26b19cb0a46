"""Claiming a mail: one short transaction that asks every gate again and makes the links."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from alumni_sync.consent.answers.dossier import load_dossier
from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.consent.links.secrets import Holder, LinkKind
from alumni_sync.consent.mail.attempts import (
    Attempt,
    Claimed,
    Site,
    Wait,
    drop,
    is_suppressed,
    link,
    postpone,
    take,
)
from alumni_sync.consent.mail.composing import MailKind, MailValues, compose, day_in_words, last_day
from alumni_sync.consent.mail.joins import JoinErrand, ready_join
from alumni_sync.consent.mail.outbox import ASKING_KINDS, JOIN_KINDS, OUTBOX, MailState
from alumni_sync.consent.mail.questions import ask
from alumni_sync.consent.mail.renewals import ask_again
from alumni_sync.consent.mail.requested import ABOUT_REQUESTS, REQUESTED, Errand, ready
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Pause, t

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from alumni_sync.deployment import Deployment

_GOODBYES: Final = (MailKind.GOODBYE.value, MailKind.REHIRED.value)
_NO_WORD_TO: Final = ("erased", "never_contact")
"""Obstacles that let no mail of ours through, whatever was queued before: death among them."""
_RIGHTS: Final = frozenset(kind.value for kind in (*ABOUT_REQUESTS, MailKind.CODE))
"""What somebody is owed who asks about their data, whatever stands against asking them."""
_PAUSE: Final = t(Pause)


def claim(d: "Deployment", mail: "RowMapping", site: Site, run_id: str) -> Claimed | Wait:
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
            return drop(connection, row, "no_invitation")
        attempt = Attempt(d, connection, ring, row, dossier, site, now)
        if row["kind"] == MailKind.RENEWAL.value:
            return ask_again(attempt, run_id)
        return ask(attempt, run_id) if row["kind"] in ASKING_KINDS else _other(attempt, run_id)


def _other(attempt: Attempt, run_id: str) -> Claimed | Wait:
    """Claim a mail that asks for nothing; it may leave on any day."""
    if attempt.dossier.obstacle in _NO_WORD_TO and attempt.mail["kind"] not in _RIGHTS:
        return drop(attempt.connection, attempt.mail, attempt.dossier.obstacle)
    if attempt.mail["kind"] in REQUESTED:
        return _requested(attempt, run_id)
    if attempt.mail["kind"] in _GOODBYES:
        return _goodbye(attempt, run_id)
    agreed, until = attempt.dossier.agreed, attempt.dossier.row["valid_until"]
    if agreed is None or until is None or attempt.dossier.state not in HELD_ONTO:
        return drop(attempt.connection, attempt.mail, "not_live")
    if is_suppressed(attempt, agreed.email):
        return drop(attempt.connection, attempt.mail, "suppressed")
    form = attempt.site.edition.forms[attempt.language]
    holder = Holder(attempt.mail["invitation_id"], attempt.mail["person_id"], until)
    composed = compose(
        attempt.site.edition,
        attempt.language,
        MailKind.CONFIRMATION,
        attempt.site.terms,
        MailValues(
            first_name=first_name(attempt.dossier.facts),
            link=link(attempt, holder, LinkKind.MANAGE),
            until=last_day(until),
            fields=[label.label for name, label in form.fields.items() if name in agreed.fields],
            purposes=[
                _with_its_day(attempt, label.label, agreed.not_before.get(name))
                for name, label in form.purposes.items()
                if name in agreed.purposes
            ],
        ),
    )
    return take(attempt, run_id, agreed.email, composed, {})


def _with_its_day(attempt: Attempt, purpose: str, day: date | None) -> str:
    """Return the words for a purpose, with the day before which it stays closed."""
    if day is None:
        return purpose
    edition, language = attempt.site.edition, attempt.language
    words = edition.forms[language].labels["not_before"]
    return f"{purpose} ({words}: {day_in_words(edition.mails[language], day)})"


def _goodbye(attempt: Attempt, run_id: str) -> Claimed | Wait:
    person, sealed = attempt.mail["person_id"], attempt.mail["sealed"]
    if sealed is None or not attempt.ring.has(person, KeyKind.EVIDENCE):
        return drop(attempt.connection, attempt.mail, "no_address")
    told = attempt.ring.open_json(person, KeyKind.EVIDENCE, "outbox", sealed)
    if is_suppressed(attempt, told["to"]):
        return drop(attempt.connection, attempt.mail, "suppressed")
    composed = compose(
        attempt.site.edition,
        attempt.language,
        MailKind(attempt.mail["kind"]),
        attempt.site.terms,
        MailValues(first_name=told["first_name"], lapsed=told.get("lapsed", False)),
    )
    return take(attempt, run_id, told["to"], composed, {})


def _requested(attempt: Attempt, run_id: str) -> Claimed | Wait:
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
        return drop(attempt.connection, attempt.mail, found)
    if is_suppressed(attempt, found.to):
        return drop(attempt.connection, attempt.mail, "suppressed")
    return take(attempt, run_id, found.to, found.composed, {})


def _join(errand: JoinErrand, run_id: str) -> Claimed | Wait:
    """Claim a mail about a request to join."""
    found = ready_join(errand)
    if isinstance(found, str):
        return drop(errand.connection, errand.mail, found)
    if isinstance(found, datetime):
        return postpone(errand, found)
    return take(errand, run_id, found.to, found.composed, {})
