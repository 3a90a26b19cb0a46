"""Whom a matched request lets us write to: the address that somebody proved when they asked.

It stands in the request, sealed anew under the person's own key, so that it dies with their other
facts. No read of the source touches it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from alumni_sync.consent.joining.join_requests import JOIN, TABLE, JoinState
from alumni_sync.ledger.among import among
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

_MATCHED: Final = (JOIN.c.state == JoinState.MATCHED.value, JOIN.c.sealed.is_not(None))


def seal_own_address(ring: KeyRing, person_id: str, address: str) -> bytes:
    """Seal a proven address for the row of its request, under the matched person's key."""
    return ring.seal_json(person_id, KeyKind.PROFILE, TABLE, {"email": address})


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """What somebody's own request lets us do: write to this address, in this language."""

    id: str
    address: str
    language: str
    proven_at: datetime | None

    def evidence(self) -> dict[str, Any]:
        """Return what the chain keeps of it: that they asked us, and when that was proven."""
        proven = self.proven_at.isoformat() if self.proven_at else None
        return {"request": self.id, "proven_at": proven}


def own_requests(
    connection: Connection, ring: KeyRing, spell_ids: Collection[str]
) -> Mapping[str, OwnRequest]:
    """Return spell → the request by which its person asked to be asked; the newest one counts."""
    query = select(JOIN).where(*_MATCHED, among(JOIN.c.spell_id))
    rows = connection.execute(query.order_by(JOIN.c.closed_at), {"among": list(spell_ids)})
    return {
        row.spell_id: OwnRequest(row.id, _address(ring, row), row.language, row.proven_at)
        for row in rows
        if ring.has(row.person_id, KeyKind.PROFILE)
    }


def _address(ring: KeyRing, row: Row[Any]) -> str:
    told = ring.open_json(row.person_id, KeyKind.PROFILE, TABLE, row.sealed)
    return str(told["email"])


def spells_that_asked() -> Select[tuple[str]]:
    """Return the spells whose person asked to be asked, as a subquery."""
    return select(JOIN.c.spell_id).where(*_MATCHED)
