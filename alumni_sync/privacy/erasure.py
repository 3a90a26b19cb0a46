"""Erasing one person: at once, everywhere, and without forgetting that they are not to be asked.

The gate closes first, in a transaction of its own; then the platform, then the facts and their key.
What proves a consent stays readable with the evidence key until the proof period ends (GDPR Art.
17(3)(e)); of somebody who never answered there is nothing to prove, and both keys die.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, delete, exists, insert, or_, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import (
    INVITATION,
    open_dossier,
    position_of,
    select_dossiers,
)
from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.transitions import ALL_MAIL, Happening, record, suppress
from alumni_sync.domain import Actor
from alumni_sync.errors import ConnectorError, Refused
from alumni_sync.intake.tombstones import seal_for_good
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.request_tables import LegalHold
from alumni_sync.ledger.tables import (
    ConsentEvent,
    Erasure,
    Membership,
    Outbox,
    Person,
    Spell,
    Token,
    t,
)
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.membership.forgetting import forget_spells
from alumni_sync.membership.removal import remove_closed
from alumni_sync.privacy.request_retention import forget_requests, joins_of

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

OBJECTION: Final = "objection"
LATELY: Final = timedelta(days=30)
"""Within it, housekeeping looks for erasures that were interrupted; it runs every night."""
REASONS: Final = ("request", OBJECTION, "authority", "mistake")
_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_EVENT: Final = t(ConsentEvent)
_HOLD: Final = t(LegalHold)
_MEMBERSHIP: Final = t(Membership)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        keys: destroyed.
        still_on_platform: the platform failed; the removal goes on by itself.
        proof_kept: a consent was given once: its evidence stays until the proof period ends.
    """

    keys: int
    still_on_platform: bool
    proof_kept: bool


def erase(
    d: "Deployment",
    person_id: str,
    *,
    by: str,
    reason: str,
    run_id: str,
    call_platform: bool = True,
) -> Erased:
    """Erase a person.

    Args:
        d: the deployment.
        person_id: `P-…`.
        by: user name of whoever decided it.
        reason: one of `REASONS`.
        run_id: for the audit of the platform writes.
        call_platform: False leaves the removal there to the worker, which has it in seconds: a
            page must not wait for a platform.

    Raises:
        Refused: a legal hold stands, or there is no such person.
    """
    before = d.ledger.vault.load([person_id])
    invitations = _close(d, before, person_id, by, reason)
    removed = call_platform and _removed(d, run_id, invitations)
    proof = _forget(d, person_id)
    after = d.ledger.vault.load([person_id])
    gone = sum(before.has(person_id, kind) - after.has(person_id, kind) for kind in KeyKind)
    return Erased(gone, not removed, proof)


def half_erased(d: "Deployment") -> list[str]:
    """Return who was erased lately and can still be read.

    A process died in the middle of it, or a legal hold came between and is lifted now.
    """
    since = d.clock.now() - LATELY
    lifted = exists().where(_HOLD.c.person_id == _PERSON.c.id, _HOLD.c.lifted_at >= since)
    with d.ledger.read() as connection:
        query = select(_PERSON.c.id).where(
            _PERSON.c.erased_at.is_not(None),
            or_(_PERSON.c.erased_at >= since, lifted),
            _PERSON.c.legal_hold.is_(False),
        )
        people = list(connection.execute(query).scalars())
        proofs = {person_id for person_id in people if _has_proof(connection, person_id)}
    ring = d.ledger.vault.load(people)
    return [
        person_id
        for person_id in people
        if ring.has(person_id, KeyKind.PROFILE)
        or (ring.has(person_id, KeyKind.EVIDENCE) and person_id not in proofs)
    ]


def finish_erasing(d: "Deployment", person_ids: Sequence[str]) -> None:
    """Let go what an erasure that was interrupted has left; their gates are closed already."""
    for person_id in person_ids:
        _forget(d, person_id)


def _forget(d: "Deployment", person_id: str) -> bool:
    """Drop facts and destroy keys; say whether the proof of a consent is kept.

    A platform can take minutes: a legal hold that was set meanwhile wins, and all of it waits.
    """
    with d.ledger.read() as connection:
        spells = list(
            connection.execute(select(_SPELL.c.id).where(_SPELL.c.person_id == person_id)).scalars()
        )
        held = select(_PERSON.c.legal_hold).where(_PERSON.c.id == person_id)
        proof = _has_proof(connection, person_id)
        joins = joins_of(connection, person_id)
        if connection.execute(held).scalar():
            return proof
    forget_spells(d, spells)
    kinds = [KeyKind.PROFILE] if proof else [KeyKind.PROFILE, KeyKind.EVIDENCE]
    d.ledger.vault.shred([person_id, *joins], kinds)
    d.ledger.vault.store.note_restricted(person_id, restricted=False)
    return proof


def _removed(d: "Deployment", run_id: str, invitations: list[str]) -> bool:
    """Take the person off the platform; say whether it took it."""
    try:
        return not remove_closed(d, run_id, only=invitations).failed
    except ConnectorError:
        return False


def _close(d: "Deployment", ring: KeyRing, person_id: str, by: str, reason: str) -> list[str]:
    """Shut every gate of a person and note the erasure; return the invitations."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        person = connection.execute(select(_PERSON).where(_PERSON.c.id == person_id)).first()
        if person is None:
            msg = "there is no such person"
            raise Refused(msg)
        if person.legal_hold:
            msg = "a legal hold stands: nothing of this person may be erased until it is lifted"
            raise Refused(msg)
        forgotten = {"erased_at": now, "restricted_at": None}
        connection.execute(update(_PERSON).where(_PERSON.c.id == person_id).values(**forgotten))
        consents = _invitations(connection, person_id, now)
        if reason == OBJECTION:
            # An objection outlives the erasure: another source may know the same addresses.
            for address_hash in _addresses(d, ring, person.address_hash, consents):
                suppress(connection, address_hash, ALL_MAIL, reason, now)
        row = {"person_id": person_id, "reason": reason, "at": now, "by": by}
        connection.execute(insert(t(Erasure)), row)
        waiting = t(Outbox).c.state == "queued"
        connection.execute(
            update(t(Outbox))
            .where(t(Outbox).c.person_id == person_id, waiting)
            .values(state="dropped", reason="erased", sealed=None)
        )
        seal_for_good(connection, person_id)  # of facts that retention had let go before
        ended = [_end(connection, row, now) for row in consents]
        connection.execute(delete(t(Token)).where(t(Token).c.person_id == person_id))
        forget_requests(connection, person_id)
        return ended


def _invitations(connection: Connection, person_id: str, now: datetime) -> Sequence[RowMapping]:
    query = select_dossiers(now).where(INVITATION.c.person_id == person_id)
    return connection.execute(query.with_for_update(of=INVITATION)).mappings().all()


def _addresses(
    d: "Deployment", ring: KeyRing, known: str | None, consents: Sequence[RowMapping]
) -> list[str]:
    """Return the hashes of every address of a person: HRIS's, asked at, and the one they chose."""
    dossiers = [open_dossier(row, ring) for row in consents]
    told = {dossier.asked_address for dossier in dossiers}
    told |= {dossier.agreed.email for dossier in dossiers if dossier.agreed}
    return sorted(
        {d.ledger.hashes.address(one) for one in told if one} | ({known} if known else set())
    )


def _end(connection: Connection, row: RowMapping, now: datetime) -> str:
    """End one consent by the erasure; return the invitation's id."""
    moved = step(position_of(row), Event.ERASED, now, Timers())  # no pack may hold it up
    if moved.taken:
        record(connection, row, moved, Happening(Event.ERASED, Actor.SYSTEM, Channel.SYSTEM, now))
    return str(row["id"])


def _has_proof(connection: Connection, person_id: str) -> bool:
    """Say whether the person ever said yes, or may still be on a platform."""
    yes = exists().where(
        _EVENT.c.person_id == person_id, _EVENT.c.state_after.in_(("given", "renewed"))
    )
    member = exists().where(_MEMBERSHIP.c.person_id == person_id)
    return bool(connection.execute(select(yes | member)).scalar())
