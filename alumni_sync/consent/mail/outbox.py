"""The outbox: which mail is due for whom. Bodies are never stored; unique keys bar a second one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    String,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    update,
)

from alumni_sync.consent.mail.composing import ASKING, QUESTIONS, MailKind
from alumni_sync.ledger.tables import Outbox, t
from alumni_sync.ledger.upsert import execute_many, insert_ignore

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

PAGE: Final = 200
TOMORROW: Final = timedelta(days=1, hours=7)
"""From midnight UTC: the rest of a paced day leaves when people in Europe have got up."""
OUTBOX: Final = t(Outbox)
ASKING_KINDS: Final = tuple(sorted(kind.value for kind in ASKING))
QUESTION_KINDS: Final = tuple(sorted(kind.value for kind in QUESTIONS))
JOIN_KINDS: Final = (MailKind.JOIN.value, MailKind.JOIN_QUESTION.value)
"""About a request to join: no invitation and no person of ours stand behind them."""


class MailState(StrEnum):
    """Where a mail stands. `CLAIMED` after a crash becomes `UNKNOWN`: it may have been sent."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class Group(StrEnum):
    """Mails that are delivered together."""

    ASKING = "asking"
    OTHER = "other"  # confirmations and goodbyes: somebody waits for them

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return which rows belong to it."""
        asking = OUTBOX.c.kind.in_(ASKING_KINDS)
        return asking if self is Group.ASKING else ~asking


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


_DROP_ASKING: Final = (
    update(OUTBOX)
    .where(
        OUTBOX.c.invitation_id == bindparam("invitation"),
        OUTBOX.c.state == MailState.QUEUED.value,
        or_(*(OUTBOX.c.kind == kind for kind in ASKING_KINDS)),  # IN is written anew each time
    )
    .values(
        state=MailState.DROPPED.value,
        reason=bindparam("because"),
        key=OUTBOX.c.key + ":dropped:" + cast(OUTBOX.c.id, String),
    )
)


def drop_asking(connection: Connection, invitation_id: str, reason: str) -> None:
    """Drop asking mails that have not left yet.

    Their keys become free: whoever wants to be asked later is asked then, by a mail of that name.
    """
    values = {"invitation": invitation_id, "because": reason}
    execute_many(connection, _DROP_ASKING, [values])


MOST_A_DAY: Final = 10
"""Of one kind of mail that a page sends on request: nobody's mailbox is filled by whoever asks."""


def often_enough(
    connection: Connection, invitation_id: str, kind: MailKind, now: datetime, *, most: int
) -> bool:
    """Say whether as many mails of a kind as an hour (`most`) or a day allows were queued."""
    of_kind = (OUTBOX.c.invitation_id == invitation_id, OUTBOX.c.kind == kind.value)
    day, hour = now - timedelta(days=1), now - timedelta(hours=1)
    in_hour = func.count().filter(OUTBOX.c.created_at > hour)
    query = select(func.count(), in_hour).where(*of_kind, OUTBOX.c.created_at > day)
    a_day, an_hour = connection.execute(query).one()
    return a_day >= MOST_A_DAY or an_hour >= most


# --- what a delivery asks -------------------------------------------------------------------------


@cache
def _in_state(group: Group, state: MailState) -> ColumnElement[bool]:
    return and_(group.condition, OUTBOX.c.state == state.value)


def _is_due(group: Group, now: datetime) -> ColumnElement[bool]:
    return and_(_in_state(group, MailState.QUEUED), OUTBOX.c.due_at <= now)


def anything_to_do(d: "Deployment", group: Group) -> bool:
    """Say whether something is due or was left behind; writes nothing, not even a lease."""
    work = or_(_is_due(group, d.clock.now()), _in_state(group, MailState.CLAIMED))
    with d.ledger.read() as connection:
        return connection.execute(select(OUTBOX.c.id).where(work).limit(1)).first() is not None


def call_left_behind_unknown(d: "Deployment", group: Group) -> int:
    """Call claimed mails unknown: their owner is dead, and what it did nobody knows."""
    values = {
        "state": MailState.UNKNOWN.value,
        "reason": "crashed",
        "confirmed_at": d.clock.now(),
        "sealed": None,
    }
    left_behind = update(OUTBOX).where(_in_state(group, MailState.CLAIMED)).values(**values)
    with d.ledger.write() as connection:
        return connection.execute(left_behind).rowcount


def count_due(d: "Deployment", group: Group) -> int:
    """Count what is due."""
    due = select(func.count()).where(_is_due(group, d.clock.now()))
    with d.ledger.read() as connection:
        return int(connection.execute(due).scalar_one())


def hold_until_tomorrow(d: "Deployment", group: Group) -> int:
    """Make what is still due due tomorrow; return how many mails that were."""
    now = d.clock.now().astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    later = update(OUTBOX).where(_is_due(group, now)).values(due_at=midnight + TOMORROW)
    with d.ledger.write() as connection:
        return connection.execute(later).rowcount


def due_mails(d: "Deployment", group: Group, page: int = PAGE) -> Iterator[RowMapping]:
    """Yield what is due, the longest due first; each once, whatever becomes of it meanwhile."""
    after: ColumnElement[bool] | None = None
    while True:
        query = select(OUTBOX).where(_is_due(group, d.clock.now()))
        if after is not None:
            query = query.where(after)
        with d.ledger.read() as connection:
            ordered = query.order_by(OUTBOX.c.due_at, OUTBOX.c.id).limit(page)
            found = connection.execute(ordered).mappings().all()
        yield from found
        if len(found) < page:
            return
        last = found[-1]
        same = and_(OUTBOX.c.due_at == last["due_at"], OUTBOX.c.id > last["id"])
        after = or_(OUTBOX.c.due_at > last["due_at"], same)
