"""A restore from a backup, told by the chain itself: what was lost, for as long as it stands.

Whoever restores an old copy loses what came after it. That is an event like any other, so that it
can neither be forgotten nor be mistaken for somebody who cut the end off in secret.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from alumni_sync.domain import Actor
from alumni_sync.ledger.chain import EventDraft, append_event, read_event
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import ConsentEvent, t

EVENT: Final = "ledger_recovered"
_EVENTS: Final = t(ConsentEvent)


@dataclass(frozen=True, slots=True)
class Recovery:
    """One restore.

    Attributes:
        at: when the chain went on, ISO 8601 in UTC.
        lost_from: number of the first event that is lost, if there was one.
        lost_to: of the last that somebody vouched for; None where nobody vouched for a lost one.
        event: number and hash of the event that tells of it. Whoever can write the ledger can
            write one, so it excuses nothing before somebody has signed it.
    """

    at: str
    lost_from: int
    lost_to: int | None
    event: tuple[int, str]

    def explains(self, seq: int, at: str) -> bool:
        """Say whether a checkpoint about event `seq`, signed at `at`, is of what was lost then."""
        return seq >= self.lost_from and datetime.fromisoformat(at) < self._instant

    def sentence(self) -> str:
        """Return it in words."""
        lost = f"what came after event {self.lost_from - 1} is lost"
        if self.lost_to is not None:
            lost = f"events {self.lost_from} to {self.lost_to} of then are lost"
        return f"Restored from a backup at {self.at}: {lost}; the numbers were given anew."

    @property
    def _instant(self) -> datetime:
        return datetime.fromisoformat(self.at)


def append_recovery(connection: Connection, events: int, vouched: int, now: datetime) -> int:
    """Append the event of a restore; return its number.

    Args:
        connection: a write transaction.
        events: how many events the restored chain has.
        vouched: up to which event somebody had vouched for the chain before.
        now: the instant; aware.
    """
    body = {"lost_from": str(events + 1)}
    if vouched > events:
        body["lost_to"] = str(vouched)
    draft = EventDraft(
        event=EVENT,
        person_id="",
        spell_id="",
        invitation_id="",
        state_before=None,
        state_after=None,
        occurred_at=now,
        recorded_at=now,
        actor=Actor.ADMIN,
        channel="system",
        body=body,
    )
    return append_event(connection, draft)


def recoveries(ledger: Ledger) -> tuple[Recovery, ...]:
    """Return the restores that the chain tells of, oldest first."""
    columns = (_EVENTS.c.seq, _EVENTS.c.entry_hash, _EVENTS.c.canonical)
    query = select(*columns).where(_EVENTS.c.event == EVENT).order_by(_EVENTS.c.seq)
    with ledger.read() as connection:
        found = [(row, read_event(row.canonical)) for row in connection.execute(query)]
    return tuple(
        Recovery(
            event["recorded_at"],
            int(event["body"]["lost_from"]),
            int(lost) if (lost := event["body"].get("lost_to")) else None,
            (row.seq, row.entry_hash),
        )
        for row, event in found
    )
