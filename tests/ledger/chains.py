"""Chains to tamper with, and what a database superuser could do to them behind our back."""

from collections.abc import Callable
from dataclasses import replace

import rfc8785
from sqlalchemy import Connection, select, text, update

from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.chain import EventDraft, append_event, entry_hash, read_event
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import ConsentEvent, t
from tests.conftest import NOW

EVENTS = t(ConsentEvent)
DRAFT = EventDraft(
    event="given",
    person_id="P-1",
    spell_id="S-1",
    invitation_id="I-1",
    state_before=ConsentState.INVITED,
    state_after=ConsentState.GIVEN,
    occurred_at=NOW,
    recorded_at=NOW,
    actor=Actor.SUBJECT,
    channel="mail_link",
    notice_sha256="ab" * 32,
    body={"purposes": ["community"], "language": "pl"},
)


def append(ledger: Ledger, count: int) -> list[int]:
    """Append events; return their numbers."""
    seqs = []
    for number in range(count):
        with ledger.write() as connection:
            seqs.append(append_event(connection, replace(DRAFT, invitation_id=f"I-{number}")))
    return seqs


def without_triggers(ledger: Ledger, act: Callable[[Connection], object]) -> None:
    """Do what a database superuser could do behind our back."""
    if ledger.engine.dialect.name == "postgresql":
        off = ["ALTER TABLE consent_event DISABLE TRIGGER USER"]
    else:
        off = [
            "DROP TRIGGER IF EXISTS consent_event_no_UPDATE",
            "DROP TRIGGER IF EXISTS consent_event_no_DELETE",
        ]
    with ledger.write() as connection:
        for statement in off:
            connection.execute(text(statement))
        act(connection)


def cut(ledger: Ledger, after: int) -> None:
    """Remove every event after `after`."""
    gone = EVENTS.delete().where(EVENTS.c.seq > after)
    without_triggers(ledger, lambda connection: connection.execute(gone))


def rewrite(ledger: Ledger, first: int) -> None:
    """Turn event `first` into a refusal and make every hash after it fit."""

    def act(connection: Connection) -> None:
        query = select(EVENTS.c.seq, EVENTS.c.canonical, EVENTS.c.prev_hash)
        rows = connection.execute(query.where(EVENTS.c.seq >= first).order_by(EVENTS.c.seq)).all()
        previous = rows[0].prev_hash
        for row in rows:
            event = read_event(bytes(row.canonical)) | {"prev_hash": previous}
            if row.seq == first:
                event["event"] = "refused"
            canonical = rfc8785.dumps(event)
            values = {
                "event": event["event"],
                "canonical": canonical,
                "prev_hash": previous,
                "entry_hash": entry_hash(canonical),
            }
            connection.execute(update(EVENTS).where(EVENTS.c.seq == row.seq).values(values))
            previous = values["entry_hash"]

    without_triggers(ledger, act)
