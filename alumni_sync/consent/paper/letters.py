"""Letters: HR asks by post whom nothing allows us to write a mail to.

A letter asks like a mail: it counts against the same cap, every gate is asked at the moment it is
made, the chain holds who made it, and its link is a secret that the ledger keeps as a hash only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, and_, func, or_, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION, Dossier, load_dossier, person_of
from alumni_sync.consent.answers.offers import first_name, full_name
from alumni_sync.consent.gates import ClosedReason, letter_gate
from alumni_sync.consent.lifecycle import Event, Step, step
from alumni_sync.consent.links.secrets import PATHS, Holder, LinkKind, issue, supersede
from alumni_sync.consent.mail.attempts import Site, site_of
from alumni_sync.consent.mail.composing import last_day
from alumni_sync.consent.standing import SPELL, joined, may_be_asked
from alumni_sync.consent.terms import language_for
from alumni_sync.consent.transitions import Along, Happening, record, suppressed_scope
from alumni_sync.domain import Actor, ConsentState, ContactBasis
from alumni_sync.errors import Refused
from alumni_sync.ledger.pauses import Outlet, is_paused
from alumni_sync.ledger.tables import ConsentEvent, Suppression, t
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

DAYS_BETWEEN: Final = 7
"""A letter needs days to arrive; a second one is not made before."""
_EVENT: Final = t(ConsentEvent)
_SUPPRESSION: Final = t(Suppression)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to be printed; the link is told only now.

    Attributes:
        employee_number: by which HR finds the postal address, which we do not know.
        closes: last day to answer, in UTC.
        number: which asking act of the round it is.
    """

    invitation_id: str
    source: str
    employee_number: str
    name: str
    first_name: str
    language: str
    link: str
    closes: date
    number: int


@dataclass(frozen=True, slots=True)
class _Try:
    """One letter under consideration, within a write transaction."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    site: Site
    by: str
    now: datetime


def who_gets_letters(d: "Deployment", source: str, *, again: bool) -> Sequence[str]:
    """Return invitations whose leavers can be asked by letter only, in the order they came.

    Args:
        d: the deployment.
        source: where they left.
        again: also whom a letter asked before, and who has not answered.
    """
    new = and_(
        INVITATION.c.state == ConsentState.NO_CONTACT.value,
        INVITATION.c.no_contact_reason == ClosedReason.LETTER.value,
    )
    asked = and_(
        INVITATION.c.state == ConsentState.INVITED.value,
        INVITATION.c.basis == ContactBasis.NONE.value,
    )
    query = (
        select(INVITATION.c.id)
        .select_from(joined().join(INVITATION, INVITATION.c.spell_id == SPELL.c.id))
        .where(
            INVITATION.c.source == source,
            may_be_asked(d.clock.now()),
            or_(new, asked) if again else new,
        )
        .order_by(INVITATION.c.id)
    )
    with d.ledger.read() as connection:
        return connection.execute(query).scalars().all()


def write_letter(d: "Deployment", invitation_id: str, by: str) -> Letter | str:
    """Ask one leaver by letter, or return a code that says why not.

    Args:
        d: the deployment.
        invitation_id: from `who_gets_letters`.
        by: user name of whoever makes the letter; part of the evidence.

    Raises:
        Refused: mail is paused; a letter is no way around the off switch.
    """
    person, now = person_of(d, invitation_id), d.clock.now()
    ring = d.ledger.vault.load([person] if person else [])
    with d.ledger.write() as connection:
        if is_paused(connection, Outlet.MAIL):
            msg = "mail is paused, and letters ask as mails do: alumni-sync resume mail"
            raise Refused(msg)
        dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
        if dossier is None:
            return "erased"
        tried = _Try(d, connection, ring, site_of(d, dossier.row["source"]), by, now)
        return _write(tried, dossier)


def _write(tried: _Try, dossier: Dossier) -> Letter | str:
    if reason := _not_now(tried, dossier):
        return reason
    timers = tried.site.contact.pack.timers
    if dossier.state is ConsentState.NO_CONTACT:
        dossier = _reopened(tried, dossier)
    moved = step(dossier.position, Event.ASKED, tried.now, timers)
    closes = moved.position.closes_at
    if not moved.taken or closes is None or tried.now >= closes:
        return "closed" if moved.taken else "asked_often_enough"
    return _asked(tried, dossier, moved, closes)


def _not_now(tried: _Try, dossier: Dossier) -> str:
    """Return why no letter is made now, "" if one may be."""
    standing = (
        select(SPELL.c.id)
        .select_from(joined())
        .where(SPELL.c.id == dossier.row["spell_id"], may_be_asked(tried.now))
    )
    if tried.connection.execute(standing).first() is None:
        return dossier.obstacle or "not_standing"
    if dossier.state not in {ConsentState.NO_CONTACT, ConsentState.INVITED}:
        return dossier.state.value
    zone = tried.d.settings.sources[dossier.row["source"]].timezone
    reason = letter_gate(
        tried.site.contact,
        dossier.facts,
        today=tried.now.astimezone(zone).date(),
        suppressed=_is_suppressed(tried, dossier),
    )
    if reason is not None:
        return reason.value
    last: datetime | None = tried.connection.execute(
        select(func.max(_EVENT.c.occurred_at)).where(
            _EVENT.c.person_id == dossier.row["person_id"], _EVENT.c.event == Event.ASKED.value
        )
    ).scalar()
    too_soon = last is not None and tried.now < last + timedelta(days=DAYS_BETWEEN)
    return "asked_lately" if too_soon else ""


def _is_suppressed(tried: _Try, dossier: Dossier) -> bool:
    address = dossier.facts.get("personal_email")
    if not isinstance(address, str):
        return False
    query = select(_SUPPRESSION.c.scope).where(
        _SUPPRESSION.c.address_hash == tried.d.ledger.hashes.address(address)
    )
    return suppressed_scope(tried.connection.execute(query).scalar(), "invitation")


def _reopened(tried: _Try, dossier: Dossier) -> Dossier:
    """Begin a round: what could not be asked by mail is asked by letter."""
    row, manifest = dossier.row, tried.site.edition.manifest
    moved = step(dossier.position, Event.REOPENED, tried.now, tried.site.contact.pack.timers)
    values: dict[str, Any] = {
        "basis": tried.site.contact.basis.value,
        "jurisdiction": tried.site.contact.pack.jurisdiction,
        "notice_id": manifest.id,
        "no_contact_reason": "",
        "reason_terms": "",
        "sealed": None,
    }
    happening = Happening(
        Event.REOPENED, Actor.ADMIN, Channel.LETTER, tried.now, body={"recorded_by": tried.by}
    )
    record(tried.connection, row, moved, happening, Along(values=values))
    spell = SPELL.c.id == row["spell_id"]
    tried.connection.execute(update(SPELL).where(spell).values(purge_after=None))
    again = load_dossier(tried.connection, tried.ring, row["id"], tried.now, lock=True)
    return replace(dossier, row=again.row) if again else dossier


def _asked(tried: _Try, dossier: Dossier, moved: Step, closes: datetime) -> Letter:
    row, manifest = dossier.row, tried.site.edition.manifest
    language = language_for(
        tried.d, tried.site.edition, row["language"], dossier.facts.get("language")
    )
    happening = Happening(
        event=Event.ASKED,
        actor=Actor.ADMIN,
        channel=Channel.LETTER,
        at=tried.now,
        body={
            "recorded_by": tried.by,
            "notice": {"id": manifest.id, "version": manifest.version, "language": language},
            "contact_basis": ContactBasis.NONE.value,
            "jurisdiction": tried.site.contact.pack.jurisdiction,
        },
    )
    values = {"language": language, "notice_version": manifest.version}
    record(tried.connection, row, moved, happening, Along(values=values))
    supersede(tried.connection, row["id"], LinkKind.DECIDE, tried.now)
    holder = Holder(row["id"], row["person_id"], closes)
    token = issue(tried.connection, holder, LinkKind.DECIDE, tried.now, Channel.LETTER.value)
    number = dossier.facts.get("employee_number") or dossier.facts.get("person_id")
    return Letter(
        invitation_id=row["id"],
        source=row["source"],
        employee_number=number if isinstance(number, str) else "",
        name=full_name(dossier.facts),
        first_name=first_name(dossier.facts),
        language=language,
        link=f"{tried.d.settings.consent.public_url}/{PATHS[LinkKind.DECIDE]}/{token}",
        closes=last_day(closes),
        number=moved.position.asked,
    )
