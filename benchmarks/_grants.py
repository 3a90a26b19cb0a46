"""Records grants beforehand, for whoever may be invited: not what the flow benchmark measures.

The same for the product's ledger and the bare loop's: an invitation, its event in the chain, and
what the person said yes to, sealed.
"""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.dossier import Agreed, seal_agreed
from alumni_sync.domain import Actor, ConsentState, ContactBasis
from alumni_sync.ledger.chain import EventDraft, append_event
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.ids import new_ids
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Invitation, Spell, t
from alumni_sync.ledger.upsert import insert_rows
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose, Shown

_SPELL: Final = t(Spell)
_PAGE: Final = 2_000
_BLANK: Final = {
    name: info.default for name, info in Invitation.model_fields.items() if not info.is_required()
}


def record_grants(ledger: Ledger, clock: FixedClock, terms: str) -> int:
    """Write a grant for every eligible spell, to what `terms` say; return how many."""
    count, after = 0, ""
    while True:
        with ledger.read() as connection:
            query = select(_SPELL).where(_SPELL.c.verdict == "eligible", _SPELL.c.id > after)
            rows = connection.execute(query.order_by(_SPELL.c.id).limit(_PAGE)).all()
        if not rows:
            return count
        ring = ledger.vault.load([row.person_id for row in rows])
        with ledger.write() as connection:
            invitations = []
            for row, invitation in zip(rows, new_ids("I", len(rows)), strict=True):
                seq = append_event(connection, _event(row, invitation, clock))
                grant = _invitation(row, invitation, seq, ring, clock)
                invitations.append(grant | {"agreed_terms": terms})
            insert_rows(connection, t(Invitation), invitations)
        count, after = count + len(rows), rows[-1].id


def _event(row: Row[Any], invitation: str, clock: FixedClock) -> EventDraft:
    return EventDraft(
        event="given",
        person_id=row.person_id,
        spell_id=row.id,
        invitation_id=invitation,
        state_before=ConsentState.INVITED,
        state_after=ConsentState.GIVEN,
        occurred_at=clock.now(),
        recorded_at=clock.now(),
        actor=Actor.SUBJECT,
        channel="mail_link",
    )


def _invitation(
    row: Row[Any], invitation: str, seq: int, ring: KeyRing, clock: FixedClock
) -> dict[str, Any]:
    facts = load_facts(ring.open(row.person_id, KeyKind.PROFILE, "spell", row.sealed))
    address = str(facts["personal_email"])
    fields = {
        ProfileField.LEGAL_ENTITY: Shown(str(facts["legal_entity"]), to_members=True),
        ProfileField.JOB_TITLE: Shown(str(facts["job_title"]), to_members=True),
        ProfileField.DEPARTMENT: Shown(str(facts["department"]), to_members=False),
        ProfileField.CITY: Shown(str(facts["location"]), to_members=True),
    }
    name = f"{facts['given_name']} {facts['family_name']}"
    agreed = Agreed(name, address, frozenset({Purpose.COMMUNITY, Purpose.EVENTS}), fields)
    return {
        **_BLANK,
        "id": invitation,
        "spell_id": row.id,
        "person_id": row.person_id,
        "source": row.source,
        "state": ConsentState.GIVEN.value,
        "basis": ContactBasis.EXIT_FORM.value,
        "jurisdiction": "pl",
        "notice_id": "alumni-community",
        "notice_version": "1.0.0",
        "language": "en",
        "asked": 1,
        "grant_seq": seq,
        "gate_open": True,
        "valid_until": clock.now() + timedelta(days=730),
        "created_at": clock.now(),
        "changed_at": clock.now(),
        "sealed": seal_agreed(ring, row.person_id, agreed, address),
    }
