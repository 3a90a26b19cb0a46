"""What was taken back or refused by letter or phone: one person records it, and it works at once.

Nothing stands in its way: no second person, no form, no notice. Kept beside the event is who wrote
it down and where the letter or the note of the call is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select

from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Choice,
    Decided,
    Evidence,
    Invalid,
    Outcome,
)
from alumni_sync.consent.answers.decisions import decide, withdraw
from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.paper.checks import kept_problems, received_problems
from alumni_sync.consent.paper.forms import ANSWERS, RECORDED, seal_answer
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ports import Purpose
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

WITHDRAW: Final = "withdraw"
LESSENS: Final[Mapping[str, Answer]] = {"no": Answer.NO, "not_me": Answer.NOT_ME}


@dataclass(frozen=True, slots=True)
class Told:
    """Something that was taken back or refused by letter or phone.

    Attributes:
        what: `withdraw`, `no` or `not_me`.
        received_on: when it reached us; None where it could not be read as a date.
        kept: where the letter is kept, or the note of the call.
        purposes: to withdraw; None for everything.
    """

    channel: Channel
    what: str
    received_on: date | None
    kept: str
    purposes: frozenset[Purpose] | None = None


def record_withdrawal(
    d: "Deployment", invitation_id: str, told: Told, identity: Identity, nonce: str
) -> Outcome:
    """Carry out what a person told us by letter or phone, and keep who wrote it down and where.

    Args:
        d: the open deployment.
        invitation_id: whose; of a person who gave consent, or was asked for it.
        told: what, and how.
        identity: who writes it down.
        nonce: of the page; the same nonce twice is the same act.

    Raises:
        Refused: the identity may not, or it is their own file.
    """
    person, source = _allowed(d, invitation_id, identity)
    zone = d.settings.sources[source].timezone
    today = d.clock.now().astimezone(zone).date()
    wrong = [*received_problems(told.received_on, None, today), *kept_problems(told.kept)]
    if told.what != WITHDRAW and told.what not in LESSENS:
        wrong.append(("what", "none"))
    if wrong:
        return Invalid(tuple(wrong))
    evidence = Evidence(told.channel, recorded_by=identity.user)
    if told.what == WITHDRAW:
        outcome = withdraw(d, invitation_id, told.purposes, evidence, nonce)
    else:
        outcome = decide(d, invitation_id, Choice(LESSENS[told.what], "", "", 0, nonce), evidence)
    if isinstance(outcome, Decided):
        _keep(d, invitation_id, person, told, identity, outcome.seq)
    return outcome


def _allowed(d: "Deployment", invitation_id: str, identity: Identity) -> tuple[str, str]:
    """Return person and source of an invitation, for somebody who may act on it."""
    query = select(INVITATION.c.person_id, INVITATION.c.source)
    with d.ledger.read() as connection:
        row = connection.execute(query.where(INVITATION.c.id == invitation_id)).first()
        if row is None:
            raise Refused("there is no such invitation")
        authority_now(d, connection).require(identity, Act.RECORD_WITHDRAWAL, row.source)
        refuse_own_file(d, connection, identity, row.person_id)
    return row.person_id, row.source


def _keep(
    d: "Deployment", invitation_id: str, person: str, told: Told, identity: Identity, seq: int
) -> None:
    """Keep beside the event where the evidence is; a repeated form finds it there already."""
    ring, now = d.ledger.vault.load([person]), d.clock.now()
    said = {"what": told.what, "kept": told.kept.strip()}
    sealed = seal_answer(ring, person, {}, said) if ring.has(person, KeyKind.EVIDENCE) else None
    with d.ledger.write() as connection:
        if connection.execute(select(ANSWERS.c.id).where(ANSWERS.c.seq == seq)).first():
            return
        connection.execute(
            insert(ANSWERS).values(
                invitation_id=invitation_id,
                person_id=person,
                kind="withdrawal" if told.what == WITHDRAW else "refusal",
                channel=told.channel.value,
                received_on=told.received_on,
                state=RECORDED,
                recorded_by=identity.user,
                recorded_at=now,
                closed_at=now,
                seq=seq,
                sealed=sealed,
            )
        )
