"""Another address: named by the person, and used once it is proved (`consent.answers.proofs`).

Until the proof nothing changes: a first yes waits, a member's mails go where they went.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from alumni_sync.consent.answers.acts import (
    Act,
    Beside,
    begin,
    given_of,
    is_suppressed,
    keys,
    refusal,
    write,
)
from alumni_sync.consent.answers.answer import Conflict, Evidence, Invalid, Outcome
from alumni_sync.consent.answers.checks import is_same_address
from alumni_sync.consent.answers.dossier import Agreed, Pending, seal_pending
from alumni_sync.consent.evidence.body import notice_body
from alumni_sync.consent.gates import Open, private_address
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, step
from alumni_sync.consent.links.one_time import MOST_CODES
from alumni_sync.consent.links.secrets import LinkKind, supersede
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import OUTBOX, MailState, mail_row, often_enough, queue
from alumni_sync.consent.rounds.renewals import terms_of
from alumni_sync.ledger.ids import new_id

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
    invitation = act.dossier.row["id"]
    if often_enough(act.connection, invitation, MailKind.VERIFY, act.now, most=MOST_CODES):
        return TOO_MANY  # nobody may use this page to fill a stranger's mailbox
    _forget_earlier(act)
    said = agreed or act.dossier.agreed
    if said is None:
        return Conflict(act.state)
    receipt_id, person = new_id("CR"), act.dossier.row["person_id"]
    manifest = act.page.edition.manifest
    pending = Pending(
        address=address,
        asked=receipt_id,
        agreed=agreed,
        displayed={name.value: value for name, value in act.page.values.items()} if agreed else {},
        notice=notice_body(act.page) if agreed else {},
        terms=terms_of(act.d, manifest.id, manifest.version) if agreed else "",
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
    queue_mail(act, MailKind.VERIFY, decided.seq)
    return decided


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


def queue_mail(act: Act, kind: MailKind, seq: int, sealed: bytes | None = None) -> None:
    """Queue a mail about an event of an act."""
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
