"""The proof of another address: an explicit word behind the link of the mail that went there.

The word that there is a new address goes to the old one, and names neither the new one nor a link.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from alumni_sync.consent.answers.acts import (
    Act,
    Beside,
    begin,
    given_of,
    is_suppressed,
    keys,
    refusal,
    seal_old_address,
    write,
)
from alumni_sync.consent.answers.addresses import UNUSABLE, queue_mail
from alumni_sync.consent.answers.answer import Conflict, Evidence, Outcome, Stale
from alumni_sync.consent.answers.dossier import Pending, load_dossier, open_pending
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, step
from alumni_sync.consent.links.secrets import LinkKind, still_proves, supersede
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.rounds.renewals import terms_of
from alumni_sync.consent.transitions import ALL_MAIL, suppress
from alumni_sync.ports import ProfileField

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def prove_address(
    d: "Deployment", invitation_id: str, evidence: Evidence, nonce: str, language: str
) -> Outcome:
    """Take the proof: whoever read the mail says on its page that it was them.

    `evidence.token_id` names the link; it has to be the newest, and good at this moment.
    """
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, language)
        if not isinstance(act, Act):
            return act
        pending = open_pending(act.dossier.row, act.ring)
        if pending is None or not still_proves(
            connection, invitation_id, evidence.token_id, act.now
        ):
            return Conflict(act.state, "used")
        if is_suppressed(act, pending.address):
            return UNUSABLE
        return _prove(act, pending)


def _prove(act: Act, pending: Pending) -> Outcome:
    moved = step(act.dossier.position, Event.ADDRESS_PROVEN, act.now, act.page.pack.timers)
    if not moved.taken:
        return refusal(act, moved)
    row, agreed = act.dossier.row, act.dossier.agreed
    notice = pending.notice
    if act.state not in HELD_ONTO:
        if act.dossier.obstacle:
            return Conflict(act.state, "not_standing")
        agreed = pending.agreed
        manifest = act.page.edition.manifest
        if pending.terms != terms_of(act.d, manifest.id, manifest.version):
            return Stale()  # another meaning, or another recipient, than was said yes to
        act = _as_it_was_shown(act, pending)
    if agreed is None:
        return Conflict(act.state)
    old = seal_old_address(act)
    act = replace(act, page=replace(act.page, address=pending.address))
    after = replace(agreed, email=pending.address)
    beside = Beside(
        values={
            **({"notice_version": notice["version"]} if notice else {}),
            **({"sessions_from": act.now} if act.state in HELD_ONTO else {}),
        },
        notice=notice,
        evidence={"address_asked": pending.asked},
    )
    answer = "yes" if pending.agreed else "address"
    given = given_of(act, answer, after, moved)
    was_member = act.state in HELD_ONTO
    supersede(act.connection, row["id"], LinkKind.VERIFY, act.now)
    if was_member:  # a mailbox that is somebody else's now must not open or stop anything
        for kind in (LinkKind.MANAGE, LinkKind.UNSUBSCRIBE):
            supersede(act.connection, row["id"], kind, act.now)
    decided = write(act, Event.ADDRESS_PROVEN, moved, given, after, keeps=after, beside=beside)
    if old is not None:
        queue_mail(act, MailKind.ADDRESS_CHANGED, decided.seq, old)
    return decided


def _as_it_was_shown(act: Act, pending: Pending) -> Act:
    """Return the act with the values that stood beside the boxes when they were ticked."""
    shown = {ProfileField(name): value for name, value in pending.displayed.items()}
    return replace(act, page=replace(act.page, values=shown))


def refuse_address(d: "Deployment", invitation_id: str, evidence: Evidence) -> bool:
    """Obey whoever reads a mail at an address that was not theirs to be named: no mail again.

    False when the link is not good any more. Nothing happens to the consent: it waits its time out.
    """
    ring, now = keys(d, invitation_id), d.clock.now()
    with d.ledger.write() as connection:
        dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
        if dossier is None or not still_proves(connection, invitation_id, evidence.token_id, now):
            return False
        supersede(connection, invitation_id, LinkKind.VERIFY, now)
        if pending := open_pending(dossier.row, ring):
            suppress(connection, d.ledger.hashes.address(pending.address), ALL_MAIL, "not_me", now)
    return True
