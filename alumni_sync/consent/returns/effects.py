"""What follows from a report about a mail of ours: each taken once, in one short transaction.

A dead mailbox ends the question. One that is full, or a mail that was refused, is noted; when it
happens again and again, that ends the question as well. A complaint is an objection to being asked.
A report about a mail that we do not know changes nothing.

Does not belong here: where reports come from (`taking`, `hook`) and what they mean (`reports`).
"""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, Select, func, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import Dossier, load_dossier
from alumni_sync.consent.joining.join_requests import never_asked
from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, step
from alumni_sync.consent.links.secrets import LinkKind, supersede
from alumni_sync.consent.links.written_to import is_elsewhere, went_to
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.delivery import bury
from alumni_sync.consent.mail.outbox import (
    JOIN_KINDS,
    OUTBOX,
    QUESTION_KINDS,
    MailState,
    asking_key,
)
from alumni_sync.consent.returns.reports import Returned, ReturnKind
from alumni_sync.consent.returns.unreachable import BOUNCED, unreachable_values
from alumni_sync.consent.terms import pack_of
from alumni_sync.consent.transitions import ALL_MAIL, Along, Happening, record, suppress
from alumni_sync.domain import Actor
from alumni_sync.ledger.mail_tables import ReturnedMail
from alumni_sync.ledger.tables import t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.sections import SoftBounces

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_RETURNED: Final = t(ReturnedMail)
_SENT: Final = (MailState.CLAIMED.value, MailState.ACCEPTED.value, MailState.UNKNOWN.value)


class Taken(StrEnum):
    """What became of a report."""

    DONE = "done"
    AGAIN = "again"  # taken before; nothing changed
    STRANGE = "strange"  # about no mail of ours


def take_report(
    d: "Deployment", report_id: str, returned: Returned, *, keep_strange: bool = False
) -> Taken:
    """Write down what a report means.

    Args:
        d: the deployment.
        report_id: keyed digest by which the same report is recognised.
        returned: what it says.
        keep_strange: remember a report about no mail of ours too, so that it is not looked at
            again: of somebody who sends events, not of a mailbox.
    """
    with d.ledger.read() as connection:
        if _is_known(connection, report_id):
            return Taken.AGAIN
        mail = connection.execute(_ours(returned)).mappings().first()
    ring = d.ledger.vault.load([mail["person_id"]] if mail is not None else [])
    with d.ledger.write() as connection:
        mail = connection.execute(_ours(returned).with_for_update()).mappings().first()
        known = mail is not None and mail["state"] in _SENT
        if (known or keep_strange) and not _remember(d, connection, report_id, returned, mail):
            return Taken.AGAIN
        if mail is None or not known:
            refused = mail is not None and mail["state"] == MailState.REFUSED.value
            return Taken.AGAIN if refused else Taken.STRANGE  # nothing more to learn of a dead one
        now, invitation_id = d.clock.now(), mail["invitation_id"]
        dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
        if returned.kind is ReturnKind.COMPLAINT:
            _complained(d, connection, ring, mail, dossier)
        elif returned.kind is ReturnKind.HARD:
            _no_such_mailbox(d, connection, mail, dossier, _reason(returned))
        else:
            _did_not_arrive(d, connection, mail, dossier, _reason(returned))
    return Taken.DONE


def _ours(returned: Returned) -> Select[tuple[object, ...]]:
    """Return the mail of ours that a report is about; "" is no Message-ID of any."""
    known = OUTBOX.c.message_id == returned.message_id
    return select(OUTBOX).where(known, OUTBOX.c.message_id != "")


def _is_known(connection: Connection, report_id: str) -> bool:
    query = select(_RETURNED.c.id).where(_RETURNED.c.id == report_id)
    return connection.execute(query).first() is not None


def _remember(
    d: "Deployment",
    connection: Connection,
    report_id: str,
    returned: Returned,
    mail: RowMapping | None,
) -> bool:
    """Note a report; False where another process took it meanwhile."""
    row = {
        "id": report_id,
        "outbox_id": mail["id"] if mail is not None else None,
        "invitation_id": mail["invitation_id"] if mail is not None else "",
        "kind": returned.kind.value,
        "status": returned.status,
        "at": d.clock.now(),
    }
    return bool(insert_ignore(connection, _RETURNED, [row], key=("id",)))


def _reason(returned: Returned) -> str:
    return f"{BOUNCED} {returned.status}".strip()


def _note(connection: Connection, mail: RowMapping, state: MailState, reason: str) -> None:
    connection.execute(
        update(OUTBOX).where(OUTBOX.c.id == mail["id"]).values(state=state.value, reason=reason)
    )


def _no_such_mailbox(
    d: "Deployment",
    connection: Connection,
    mail: RowMapping,
    dossier: Dossier | None,
    reason: str,
) -> None:
    """End the question; a confirmation that bounced takes back nobody's yes, a person looks."""
    if mail["kind"] not in QUESTION_KINDS:
        bury(connection, mail, reason, d.clock.now())
        return
    _note(connection, mail, MailState.REFUSED, reason)
    _unreachable(d, connection, mail, dossier, reason)


def _did_not_arrive(
    d: "Deployment",
    connection: Connection,
    mail: RowMapping,
    dossier: Dossier | None,
    reason: str,
) -> None:
    """Note it; the reminder tries again, unless this has happened too often."""
    _note(connection, mail, MailState.ACCEPTED, reason)
    if mail["kind"] in QUESTION_KINDS and dossier and _too_often(d, connection, mail, dossier):
        _unreachable(d, connection, mail, dossier, reason)


def _too_often(d: "Deployment", connection: Connection, mail: RowMapping, dossier: Dossier) -> bool:
    """Say whether so many reports came in so short a time, or about every mail of this round."""
    returns = d.settings.mail.returns
    limit = returns.soft if returns else SoftBounces()
    since = d.clock.now() - timedelta(hours=limit.hours)
    about = (
        _RETURNED.c.invitation_id == mail["invitation_id"],
        _RETURNED.c.kind == ReturnKind.SOFT.value,
    )
    lately = select(func.count()).where(*about, _RETURNED.c.at > since)
    if connection.execute(lately).scalar_one() >= limit.count:
        return True
    of_round = OUTBOX.c.key.startswith(
        asking_key(mail["invitation_id"], dossier.position.round, 0)[:-1], autoescape=True
    )
    came_back = (
        select(func.count(_RETURNED.c.outbox_id.distinct()))
        .select_from(_RETURNED.join(OUTBOX, OUTBOX.c.id == _RETURNED.c.outbox_id))
        .where(*about, of_round)
    )
    most = pack_of(d, mail["source"]).timers.asking_mails
    return bool(connection.execute(came_back).scalar_one() >= most)


def _unreachable(
    d: "Deployment",
    connection: Connection,
    mail: RowMapping,
    dossier: Dossier | None,
    reason: str,
) -> None:
    """End the question, unless a later mail went out or they answered: then that counts."""
    if dossier is None or not _is_last(connection, mail):
        return  # a later mail went out since, perhaps to an address that was corrected
    now = d.clock.now()
    moved = step(dossier.position, Event.UNREACHABLE, now, pack_of(d, mail["source"]).timers)
    if not moved.taken:
        return  # answered or withdrawn meanwhile: their word stands
    supersede(connection, mail["invitation_id"], LinkKind.DECIDE, now)
    happening = Happening(Event.UNREACHABLE, Actor.MAIL, Channel.SYSTEM, now, reason=reason)
    values = unreachable_values(connection, mail["person_id"], reason)
    record(connection, dossier.row, moved, happening, Along(values=values))


def _is_last(connection: Connection, mail: RowMapping) -> bool:
    """Say whether no asking mail about this employment left after this one."""
    later = select(func.count()).where(
        OUTBOX.c.invitation_id == mail["invitation_id"],
        OUTBOX.c.kind.in_(QUESTION_KINDS),
        OUTBOX.c.state.in_(_SENT),
        OUTBOX.c.id > mail["id"],
    )
    return not connection.execute(later).scalar_one()


def _complained(
    d: "Deployment",
    connection: Connection,
    ring: KeyRing,
    mail: RowMapping,
    dossier: Dossier | None,
) -> None:
    """Object in the reader's name to being asked; a member's yes stands, mails to them end."""
    now = d.clock.now()
    _note(connection, mail, MailState.ACCEPTED, "complaint")
    if mail["kind"] in JOIN_KINDS:
        never_asked(connection, mail["invitation_id"], "complaint", now)
    if dossier is None:
        return
    written_to = went_to(d, connection, ring, mail)
    if _of_somebody_else(connection, mail, dossier, written_to, d):
        return
    address = dossier.agreed.email if dossier.agreed else dossier.asked_address
    address_hash = d.ledger.hashes.address(address) if address else written_to or None
    if dossier.state not in HELD_ONTO:
        moved = step(dossier.position, Event.OBJECTED, now, Timers())  # waits for no pack
        if moved.taken:
            happening = Happening(
                Event.OBJECTED, Actor.SUBJECT, Channel.SYSTEM, now, reason="complaint"
            )
            record(connection, dossier.row, moved, happening, Along(address_hash=address_hash))
            return
    if address_hash:
        suppress(connection, address_hash, ALL_MAIL, "complaint", now)


def _of_somebody_else(
    connection: Connection,
    mail: RowMapping,
    dossier: Dossier,
    written_to: str,
    d: "Deployment",
) -> bool:
    """Obey whoever reads an address that is not where the question or the yes lives (any more).

    A mail that proves an address may have reached a stranger, and one that tells of a change went
    to an address that was left. Neither speaks for the person: only that address gets no more mail.
    """
    now = d.clock.now()
    if mail["kind"] == MailKind.ADDRESS_CHANGED.value:
        return True  # nothing is sent there any more
    is_proof = mail["kind"] == MailKind.VERIFY.value
    if is_proof:
        supersede(connection, mail["invitation_id"], LinkKind.VERIFY, now)
    left = _was_left(d, mail, dossier, written_to)
    if written_to and (is_proof or left or is_elsewhere(d, dossier, written_to)):
        suppress(connection, written_to, ALL_MAIL, "complaint", now)
        return True
    return is_proof or left


def _was_left(d: "Deployment", mail: RowMapping, dossier: Dossier, written_to: str) -> bool:
    """Say whether a mail went to an address that a member has left for another one."""
    if dossier.agreed is None or dossier.state not in HELD_ONTO:
        return False
    if written_to:
        return written_to != d.ledger.hashes.address(dossier.agreed.email)
    since = dossier.row["sessions_from"]
    return bool(since and mail["claimed_at"] < since)
