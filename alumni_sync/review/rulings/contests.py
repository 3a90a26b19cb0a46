"""A person contests a verdict (GDPR Art. 22(3)): the ruling on it is taken up again.

It takes no role to contest: the request itself reopens what was upheld, or had run out, in the same
transaction. A case on which somebody has to rule anyway keeps its place, and says that it is
contested. Whoever was admitted has nothing to contest.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select, update

from alumni_sync.domain import CaseStatus, Identity
from alumni_sync.ledger.tables import Case, CaseEvent, Spell, t
from alumni_sync.review.queue.deadlines import deadlines
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.queue.selection import WAITING, values_of
from alumni_sync.review.rulings.ruled import NO_END

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

CONTEST: Final = "contest"
CONTESTED: Final = "contested"
"""The event of a case that waits already."""

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)
_SPELLS: Final = t(Spell)
_OUT: Final = (CaseStatus.UPHELD, CaseStatus.EXPIRED)


def contest_cases(
    d: "Deployment", connection: Connection, person_id: str, by: Identity, at: datetime
) -> list[str]:
    """Take up what keeps a person out, and return the numbers of the cases that wait for a ruling.

    Args:
        d: the open deployment.
        connection: of the transaction that takes the request down.
        person_id: who contests.
        by: the person, or whoever took the request down.
        at: now.
    """
    query = (
        select(_CASES)
        .join(_SPELLS, _SPELLS.c.id == _CASES.c.spell_id)
        .where(_CASES.c.person_id == person_id, _SPELLS.c.sealed.is_not(None))
        .where(_CASES.c.status.in_(values_of((*_OUT, *WAITING))))
        .order_by(_CASES.c.id)
        .with_for_update(of=_CASES)  # nobody rules between what is read here and what is written
    )
    found = []
    for row in connection.execute(query).all():
        over = row.status in values_of(_OUT)
        version, event = row.version, CONTESTED
        if over:
            version, event = row.version + 1, CaseStatus.REOPENED.value
            values = {"status": event, "closed_at": None, "version": version, **NO_END}
            this = (_CASES.c.id == row.id, _CASES.c.version == row.version)
            anew = {**values, **deadlines(d, row.source, at)}
            connection.execute(update(_CASES).where(*this).values(anew))
        connection.execute(
            insert(_EVENTS).values(
                case_id=row.id,
                person_id=person_id,
                version=version,
                event=event,
                at=at,
                actor=by.user,
                verified=by.verified,
                reason=CONTEST,
            )
        )
        found.append(case_number(row.id))
    return found


def still_contested(connection: Connection, person_id: str) -> list[str]:
    """Return the numbers of a person's cases on which nobody has ruled yet."""
    query = select(_CASES.c.id).where(
        _CASES.c.person_id == person_id, _CASES.c.status.in_(values_of(WAITING))
    )
    return [case_number(one) for one in connection.execute(query.order_by(_CASES.c.id)).scalars()]
