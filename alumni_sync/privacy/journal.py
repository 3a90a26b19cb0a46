"""The erasure journal: what a restored ledger has to be told before anybody works with it.

A backup is older than some erasures. The key store is not restored with it and knows whose keys
were destroyed: these people are unreadable already; here their gates close as well, so that nobody
who left since is taken for a member.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select, update

from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Erasure, Person, Spell, t
from alumni_sync.ledger.upsert import in_chunks
from alumni_sync.membership.forgetting import forget_spells

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)


def replay(d: "Deployment") -> int:
    """Erase again whoever's profile key was destroyed; return how many that concerned."""
    now = d.clock.now()
    gone = [
        subject
        for subject, kind in d.ledger.vault.store.shredded()
        if kind == KeyKind.PROFILE and subject.startswith("P-")
    ]
    concerned: list[str] = []
    for chunk in in_chunks(gone):
        with d.ledger.write() as connection:
            query = select(_PERSON.c.id).join(_SPELL, _SPELL.c.person_id == _PERSON.c.id)
            unread = query.where(
                _PERSON.c.id.in_(chunk), _PERSON.c.erased_at.is_(None), _SPELL.c.sealed.is_not(None)
            )
            ids = list(connection.execute(unread.distinct()).scalars())
            connection.execute(update(_PERSON).where(_PERSON.c.id.in_(ids)).values(erased_at=now))
            for person_id in ids:
                row = {"person_id": person_id, "reason": "restored", "at": now, "by": "journal"}
                connection.execute(insert(t(Erasure)), row)
            spells = select(_SPELL.c.id).where(_SPELL.c.person_id.in_(ids))
            spell_ids = list(connection.execute(spells).scalars())
        forget_spells(d, spell_ids)
        concerned += ids
    return len(concerned)
