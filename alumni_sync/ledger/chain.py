r"""The consent chain: append-only events, each bound to the one before by SHA-256.

The canonical bytes (RFC 8785 JSON) of an event are the record; the table's columns are derived
from them and compared by `verify`. An entry's hash is SHA-256("alumni-ledger-v1\0" + canonical);
canonical holds `seq` and `prev_hash`, so an edited, removed, reordered or inserted row breaks the
chain; a cut-off end, or a chain written anew, shows against a signed checkpoint
(`alumni_sync.ledger.checkpoints`). Writers are serialised by the database (BEGIN
IMMEDIATE; an advisory lock on PostgreSQL), so that two can never fork it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from sqlalchemy import Connection, select, text

from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import ConsentEvent, NoticeBlob, t
from alumni_sync.ledger.upsert import insert_ignore

GENESIS: Final = "0" * 64
SCHEMA_VERSION: Final = "1"
_DOMAIN_TAG: Final = b"alumni-ledger-v1\0"
_LOCK: Final = 0x616C756D  # "alum": the advisory lock that serialises writers on PostgreSQL
_PAGE: Final = 1_000
_FEW: Final = 20  # whole texts
_EVENTS: Final = t(ConsentEvent)
_DERIVED: Final = (
    "seq",
    "event_id",
    "event",
    "person_id",
    "spell_id",
    "invitation_id",
    "state_before",
    "state_after",
    "actor",
    "channel",
    "notice_sha256",
    "prev_hash",
)


@dataclass(frozen=True, slots=True)
class EventDraft:
    """A consent event before it has its place in the chain.

    Attributes:
        occurred_at: when the person (or the timer) acted; aware.
        recorded_at: when it is written; aware.
        notice_sha256: hash of the exact rendered text it is about, "" where there is none.
        body: everything else of the evidence, JSON values only (strings for numbers and dates);
            personal parts sealed and base64.
    """

    event: str
    person_id: str
    spell_id: str
    invitation_id: str
    state_before: ConsentState
    state_after: ConsentState
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    channel: str
    notice_sha256: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found: how many events are sound, and the first that is not.

    Attributes:
        head: hash of the last sound event.
        broken_seq: sequence number of the first wrong or missing row, None if all is well.
        problem: what is wrong with it, "" if nothing.
    """

    events: int
    head: str
    broken_seq: int | None = None
    problem: str = ""


def entry_hash(canonical: bytes) -> str:
    """Return the hash that the next event refers to."""
    return hashlib.sha256(_DOMAIN_TAG + canonical).hexdigest()


def append_event(connection: Connection, draft: EventDraft) -> int:
    """Append an event within the caller's write transaction; return its sequence number."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    last = connection.execute(
        select(_EVENTS.c.seq, _EVENTS.c.entry_hash).order_by(_EVENTS.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.entry_hash) if last else (1, GENESIS)
    plain = {
        "event_id": new_id("E"),
        "event": draft.event,
        "person_id": draft.person_id,
        "spell_id": draft.spell_id,
        "invitation_id": draft.invitation_id,
        "state_before": draft.state_before.value,
        "state_after": draft.state_after.value,
        "actor": draft.actor.value,
        "channel": draft.channel,
        "notice_sha256": draft.notice_sha256,
        "prev_hash": previous,
    }
    canonical = rfc8785.dumps(
        plain
        | {
            "schema_version": SCHEMA_VERSION,
            "seq": str(seq),
            "occurred_at": _instant(draft.occurred_at),
            "recorded_at": _instant(draft.recorded_at),
            "body": dict(draft.body),
        }
    )
    row = plain | {
        "seq": seq,
        "occurred_at": draft.occurred_at,
        "canonical": canonical,
        "entry_hash": entry_hash(canonical),
    }
    connection.execute(_EVENTS.insert(), row)
    return seq


def read_event(canonical: bytes) -> dict[str, Any]:
    """Return an event as its canonical bytes tell it; all numbers and dates are strings."""
    event: dict[str, Any] = json.loads(canonical)
    return event


def verify(ledger: Ledger, vouched: Mapping[int, str] | None = None) -> ChainReport:
    """Walk the whole chain in constant memory and name the first row that is wrong.

    Args:
        ledger: the ledger.
        vouched: sequence number → hash, as signed checkpoints elsewhere have them. Only against
            these does it show that the end was cut off, or that everything from some row on was
            written anew with hashes that fit; the row named then is the first after the last
            checkpoint that still agrees.
    """
    statement = select(_EVENTS).order_by(_EVENTS.c.seq).execution_options(yield_per=_PAGE)
    with ledger.read() as connection, connection.execute(statement) as rows:
        return _walk((dict(row._mapping) for row in rows), vouched or {})  # noqa: SLF001 public in SQLAlchemy


def _walk(rows: Iterable[Mapping[str, Any]], vouched: Mapping[int, str]) -> ChainReport:
    """Return the report on rows in order of their sequence numbers."""
    previous, count, agreed = GENESIS, 0, 0
    for row in rows:
        problem = _problem(row, count + 1, previous)
        if problem:
            return ChainReport(count, previous, count + 1, problem)
        previous, count = row["entry_hash"], count + 1
        expected = vouched.get(count)
        if expected is not None and expected != previous:
            rewritten = f"rewritten: events {agreed + 1} to {count} differ from the checkpoint"
            return ChainReport(count, previous, agreed + 1, rewritten)
        agreed = count if expected is not None else agreed
    last = max(vouched, default=0)
    if count < last:
        return ChainReport(count, previous, count + 1, f"cut off: there were {last} events")
    return ChainReport(count, previous)


def _problem(row: Mapping[str, Any], expected_seq: int, previous: str) -> str:
    """Return what is wrong with one row, "" if nothing."""
    if row["seq"] != expected_seq:
        return f"missing: the next row has number {row['seq']}"
    if entry_hash(row["canonical"]) != row["entry_hash"]:
        return "edited: the bytes do not have the recorded hash"
    try:
        event = read_event(row["canonical"])
        derived = {**event, "seq": int(event["seq"])}
        if event["prev_hash"] != previous:
            return "reordered or inserted: does not follow the row before"
        wrong = [column for column in _DERIVED if derived[column] != row[column]]
        if event["occurred_at"] != _instant(row["occurred_at"]):
            wrong.append("occurred_at")
    except (ValueError, KeyError, TypeError):  # bytes and hash fit, and yet it is none of ours
        return "edited: the bytes are no event"
    return f"edited: column {wrong[0]} differs from the record" if wrong else ""


def prove(connection: Connection, seq: int) -> tuple[bytes, str] | None:
    """Return the canonical bytes of one event and what is wrong with it; None where there is none.

    Looked at: the bytes against their hash and columns, and both neighbours' links. Whether all of
    the chain was written anew only `verify` can say, against checkpoints.
    """
    near = select(_EVENTS).where(_EVENTS.c.seq.between(seq - 1, seq + 1))
    rows = {row["seq"]: dict(row) for row in connection.execute(near).mappings()}
    if seq not in rows:
        return None
    before, row, after = rows.get(seq - 1), rows[seq], rows.get(seq + 1)
    if before is None and seq > 1:
        return bytes(row["canonical"]), f"event {seq - 1}, before it, is missing"
    problem = _problem(row, seq, before["entry_hash"] if before else GENESIS)
    if not problem and after is not None and after["prev_hash"] != row["entry_hash"]:
        problem = "edited: the event after it names another hash"
    return bytes(row["canonical"]), problem


def head(connection: Connection) -> tuple[int, str]:
    """Return (sequence number, hash) of the last event; (0, genesis) of an empty chain."""
    row = connection.execute(
        select(_EVENTS.c.seq, _EVENTS.c.entry_hash).order_by(_EVENTS.c.seq.desc()).limit(1)
    ).first()
    return (row.seq, row.entry_hash) if row else (0, GENESIS)


def store_blob(connection: Connection, content: bytes, media_type: str, at: datetime) -> str:
    """Keep exact bytes once, by their SHA-256, which is returned."""
    digest = hashlib.sha256(content).hexdigest()
    row = {"sha256": digest, "media_type": media_type, "content": content, "created_at": at}
    insert_ignore(connection, t(NoticeBlob), [row], key=("sha256",))
    return digest


def edited_blobs(ledger: Ledger) -> Iterator[str]:
    """Yield the hash of every kept text or form whose bytes do not have it."""
    blobs = t(NoticeBlob)
    query = select(blobs.c.sha256, blobs.c.content).order_by(blobs.c.sha256)
    with ledger.read() as connection:
        for kept in connection.execute(query.execution_options(yield_per=_FEW)):
            if hashlib.sha256(kept.content).hexdigest() != kept.sha256:
                yield kept.sha256


def load_blob(connection: Connection, sha256: str) -> bytes | None:
    """Return the bytes kept under a hash, None if there are none."""
    blobs = t(NoticeBlob)
    found = connection.execute(select(blobs.c.content).where(blobs.c.sha256 == sha256)).scalar()
    return None if found is None else bytes(found)


def _instant(moment: datetime) -> str:
    """Return an instant as text: UTC, microseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
