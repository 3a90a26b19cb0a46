"""Dead letters: what was tried until trying again made no sense. A person retries or drops it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import DeadLetter, Membership, t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_LETTER: Final = t(DeadLetter)
_MEMBERSHIP: Final = t(Membership)


def open_letters(d: "Deployment") -> Sequence[Mapping[str, Any]]:
    """Return the dead letters that nobody has dealt with, oldest first."""
    query = select(_LETTER).where(_LETTER.c.state == "open").order_by(_LETTER.c.id)
    with d.ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def retry(d: "Deployment", number: int, *, by: str) -> None:
    """Let a platform write be tried again; raises `Refused` for a mail or a closed letter.

    A mail is never sent again: it may have arrived.
    """
    _close(d, number, "retried", by)


def drop(d: "Deployment", number: int, *, by: str) -> None:
    """Give a dead letter up; raises `Refused` where it is closed already."""
    _close(d, number, "dropped", by)


def _close(d: "Deployment", number: int, state: str, by: str) -> None:
    now = d.clock.now()
    with d.ledger.write() as connection:
        row = connection.execute(
            select(_LETTER).where(_LETTER.c.id == number, _LETTER.c.state == "open")
        ).first()
        if row is None:
            msg = f"there is no open dead letter {number}"
            raise Refused(msg)
        if state == "retried":
            if row.kind != "platform":
                msg = "a mail is never sent again: it may have arrived; drop the letter"
                raise Refused(msg)
            connection.execute(
                update(_MEMBERSHIP)
                .where(_MEMBERSHIP.c.invitation_id == row.subject)
                .values(dead_letter_id=None, attempts=1, next_at=now)
            )
        connection.execute(
            update(_LETTER)
            .where(_LETTER.c.id == number)
            .values(state=state, closed_at=now, closed_by=by)
        )
