"""What is forgotten of somebody who is gone: the profile half of what we hold, for good.

The spell is buried (a keyed tombstone stays, so that nobody is asked again), its facts and what was
agreed are dropped, and the profile key dies: whatever it sealed, in any backup, is unreadable. The
evidence half stays as long as the proof period runs. A legal hold or a restriction stops all of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, or_, select, update

from alumni_sync.consent.answers.dossier import select_dossiers
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.consent.lifecycle.asking import ASKING
from alumni_sync.consent.paper.forms import forget_forms
from alumni_sync.consent.returns.unreachable import is_about_mailbox
from alumni_sync.consent.standing import ENDINGS, obstacle
from alumni_sync.domain import ConsentState
from alumni_sync.intake.tombstones import ReopensOn, bury, fact_marks
from alumni_sync.ledger.among import among
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.queue_tables import CaseRule
from alumni_sync.ledger.request_tables import JoinRequest
from alumni_sync.ledger.tables import (
    Case,
    CaseEvent,
    Decision,
    Invitation,
    Membership,
    Person,
    Spell,
    t,
)
from alumni_sync.ledger.upsert import in_chunks
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.membership.plan import GONE

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_INVITATION: Final = t(Invitation)
_DECISION: Final = t(Decision)
_CASE: Final = t(Case)
_CASE_EVENT: Final = t(CaseEvent)
_CASE_RULE: Final = t(CaseRule)
_MEMBERSHIP: Final = t(Membership)
_JOIN: Final = t(JoinRequest)

_REOPENS: Final[Mapping[str, ReopensOn]] = {
    ConsentState.REVOKED.value: "facts",  # rehired or rescinded: the next exit is asked about
    ConsentState.NO_CONTACT.value: "facts",
    "never_contact": "facts",  # a wrong record of a death is put right some day
    "out_of_scope": "audience",  # or by another fact: who moved into it belongs to it
}
"""Outcome → what may bring a buried spell back; whoever was asked is never asked again."""
_ASKING: Final = tuple(sorted(state.value for state in ASKING))
_HELD_ONTO: Final = tuple(sorted(state.value for state in HELD_ONTO))


def may_be_let_go() -> ColumnElement[bool]:
    """Say that nothing stands against letting go what is held of a person (of `person`).

    A legal hold does, and a restriction: whoever asked for it may need what is kept (GDPR Art. 18).
    """
    return and_(_PERSON.c.legal_hold.is_(False), _PERSON.c.restricted_at.is_(None))


def forget_spells(d: "Deployment", spell_ids: Sequence[str]) -> int:
    """Bury spells and destroy the profile key of whoever has no other spell left.

    Returns:
        How many keys were destroyed.
    """
    if not spell_ids:
        return 0
    gone: list[str] = []
    for chunk in in_chunks(list(spell_ids)):
        gone += _forget(d, chunk)
    shredded = d.ledger.vault.shred(gone, [KeyKind.PROFILE]) if gone else 0
    _settle(d, spell_ids)
    return shredded


def forget_removed(d: "Deployment", spell_ids: Sequence[str]) -> None:
    """Forget spells whose members are gone, but for whom something has begun anew meanwhile.

    A removal may take days. Whoever asked to be asked again by then, or said yes again, is not the
    one that it was begun about.
    """
    if not spell_ids:
        return
    now = d.clock.now()
    stands = or_(
        _INVITATION.c.state.in_(_ASKING),
        and_(_INVITATION.c.state.in_(_HELD_ONTO), _INVITATION.c.valid_until > now),
    )
    query = (
        select_dossiers(now)
        .with_only_columns(_INVITATION.c.spell_id)
        .where(among(_INVITATION.c.spell_id), stands, obstacle(now).not_in(ENDINGS))
    )
    with d.ledger.read() as connection:
        anew = set(connection.execute(query, {"among": spell_ids}).scalars())
    forget_spells(d, [one for one in spell_ids if one not in anew])


def _settle(d: "Deployment", spell_ids: Sequence[str]) -> None:
    """Note that keys are destroyed, too: until then a spell without facts has a day to purge it."""
    with d.ledger.write() as connection:
        connection.execute(
            update(_SPELL)
            .where(among(_SPELL.c.id), _SPELL.c.sealed.is_(None))
            .values(purge_after=None),
            {"among": spell_ids},
        )


def left_behind(d: "Deployment", platform: str) -> list[str]:
    """Return spells of people who are gone from `platform` and were not forgotten.

    A process may die when a removal is confirmed and before its facts are let go, or between that
    and the destruction of the key.
    """
    gone = [state.value for state in GONE]
    with d.ledger.read() as connection:
        half = select(_SPELL.c.id).where(
            _SPELL.c.sealed.is_(None), _SPELL.c.purge_after.is_not(None)
        )
        query = (
            select(_SPELL.c.id)
            .select_from(
                _SPELL.join(_MEMBERSHIP, _MEMBERSHIP.c.spell_id == _SPELL.c.id)
                .join(_INVITATION, _INVITATION.c.spell_id == _SPELL.c.id)
                .join(_PERSON, _PERSON.c.id == _SPELL.c.person_id)
            )
            .where(
                _MEMBERSHIP.c.platform == platform,
                _MEMBERSHIP.c.state.in_(gone),
                _SPELL.c.sealed.is_not(None),
                _INVITATION.c.gate_open.is_(False),
                _INVITATION.c.state.not_in((*_ASKING, *_HELD_ONTO)),  # begun anew since
                may_be_let_go(),
            )
        )
        return [*connection.execute(query).scalars(), *connection.execute(half).scalars()]


def _forget(d: "Deployment", spell_ids: Sequence[str]) -> list[str]:
    """Bury some spells; return the persons whose profile key is not needed any more."""
    now = d.clock.now()
    with d.ledger.read() as connection:
        people = _to_forget(connection, spell_ids)
    ring = d.ledger.vault.load([row.person_id for row in people])
    with d.ledger.write() as connection:
        rows = _to_forget(connection, spell_ids)
        for row in rows:
            _bury(d, connection, row, ring, now)
        _drop_judgements(connection, [row.id for row in rows])
        return _without_spells(connection, sorted({row.person_id for row in rows}))


def _to_forget(connection: Connection, spell_ids: Sequence[str]) -> list[Row[Any]]:
    query = (
        select(
            _SPELL,
            _PERSON.c.person_hash,
            _PERSON.c.erased_at,
            _INVITATION.c.id.label("invitation_id"),
            _INVITATION.c.state.label("consent"),
            _INVITATION.c.no_contact_reason,
            _DECISION.c.revision.label("judged_by"),
        )
        .select_from(
            _SPELL.join(_PERSON, _PERSON.c.id == _SPELL.c.person_id)
            .outerjoin(_INVITATION, _INVITATION.c.spell_id == _SPELL.c.id)
            .outerjoin(_DECISION, _DECISION.c.id == _SPELL.c.decision_id)
        )
        .where(_SPELL.c.id.in_(spell_ids), may_be_let_go())
    )
    return list(connection.execute(query))


def _bury(
    d: "Deployment", connection: Connection, row: Row[Any], ring: KeyRing, now: datetime
) -> None:
    outcome = _outcome(row)
    marks = ""
    if row.sealed is not None and ring.has(row.person_id, KeyKind.PROFILE):
        content = ring.open(row.person_id, KeyKind.PROFILE, "spell", row.sealed)
        marks = fact_marks(d.ledger.hashes, row.spell_hash, load_facts(content))
    if row.sealed is not None:
        bury(
            connection,
            row,
            person_hash=row.person_hash,
            marks=marks,
            outcome=outcome,
            revision=_judged_by(row),
            reopens_on=_reopens_on(row, outcome),
            now=now,
        )
    connection.execute(
        update(_SPELL).where(_SPELL.c.id == row.id).values(sealed=None, purge_after=now)
    )
    asked_us = (_JOIN.c.spell_id == row.id, _JOIN.c.state == "matched")
    connection.execute(update(_JOIN).where(*asked_us).values(sealed=None))
    if row.invitation_id is not None:
        connection.execute(
            update(_INVITATION)
            .where(_INVITATION.c.id == row.invitation_id)
            .values(sealed=None, pending_sealed=None)
        )
        forget_forms(connection, row.invitation_id, now)


def _drop_judgements(connection: Connection, spell_ids: Sequence[str]) -> None:
    """Drop the facts that rules looked at, which rules, and what reviewers wrote beside a ruling.

    They stand under the evidence key, which may live on for the proof of a consent; they prove
    none. Verdicts, rulings and reason codes stay.
    """
    cases = select(_CASE.c.id).where(_CASE.c.spell_id.in_(spell_ids))
    for table, theirs in (
        (_DECISION, _DECISION.c.spell_id.in_(spell_ids)),
        (_CASE_EVENT, _CASE_EVENT.c.case_id.in_(cases)),
    ):
        dropped = update(table).where(theirs, table.c.sealed.is_not(None)).values(sealed=None)
        connection.execute(dropped)
    connection.execute(delete(_CASE_RULE).where(_CASE_RULE.c.case_id.in_(cases)))


def _outcome(row: Row[Any]) -> str:
    """Return what became of a spell: the consent's state, or the verdict of who was never asked."""
    if row.erased_at is not None:
        return ConsentState.ERASED.value
    if row.consent is None or row.consent == ConsentState.NOT_ASKED.value:
        return row.verdict or ""
    return str(row.consent)


def _reopens_on(row: Row[Any], outcome: str) -> ReopensOn:
    """Return what may bring a spell back; a mailbox that does not exist, only another address."""
    if outcome == ConsentState.NO_CONTACT.value and is_about_mailbox(row.no_contact_reason):
        return "address"
    return _REOPENS.get(outcome, "never")


def _judged_by(row: Row[Any]) -> str:
    """Return the revision of the rules that judged a spell last, even if they said the same."""
    _, _, last = (row.judged_facts or "").partition(":")
    return last.partition(":")[0] or row.judged_by or ""


def _without_spells(connection: Connection, person_ids: Sequence[str]) -> list[str]:
    """Return those of `person_ids` of whom no facts are left; their ids are dropped as well."""
    left = exists().where(_SPELL.c.person_id == _PERSON.c.id, _SPELL.c.sealed.is_not(None))
    gone = list(
        connection.execute(
            select(_PERSON.c.id).where(_PERSON.c.id.in_(person_ids), ~left)
        ).scalars()
    )
    connection.execute(update(_PERSON).where(_PERSON.c.id.in_(gone)).values(sealed=b""))
    return gone
