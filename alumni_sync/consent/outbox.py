"""The outbox: which mail is due for whom. Bodies are never stored; unique keys bar a second one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, update

from alumni_sync.consent.mails import ASKING, MailKind
from alumni_sync.ledger.tables import Outbox, t
from alumni_sync.ledger.upsert import insert_ignore

OUTBOX: Final = t(Outbox)
ASKING_KINDS: Final = tuple(sorted(kind.value for kind in ASKING))


class MailState(StrEnum):
    """Where a mail stands. `CLAIMED` after a crash becomes `UNKNOWN`: it may have been sent."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


def asking_key(invitation_id: str, round_: int, number: int) -> str:
    """Return the key of the nth asking mail of a round: queueing it twice queues it once."""
    return f"{invitation_id}:ask:{round_}.{number}"


def mail_row(
    invitation: RowMapping | Mapping[str, Any],
    kind: MailKind,
    key: str,
    due_at: datetime,
    now: datetime,
) -> dict[str, Any]:
    """Return a queued mail for an invitation (its columns id, person_id, source)."""
    return {
        "key": key,
        "kind": kind.value,
        "invitation_id": invitation["id"],
        "person_id": invitation["person_id"],
        "source": invitation["source"],
        "state": MailState.QUEUED.value,
        "reason": "",
        "due_at": due_at,
        "attempts": 0,
        "message_id": "",
        "created_at": now,
        "sealed": None,
    }


def queue(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Queue mails that are not queued yet; return how many were not."""
    return insert_ignore(connection, OUTBOX, rows, key=("key",))


def drop_asking(connection: Connection, invitation_id: str, reason: str) -> None:
    """Drop asking mails that have not left yet."""
    connection.execute(
        update(OUTBOX)
        .where(
            OUTBOX.c.invitation_id == invitation_id,
            OUTBOX.c.state == MailState.QUEUED.value,
            OUTBOX.c.kind.in_(ASKING_KINDS),
        )
        .values(state=MailState.DROPPED.value, reason=reason)
    )
