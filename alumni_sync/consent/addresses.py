"""Another address: named by the person, proven by reading a mail there, only then used.

Until the proof nothing changes: a first yes waits, a member's mails go where they went. The word
that there is a new address goes to the old one, and names neither the new one nor a link.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update

from alumni_sync.consent.acts import (
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
from alumni_sync.consent.answers import Conflict, Evidence, Invalid, Outcome, Stale
from alumni_sync.consent.checks import is_same_address
from alumni_sync.consent.dossier import Agreed, Pending, load_dossier, open_pending, seal_pending
from alumni_sync.consent.evidence import notice_body
from alumni_sync.consent.gates import Open, private_address
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, step
from alumni_sync.consent.links import LinkKind, still_proves, supersede
from alumni_sync.consent.mails import MailKind
from alumni_sync.consent.one_time import MOST_CODES, WITHIN
from alumni_sync.consent.outbox import OUTBOX, MailState, mail_row, queue
from alumni_sync.consent.transitions import ALL_MAIL, suppress
from alumni_sync.consent.versions import asks_again
from alumni_sync.ledger.ids import new_id
from alumni_sync.ports import ProfileField

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

UNUSABLE: Final = Invalid((("email", "unusable"),))
"""One answer for every address we cannot write to: why is nobody's business but its owner's."""
TOO_MANY: Final = Invalid((("email", "too_many"),))
ONCE_PROVEN: Final = "once_proven"


def usable_address(act: Act, typed: str) -> str:
    """Return an address as it may be written to; "" where it may not, whatever the reason."""
    facts = {**act.dossier.facts, "personal_email": typed.strip()}
    found = private_address(facts, act.d.settings.company.domains)
    if not isinstance(found, Open) or is_suppressed(act, found.address):
        return ""
    return found.address


def name_address(
    act: Act, agreed: Agreed | None, address: str, evidence: Mapping[str, str] | None = None
) -> Outcome:
    """Write down that another address was named, and have the mail sent that proves it.

    Args:
        act: under way.
        agreed: what the yes says that counts once it is proven; None for a member.
        address: usable.
        evidence: further entries of the event's evidence; None for none.
    """
    moved = step(act.dossier.position, Event.ADDRESS_ASKED, act.now, act.page.pack.timers)
    if not moved.taken:
        return refusal(act, moved)
    if _named_lately(act) >= MOST_CODES:
        return TOO_MANY
    _forget_earlier(act)
    said = agreed or act.dossier.agreed
    if said is None:
        return Conflict(act.state)
    receipt_id, person = new_id("CR"), act.dossier.row["person_id"]
    pending = Pending(
        address=address,
        asked=receipt_id,
        agreed=agreed,
        displayed={name.value: value for name, value in act.page.values.items()} if agreed else {},
        notice=notice_body(act.page) if agreed else {},
    )
    given = given_of(act, "yes" if agreed else "address", said, moved)
    if agreed:
        waits = {p: ONCE_PROVEN if d == "given" else d for p, d in given.purposes.items()}
        given = replace(given, purposes=waits, valid_until=None)
    beside = Beside(
        values={"pending_sealed": seal_pending(act.ring, person, pending)},
        receipt_id=receipt_id,
        evidence=evidence or {},
    )
    named = replace(said, email=address)
    decided = write(act, Event.ADDRESS_ASKED, moved, given, named, beside=beside)
    _queue(act, MailKind.VERIFY, decided.seq)
    return decided


def _named_lately(act: Act) -> int:
    """Count: nobody may use this page to fill a stranger's mailbox."""
    query = select(func.count()).where(
        OUTBOX.c.invitation_id == act.dossier.row["id"],
        OUTBOX.c.kind == MailKind.VERIFY.value,
        OUTBOX.c.created_at > act.now - WITHIN,
    )
    return int(act.connection.execute(query).scalar_one())


def _forget_earlier(act: Act) -> None:
    """End what would prove an address that was named before: it is not the one any more."""
    invitation = act.dossier.row["id"]
    supersede(act.connection, invitation, LinkKind.VERIFY, act.now)
    act.connection.execute(
        update(OUTBOX)
        .where(
            OUTBOX.c.invitation_id == invitation,
            OUTBOX.c.kind == MailKind.VERIFY.value,
            OUTBOX.c.state == MailState.QUEUED.value,
        )
        .values(state=MailState.DROPPED.value, reason="another_named")
    )


def _queue(act: Act, kind: MailKind, seq: int, sealed: bytes | None = None) -> None:
    row = act.dossier.row
    mail = mail_row(row, kind, f"{row['id']}:{kind.value}:{seq}", act.now, act.now)
    queue(act.connection, [mail | {"sealed": sealed}])


def change_address(
    d: "Deployment", invitation_id: str, typed: str, evidence: Evidence, nonce: str, language: str
) -> Outcome:
    """Take a member's wish for another address; it is used once it is proven."""
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, language)
        if not isinstance(act, Act):
            return act
        if act.dossier.agreed is None or act.state not in HELD_ONTO:
            return Conflict(act.state)
        address = usable_address(act, typed)
        if not address or is_same_address(address, act.dossier.agreed.email):
            return UNUSABLE
        return name_address(act, None, address)


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
        if notice and asks_again(notice["version"], act.page.edition.manifest.version):
            return Stale()
        act = _as_it_was_shown(act, pending)
    if agreed is None:
        return Conflict(act.state)
    old = seal_old_address(act)
    act = replace(act, page=replace(act.page, address=pending.address))
    after = replace(agreed, email=pending.address)
    beside = Beside(
        values={"notice_version": notice["version"]} if notice else {},
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
        _queue(act, MailKind.ADDRESS_CHANGED, decided.seq, old)
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
