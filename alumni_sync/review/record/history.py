"""What happened to a case, opened: who did what, in which words, and what new facts changed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select

from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import CaseEvent, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.review.queue.changes import Changes
from alumni_sync.review.rulings.comments import COMMENT

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_EVENTS: Final = t(CaseEvent)

SEEN: Final = "seen"
"""The event that says who looked at a case and its facts."""


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """One entry of a case's history; the actor is a user name, or `system`.

    Attributes:
        version: of the case that it led to, or that was commented on.
        words: of a comment; "" where there is none, or it can no longer be read.
        bulk: whether several cases were ruled on by one act.
        until: the last day of the admission that was made or proposed; None: no end.
        changed: names of the facts that changed.
        changes: with old and new values; None where nothing changed, or it can no longer be read.
    """

    at: datetime
    event: str
    actor: str
    verified: bool
    reason: str
    version: int = 0
    words: str = ""
    bulk: bool = False
    until: date | None = None
    changed: tuple[str, ...] = ()
    changes: Changes | None = None


def history_of(d: "Deployment", case: int) -> tuple[CaseHistory, ...]:
    """Return everything that happened to a case, oldest first, comments and changes opened."""
    query = select(_EVENTS).where(_EVENTS.c.case_id == case).order_by(_EVENTS.c.id)
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    ring = d.ledger.vault.load(row.person_id for row in rows)
    return tuple(_entry(row, _opened(ring, row)) for row in rows)


def _opened(ring: KeyRing, row: Row[Any]) -> Any:  # noqa: ANN401 JSON
    if row.sealed is None or not ring.has(row.person_id, KeyKind.EVIDENCE):
        return None
    return ring.open_json(row.person_id, KeyKind.EVIDENCE, _EVENTS.name, row.sealed)


def _entry(row: Row[Any], opened: Any) -> CaseHistory:  # noqa: ANN401 JSON
    said = row.event == COMMENT and opened
    return CaseHistory(
        row.at,
        row.event,
        row.actor,
        verified=row.verified,
        reason=row.reason,
        version=row.version,
        words=str(opened) if said else "",
        bulk=row.bulk,
        until=row.until,
        changed=tuple(row.changed or ()),
        changes=Changes.of(opened) if opened and not said else None,
    )
