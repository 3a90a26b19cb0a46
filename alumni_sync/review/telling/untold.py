"""Who was not told that cases wait, although it was their turn: for whoever can mend it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from alumni_sync.ledger.queue_tables import QueueMail
from alumni_sync.ledger.tables import t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

LOOKS_BACK: Final = timedelta(days=30)

_MAILS: Final = t(QueueMail)
_NOT_TOLD: Final = {
    "refused": "was refused",
    "unknown": "may not have arrived",
    "queued": "could not be handed over yet",
}


def untold(d: "Deployment") -> Iterator[str]:
    """Yield a sentence for each user whose last mail about waiting cases failed.

    A mail that waits for its first attempt has not failed.
    """
    last = select(func.max(_MAILS.c.id)).where(_MAILS.c.state != "dropped").group_by(_MAILS.c.user)
    since = d.clock.now() - LOOKS_BACK
    query = (
        select(_MAILS)
        .where(
            _MAILS.c.id.in_(last),
            _MAILS.c.created_at > since,
            _MAILS.c.state.in_(list(_NOT_TOLD)),
            _MAILS.c.attempts > 0,
        )
        .order_by(_MAILS.c.user)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        why = f" ({row.reason})" if row.reason else ""
        yield (
            f"the last mail to {row.user} about waiting cases, of {row.created_at:%Y-%m-%d}, "
            f"{_NOT_TOLD[row.state]}{why}: tell them, and look at `mail` of `people:`"
        )
