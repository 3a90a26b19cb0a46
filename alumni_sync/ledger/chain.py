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
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, String, select, text, type_coerce

from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.canonical import canonical_json
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.prepared import Query
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import ConsentEvent, NoticeBlob, t
from alumni_sync.ledger.upsert import insert_ignore, insert_rows

GENESIS: Final = "0" * 64
SCHEMA_VERSION: Final = "1"
_DOMAIN_TAG: Final = b"alumni-ledger-v1\0"
_LOCK: Final = 0x616C756D  # "alum": the advisory lock that serialises writers on PostgreSQL
_PAGE: Final = 100  # whole rows; more of them leave the cache before they are looked at
_FEW: Final = 20  # whole texts
_EVENTS: Final = t(ConsentEvent)
_LAST: Final = Query(
    select(_EVENTS.c.seq, _EVENTS.c.entry_hash).order_by(_EVENTS.c.seq.desc()).limit(1)
)
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
_VERIFIED: Final = (*(_EVENTS.c[name] for name in _DERIVED), _EVENTS.c.entry_hash)
_INSTANT: Final = len("2026-11-03T09:00:00.000000Z")
_DAY: Final = len("2026-11-03")
_NO_INSTANT: Final = "edited: column occurred_at is no instant"
_OUR_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", re.ASCII)
"""How SQLite has an instant of ours. Another text of the same one sorts at another place."""
_QUOTES: Final = 35
"""How many quotes stand around keys and values between an event's body and its recorded_at."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """A consent event before it has its place in the chain.

    Attributes:
        state_before: None, like `state_after`, of an event that is about nobody's consent.
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
    state_before: ConsentState | None
    state_after: ConsentState | None
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
    last, previous = head(connection)
    seq = last + 1
    plain = {
        "event_id": new_id("E"),
        "event": draft.event,
        "person_id": draft.person_id,
        "spell_id": draft.spell_id,
        "invitation_id": draft.invitation_id,
        "state_before": draft.state_before.value if draft.state_before else "",
        "state_after": draft.state_after.value if draft.state_after else "",
        "actor": draft.actor.value,
        "channel": draft.channel,
        "notice_sha256": draft.notice_sha256,
        "prev_hash": previous,
    }
    canonical = canonical_json(
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
    insert_rows(connection, _EVENTS, [row])
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
    when: ColumnElement[Any] = _EVENTS.c.occurred_at
    if ledger.engine.dialect.name == "sqlite":
        when = type_coerce(when, String)  # a million instants need not be made of their text
    statement = select(*_VERIFIED, when, _EVENTS.c.canonical).order_by(_EVENTS.c.seq)
    with (
        ledger.read() as connection,
        connection.execute(statement.execution_options(yield_per=_PAGE)) as rows,
    ):
        return _walk(connection, rows, vouched or {})


def _walk(connection: Connection, rows: Iterable[Any], vouched: Mapping[int, str]) -> ChainReport:
    """Return the report on rows in order of their sequence numbers."""
    previous, count, agreed = GENESIS, 0, 0
    for row in rows:
        if not _is_sound(row, count + 1, previous):
            problem = _doubted(connection, row.seq, count + 1, previous)
            if problem:
                return ChainReport(count, previous, count + 1, problem)
        previous, count = row.entry_hash, count + 1
        expected = vouched.get(count)
        if expected is not None and expected != previous:
            rewritten = f"rewritten: events {agreed + 1} to {count} differ from the checkpoint"
            return ChainReport(count, previous, agreed + 1, rewritten)
        agreed = count if expected is not None else agreed
    last = max(vouched, default=0)
    if count < last:
        return ChainReport(count, previous, count + 1, f"cut off: there were {last} events")
    return ChainReport(count, previous)


def _doubted(connection: Connection, seq: int, expected_seq: int, previous: str) -> str:
    """Return what is wrong with a row that has to be read with care, "" if nothing."""
    this = _EVENTS.c.seq == seq
    if connection.dialect.name == "sqlite":  # whose columns hold anything, whatever their type
        query = select(type_coerce(_EVENTS.c.occurred_at, String)).where(this)
        if not _OUR_INSTANT.fullmatch(str(connection.execute(query).scalar())):
            return _NO_INSTANT
    try:
        row = connection.execute(select(_EVENTS).where(this)).mappings().one()
    except ValueError:  # the text has the form of an instant, and there is no such day
        return _NO_INSTANT
    return _problem(row, expected_seq, previous)


def _is_sound(row: Sequence[Any], expected_seq: int, previous: str) -> bool:
    """Say whether a row is certainly right; False means that `_problem` has to look closer.

    RFC 8785 orders the keys, so everything but the body has its place in the bytes, and the columns
    say what must stand there. Comparing that byte for byte is as strict as reading the JSON, and
    three times as fast. A column with a quote or a backslash could shift what stands where, so such
    a row is looked at closely. The body has no column: the hash alone covers it.
    """
    # fmt: off
    (seq, event_id, event, person, spell, invitation, before, after,
     actor, channel, notice, prev_hash, entry, occurred_at, canonical) = row
    # fmt: on
    if not isinstance(canonical, bytes) or not isinstance(occurred_at, str | datetime):
        return False
    if seq != expected_seq or prev_hash != previous or entry_hash(canonical) != entry:
        return False
    # SQLite's own text of an instant has a blank and no zone.
    at = occurred_at if isinstance(occurred_at, str) else _instant(occurred_at)[:-1]
    if at is occurred_at and at[_DAY : _DAY + 1] != " ":
        return False
    head = f'{{"actor":"{actor}","body":{{'
    middle = (
        f'}},"channel":"{channel}","event":"{event}","event_id":"{event_id}",'
        f'"invitation_id":"{invitation}","notice_sha256":"{notice}",'
        f'"occurred_at":"{at[:_DAY]}T{at[_DAY + 1 :]}Z","person_id":"{person}",'
        f'"prev_hash":"{previous}","recorded_at":"'
    )
    end = (
        f'","schema_version":"{SCHEMA_VERSION}","seq":"{seq}","spell_id":"{spell}",'
        f'"state_after":"{after}","state_before":"{before}"}}'
    )
    told = canonical.decode("utf-8", "replace")
    return (
        middle.count('"') == _QUOTES
        and "\\" not in middle
        and told.startswith(head)
        and told.endswith(end)
        and told.endswith(middle, len(head) - 1, len(told) - len(end) - _INSTANT)
        and '"' not in actor + spell + after + before
    )


def _problem(row: RowMapping, expected_seq: int, previous: str) -> str:
    """Return what is wrong with one row, "" if nothing."""
    if row["seq"] != expected_seq:
        return f"missing: the next row has number {row['seq']}"
    if not isinstance(row["canonical"], bytes):  # SQLite takes text for bytes
        return "edited: the bytes are no event"
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
    rows = {row["seq"]: row for row in connection.execute(near).mappings()}
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
    row = _LAST.first(connection, {})
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
