"""Reading decisions back: what the rules said of spells, opened from their sealed records."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, select

from alumni_sync.eligibility.judging.records import TABLE, DecisionRecord, load_record
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Decision, Spell, t
from alumni_sync.ledger.upsert import in_chunks

_DECISIONS = t(Decision)
_SPELLS = t(Spell)


def current_decisions(ledger: Ledger, spells: Sequence[str]) -> dict[str, DecisionRecord]:
    """Return spell → its current decision, for those whose record is there and can be opened.

    Flags, outreach holds (see `records.closed_purposes`) and expert topics stand in it.
    """
    query = _query().join(_SPELLS, _SPELLS.c.decision_id == _DECISIONS.c.id)
    found: dict[str, DecisionRecord] = {}
    for chunk in in_chunks(spells):
        wanted = query.where(_SPELLS.c.id.in_(chunk))
        found |= {row.spell_id: record for row, record in _opened(ledger, wanted)}
    return found


def decisions_by_id(ledger: Ledger, ids: Sequence[int]) -> dict[int, DecisionRecord]:
    """Return decision id → decision, for those whose record is there and can be opened."""
    found: dict[int, DecisionRecord] = {}
    for chunk in in_chunks(ids):
        wanted = _query().where(_DECISIONS.c.id.in_(chunk))
        found |= {row.id: record for row, record in _opened(ledger, wanted)}
    return found


def _query() -> Select[Any]:
    columns = (_DECISIONS.c.id, _DECISIONS.c.spell_id, _DECISIONS.c.person_id, _DECISIONS.c.sealed)
    return select(*columns).where(_DECISIONS.c.sealed.is_not(None))


def _opened(ledger: Ledger, query: Select[Any]) -> Iterator[tuple[Row[Any], DecisionRecord]]:
    with ledger.read() as connection:
        rows = connection.execute(query).all()
    ring = ledger.vault.load(row.person_id for row in rows)
    for row in rows:
        if ring.has(row.person_id, KeyKind.EVIDENCE):
            content = ring.open(row.person_id, KeyKind.EVIDENCE, TABLE, row.sealed)
            yield row, load_record(content)
