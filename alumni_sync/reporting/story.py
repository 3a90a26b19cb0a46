"""Everything the ledger has about one person, read in one transaction, as far as it still opens.

What was purged or shredded is simply not there any more; the plain columns that remain tell that.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Table, select

from alumni_sync.eligibility.judging.records import TABLE, DecisionRecord, load_record
from alumni_sync.errors import LedgerError
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import (
    Case,
    CaseEvent,
    ConsentEvent,
    Decision,
    Erasure,
    Invitation,
    Membership,
    Outbox,
    Pause,
    Person,
    PlatformWrite,
    Spell,
    Tombstone,
    t,
)
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

Row = Mapping[str, Any]
_PERSON: Final = t(Person)


@dataclass(frozen=True, slots=True)
class Story:
    """One person's rows, each list in the order in which things happened.

    Attributes:
        number: the employee number; "" once the profile key is gone.
        records: decision id → what it said; those that do not open any more are left out.
        buried: spell hash → tombstone.
        paused: what the off switch holds back now.
    """

    now: datetime
    person: Row
    number: str
    spells: Sequence[Row]
    decisions: Sequence[Row]
    records: Mapping[int, DecisionRecord]
    cases: Sequence[Row]
    case_events: Sequence[Row]
    invitations: Sequence[Row]
    mails: Sequence[Row]
    events: Sequence[Row]
    memberships: Sequence[Row]
    writes: Sequence[Row]
    buried: Mapping[str, Row]
    erasures: Sequence[Row]
    paused: frozenset[str]

    def of(self, rows: Sequence[Row], column: str, value: object) -> list[Row]:
        """Return the rows whose `column` is `value`."""
        return [row for row in rows if row[column] == value]

    def body(self, event: Row) -> Mapping[str, Any]:
        """Return the evidence of a consent event, from its canonical bytes."""
        found: Mapping[str, Any] = json.loads(event["canonical"])["body"]
        return found


def read_story(d: "Deployment", person_id: str) -> Story:
    """Read what there is about a person.

    Raises:
        LedgerError: there is no such person.
    """
    ring = d.ledger.vault.load([person_id])
    with d.ledger.read() as connection:
        found = connection.execute(select(_PERSON).where(_PERSON.c.id == person_id))
        person = found.mappings().first()
        if person is None:
            msg = f"there is no person {person_id}"
            raise LedgerError(msg)

        def rows(table: Table, order: str = "id") -> list[Row]:
            return _rows(connection, table, person_id, order)

        spells = rows(t(Spell), "first_seen_at")
        decisions = rows(t(Decision))
        return Story(
            now=d.clock.now(),
            person=dict(person),
            number=_number(ring, person_id, person["sealed"]),
            spells=spells,
            decisions=decisions,
            records=_records(ring, person_id, decisions),
            cases=rows(t(Case)),
            case_events=rows(t(CaseEvent)),
            invitations=rows(t(Invitation), "created_at"),
            mails=rows(t(Outbox)),
            events=rows(t(ConsentEvent), "seq"),
            memberships=rows(t(Membership)),
            writes=rows(t(PlatformWrite)),
            buried=_tombstones(connection, [spell["spell_hash"] for spell in spells]),
            erasures=rows(t(Erasure)),
            paused=frozenset(connection.execute(select(t(Pause).c.what)).scalars()),
        )


def _rows(connection: Connection, table: Table, person_id: str, order: str) -> list[Row]:
    query = select(table).where(table.c.person_id == person_id).order_by(table.c[order])
    return [dict(row) for row in connection.execute(query).mappings()]


def _tombstones(connection: Connection, hashes: Sequence[str]) -> dict[str, Row]:
    stones = t(Tombstone)
    query = select(stones).where(stones.c.spell_hash.in_(hashes))
    return {row["spell_hash"]: dict(row) for row in connection.execute(query).mappings()}


def _number(ring: KeyRing, person_id: str, sealed: bytes | None) -> str:
    if not sealed or not ring.has(person_id, KeyKind.PROFILE):
        return ""
    opened = ring.open_json(person_id, KeyKind.PROFILE, _PERSON.name, sealed)
    return str(opened.get("employee_number") or "")


def _records(ring: KeyRing, person_id: str, decisions: Sequence[Row]) -> dict[int, DecisionRecord]:
    if not ring.has(person_id, KeyKind.EVIDENCE):
        return {}
    return {
        row["id"]: load_record(ring.open(person_id, KeyKind.EVIDENCE, TABLE, row["sealed"]))
        for row in decisions
        if row["sealed"] is not None
    }
