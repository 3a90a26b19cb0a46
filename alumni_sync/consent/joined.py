"""Whom a matched request lets us write to: the address that somebody proved when they asked.

It stands in the request, sealed anew under the person's own key, so that it dies with their other
facts. No read of the source touches it.
"""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import Connection, Select, select

from alumni_sync.consent.joining import JOIN, TABLE, JoinState
from alumni_sync.ledger.among import among
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

_MATCHED: Final = (JOIN.c.state == JoinState.MATCHED.value, JOIN.c.sealed.is_not(None))


def seal_own_address(ring: KeyRing, person_id: str, address: str) -> bytes:
    """Seal a proven address for the row of its request, under the matched person's key."""
    return ring.seal_json(person_id, KeyKind.PROFILE, TABLE, {"email": address})


def own_addresses(
    connection: Connection, ring: KeyRing, spell_ids: Collection[str]
) -> Mapping[str, str]:
    """Return spell → address at which its person asked to be asked; the newest request counts."""
    query = select(JOIN.c.spell_id, JOIN.c.person_id, JOIN.c.sealed).where(
        *_MATCHED, among(JOIN.c.spell_id)
    )
    rows = connection.execute(query.order_by(JOIN.c.closed_at), {"among": list(spell_ids)})
    return {
        row.spell_id: ring.open_json(row.person_id, KeyKind.PROFILE, TABLE, row.sealed)["email"]
        for row in rows
        if ring.has(row.person_id, KeyKind.PROFILE)
    }


def spells_that_asked() -> Select[tuple[str]]:
    """Return the spells whose person asked to be asked, as a subquery."""
    return select(JOIN.c.spell_id).where(*_MATCHED)
