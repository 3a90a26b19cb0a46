"""Who looked at whom: one row for every search and every person opened, before anything is shown.

A read that cannot be written down is denied: the row stands before the page is made, so a ledger
that takes no writes shows nobody. What was typed into a search is not kept, only what it found.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select

from alumni_sync.domain import Identity
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import t
from alumni_sync.review.people.authority import Act

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_LOG: Final = t(AccessLog)


def log_access(
    d: "Deployment",
    identity: Identity,
    act: Act,
    person_id: str = "",
    subject: str = "",
    *,
    within: Connection | None = None,
) -> None:
    """Write down who looked at whom; call it before what they asked for is handed out.

    Args:
        d: the open deployment.
        identity: who looks.
        act: what for.
        person_id: at whom; "" where nobody was found, or a list was read.
        subject: what of them: `SR-…`, `J-…`, `RA-…`, `event 12`, or how somebody was searched for;
            never a value that says who it is.
        within: the caller's write transaction; None makes one of its own.

    Raises:
        LedgerError: it could not be written; the caller lets it pass, so that nothing is shown.
    """
    if within is None:
        with d.ledger.write() as connection:
            log_access(d, identity, act, person_id, subject, within=connection)
        return
    within.execute(
        insert(_LOG).values(
            at=d.clock.now(),
            actor=identity.user,
            verified=identity.verified,
            act=act.value,
            person_id=person_id,
            subject=subject,
        )
    )


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a person; `subject` as it was written down."""

    at: datetime
    actor: str
    verified: bool
    act: str
    subject: str


def looks_at(d: "Deployment", person_id: str, limit: int = 50) -> list[Look]:
    """Return who looked at a person, the latest first; at most `limit`."""
    query = select(_LOG).where(_LOG.c.person_id == person_id).order_by(_LOG.c.id.desc())
    with d.ledger.read() as connection:
        rows = connection.execute(query.limit(limit)).all()
    return [Look(row.at, row.actor, row.verified, row.act, row.subject) for row in rows]
